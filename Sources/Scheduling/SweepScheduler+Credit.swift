// How many trials a worker may hold beyond its slots. A trial of milliseconds is over before the next grant could come, so
// its worker is granted ahead; a long one is not, since it would wait behind others while a slot elsewhere is free.
import Shared

/// What a worker's results say about its speed.
struct WorkerPace {
  /// Seconds that its trials train, on average; nil before the first result.
  private(set) var trialSeconds: Double?
  /// Seconds from a grant to a free slot until the result, without the training: both ways, and the commits on them.
  private(set) var roundTripSeconds: Double?

  /// - wait: from the grant to the result; nil where the trial had to wait for a slot.
  mutating func learn(seconds: Double, wait: Double?) {
    guard seconds.isFinite, seconds >= 0 else { return }
    trialSeconds = trialSeconds.map { 0.9 * $0 + 0.1 * seconds } ?? seconds
    guard let wait else { return }
    let trip = max(0, wait - seconds)
    roundTripSeconds = roundTripSeconds.map { 0.5 * $0 + 0.5 * trip } ?? trip
  }

  /// Trials to hold beyond `slots`, so that the slots stay busy for two round trips (docs/messaging.md, Throughput).
  func ahead(slots: Int) -> Int {
    guard let trialSeconds, let roundTripSeconds, trialSeconds < Self.longSeconds else { return 0 }
    // Between a thousandth of a second and a second: the first samples are taken in a crowd.
    let trip = min(1, max(0.001, roundTripSeconds))
    return Int(min(1e6, 2 * trip * Double(slots) / max(1e-6, trialSeconds)))
  }

  /// A trial that trains for so long gains nothing from being granted ahead.
  private static let longSeconds = 0.25
}

extension Worker {
  /// Whether it takes trials beyond its slots at all, and holds fewer than it has credit for.
  var mayHoldMore: Bool { !isSilent && held.count < hello.credit && gone == nil && pace.trialSeconds != nil }
}

extension SweepScheduler {
  mutating func learnPace(of session: WorkerSession, from index: Int, _ result: TrialResult, at now: MonotonicInstant) {
    // Trials ahead waited for a slot, and those of an earlier coordinator were granted nobody knows when.
    var wait = trials[index].isAhead ? nil : trials[index].grantedAt.map { (now - $0) / .seconds(1) }
    if let name = trials[index].gang?.first, let gang = workers[session]?.gangs[name] {
      workers[session]?.gangs[name]?.secondsOfEnded += result.seconds
      // Only of the last member it is known what its slot did until then.
      wait = gang.members == 1 ? wait.map { $0 - gang.secondsOfEnded } : nil
    }
    workers[session]?.pace.learn(seconds: result.seconds, wait: wait)
  }

  /// Grants ahead to a worker whose slots are all taken. Its part of what waits shrinks with the queue, so that no worker
  /// holds the last trials while others have none.
  /// Source: guided self-scheduling, Polychronopoulos & Kuck 1987, with half of the share.
  mutating func grantAhead(to session: WorkerSession, at now: MonotonicInstant) {
    guard let worker = workers[session], worker.mayHoldMore, worker.freeSlots == 0 else { return }
    let share = queue.count / (2 * max(1, presentCount))
    let target = min(worker.hello.credit, worker.hello.slots + min(share, worker.pace.ahead(slots: worker.hello.slots)))
    guard worker.units < target else { return }
    // Without the worker's copy, which would have what it holds copied with every grant.
    let threads = worker.threadsPerSlot
    for _ in worker.units..<target {
      guard let place = workers.index(forKey: session), workers.values[place].mayHoldMore,
        grantNext(to: session, threads: threads, ahead: true, at: now)
      else { return }
    }
  }
}
