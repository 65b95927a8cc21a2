// Which checkpoints are kept: the one a result names, and the last two of a trial that has not succeeded. The others'
// blobs go, after the transaction that says so, and never while any trial refers to them.
internal import GRDB
import Shared

extension SweepStore {
  static let keptPerUnfinishedTrial = 2

  /// Marks the checkpoints that `changes` have superseded; returns the blobs that nobody refers to any more.
  func collectSuperseded(by changes: [SweepChange], in db: Database) throws -> [BlobDigest] {
    var touched: Set<TrialID> = []
    for change in changes {
      switch change {
      case .checkpoint(let trial, _): touched.insert(trial)
      case .status(let status): if status.state == .succeeded { touched.insert(status.trial) }
      case .planned, .points, .worker: break
      }
    }
    var unreferenced: [BlobDigest] = []
    for trial in touched.sorted() {
      let final = try String.fetchOne(
        db.cachedStatement(sql: "SELECT checkpoint FROM trials WHERE id = ?"), arguments: [trial.rawValue])
      let rows = try Row.fetchAll(
        db.cachedStatement(
          sql: "SELECT step, digest FROM checkpoints WHERE trial = ? AND collected = 0 ORDER BY step DESC, digest"),
        arguments: [trial.rawValue])
      for (age, row) in rows.enumerated() {
        let text: String = row[1]
        let isKept = final.map { $0 == text } ?? (age < Self.keptPerUnfinishedTrial)
        if isKept { continue }
        try db.cachedStatement(sql: "UPDATE checkpoints SET collected = 1 WHERE trial = ? AND step = ? AND digest = ?")
          .execute(arguments: [trial.rawValue, row[0] as Int64, text])
        let references = try Int.fetchOne(
          db.cachedStatement(sql: "SELECT count(*) FROM checkpoints WHERE digest = ? AND collected = 0"),
          arguments: [text])
        if references == 0, let digest = BlobDigest(rawValue: text) { unreferenced.append(digest) }
      }
    }
    return unreferenced
  }

  /// After a crash: blobs whose reference was not committed, and temporary files.
  func removeUnreferencedBlobs() {
    let kept = try? database.read {
      try String.fetchSet($0, sql: "SELECT digest FROM checkpoints WHERE collected = 0")
    }
    if let kept { blobs.removeAll(except: kept) }
  }
}
