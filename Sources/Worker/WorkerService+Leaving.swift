// Leaving in order: on a signal, before a walltime ends, or when nobody has answered for long. What is held is given
// back with the checkpoint it has reached; what nobody takes in time stays in the spool.
import Messaging
import Shared

/// On the way out.
struct Draining {
  let reason: String
  /// Of the process, at the end.
  let code: Int32
  let deadline: Duration
  /// What the user reads at the end.
  var farewell: String
}

/// The worker left because its walltime ended, while the sweep goes on (EX_TEMPFAIL of sysexits.h): worth starting again.
package let walltimeExitCode: Int32 = 75

extension WorkerService {
  /// Kept free before the end of a walltime, at least.
  private static let shortestMargin = Duration.seconds(30)
  /// For the way of the releases and their acknowledgements.
  private static let answerTime = Duration.seconds(5)

  /// How long before the end of the walltime the worker begins to drain: twice the slowest step and the slowest delivery
  /// of a checkpoint that it knows of, and 5 s for the answers; at least 30 s. Of a short walltime never more than a
  /// quarter for the one and half for the other.
  private func margin(of walltime: Duration) -> Duration {
    let step = attempts.values.map { $0.phase == .training ? $0.stepDuration : .zero }.max() ?? .zero
    let needed = min((step + slowestDelivery) * 2 + Self.answerTime, walltime / 2)
    return max(needed, min(Self.shortestMargin, walltime / 4))
  }

  /// When the worker begins to drain because of its walltime, by what it knows now.
  var drainTime: Duration? {
    configuration.walltime.map { startedAt + $0 - margin(of: $0) }
  }

  /// Time in which trials can be trained; nil without a walltime.
  func remaining(at now: Duration) -> Duration? {
    guard draining == nil else { return configuration.walltime == nil ? nil : .zero }
    return drainTime.map { max(.zero, $0 - now) }
  }

  mutating func drainBeforeWalltimeEnds(at now: Duration) {
    guard draining == nil, let walltime = configuration.walltime, let begin = drainTime, now >= begin else { return }
    // The last moments belong to the end of the process.
    let last = startedAt + walltime - min(.seconds(2), walltime / 20)
    drain(
      "its walltime of \(durationText(walltime)) ends", code: walltimeExitCode, within: max(.zero, last - now),
      at: now)
  }

  mutating func drain(_ reason: String, code: Int32, within limit: Duration, at now: Duration) {
    guard draining == nil else { return }
    var deadline = now + limit
    if let walltime = configuration.walltime { deadline = min(deadline, max(now, startedAt + walltime)) }
    draining = Draining(
      reason: reason, code: code, deadline: deadline, farewell: code == 1 ? reason : "\(reason): left")
    if !attempts.isEmpty { commands.append(.note(.draining(reason: reason, held: attempts.count))) }
    for (attempt, held) in sortedAttempts {
      switch held.phase {
      case .waiting: conclude(attempt, .released(reason: reason), at: now)
      case .training: commands.append(.stop(attempt))
      case .abandoned, .concluding, .concluded: break
      }
    }
  }

  /// The coordinator sends the worker away: the sweep is over, or it stops here. What is held is given back first.
  mutating func finish(_ reason: String, at now: Duration) {
    drain("told to finish", code: 0, within: configuration.drainLimit, at: now)
    if draining?.code == 0 { draining?.farewell = reason }
  }

  /// With everything acknowledged, or when the time is over. Who leaves because nobody answers waits for no answer.
  mutating func leaveWhenDrained(at now: Duration) {
    guard let draining else { return }
    let isTraining = attempts.values.contains { $0.phase == .training }
    let isAlone = draining.code == 1 && link != .up && !isTraining
    guard attempts.isEmpty || isAlone || now >= draining.deadline else { return }
    for (attempt, _) in sortedAttempts { keepInterimAsReleased(attempt, reason: draining.reason) }
    send(.goodbye(reason: draining.reason))
    exit(code: draining.code, draining.farewell)
  }

  /// The last command. What is held then is lost to the sweep unless the spool keeps it, which the user is told.
  mutating func exit(code: Int32, _ reason: String) {
    hasExited = true
    let held = attempts.values.filter { $0.phase != .abandoned }
    let kept = held.count { $0.spooledFor != nil }
    var text = reason
    if draining != nil, held.count > kept { text += "; trials without acknowledgement: \(held.count - kept)" }
    if kept > 0 { text += "; trials kept in the spool for the next start: \(kept)" }
    commands.append(.exit(code: code, reason: text))
  }
}

extension HeldAttempt {
  /// Of late; zero while not known.
  fileprivate var stepDuration: Duration { stepsPerSecond > 1e-6 ? .seconds(1 / stepsPerSecond) : .zero }
}
