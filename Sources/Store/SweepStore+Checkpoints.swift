// Which checkpoints are kept (docs/manifest.md, checkpoints). Of a trial that has not succeeded the best by validation
// loss and the last few; of one that has, the one its result names; and never more bytes than the budget, as long as
// something is left that nobody needs. A blob goes after the transaction that says so, and never while any row refers to
// it; its digest stays.
internal import GRDB
import Foundation
import Shared

/// A blob that nobody refers to any more.
struct ReleasedBlob: Sendable {
  let digest: BlobDigest
  let bytes: Int
}

extension SweepStore {
  /// Marks the checkpoints that `changes` have superseded; returns the blobs that nobody refers to any more, and of which
  /// trials more than one checkpoint is kept, or no longer.
  func collectSuperseded(
    by changes: [SweepChange], in db: Database
  ) throws -> (blobs: [ReleasedBlob], crowding: [TrialID: Bool]) {
    var touched: Set<TrialID> = []
    for change in changes {
      switch change {
      case .checkpoint(let trial, _), .continued(let trial, _, _, _): touched.insert(trial)
      case .status(let status):
        // A short trial ends with the one checkpoint that it had: nothing to look up.
        if status.state == .succeeded || status.state == .paused, crowded.contains(status.trial) {
          touched.insert(status.trial)
        }
      case .planned, .plannedTrials, .points, .worker, .workerKey: break
      }
    }
    var unreferenced: [ReleasedBlob] = []
    var crowding: [TrialID: Bool] = [:]
    for trial in touched.sorted() {
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: """
            SELECT step, digest, bytes FROM checkpoints WHERE trial = ? AND collected = 0 ORDER BY step DESC, digest
            """
        ), arguments: [trial.rawValue])
      crowding[trial] = rows.count > 1
      guard rows.count > 1 else { continue }
      let final = try String.fetchOne(
        // That of a pause before, while the trial goes on, is one like any other.
        db.cachedStatement(
          sql: "SELECT checkpoint FROM trials WHERE id = ? AND state IN ('succeeded', 'paused', 'pruned')"),
        arguments: [trial.rawValue])
      if final == nil, rows.count <= retention.keepLast { continue }
      let best = final == nil ? try bestStep(of: trial, in: db) : nil
      var kept = 0
      for (age, row) in rows.enumerated() {
        let digest: String = row[1]
        let isKept = final.map { $0 == digest } ?? (age < retention.keepLast || best == row[0])
        if isKept {
          kept += 1
          continue
        }
        if let blob = try collect(trial, step: row[0], digest, in: db) {
          unreferenced.append(ReleasedBlob(digest: blob, bytes: row[2]))
        }
      }
      crowding[trial] = kept > 1
    }
    return (unreferenced, crowding)
  }

  func findCrowded() throws(StoreError) -> Set<TrialID> {
    try storing(directory.database) {
      try database.read {
        Set(
          try Int64.fetchAll(
            $0, sql: "SELECT trial FROM checkpoints WHERE collected = 0 GROUP BY trial HAVING count(*) > 1"
          ).map { TrialID(rawValue: $0) })
      }
    }
  }

  /// Forgets one checkpoint; returns its blob if that was the last reference to it.
  private func collect(_ trial: TrialID, step: Int64, _ digest: String, in db: Database) throws -> BlobDigest? {
    try db.cachedStatement(sql: "UPDATE checkpoints SET collected = 1 WHERE trial = ? AND step = ? AND digest = ?")
      .execute(arguments: [trial.rawValue, step, digest])
    return try isReferenced(digest, in: db) ? nil : BlobDigest(rawValue: digest)
  }

  func isReferenced(_ digest: String, in db: Database) throws -> Bool {
    try Int.fetchOne(
      db.cachedStatement(sql: "SELECT 1 FROM checkpoints WHERE digest = ? AND collected = 0 LIMIT 1"),
      arguments: [digest]) != nil
  }

  /// The stored checkpoint's step with the smallest validation loss, the earlier one of equals; nil if none was measured.
  private func bestStep(of trial: TrialID, in db: Database) throws -> Int64? {
    let rows = try Row.fetchCursor(
      db.cachedStatement(
        sql: """
          SELECT checkpoints.step, points.validation_loss FROM checkpoints JOIN points
          ON points.trial = checkpoints.trial AND points.step = checkpoints.step
          WHERE checkpoints.trial = ? AND checkpoints.collected = 0 ORDER BY checkpoints.step
          """), arguments: [trial.rawValue])
    var best: (step: Int64, loss: Double)?
    while let row = try rows.next() {
      let loss = double(storedBits: row[1])
      if loss < best?.loss ?? .infinity { best = (row[0], loss) }
    }
    return best?.step
  }

  /// Bytes of all blobs that are kept; each blob once.
  func measureStoredBytes() throws(StoreError) -> Int {
    try storing(directory.database) {
      try database.read {
        try Int.fetchOne(
          $0,
          sql: """
            SELECT sum(bytes) FROM
            (SELECT max(bytes) AS bytes FROM checkpoints WHERE collected = 0 GROUP BY digest)
            """
        ) ?? 0
      }
    }
  }

  /// Brings the checkpoints down to the budget, in this order, within each the oldest trial first:
  /// older checkpoints of trials that have not ended, the last one always stays; what failed or cancelled trials have
  /// left; results of tuning trials; results of reporting trials. References stay: trials of any later edition may need
  /// them. Returns the number of bytes freed.
  @discardableResult
  package func enforceBudget() throws(StoreError) -> Int {
    guard let budget = retention.budget, storedBytes > budget else { return 0 }
    let before = storedBytes
    let unreferenced = try storing(directory.database) {
      try database.write { db in
        var found: [BlobDigest] = []
        let rows = try Row.fetchCursor(db, sql: Self.leastNeededFirst)
        var left = storedBytes
        while left > budget, let row = try rows.next() {
          let digest: String = row[2]
          if let blob = try collect(TrialID(rawValue: row[0]), step: row[1], digest, in: db) {
            found.append(blob)
            left -= row[3]
          }
        }
        return found
      }
    }
    remove(unreferenced)
    storedBytes = try measureStoredBytes()
    return before - storedBytes
  }

  /// Rows (trial, step, digest, bytes) that may go, the least needed first.
  private static let leastNeededFirst = """
    SELECT trial, step, digest, bytes FROM (
      SELECT c.trial, c.step, c.digest, c.bytes, t.stage, t.state,
        max(c.step) OVER (PARTITION BY c.trial) AS last,
        CASE WHEN t.state IN ('pending', 'leased', 'running', 'committing', 'paused') THEN 0
          WHEN t.state <> 'succeeded' THEN 1 WHEN t.stage = 'tuning' THEN 2 ELSE 3 END AS need
      FROM checkpoints AS c JOIN trials AS t ON t.id = c.trial WHERE c.collected = 0)
    WHERE (need = 0 AND step < last) OR (need > 0 AND NOT (stage = 'reference' AND state = 'succeeded'))
    ORDER BY need, trial, step
    """

  /// Takes blobs away that no row refers to any more.
  func remove(_ unreferenced: [BlobDigest]) {
    for digest in unreferenced { blobs.remove(digest) }
  }

  /// After a crash: blobs whose reference was not committed, and temporary files.
  func removeUnreferencedBlobs() {
    let kept = try? database.read {
      try String.fetchSet($0, sql: "SELECT digest FROM checkpoints WHERE collected = 0")
    }
    if let kept { blobs.removeAll(except: kept) }
  }
}
