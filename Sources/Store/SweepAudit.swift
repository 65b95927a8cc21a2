// Does the directory hold what it should? planned = succeeded + failed + pruned + cancelled + pending, no trial twice,
// every checkpoint present with the bytes its name promises.
internal import GRDB
import Search
import Shared

package struct SweepAudit: Equatable, Sendable {
  package var planned = 0
  package var succeeded = 0
  /// With quarantined.
  package var failed = 0
  package var pruned = 0
  package var cancelled = 0
  /// With leased, running and paused trials, and those that do not exist yet.
  package var pending = 0
  /// Trials of an earlier edition of the manifest that are no longer reported on.
  package var superseded = 0
  package var duplicates = 0
  package var blobsChecked = 0
  /// Trials that succeeded and whose checkpoint was let go to keep to the budget; its digest is kept.
  package var blobsCollected = 0
  /// Everything that is not as it should be, in words, one line each.
  package var problems: [String] = []
  package var isClean: Bool { problems.isEmpty }
}

extension SweepStore {
  /// Counts and checks everything, reading every referenced blob.
  package func audit(_ plan: SweepPlan) throws(StoreError) -> SweepAudit {
    let stored = try trials()
    let records = stored.map(\.record)
    let plan = plan.grown(by: records)
    let placed = plan.place(records)
    var audit = SweepAudit()
    audit.planned = plan.plannedTrialCount - placed.shared
    audit.superseded = placed.superseded.count
    audit.pending = placed.missing
    for trial in placed.current {
      switch trial.state {
      case .succeeded: audit.succeeded += 1
      case .failed, .quarantined: audit.failed += 1
      case .pruned: audit.pruned += 1
      case .cancelled: audit.cancelled += 1
      case .pending, .leased, .running, .committing, .paused: audit.pending += 1
      }
    }
    let sum = audit.succeeded + audit.failed + audit.pruned + audit.cancelled + audit.pending
    if sum != audit.planned {
      audit.problems.append("\(audit.planned) trials are planned and \(sum) are accounted for")
    }
    audit.duplicates = stored.count - Set(stored.map(\.record.identity)).count
    if audit.duplicates > 0 { audit.problems.append("\(audit.duplicates) trials are stored twice") }
    if let difference = plan.difference(from: records) { audit.problems.append(difference) }
    try auditDatabase(&audit)
    try auditBlobs(stored, &audit)
    return audit
  }

  private func auditDatabase(_ audit: inout SweepAudit) throws(StoreError) {
    let (integrity, dangling) = try storing(directory.database) {
      try database.read { db in
        (
          try String.fetchAll(db, sql: "PRAGMA integrity_check"),
          try Row.fetchAll(db, sql: "PRAGMA foreign_key_check").count
        )
      }
    }
    for line in integrity where line != "ok" { audit.problems.append("\(directory.database): \(line)") }
    if dangling > 0 { audit.problems.append("\(directory.database): \(dangling) rows refer to nothing") }
  }

  private func auditBlobs(_ stored: [StoredTrial], _ audit: inout SweepAudit) throws(StoreError) {
    let referenced = try storing(directory.database) {
      try database.read {
        try String.fetchAll($0, sql: "SELECT DISTINCT digest FROM checkpoints WHERE collected = 0 ORDER BY digest")
      }
    }
    for text in referenced {
      guard let digest = BlobDigest(rawValue: text) else {
        audit.problems.append("\(directory.database): \"\(text)\" is no digest")
        continue
      }
      audit.blobsChecked += 1
      if !blobs.contains(digest) {
        audit.problems.append("\(blobs.path(digest)): it is missing")
      } else if !blobs.isIntact(digest) {
        audit.problems.append("\(blobs.path(digest)): its bytes have another digest")
      }
    }
    let known = Set(referenced)
    let collected = try storing(directory.database) {
      try database.read {
        try String.fetchSet($0, sql: "SELECT DISTINCT digest FROM checkpoints WHERE collected = 1")
      }
    }
    let withCheckpoint: Set<TrialState> = [.succeeded, .paused, .pruned]
    for trial in stored where withCheckpoint.contains(trial.record.state) {
      if let digest = trial.record.result?.checkpoint.rawValue {
        if known.contains(digest) { continue }
        if collected.contains(digest) {
          audit.blobsCollected += 1
          continue
        }
      }
      audit.problems.append(
        "trial \(trial.record.id): it is \(trial.record.state.rawValue) without a stored checkpoint")
    }
  }
}
