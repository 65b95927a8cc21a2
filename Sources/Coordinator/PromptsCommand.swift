// `attune prompts`: the very test prompts of a trial as a file, so that any other program can check what the trial scored.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Store
import Training

struct PromptsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prompts",
    abstract: "Write the test prompts of a trial.",
    discussion: """
      Draws the prompts that a reporting trial's test loss was measured on and writes them as float32 tensors of a \
      safetensors file: X [N, n+1, d], the last of the n+1 being the query; y [N, n], the labels of the context; and \
      target [N], the query's label. With the trial's checkpoint and docs/science.md §1 they give its test loss; \
      scripts/check-checkpoint.py does that in Python.

      Example:
        attune prompts runs/quickstart 57 --out prompts.safetensors
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Argument(help: "The trial's number, as `attune trials` shows it.")
  var trial: Int64

  @Option(help: ArgumentHelp("The file to write; an older one is replaced.", valueName: "file"))
  var out: String

  /// The file is made in memory first.
  private static let mostBytes = 4 << 30

  func validate() throws {
    try requireSweepName(directory)
    try requireWord(out, "--out", "name the file to write")
  }

  func run() throws {
    let parent = parentDirectory(of: out)
    guard access(parent, F_OK) == 0 else {
      throw CommandFailure("\(out): there is no directory \(parent); make it, or choose another --out")
    }
    var status = stat()
    if stat(out, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
      throw CommandFailure("\(out): it is a directory; choose a file with --out")
    }
    if stat(parent, &status) == 0, status.st_mode & S_IFMT != S_IFDIR {
      throw CommandFailure("\(out): \(parent) is not a directory; choose another --out")
    }
    let store = try SweepStore.forReading(normalizedDirectory(directory))
    let place = store.directory.path
    guard let record = try store.trial(TrialID(rawValue: trial))?.record else {
      throw CommandFailure("\(place): there is no trial \(trial); `attune trials \(place)` lists those there are")
    }
    guard record.stage == .reporting else {
      throw CommandFailure(
        "\(place): trial \(trial) is a \(record.stage.rawValue) trial, which is not tested; choose a reporting trial of "
          + "`attune trials \(place)`")
    }
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let parameters = record.parameters
    let bytes = 4 * parameters.testPrompts * ((parameters.context + 1) * (parameters.dimension + 1))
    guard bytes <= Self.mostBytes else {
      throw CommandFailure(
        "\(place): the test prompts of trial \(trial) have \(bytes >> 20) MiB, more than \(Self.mostBytes >> 20) MiB are not "
          + "written; choose a sweep with fewer test_prompts")
    }
    let prompts = TestPrompts(parameters, seed: record.seed, on: instructionSet)
    try replaceFile(out, with: prompts.file.bytes)
    tell("attune: \(out): \(countText(parameters.testPrompts)) prompts of trial \(trial)")
  }
}
