// Changes on their way to the disk: one transaction for all that came together, and what the owner has to know after it.
// The transaction may run on a thread of its own; everything else is the owner's.
internal import GRDB
import Foundation
import Shared

extension SweepStore {
  /// Makes `changes` durable, all or none, in one transaction. When this returns they survive a power cut.
  package func commit(_ changes: [SweepChange]) throws(StoreError) { settle(try transact(changes)) }

  /// What a transaction has changed besides the database.
  package struct Committed: Sendable {
    fileprivate var crowding: [TrialID: Bool] = [:]
    fileprivate var addedBytes = 0
    fileprivate var superseded: [ReleasedBlob] = []
  }

  /// The first half of `commit`, which may run on another thread: when it returns, `changes` are durable. Until `settle`
  /// was called with what it returned, nothing may be called but what only looks at files.
  package func transact(_ changes: [SweepChange]) throws(StoreError) -> Committed {
    var committed = Committed()
    guard !changes.isEmpty else { return committed }
    let now = wallClock().timeIntervalSince1970
    return try storing(directory.database) {
      try database.write { db in
        var statements = try StatusStatements(db)
        var last: StoredConfiguration?
        for change in changes {
          try apply(change, to: db, with: &statements, at: now, after: &last, adding: &committed)
        }
        try db.cachedStatement(sql: "UPDATE sessions SET ended = ? WHERE epoch = ?").execute(
          arguments: [now, epoch])
        (committed.superseded, committed.crowding) = try collectSuperseded(by: changes, in: db)
        return committed
      }
    }
  }

  /// The second half, on the owner's thread: takes note of what the transaction did and removes blobs that it left without
  /// a reference.
  /// - sparing: blobs that changes not committed yet refer to again.
  package func settle(_ committed: Committed, sparing spared: Set<BlobDigest> = []) {
    for (trial, isCrowded) in committed.crowding {
      if isCrowded { crowded.insert(trial) } else { crowded.remove(trial) }
    }
    storedBytes += committed.addedBytes - committed.superseded.reduce(0) { $0 + $1.bytes }
    remove(committed.superseded.map(\.digest).filter { !spared.contains($0) })
  }

  private func apply(
    _ change: SweepChange, to db: Database, with statements: inout StatusStatements, at now: Double,
    after last: inout StoredConfiguration?, adding committed: inout Committed
  ) throws {
    switch change {
    case .planned(let record): try insert(record, into: db, after: &last)
    case .plannedTrials(let records): for record in records { try insert(record, into: db, after: &last) }
    case .status(let status): try write(status, to: db, with: &statements, at: now)
    case .points(let trial, let points):
      // A resumed attempt repeats points with the same bits.
      let statement = try db.cachedStatement(sql: "INSERT OR IGNORE INTO points VALUES (?, ?, ?, ?, ?)")
      for point in points {
        try statement.execute(arguments: [
          trial.rawValue, point.step, storedBits(point.trainLoss), storedBits(point.validationLoss),
          storedBits(point.learningRate),
        ])
      }
    case .checkpoint(let trial, let offer): try keep(offer, of: trial, in: db, adding: &committed)
    case .continued(let trial, let shorter, let offer, let evaluateEvery):
      try keep(offer, of: trial, in: db, adding: &committed)
      try db.cachedStatement(
        sql: """
          INSERT OR IGNORE INTO points SELECT ?, step, train_loss, validation_loss, learning_rate FROM points
          WHERE trial = ? AND step % ? = 0
          """
      ).execute(arguments: [trial.rawValue, shorter.rawValue, evaluateEvery])
    case .worker(let hello):
      try db.cachedStatement(
        sql: """
          INSERT OR REPLACE INTO workers
          (session, epoch, host, process, slots, threads, instruction_set, program_version)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?)
          """
      ).execute(
        arguments: [
          Int64(bitPattern: hello.session.rawValue), epoch, hello.host, hello.processID, hello.slots, hello.threads,
          hello.instructionSet, hello.programVersion,
        ])
    case .workerKey(let session, let key):
      try db.cachedStatement(sql: "UPDATE workers SET key = ? WHERE session = ?").execute(
        arguments: [key, Int64(bitPattern: session.rawValue)])
    }
  }

  private func keep(
    _ offer: CheckpointOffer, of trial: TrialID, in db: Database, adding committed: inout Committed
  ) throws {
    if try !isReferenced(offer.digest.rawValue, in: db) { committed.addedBytes += offer.byteCount }
    try db.cachedStatement(
      sql: """
        INSERT INTO checkpoints (trial, step, digest, bytes) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET collected = 0
        """
    ).execute(arguments: [trial.rawValue, offer.step, offer.digest.rawValue, offer.byteCount])
  }

  /// The row of the record's configuration, which is stored now unless it was before.
  private func row(of record: TrialRecord, in db: Database, after last: StoredConfiguration?) throws -> Int64 {
    if let last, last.id == record.configuration { return last.row }
    let digest = record.configuration.rawValue
    try db.cachedStatement(sql: "INSERT INTO configurations (digest, canonical) VALUES (?, ?) ON CONFLICT DO NOTHING")
      .execute(arguments: [digest, record.parameters.canonicalJSON])
    if db.changesCount == 1 { return db.lastInsertedRowID }
    let found = try Int64.fetchOne(
      db.cachedStatement(sql: "SELECT id FROM configurations WHERE digest = ?"), arguments: [digest])
    guard let found else {
      throw StoreError.damaged(place: directory.database, what: "configuration \(digest) is gone")
    }
    return found
  }

  private func insert(_ record: TrialRecord, into db: Database, after last: inout StoredConfiguration?) throws {
    let configuration = try row(of: record, in: db, after: last)
    last = StoredConfiguration(id: record.configuration, row: configuration)
    try db.cachedStatement(
      sql: """
        INSERT INTO trials (id, configuration, seed, stage, state, failures, attempts) VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      record.id.rawValue, configuration, Int64(record.seed.rawValue), record.stage.rawValue, record.state.rawValue,
      record.failures, record.attempts,
    ])
  }
}

/// A configuration and its row. The trials of one follow each other, so that the last one is all that has to be known.
private struct StoredConfiguration {
  let id: ConfigurationID
  let row: Int64
}
