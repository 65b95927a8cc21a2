// What a place where workers are started shows of them, and what is asked of it: the words that decisions and places share.

/// One worker, or the job it is to run in.
package struct ClusterUnit: Equatable, Codable, Sendable {
  package enum State: Equatable, Codable, Sendable {
    /// In a queue.
    case waiting
    case running
    case ended(Ending)
  }

  package enum Ending: Equatable, Codable, Sendable {
    /// It gave back what it held: the sweep is over, or a signal asked it to.
    case left
    /// Its time was over; another one goes on.
    case walltime
    /// Taken away by its place or a user: cancelled, preempted, its node failed.
    case removed(String)
    case failed(String)
  }

  /// Of a host, or of a job; unlike all others of the cluster.
  package var name: String
  package var state: State
  /// Where it runs, or why it waits.
  package var detail: String
  /// Seconds since it began to run.
  package var age: Double

  package init(_ name: String, _ state: State, detail: String = "", age: Double = 0) {
    (self.name, self.state, self.detail, self.age) = (name, state, detail, age)
  }

  package var hasEnded: Bool { if case .ended = state { true } else { false } }
}

extension ClusterUnit.Ending {
  /// - workerStatus: the exit status of attune-worker, 128 and the signal's number for a signal, as shells have it.
  /// - saying: what there is to tell of a failure.
  package init(workerStatus: Int, saying reason: String) {
    switch workerStatus {
    case 0: self = .left
    case 75: self = .walltime
    case 129...: self = .removed("killed by signal \(workerStatus - 128)")
    default: self = .failed(reason)
    }
  }
}

extension ClusterUnit.Ending: CustomStringConvertible {
  package var description: String {
    switch self {
    case .left: "gave back what it held and left"
    case .walltime: "left before its time was over"
    case .removed(let reason), .failed(let reason): reason
    }
  }
}

/// How much work there is; nil while the coordinator has not said.
package struct ClusterDemand: Equatable, Sendable {
  /// Trials that could be granted now.
  package var waiting: Int
  /// Trials that workers hold.
  package var held: Int
  package init(waiting: Int, held: Int) { (self.waiting, self.held) = (waiting, held) }
}

/// Pauses between attempts that fail: each twice the one before, until it is no use.
/// Otherwise a mistake in a script would fill a queue with jobs that end at once (HyperQueue's issue 249).
package struct RepeatedFailure: Equatable, Sendable {
  package static let first = Duration.seconds(5)
  package static let longest = Duration.seconds(600)
  package static let most = 8

  package private(set) var count = 0
  /// Nothing is tried before.
  package private(set) var until = Duration.zero
  /// When it last failed.
  package private(set) var last = Duration.zero

  package init() {}

  package var isFinal: Bool { count >= Self.most }

  package mutating func failed(at now: Duration) {
    count += 1
    last = now
    until = now + min(Self.first * (1 << min(count - 1, 20)), Self.longest)
  }

  /// It was no failure, but nothing to be repeated at once.
  package mutating func pause(_ pause: Duration, at now: Duration) { until = max(until, now + pause) }

  package mutating func succeeded() { (count, until) = (0, .zero) }
}
