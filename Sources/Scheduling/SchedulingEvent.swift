// What happens to a scheduler and what it asks for in return. The scheduler decides; whoever owns it performs.
import Search
import Shared

package enum SchedulingEvent: Sendable {
  /// A worker said something. Its hello opens the session; anything else renews its leases.
  case message(WorkerMessage, from: WorkerSession)
  /// A checkpoint the scheduler asked for with `collect` is published under its digest.
  case checkpointStored(TrialAddress, CheckpointOffer, from: WorkerSession)
  /// It could not be stored; the trial goes on without it.
  case checkpointRefused(TrialAddress, CheckpointOffer, from: WorkerSession, reason: String)
  /// The worker's process is known to have ended.
  case workerEnded(WorkerSession, reason: String)
  /// The worker may not take part any more. What it held was given up through no fault of the trial.
  case workerShutOut(WorkerSession, reason: String)
  /// While held, nothing is granted: the store cannot take changes, or the sweep is being stopped.
  case holdGrants(Bool)
  /// The coordinator itself stood still for a while: what workers have sent is still unread, so nobody is overdue.
  case wokeUp
  /// The time asked for by `wake` has come.
  case tick
}

package enum SchedulingCommand: Equatable, Sendable {
  /// Make durable before any later `send` of the same batch leaves.
  case persist(SweepChange)
  case send(CoordinatorMessage, to: WorkerSession)
  /// Get the offered checkpoint from the worker unless it is stored already, then report `checkpointStored`.
  case collect(TrialAddress, CheckpointOffer, from: WorkerSession)
  case note(SchedulingNote)
  /// Report `tick` at this time, or at any other event before it.
  case wake(at: MonotonicInstant)
  /// Every planned trial has ended.
  case finished
}

/// What a log should tell; nothing depends on it.
package enum SchedulingNote: Equatable, Sendable {
  case workerJoined(WorkerHello, readopted: Int)
  case workerRefused(WorkerHello, reason: String)
  /// `returned`: its trials that went back to the queue.
  case workerLost(WorkerSession, reason: String, returned: Int)
  case workerLeft(WorkerSession, reason: String)
  /// The first session's process is gone and its connection means nothing any more.
  case workerReplaced(WorkerSession, by: WorkerSession)
  /// A hello that came twice, or after a later one of its session; nothing came of it.
  case helloRepeated(WorkerSession)
  /// `gang`: the first of those that share its slot.
  case granted(TrialID, LeaseToken, to: WorkerSession, threads: Int, fromStep: Int, gang: LeaseToken? = nil)
  case returned(TrialID, reason: String, failures: Int)
  case ended(TrialID, TrialState, reason: String?)
  /// A message under a token that is no longer the trial's.
  case fenced(TrialAddress, from: WorkerSession)
  /// An end that was durable already; it was acknowledged again.
  case repeated(TrialAddress, from: WorkerSession)
  case selected(CellID, candidate: Int)
  case cellCancelled(CellID, reason: String)
  /// All reporting trials of the cell's row have ended: how many seeds more it gets, and why.
  case replicated(CellID, ReplicationStep)
  /// Something that cannot happen while everybody keeps to the protocol.
  case alarm(String)
}

package struct SchedulingSettings: Sendable {
  /// A session is given up after this long without a message.
  package var leaseDuration: Duration = .seconds(30)
  package var heartbeatInterval: Duration = .seconds(2)
  /// Unclean ends after which a trial is quarantined.
  package var failureLimit = 5
  /// Slots of workers that are being started: what the first to come is granted is theirs, too.
  package var expectedSlots = 0
  /// How long a worker that gave a trial back gets no other: it is probably draining.
  package var releasePause: Duration = .seconds(5)
  /// The sweep directory's own number, the same in every start.
  package var sweep = SweepID.unknown
  /// Where checkpoints travel, as workers are told.
  package var bulk = ""
  package init() {}
}
