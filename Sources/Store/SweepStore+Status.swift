// A trial's new state in the database. A grant and a result are one statement each, without a look before it: a sweep of
// short trials has 100,000 of them a second. What the statement's condition refuses is looked at then.
internal import GRDB
import Foundation
import Shared

/// What the changes of one commit are written with.
struct StatusStatements {
  fileprivate var ending: PlainStatement
  fileprivate var leasing: PlainStatement

  init(_ db: Database) throws {
    (ending, leasing) = (try PlainStatement(db, SweepStore.ending), try PlainStatement(db, SweepStore.leasing))
  }
}

extension SweepStore {
  func write(_ status: TrialStatus, to db: Database, with statements: inout StatusStatements, at now: Double) throws {
    if let result = status.result, status.state == .succeeded {
      if try statements.ending.end(status, result, at: now) == 1 { return }
    } else if status.state == .leased {
      if try statements.leasing.lease(status, at: now) == 1 { return }
    }
    try writeOther(status, to: db, at: now)
  }

  /// The end with a result. The scheduler keeps terminal states; that the disk does too is what an audit can rely on.
  fileprivate static let ending = """
    UPDATE trials SET state = 'succeeded', failures = ?, attempts = ?, token_epoch = ?, token_counter = ?, holder = ?,
    reason = NULL, ended = ?, outcome = ?, checkpoint = ?, steps = ?, seconds = ?,
    \(metricColumns.map { "\($0.name) = ?" }.joined(separator: ", "))
    WHERE id = ? AND state NOT IN ('failed', 'quarantined', 'cancelled', 'pruned')
    """

  /// A lease. One that is taken up again under its token keeps the time of its grant.
  fileprivate static let leasing = """
    UPDATE trials SET state = 'leased', failures = ?1, attempts = ?2,
    granted = CASE WHEN token_epoch IS ?3 AND token_counter IS ?4 THEN granted ELSE ?5 END,
    token_epoch = ?3, token_counter = ?4, holder = ?6, worker = coalesce(?6, worker), reason = ?7, ended = NULL
    WHERE id = ?8 AND state IN ('pending', 'leased')
    """

  private func writeOther(_ status: TrialStatus, to db: Database, at now: Double) throws {
    let trial = status.trial.rawValue
    let found = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT state, token_epoch, token_counter FROM trials WHERE id = ?"), arguments: [trial])
    guard let found, let state = TrialState(rawValue: found[0]),
      !state.isTerminal || state == status.state || state.mayBecome(status.state)
    else {
      throw StoreError.illegalChange(
        trial: trial, found: (found?[0] as String?) ?? "unknown", asked: status.state.rawValue)
    }
    let holds = status.state == .leased || status.state == .running
    let isGranted =
      status.state == .leased
      && (status.token?.epoch != found[1] as Int64? || status.token?.counter != found[2] as Int64?)
    if state == .leased || state == .running, status.state == .pending || status.state == .quarantined {
      try keepAttempt(of: trial, reason: status.reason, ended: now, in: db)
    }
    try db.cachedStatement(
      sql: """
        UPDATE trials SET state = ?, failures = ?, attempts = ?, token_epoch = ?, token_counter = ?, holder = ?,
        reason = ?, worker = coalesce(?, worker), granted = coalesce(?, granted), ended = ? WHERE id = ?
        """
    ).execute(arguments: [
      status.state.rawValue, status.failures, status.attempts, status.token?.epoch, status.token?.counter,
      status.holder.map { Int64(bitPattern: $0.rawValue) }, status.reason,
      status.holder.map { Int64(bitPattern: $0.rawValue) }, isGranted ? now : nil, holds ? nil : now, trial,
    ])
    guard let result = status.result else { return }
    try db.cachedStatement(
      sql: """
        UPDATE trials SET outcome = ?, checkpoint = ?, steps = ?, seconds = ?,
        \(metricColumns.map { "\($0.name) = ?" }.joined(separator: ", ")) WHERE id = ?
        """
    ).execute(
      arguments: [result.outcome.rawValue, result.checkpoint.rawValue, result.steps, result.seconds]
        + StatementArguments(result.metrics.storedColumns) + [trial])
  }
}

extension PlainStatement {
  /// Returns the number of rows that took the end.
  fileprivate mutating func end(_ status: TrialStatus, _ result: TrialResult, at now: Double) throws -> Int {
    bind(1, status.failures)
    bind(2, status.attempts)
    bind(3, status.token?.epoch)
    bind(4, status.token?.counter)
    bind(5, status.holder.map { Int64(bitPattern: $0.rawValue) })
    bind(6, now)
    bind(7, result.outcome.rawValue)
    bind(8, result.checkpoint.rawValue)
    bind(9, result.steps)
    bind(10, result.seconds)
    for (place, bits) in result.metrics.storedColumns.enumerated() { bind(11 + Int32(place), bits) }
    bind(21, status.trial.rawValue)
    return try run()
  }

  fileprivate mutating func lease(_ status: TrialStatus, at now: Double) throws -> Int {
    bind(1, status.failures)
    bind(2, status.attempts)
    bind(3, status.token?.epoch)
    bind(4, status.token?.counter)
    bind(5, now)
    bind(6, status.holder.map { Int64(bitPattern: $0.rawValue) })
    bind(7, status.reason)
    bind(8, status.trial.rawValue)
    return try run()
  }
}
