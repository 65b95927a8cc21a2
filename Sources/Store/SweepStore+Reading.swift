// What the store gives back: trials with their latest checkpoints, learning curves, and where and when it all ran.
internal import GRDB
import Foundation
import Shared

extension SweepStore {
  /// Every trial, ascending by id. Cells are those of a plan: `SweepPlan.place` fills them in.
  /// - plan: its configurations need not be read, which takes longer than all the rest where there are many.
  package func trials(of plan: SweepPlan? = nil) throws(StoreError) -> [StoredTrial] {
    try readTrials(known: plan?.configurations ?? [:], only: nil)
  }

  /// One trial; nil where there is none of that number.
  package func trial(_ id: TrialID) throws(StoreError) -> StoredTrial? {
    try readTrials(known: [:], only: id).first
  }

  private func readTrials(
    known: [ConfigurationID: TrialConfiguration], only trial: TrialID?
  ) throws(StoreError) -> [StoredTrial] {
    try storing(directory.database) {
      try database.read { db in
        let arguments = trial.map { [$0.rawValue] as StatementArguments } ?? []
        func condition(_ text: String) -> String { trial == nil ? "" : text }
        let configurations = try readConfigurations(
          db, condition("WHERE id = (SELECT configuration FROM trials WHERE id = ?)"), arguments, known: known)
        let checkpoints = try readCheckpoints(db, condition("AND trial = ?"), arguments)
        let names = metricColumns.map(\.name).joined(separator: ", ")
        return try Row.fetchCursor(
          db,
          sql: """
            SELECT id, configuration, seed, stage, state, failures, attempts, token_epoch, token_counter, holder,
            reason, outcome, checkpoint, steps, seconds, \(names) FROM trials \(condition("WHERE id = ?")) ORDER BY id
            """, arguments: arguments
        ).map { [self] in try self.trial($0, configurations: configurations, checkpoints: checkpoints) }.collect()
      }
    }
  }

  private func readConfigurations(
    _ db: Database, _ condition: String, _ arguments: StatementArguments,
    known: [ConfigurationID: TrialConfiguration]
  ) throws -> [Int64: TrialConfiguration] {
    var configurations: [Int64: TrialConfiguration] = [:]
    let rows = try Row.fetchCursor(
      db, sql: "SELECT id, digest, canonical FROM configurations \(condition)", arguments: arguments)
    while let row = try rows.next() {
      guard let id = ConfigurationID(rawValue: row[1]) else {
        throw StoreError.damaged(place: directory.database, what: "configuration \(row[0] as Int64) has no digest")
      }
      do {
        configurations[row[0]] = try known[id] ?? TrialConfiguration(TrialParameters(canonicalJSON: row[2]), id: id)
      } catch {
        throw StoreError.damaged(place: directory.database, what: "configuration \(row[0] as Int64): \(error)")
      }
    }
    return configurations
  }

  /// Per trial, ascending by step.
  private func readCheckpoints(
    _ db: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [Int64: [CheckpointOffer]] {
    var checkpoints: [Int64: [CheckpointOffer]] = [:]
    let rows = try Row.fetchCursor(
      db,
      sql: """
        SELECT trial, step, digest, bytes FROM checkpoints WHERE collected = 0 \(condition) ORDER BY trial, step
        """, arguments: arguments)
    while let row = try rows.next() {
      guard let digest = BlobDigest(rawValue: row[2]) else {
        throw StoreError.damaged(place: directory.database, what: "\"\(row[2] as String)\" is no digest")
      }
      checkpoints[row[0], default: []].append(CheckpointOffer(digest: digest, byteCount: row[3], step: row[1]))
    }
    return checkpoints
  }

  private func trial(
    _ row: Row, configurations: [Int64: TrialConfiguration], checkpoints: [Int64: [CheckpointOffer]]
  ) throws -> StoredTrial {
    let id: Int64 = row[0]
    func damaged(_ what: String) -> StoreError {
      .damaged(place: directory.database, what: "trial \(id): \(what)")
    }
    guard let configuration = configurations[row[1]] else { throw damaged("its configuration is gone") }
    guard let seed = UInt32(exactly: row[2] as Int64), let stage = TrialStage(rawValue: row[3]),
      let state = TrialState(rawValue: row[4])
    else { throw damaged("its seed, stage or state is none of this version") }
    var record = TrialRecord(
      id: TrialID(rawValue: id), cell: CellID(rawValue: 0), stage: stage,
      configuration: configuration, seed: Seed(rawValue: seed), state: state, failures: row[5], attempts: row[6],
      reason: row[10])
    if let text = row[11] as String? {
      guard let outcome = TrialOutcome(rawValue: text), let digest = (row[12] as String?).flatMap(BlobDigest.init),
        let steps = row[13] as Int?, let seconds = row[14] as Double?
      else { throw damaged("its result is not whole") }
      var metrics = FinalMetrics()
      for (offset, column) in metricColumns.enumerated() {
        guard let bits = row[15 + offset] as Int64? else { throw damaged("\(column.name) is missing") }
        metrics[keyPath: column.field] = double(storedBits: bits)
      }
      record.result = TrialResult(
        outcome: outcome, metrics: metrics, checkpoint: digest, steps: steps, seconds: seconds)
    }
    var token: LeaseToken?
    if let epoch = row[7] as Int64?, let counter = row[8] as Int64? {
      token = LeaseToken(epoch: epoch, counter: counter)
    }
    let own = checkpoints[id] ?? []
    return StoredTrial(
      record: record, token: token,
      holder: (row[9] as Int64?).map { WorkerSession(rawValue: UInt64(bitPattern: $0)) },
      checkpoint: record.result.flatMap { result in own.last { $0.digest == result.checkpoint } } ?? own.last)
  }

  /// Learning curves by trial, ascending by step.
  package func curves() throws(StoreError) -> [TrialID: [MetricPoint]] {
    try storing(directory.database) {
      try database.read { db in
        var curves: [TrialID: [MetricPoint]] = [:]
        let rows = try Row.fetchCursor(
          db, sql: "SELECT trial, step, train_loss, validation_loss, learning_rate FROM points ORDER BY trial, step")
        while let row = try rows.next() {
          curves[TrialID(rawValue: row[0]), default: []].append(metricPoint(row))
        }
        return curves
      }
    }
  }

  /// The learning curve of one trial, ascending by step; empty where none was stored.
  package func curve(of trial: TrialID) throws(StoreError) -> [MetricPoint] {
    try storing(directory.database) {
      try database.read { db in
        try Row.fetchCursor(
          db,
          sql:
            "SELECT trial, step, train_loss, validation_loss, learning_rate FROM points WHERE trial = ? ORDER BY step",
          arguments: [trial.rawValue]
        ).map(metricPoint).collect()
      }
    }
  }

  /// Where and how long it ran. `current` are the trials a report is about.
  package func provenance(of current: [TrialRecord]) throws(StoreError) -> SweepProvenance {
    let (machines, wall) = try storing(directory.database) {
      try database.read { db in
        let rows = try Row.fetchAll(
          db, sql: "SELECT DISTINCT instruction_set, host, threads FROM workers ORDER BY host, instruction_set, threads"
        )
        let machines = rows.map { row in
          let threads: Int = row[2]
          return "\(row[0] as String) on \(row[1] as String) (\(threads) thread\(threads == 1 ? "" : "s"))"
        }
        return (machines, try Double.fetchOne(db, sql: "SELECT sum(ended - started) FROM sessions") ?? 0)
      }
    }
    return SweepProvenance(
      programVersion: programVersion, machines: machines, wallSeconds: wall,
      trialSeconds: current.reduce(0) { $0 + ($1.result?.seconds ?? 0) }, digest: sweepDigest(current))
  }
}

extension Cursor {
  fileprivate func collect() throws -> [Element] { try Array(self) }
}

/// Of a row `trial, step, train_loss, validation_loss, learning_rate`.
private func metricPoint(_ row: Row) -> MetricPoint {
  MetricPoint(
    step: row[1], trainLoss: double(storedBits: row[2]), validationLoss: double(storedBits: row[3]),
    learningRate: double(storedBits: row[4]))
}
