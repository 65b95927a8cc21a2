// `attune explain`: why one trial is where it is.
internal import ArgumentParser
import Foundation
import Shared
import Store

struct ExplainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "Tell why a trial waits, was tried again, failed or was quarantined.",
    discussion: """
      Shows what the trial is, its state, what it waits for and how many stand before it, every attempt with its worker, \
      lease token, times and how it ended, and the checkpoint that the next attempt would go on from. Reads the sweep's \
      directory only, also while the sweep runs.

      Example:
        attune explain runs/quickstart 17
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Argument(help: "The trial's number, as `attune trials` shows it.")
  var trial: Int64

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    let explanation = try TrialExplanation(of: TrialID(rawValue: trial), in: sweep)
    print(json ? try jsonText(explanation) : explanation.text)
  }
}
