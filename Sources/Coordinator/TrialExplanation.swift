// What `attune explain` tells about a trial, put together from what is stored: nothing in it needs the coordinator.
import Foundation
import Shared
import Store

struct TrialExplanation: Encodable {
  struct Attempt: Encodable {
    var token: String
    var worker: String?
    var host: String?
    var process: Int?
    /// Wall clock, ISO 8601.
    var granted: String?
    var ended: String?
    /// How it ended, or `running`.
    var outcome: String
  }
  struct Checkpoint: Encodable {
    var step: Int
    var bytes: Int
    var digest: String
  }

  var trial: Int64
  var what: String
  var stage: String
  var configuration: String
  var seed: UInt32
  var parameters: String
  var state: String
  /// What it waits for, or why it ended as it did.
  var why: String
  /// Trials that are granted before it; nil unless it could be granted now.
  var ahead: Int?
  var failures: Int
  var attempts: [Attempt]
  /// Where the next attempt begins; nil where there will be none, or it would begin anew.
  var resume: Checkpoint?
  /// The file of the checkpoint that it ended with, while that is kept.
  var network: String?
  /// Set for a trial of an earlier edition of the manifest.
  var superseded: Bool

  init(of id: TrialID, in sweep: StoredSweep) throws {
    guard let found = try sweep.store.trial(id) else {
      let last = (sweep.trials.current + sweep.trials.superseded).map(\.id).max()
      let known = last.map { "1 to \($0)" } ?? "none yet"
      throw CommandFailure(
        "\(sweep.store.directory.path): it has no trial \(id); its trials are \(known), and more follow as cells are "
          + "decided: see `attune trials \(sweep.store.directory.path)`")
    }
    let placed = sweep.trials.current.first { $0.id == id }
    let record = placed ?? found.record
    let owner = sweep.store.directory.owner
    trial = id.rawValue
    superseded = placed == nil
    (stage, configuration, seed) = (record.stage.rawValue, record.configuration.rawValue, record.seed.rawValue)
    parameters = record.parameters.canonicalJSON
    what = Self.describe(record, searched: sweep.plan.axes.map(\.name) + sweep.plan.tuned)
    failures = record.failures
    let isLeased = [.leased, .running, .committing].contains(record.state)
    state = isLeased && owner == nil ? TrialState.pending.rawValue : record.state.rawValue
    let history = try sweep.store.attempts(of: id)
    attempts = history.map { attempt in
      Attempt(
        token: attempt.token.description, worker: attempt.worker?.description, host: attempt.host,
        process: attempt.processID, granted: attempt.granted.map(Self.timeText),
        ended: attempt.ended.map(Self.timeText),
        outcome: attempt.ended == nil ? (owner == nil ? "the coordinator has gone" : "running") : attempt.reason ?? "")
    }
    if !record.state.isTerminal, let checkpoint = found.checkpoint {
      resume = Checkpoint(step: checkpoint.step, bytes: checkpoint.byteCount, digest: checkpoint.digest.rawValue)
    }
    let blobs = sweep.store.blobs
    network = record.result.map(\.checkpoint).flatMap { blobs.contains($0) ? blobs.path($0) : nil }
    (why, ahead) = Self.reason(for: record, superseded: superseded, owner: owner, history: history, in: sweep)
  }

  private static func describe(_ record: TrialRecord, searched: [ParameterName]) -> String {
    let values = searched.filter { record.stage != .reference || !$0.concernsTrainingOnly }.map {
      "\($0.rawValue) \(record.parameters.value(of: $0))"
    }.joined(separator: ", ")
    switch record.stage {
    case .tuning: return "tuning seed \(record.seed.rawValue & ~Seed.firstTuning) of \(values)"
    case .reference: return "attainable reference of \(values)"
    case .reporting: return "reporting seed \(record.seed) of \(values)"
    }
  }

  private static func reason(
    for record: TrialRecord, superseded: Bool, owner: String?, history: [StoredAttempt], in sweep: StoredSweep
  ) -> (String, Int?) {
    if superseded { return ("the present manifest does not ask for it; it is kept, and in no report", nil) }
    switch record.state {
    case .succeeded:
      let diverged = record.result?.outcome == .diverged ? "; its loss left the finite numbers" : ""
      return ("it was trained to the end\(diverged)", nil)
    case .failed: return ("it cannot be run: \(record.reason ?? "no reason was given")", nil)
    case .cancelled, .pruned, .quarantined: return (record.reason ?? "no reason was given", nil)
    case .paused: return ("it was stopped early and may go on", nil)
    case .leased where owner != nil: return ("it was granted; its worker has not begun yet", nil)
    case .running where owner != nil, .committing where owner != nil: return ("a worker trains it", nil)
    case .pending, .leased, .running, .committing: break
    }
    let queue = WaitingTrials(sweep.trials.current)
    if let reference = queue.reference(awaitedBy: record) {
      return (
        "it waits for its cell's attainable reference, trial \(reference.id), which is \(reference.state.rawValue)", nil
      )
    }
    let ahead = queue.countAhead(of: record)
    let again = record.reason.map { "; it is back in the queue because \($0)" } ?? ""
    if owner == nil { return ("nobody runs the sweep\(again)", ahead) }
    return (
      (ahead == 0
        ? "it is the next to be granted, as soon as a worker has a free slot"
        : "\(countText(ahead, "trial")) stand\(ahead == 1 ? "s" : "") before it in the queue") + again, ahead
    )
  }

  private static func timeText(_ seconds: Double) -> String {
    Date(timeIntervalSince1970: seconds).formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
  }

  /// For people.
  var text: String {
    var lines = ["trial \(trial): \(what)"]
    lines.append("  identity    configuration \(configuration), seed \(seed)")
    lines.append("  state       \(state): \(why)")
    if failures > 0 { lines.append("  failures    \(failures) of its workers were lost") }
    if let resume {
      lines.append("  resumes     from step \(countText(resume.step)) (checkpoint \(resume.digest.prefix(12))…)")
    } else if !(TrialState(rawValue: state)?.isTerminal ?? true) {
      lines.append("  resumes     from the beginning: no checkpoint is stored")
    }
    if let network { lines.append("  network     \(network)") }
    lines.append(attempts.isEmpty ? "  attempts    none" : "  attempts")
    for attempt in attempts {
      let place = attempt.host.map { "\($0) (process \(attempt.process ?? 0))" } ?? "an unknown worker"
      let times = [attempt.granted ?? "at an unknown time", attempt.ended].compactMap { $0 }.joined(separator: " to ")
      lines.append("    \(attempt.token) on \(place), \(times): \(attempt.outcome)")
    }
    return lines.joined(separator: "\n")
  }
}

/// The order of granting, from stored trials alone: references, then tuning, then reporting, each in the plan's order
/// (docs/architecture.md).
private struct WaitingTrials {
  private let trials: [TrialRecord]
  private let references: [CellID: TrialRecord]

  init(_ current: [TrialRecord]) {
    trials = current
    references = Dictionary(
      current.filter { $0.stage == .reference }.map { ($0.cell, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The reference that a reporting trial must wait for, while it has not ended.
  func reference(awaitedBy record: TrialRecord) -> TrialRecord? {
    guard record.stage == .reporting, let reference = references[record.cell], !reference.state.isTerminal else {
      return nil
    }
    return reference
  }

  func countAhead(of record: TrialRecord) -> Int {
    var ahead = 0, isBefore = true
    for other in trials {
      if other.id == record.id {
        isBefore = false
      } else if other.state == .pending, reference(awaitedBy: other) == nil {
        let own = position(record.stage), its = position(other.stage)
        if its < own || its == own && isBefore { ahead += 1 }
      }
    }
    return ahead
  }

  private func position(_ stage: TrialStage) -> Int {
    switch stage {
    case .reference: 0
    case .tuning: 1
    case .reporting: 2
    }
  }
}
