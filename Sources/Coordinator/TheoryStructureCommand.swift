// `attune theory structure`: how near a trained network is to the form that theory gives its stationary points, in the
// end and along its training.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Theory
import Training

struct TheoryStructureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "structure",
    abstract: "Measure how near a trained network is to theory's form.",
    discussion: """
      Per layer and head: the c of the multiple of the inverse covariance S that is nearest to B'C, and the relative
      distance |B'C - cS|/|B'C|; the a of the multiple of I nearest to A, and its distance (0: has the form; about 0.98: a
      random matrix at d = 5); r. With the norm of the loss's gradient, as theory speaks of stationary points. Then per
      layer, on test prompts: the error of the prediction read there, and its distance from the nearest network of theory's
      form (A = aI, B'C = cS) and from as many steps of descent with one tuned step size.
      --along trains the trial once more, which takes as long as it did, and measures at every evaluation; that it ends at
      the stored network is checked.

      With --cell instead of --trial every reporting trial of the cells is measured, and means over seeds are shown.

      Examples:
        attune theory structure runs/quickstart --trial 57 --along
        attune theory structure runs/structure --cell task=relu activation=relu value=sparse
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String
  @Option(help: "The trial's number, as `attune trials` shows it.")
  var trial: Int64?
  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp("All reporting trials of the cells with these coordinates.", valueName: "name=value"))
  var cell: [String] = []
  @Flag(help: "Measure along the training too, by training the trials once more.")
  var along = false
  @Option(help: ArgumentHelp("Measure every so many steps (default: the trial's evaluate_every).", valueName: "steps"))
  var every: Int?
  @Option(help: "Prompts for gradients and errors.")
  var prompts = 8192
  @Option(help: "Threads (default: one per core).")
  var threads: Int?
  @Flag(help: "Print one JSON object per trial.")
  var json = false

  func validate() throws {
    try requireSweepName(directory)
    if (trial == nil) == cell.isEmpty {
      throw ValidationError("write --trial with a number or --cell with coordinates")
    }
    if let every, every < 1 { throw ValidationError("--every is \(every); write a number above 0") }
    if !along, every != nil { throw ValidationError("--every needs --along") }
    try requireCount(prompts, "--prompts", 2...10_000_000)
    try requireCount(threads ?? 1, "--threads", 1...1024)
  }

  func run() throws {
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let sweep = try StoredSweep(reading: directory)
    let records = try trial.map { [try sweep.record($0)] } ?? sweep.reportingTrials(where: cell)
    let progress = StepProgress()
    let meter = StructureMeter(
      sweep, prompts: prompts, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, instructionSet,
      progress)
    var answers: [StructureAnswer] = []
    for record in records {
      let validation = try meter.draw(record, .validation)
      let every = along ? every ?? record.parameters.evaluateEvery : nil
      answers.append(
        StructureAnswer(
          record, points: try meter.points(of: record, on: validation, every: every),
          layers: try meter.layers(of: record, on: validation)))
    }
    progress.clear()
    if json {
      for answer in answers { print(try jsonText(answer)) }
    } else {
      print(structureText(answers).joined(separator: "\n\n"))
    }
  }
}
