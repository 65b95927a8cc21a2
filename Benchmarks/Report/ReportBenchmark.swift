// Makes a directory as a sweep of many trials would leave it, through the real manifest reader and store, so that the report
// of 50,000 trials can be measured without training them. What its trials scored is drawn, not measured.
//
//   report-benchmark DIR [CELLS_ALONG_CONTEXT]    default 10: 200 cells, 50,000 trials
//   /usr/bin/time -v attune report DIR --out OUT
import Foundation
import Manifests
import Search
import Shared
import Store

@main
struct ReportBenchmark {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count >= 2, let contexts = Int(arguments.count > 2 ? arguments[2] : "10"), contexts > 0 else {
      print("usage: report-benchmark DIR [CELLS_ALONG_CONTEXT]")
      exit(64)
    }
    let plan = try manifest(contexts: contexts)
    let store = try SweepStore.forRunning(plan, in: arguments[1])
    let started = Date()
    var trials = DrawnTrials(plan, checkpoint: try store.blobs.publish(Array("no network".utf8)))
    for cell in plan.cells {
      let records = trials.draw(cell)
      var changes: [SweepChange] = [.plannedTrials(records.map(\.pending))]
      for record in records {
        changes.append(
          .status(
            TrialStatus(
              trial: record.id, state: .succeeded, failures: 0, attempts: 1, token: LeaseToken(epoch: 1, counter: 1),
              holder: nil, reason: nil, result: record.result)))
        changes.append(.points(record.id, trials.curve(of: record)))
      }
      try store.commit(changes)
    }
    try store.close()
    let seconds = Date().timeIntervalSince(started)
    print("\(trials.count) trials in \(plan.cells.count) cells, written in \(String(format: "%.1f", seconds)) s")
  }

  private static func manifest(contexts: Int) throws -> SweepPlan {
    let cells = 20 * contexts
    let text = """
      name: synthetic
      description: Drawn results, for measuring the report alone.
      method: random
      run_cap: \(40 * cells)
      parameters:
        task: {values: [linear, relu, exp, exp(1)]}
        activation: {values: [linear, relu, exp, softmax, "normalized(relu)"]}
        context: {values: [\((1...contexts).map { "\($0 + 3)" }.joined(separator: ", "))]}
        learning_rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}
        beta2: {min: 0.9, max: 0.999}
        steps: {value: 2000}
      seeds: {tune: 6, report: 9}
      report: {rows: task, columns: activation, x: context}

      """
    let path = NSTemporaryDirectory() + "/attune-report-benchmark.yaml"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { unlink(path) }
    return try loadManifest(at: path).plan
  }
}

/// Results near what networks score, a level per cell with a valley over the learning rate and noise per seed.
private struct DrawnTrials {
  private let plan: SweepPlan
  private let checkpoint: BlobDigest
  private var stream = DrawnNumbers(seed: 7)
  private(set) var count = 0

  init(_ plan: SweepPlan, checkpoint: BlobDigest) { (self.plan, self.checkpoint) = (plan, checkpoint) }

  /// All trials of a cell, succeeded, in the plan's order.
  mutating func draw(_ cell: CellPlan) -> [TrialRecord] {
    let level = 0.1 + stream.uniform()
    let tuning = plan.tuningTrials(of: cell).map { $0.map { record($0, level) } }
    guard case .selected(let candidate) = plan.selection(tuning: tuning) else { return tuning.flatMap { $0 } }
    let rest =
      [plan.referenceTrial(of: cell, selected: candidate)] + plan.reportingTrials(of: cell, selected: candidate)
    return tuning.flatMap { $0 } + rest.map { record($0, level) }
  }

  private mutating func record(_ planned: PlannedTrial, _ level: Double) -> TrialRecord {
    let rate = log(planned.parameters.learningRate / 0.015)
    let loss = level * exp(0.05 * rate * rate + 0.02 * stream.normal())
    var metrics = FinalMetrics()
    (metrics.trainLoss, metrics.validationLoss) = (loss, loss * 1.01)
    if planned.stage != .tuning {
      metrics.testLoss = loss * exp(0.01 * stream.normal())
      (metrics.bayesLoss, metrics.zeroLoss) = (0.08, 1.6)
      metrics.excess = max(0, metrics.testLoss - 0.08)
      metrics.referenceLoss = level
      metrics.bayesIdentityZ = stream.normal()
    }
    count += 1
    return TrialRecord(
      id: TrialID(rawValue: Int64(count)), cell: planned.cell, stage: planned.stage,
      configuration: planned.configuration, seed: planned.seed, state: .succeeded, attempts: 1,
      result: TrialResult(outcome: .finite, metrics: metrics, checkpoint: checkpoint, steps: 2000, seconds: 2.5))
  }

  /// Twenty evaluations from the zero predictor's loss down to the final one.
  func curve(of record: TrialRecord) -> [MetricPoint] {
    let end = record.result?.metrics.validationLoss ?? 1
    return (1...20).map { point in
      let share = exp(-4 * Double(point) / 20) - exp(-4)
      let loss = end * exp(log(1.6 / end) * share)
      return MetricPoint(step: 100 * point, trainLoss: loss, validationLoss: loss, learningRate: 0.01)
    }
  }
}

/// SplitMix64: what is drawn here decides nothing. Source: Steele, Lea & Flood 2014.
private struct DrawnNumbers {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func uniform() -> Double {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Double((bits ^ (bits >> 31)) >> 11) / Double(1 << 53)
  }

  /// Source: Box & Muller 1958.
  mutating func normal() -> Double {
    let radius = (-2 * log(max(uniform(), 1e-300))).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }
}

extension TrialRecord {
  fileprivate var pending: TrialRecord {
    var own = self
    (own.state, own.attempts, own.result) = (.pending, 0, nil)
    return own
  }
}
