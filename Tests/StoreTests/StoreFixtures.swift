// Directories, plans and trials for the store's tests.
import Foundation
import Shared
import Store

/// A directory of its own per test, removed with it.
final class TemporaryDirectory {
  let path: String
  init() throws {
    path = NSTemporaryDirectory() + "attune-store-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
  var sweep: String { path + "/sweep" }
}

func makePlan(
  rates: [Double] = [0.01, 0.02], steps: Int = 100, tune: Int = 1, report: Int = 2, source: String = "name: test\n"
) -> SweepPlan {
  let candidates = rates.map { rate in
    var parameters = TrialParameters()
    (parameters.learningRate, parameters.steps) = (rate, steps)
    return parameters
  }
  return SweepPlan(
    name: "test", method: .grid, axes: [], tuned: [.learningRate],
    cells: [CellPlan(id: CellID(rawValue: 0), coordinates: [], candidates: candidates)],
    tuneSeeds: (0..<tune).map { Seed(rawValue: Seed.firstTuning + UInt32($0)) },
    reportSeeds: (0..<report).map { Seed(rawValue: UInt32($0)) }, source: source)
}

/// Every trial the plan asks for when candidate 0 is selected, with ids from 1.
func records(of plan: SweepPlan) -> [TrialRecord] {
  let cell = plan.cells[0]
  let planned =
    Array(plan.tuningTrials(of: cell).joined()) + [plan.referenceTrial(of: cell, selected: 0)]
    + plan.reportingTrials(of: cell, selected: 0)
  return planned.enumerated().map { index, trial in
    TrialRecord(
      id: TrialID(rawValue: Int64(index + 1)), cell: trial.cell, stage: trial.stage, parameters: trial.parameters,
      configuration: trial.identity.configuration, seed: trial.identity.seed)
  }
}

func makeMetrics(_ base: Double) -> FinalMetrics {
  var metrics = FinalMetrics()
  (metrics.trainLoss, metrics.validationLoss) = (base, base * 2)
  metrics.excess = 0.1 + 0.2
  metrics.bayesLoss = -0.0
  metrics.zeroLoss = .leastNonzeroMagnitude
  metrics.referenceLoss = .infinity
  return metrics
}

func status(
  _ record: TrialRecord, _ state: TrialState, result: TrialResult? = nil, reason: String? = nil
) -> SweepChange {
  .status(
    TrialStatus(
      trial: record.id, state: state, failures: 2, attempts: 3, token: LeaseToken(epoch: 4, counter: 5),
      holder: WorkerSession(rawValue: .max), reason: reason, result: result))
}

/// Plans every trial of `plan` and ends each with a published checkpoint.
func complete(_ plan: SweepPlan, in store: SweepStore, order: [Int]? = nil) throws {
  let all = records(of: plan)
  try store.commit(all.map { .planned($0) })
  for index in order ?? Array(all.indices) {
    let record = all[index]
    let bytes = Array("checkpoint of \(record.configuration) \(record.seed)".utf8)
    let digest = try store.blobs.publish(bytes)
    // The first candidate wins.
    let result = TrialResult(
      outcome: .finite, metrics: makeMetrics(record.parameters.learningRate), checkpoint: digest, steps: 100,
      seconds: 1.5)
    try store.commit([
      .checkpoint(record.id, CheckpointOffer(digest: digest, byteCount: bytes.count, step: 100)),
      status(record, .succeeded, result: result),
    ])
  }
}

/// The relative paths of all blobs.
func blobNames(_ path: String) -> Set<String> {
  let root = path + "/blobs/sha256"
  let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
  return Set(folders.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + $0)) ?? [] })
}
