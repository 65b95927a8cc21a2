// Who tried a trial, when, and how it ended. The latest attempt stands in the trial's own row, so that a grant and a
// result cost no row more; those before it are moved to a table of their own when they end without a result.
internal import GRDB
import Foundation
import Shared

package struct StoredAttempt: Equatable, Sendable {
  package var token: LeaseToken
  package var worker: WorkerSession?
  package var host: String?
  package var processID: Int?
  /// Wall clock, seconds since 1970; nil where an earlier version of the program did not write it.
  package var granted: Double?
  /// Nil while it goes on.
  package var ended: Double?
  /// How it ended.
  package var reason: String?
}

extension SweepStore {
  /// Attempts of a trial, in the order of their tokens. Empty for what an earlier version of the program has stored.
  package func attempts(of trial: TrialID) throws(StoreError) -> [StoredAttempt] {
    try storing(directory.database) {
      try database.read { db in
        // A directory that is only read is not migrated.
        guard try db.tableExists("attempts") else { return [] }
        let rows = try Row.fetchAll(
          db,
          sql: """
            SELECT found.epoch, counter, found.session, granted, ended, reason, host, process FROM (
              SELECT token_epoch AS epoch, token_counter AS counter, worker AS session, granted, ended, reason
              FROM attempts WHERE trial = :trial
              UNION ALL
              SELECT token_epoch, token_counter, worker, granted, ended,
                CASE WHEN state = 'succeeded' THEN 'succeeded' ELSE state || coalesce(': ' || reason, '') END
              FROM trials WHERE id = :trial AND token_epoch IS NOT NULL AND granted IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM attempts AS a WHERE a.trial = :trial AND state NOT IN ('leased', 'running')
                  AND a.token_epoch = trials.token_epoch AND a.token_counter = trials.token_counter)
            ) AS found LEFT JOIN workers ON workers.session = found.session ORDER BY found.epoch, counter
            """, arguments: ["trial": trial.rawValue])
        return rows.map { row in
          StoredAttempt(
            token: LeaseToken(epoch: row[0], counter: row[1]),
            worker: (row[2] as Int64?).map { WorkerSession(rawValue: UInt64(bitPattern: $0)) }, host: row[6],
            processID: row[7], granted: row[3], ended: row[4], reason: row[5])
        }
      }
    }
  }

  /// Which key each known session belongs to.
  package func workerKeys() throws(StoreError) -> [WorkerSession: String] {
    try storing(directory.database) {
      try database.read { db in
        let rows = try Row.fetchAll(db, sql: "SELECT session, key FROM workers WHERE key IS NOT NULL")
        return Dictionary(
          uniqueKeysWithValues: rows.map { (WorkerSession(rawValue: UInt64(bitPattern: $0[0] as Int64)), $0[1]) })
      }
    }
  }

  /// Keeps the attempt that the trial's row tells of, before the row tells of something else.
  func keepAttempt(of trial: Int64, reason: String?, ended: Double, in db: Database) throws {
    try db.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO attempts (trial, token_epoch, token_counter, worker, granted, ended, reason)
        SELECT id, token_epoch, token_counter, worker, granted, ?, ? FROM trials
        WHERE id = ? AND token_epoch IS NOT NULL
        """
    ).execute(arguments: [ended, reason, trial])
  }
}
