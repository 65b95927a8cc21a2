// A trial's new state in the database. A grant and a result are one statement each, without a look before it: a sweep of
// short trials has 100,000 of them a second. What the statement's condition refuses is looked at then.
internal import GRDB
import Foundation
import Shared

extension SweepStore {
  func write(_ status: TrialStatus, to db: Database, at now: Double) throws {
    if let result = status.result, status.state == .succeeded {
      let metrics = result.metrics.storedColumns
      try db.cachedStatement(sql: Self.ending).execute(
        arguments: StatementArguments(
          [
            status.failures, status.attempts, status.token?.epoch, status.token?.counter,
            status.holder.map { Int64(bitPattern: $0.rawValue) }, now, result.outcome.rawValue,
            result.checkpoint.rawValue, result.steps, result.seconds, metrics[0], metrics[1], metrics[2], metrics[3],
            metrics[4], metrics[5], metrics[6], metrics[7], metrics[8], metrics[9], status.trial.rawValue,
          ] as [(any DatabaseValueConvertible)?]))
      if db.changesCount == 1 { return }
    } else if status.state == .leased {
      let holder = status.holder.map { Int64(bitPattern: $0.rawValue) }
      try db.cachedStatement(sql: Self.leasing).execute(
        arguments: [
          status.failures, status.attempts, status.token?.epoch, status.token?.counter, now, status.token?.epoch,
          status.token?.counter, holder, holder, status.reason, status.trial.rawValue,
        ])
      if db.changesCount == 1 { return }
    }
    try writeOther(status, to: db, at: now)
  }

  /// The end with a result. The scheduler keeps terminal states; that the disk does too is what an audit can rely on.
  private static let ending = """
    UPDATE trials SET state = 'succeeded', failures = ?, attempts = ?, token_epoch = ?, token_counter = ?, holder = ?,
    reason = NULL, ended = ?, outcome = ?, checkpoint = ?, steps = ?, seconds = ?,
    \(metricColumns.map { "\($0.name) = ?" }.joined(separator: ", "))
    WHERE id = ? AND state NOT IN ('failed', 'quarantined', 'cancelled', 'pruned')
    """

  /// A lease. One that is taken up again under its token keeps the time of its grant.
  private static let leasing = """
    UPDATE trials SET state = 'leased', failures = ?, attempts = ?,
    granted = CASE WHEN token_epoch IS ? AND token_counter IS ? THEN granted ELSE ? END,
    token_epoch = ?, token_counter = ?, holder = ?, worker = coalesce(?, worker), reason = ?, ended = NULL
    WHERE id = ? AND state IN ('pending', 'leased')
    """

  private func writeOther(_ status: TrialStatus, to db: Database, at now: Double) throws {
    let trial = status.trial.rawValue
    let found = try Row.fetchOne(
      db.cachedStatement(sql: "SELECT state, token_epoch, token_counter FROM trials WHERE id = ?"), arguments: [trial])
    guard let found, let state = TrialState(rawValue: found[0]), !state.isTerminal || state == status.state else {
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
