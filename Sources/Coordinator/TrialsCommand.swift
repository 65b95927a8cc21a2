// `attune trials`: every trial of a sweep, as a table or as JSON.
internal import ArgumentParser
import Foundation
import Reports
import Shared
import Store

struct TrialsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trials",
    abstract: "List a sweep's trials.",
    discussion: """
      With --json every trial is one line: its identity, state, result and checkpoint. Losses that were not measured are
      left out; numbers have as many digits as are needed to read back the same bits.

      Example:
        attune trials runs/quickstart --json | head -1
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Flag(help: "Print one JSON object per trial and line.")
  var json = false

  private struct Line: Encodable {
    var trial: Int64
    var configuration: String
    var seed: UInt32
    var stage: String
    var state: String
    var parameters: [String: String]
    var attempts: Int
    var failures: Int
    var reason: String?
    var outcome: String?
    var metrics: [String: Double]?
    var checkpoint: String?
    var steps: Int?
    var seconds: Double?
  }

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    let searched = sweep.plan.axes.map(\.name) + sweep.plan.tuned
    if json {
      for trial in sweep.trials.current { print(try jsonText(line(trial, searched))) }
      return
    }
    let head = ["trial", "stage", "seed"] + searched.map(\.rawValue) + ["state", "loss", "tries", "reason"]
    var rows = [head]
    for trial in sweep.trials.current {
      let metrics = trial.result?.metrics
      let loss = metrics.map { $0.testLoss.isNaN ? $0.validationLoss : $0.testLoss }
      let state = trial.result?.outcome == .diverged ? "diverged" : trial.state.rawValue
      let seed = trial.stage == .reference ? "-" : "\(trial.seed.rawValue & ~Seed.firstTuning)"
      rows.append(
        ["\(trial.id)", trial.stage.rawValue, seed]
          + searched.map {
            trial.stage == .reference && $0.concernsTrainingOnly ? "-" : "\(trial.parameters.value(of: $0))"
          }
          + [state, loss.map { String(format: "%.5g", $0) } ?? "-", "\(trial.attempts)", trial.reason ?? ""])
    }
    print(table(rows))
  }

  private func line(_ trial: TrialRecord, _ searched: [ParameterName]) -> Line {
    let finite = (trial.result?.metrics.named ?? []).filter(\.value.isFinite).map { ($0.name, $0.value) }
    return Line(
      trial: trial.id.rawValue, configuration: trial.configuration.rawValue, seed: trial.seed.rawValue,
      stage: trial.stage.rawValue, state: trial.state.rawValue,
      parameters: Dictionary(
        uniqueKeysWithValues: searched.map { ($0.rawValue, trial.parameters.value(of: $0).description) }),
      attempts: trial.attempts, failures: trial.failures, reason: trial.reason,
      outcome: trial.result?.outcome.rawValue,
      metrics: trial.result == nil ? nil : Dictionary(uniqueKeysWithValues: finite),
      checkpoint: trial.result?.checkpoint.rawValue, steps: trial.result?.steps, seconds: trial.result?.seconds)
  }
}

/// Columns as wide as their widest entry, two blanks between them, no blanks at the end.
func table(_ rows: [[String]]) -> String {
  var widths: [Int] = []
  for row in rows {
    for (column, text) in row.enumerated() {
      if column == widths.count { widths.append(0) }
      widths[column] = max(widths[column], text.count)
    }
  }
  return rows.map { row in
    let line = row.enumerated().map { column, text in
      text + String(repeating: " ", count: widths[column] - text.count)
    }.joined(separator: "  ")
    return String(line.reversed().drop { $0 == " " }.reversed())
  }.joined(separator: "\n")
}
