// What happens to a worker and what it is asked to do in return: the border between decisions and everything that
// touches sockets, threads and clocks.
import Messaging
import Shared
import Training

/// One attempt of one trial: a grant that has been accepted.
package struct Attempt: Hashable, Sendable, Comparable, CustomStringConvertible {
  package let trial: TrialID
  package let token: LeaseToken
  package init(_ trial: TrialID, _ token: LeaseToken) { (self.trial, self.token) = (trial, token) }
  /// In the order of their grants.
  package static func < (a: Self, b: Self) -> Bool { (a.token, a.trial) < (b.token, b.trial) }
  package var description: String { "trial \(trial) (token \(token))" }
}

/// An attempt whose training is to begin, and with what.
package struct AttemptStart: Sendable {
  package let attempt: Attempt
  package let assignment: TrialAssignment
}

/// How a slot's training ended.
package enum TrainingOutcome: Sendable {
  case ended(TrialEnd)
  case failed(reason: String)
}

package enum WorkerEvent: Sendable {
  /// The connection to the coordinator's endpoint came up.
  case connected
  case disconnected
  /// A connection was begun and not let in. Final where trying again cannot help: the key was revoked.
  case notLetIn(reason: String, isFinal: Bool)
  case received(CoordinatorMessage)
  /// The bulk channel that `openBulk` asked for stands.
  case bulkConnected
  case bulkDisconnected
  case bulkNotLetIn(reason: String)
  case receivedInBulk(CoordinatorMessage)
  /// Something arrived that is no message of this protocol.
  case unreadable(ProtocolError)
  case progressed(Attempt, points: [MetricPoint], step: Int, stepsPerSecond: Double)
  case wrote(Attempt, WrittenCheckpoint)
  case trainingEnded(Attempt, TrainingOutcome)
  /// The time that `nextDeadline` named has come.
  case timer
  /// Give everything back and leave.
  case drain(reason: String)
}

package enum WorkerCommand: Sendable {
  /// Over the bulk channel where it is a message of that, and lost unless it stands.
  case send(WorkerMessage)
  /// Connect the bulk channel, with a new socket.
  case openBulk(EndpointAddress)
  case closeBulk
  /// Start over with a new socket; what was queued on the old one is dropped.
  case reconnect
  /// Train these side by side in one slot, with the threads of the first.
  case start([AttemptStart])
  /// Ask the training of this attempt to stop; `trainingEnded` follows.
  case stop(Attempt)
  /// Let the training of this attempt go on with another number of threads.
  case share(Attempt, threads: Int)
  case note(WorkerNote)
  /// Make durable before any later `send` of the same batch leaves.
  case keep(SpoolEntry)
  /// Forget what was kept of this attempt.
  case discard(Attempt, SweepID)
  case exit(code: Int32, reason: String)
}

/// What a log should tell; nothing depends on it.
package enum WorkerNote: Equatable, Sendable {
  case registered(sweep: String, epoch: Int64)
  case contactLost(silence: Duration)
  case notLetIn(reason: String)
  /// Control answers, and the bulk channel does not.
  case bulkSilent(EndpointAddress, control: EndpointAddress, silence: Duration)
  case bulkNotLetIn(reason: String)
  case unreadable(ProtocolError)
  case started(Attempt, fromStep: Int)
  case finished(Attempt, TrialOutcome)
  case failed(Attempt, reason: String)
  case released(Attempt, reason: String)
  case checkpointRefused(Attempt, reason: String)
  case dropped(Attempt, why: String)
  case resumeUnavailable(Attempt, reason: String)
  case draining(reason: String, held: Int)
  /// The coordinator asked for a blob that is not offered (any more).
  case unknownBlob(BlobDigest)
  /// What is held belongs to another sweep than the coordinator's.
  case otherSweep(SweepID, held: Int, kept: Bool)
  /// Left by an earlier process of this worker.
  case restored(count: Int)

  package var text: String {
    switch self {
    case .registered(let sweep, let epoch): "taking part in sweep \(sweep), coordinator's epoch \(epoch)"
    case .contactLost(let silence):
      "no contact for \(silence.components.seconds) s; training goes on, connecting again"
    case .notLetIn(let reason): "not let in, trying again: \(reason)"
    case .bulkSilent(let bulk, let control, let silence):
      "checkpoints and results wait: the coordinator answers at \(control), but not at \(bulk), where they go, for "
        + "\(silence.components.seconds) s; open that port (a firewall?) or name the way there with --bulk-connect"
    case .bulkNotLetIn(let reason): "checkpoints and results wait, trying again: \(reason)"
    case .unreadable(let error): error.description
    case .started(let attempt, let step): "\(attempt) started" + (step > 0 ? " from step \(step)" : "")
    case .finished(let attempt, let outcome): "\(attempt) finished, \(outcome.rawValue)"
    case .failed(let attempt, let reason): "\(attempt) failed: \(reason)"
    case .released(let attempt, let reason): "\(attempt) given back: \(reason)"
    case .checkpointRefused(let attempt, let reason): "\(attempt): checkpoint not stored: \(reason)"
    case .dropped(let attempt, let why): "\(attempt) dropped: \(why)"
    case .resumeUnavailable(let attempt, let reason): "\(attempt) starts anew, its checkpoint cannot be had: \(reason)"
    case .draining(let reason, let held): "\(reason): giving back what is held (trials: \(held))"
    case .unknownBlob(let digest): "coordinator asked for \(digest), which is not offered"
    case .otherSweep(let sweep, let held, let kept):
      "the coordinator runs another sweep than \(sweep), of which something is held (trials: \(held)); "
        + (kept ? "what has ended stays in the spool for that one" : "it is dropped")
    case .restored(let count): "handing over what an earlier worker has left in the spool (trials: \(count))"
    }
  }

  package var isWarning: Bool {
    switch self {
    case .registered, .started, .finished, .released, .draining, .restored: false
    case .otherSweep, .notLetIn, .bulkSilent, .bulkNotLetIn: true
    case .contactLost, .unreadable, .failed, .checkpointRefused, .dropped, .resumeUnavailable, .unknownBlob: true
    }
  }
}
