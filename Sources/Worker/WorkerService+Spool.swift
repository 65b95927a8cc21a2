// What of an attempt goes to the spool and when it leaves it again: ends before they are told, the newest checkpoint of
// a training beside that, and both until the coordinator has them or does not want them.
import Messaging
import Shared
import Training

extension WorkerService {
  /// Belongs to this sweep from now on. What is held of another one is set aside: its trials and tokens have the same
  /// numbers and mean something else.
  mutating func join(_ other: SweepID, at now: Duration) {
    if !sweep.mayBe(other) { setAside() }
    if other != .unknown { sweep = other }
    let entries = aside.filter { $0.sweep.mayBe(sweep) }
    aside.removeAll { $0.sweep.mayBe(sweep) }
    var restored = 0
    for entry in entries where attempts[entry.attempt] == nil {
      attempts[entry.attempt] = HeldAttempt(restoring: entry)
      outbox.restore(entry.messages, of: entry.attempt)
      advance(entry.attempt, at: now)
      restored += 1
    }
    if restored > 0 { commands.append(.note(.restored(count: restored))) }
  }

  private mutating func setAside() {
    let held = attempts.values.count { $0.phase != .abandoned }
    if held > 0 { commands.append(.note(.otherSweep(sweep, held: held, kept: configuration.keepsSpool))) }
    for (attempt, held) in sortedAttempts {
      // The file stays, and is read again by whoever meets its coordinator.
      attempts[attempt]?.spooledFor = nil
      if held.phase == .training { abandon(attempt, why: "it belongs to another sweep") } else { forget(attempt) }
    }
    concluded = [:]
  }

  /// Before anything of the end is said.
  mutating func keepEnd(_ attempt: Attempt) {
    guard let held = attempts[attempt], let conclusion = held.conclusion else { return }
    // What was never trained is given back without a loss.
    if case .released = conclusion, held.lastCheckpoint == nil { return discardSpooled(attempt) }
    keep(attempt, conclusion, held.lastCheckpoint)
  }

  /// Should this process end, the next one hands over the checkpoint and says that the training was cut off.
  mutating func keepInterim(_ attempt: Attempt, _ checkpoint: WrittenCheckpoint, at now: Duration) {
    guard configuration.keepsSpool else { return }
    if let last = attempts[attempt]?.interim, now - last.at < configuration.interimInterval { return }
    // Whoever goes on from this checkpoint does not measure again what came before it.
    tellProgress(attempt, at: now)
    keep(
      attempt, .released(reason: "its worker ended in the middle and was started again", unclean: true), checkpoint)
    attempts[attempt]?.interim = (checkpoint, now)
  }

  /// A training that does not stop in time: its newest checkpoint in the spool is no longer one of a crash.
  mutating func keepInterimAsReleased(_ attempt: Attempt, reason: String) {
    guard let held = attempts[attempt], held.phase == .training, held.spooledFor != nil, let interim = held.interim
    else { return }
    keep(attempt, .released(reason: reason), interim.checkpoint)
  }

  private mutating func keep(
    _ attempt: Attempt, _ conclusion: HeldAttempt.Conclusion, _ checkpoint: WrittenCheckpoint?
  ) {
    guard configuration.keepsSpool, let held = attempts[attempt] else { return }
    let address = TrialAddress(trial: attempt.trial, token: attempt.token, sequence: held.sequence + 1)
    let points = outbox.pending(attempt).filter { if case .progress = $0 { true } else { false } }
    attempts[attempt]?.spooledFor = sweep
    commands.append(
      .keep(
        SpoolEntry(
          sweep: sweep, attempt: attempt, step: checkpoint?.step ?? held.step, sequence: held.sequence,
          messages: points, checkpoint: checkpoint, conclusion: conclusion.message(address))))
    if let older = held.spooledFor, older != sweep { commands.append(.discard(attempt, older)) }
  }

  mutating func discardSpooled(_ attempt: Attempt) {
    guard let sweep = attempts[attempt]?.spooledFor else { return }
    attempts[attempt]?.spooledFor = nil
    attempts[attempt]?.interim = nil
    commands.append(.discard(attempt, sweep))
  }
}
