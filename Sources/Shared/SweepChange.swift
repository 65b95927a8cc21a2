// What is made durable and what comes back from the disk: the vocabulary between the scheduler, which decides, and the
// store, which keeps. A change describes the new state in full, so that applying it twice is applying it once.

/// A trial as it stands, without what never changes about it.
package struct TrialStatus: Equatable, Sendable {
  package var trial: TrialID
  package var state: TrialState
  package var failures: Int
  package var attempts: Int
  /// The trial's latest lease; kept after the trial ended, so that a repeated result is recognised.
  package var token: LeaseToken?
  /// Who holds the lease; nil when nobody does.
  package var holder: WorkerSession?
  package var reason: String?
  package var result: TrialResult?
  package init(
    trial: TrialID, state: TrialState, failures: Int, attempts: Int, token: LeaseToken?, holder: WorkerSession?,
    reason: String?, result: TrialResult?
  ) {
    self.trial = trial
    self.state = state
    self.failures = failures
    self.attempts = attempts
    self.token = token
    self.holder = holder
    self.reason = reason
    self.result = result
  }
}

package enum SweepChange: Equatable, Sendable {
  /// A trial that the sweep did not have before.
  case planned(TrialRecord)
  /// The same for many: a large sweep begins with a million.
  case plannedTrials([TrialRecord])
  case status(TrialStatus)
  /// Points of a learning curve; a point that is already stored is left as it is.
  case points(TrialID, [MetricPoint])
  /// A published blob that a trial may go on from or ends with.
  case checkpoint(TrialID, CheckpointOffer)
  /// A new trial goes on where a shorter one of an earlier edition ended: with its last checkpoint and its learning curve,
  /// as far as it would have been evaluated there itself.
  case continued(TrialID, from: TrialID, CheckpointOffer, evaluateEvery: Int)
  /// A worker process said hello.
  case worker(WorkerHello)
  /// The name of the key under which it did.
  case workerKey(WorkerSession, String)
}

/// A trial as the store gives it back.
package struct StoredTrial: Sendable {
  package var record: TrialRecord
  package var token: LeaseToken?
  package var holder: WorkerSession?
  /// The checkpoint that the result names, otherwise the latest one.
  package var checkpoint: CheckpointOffer?
  package init(record: TrialRecord, token: LeaseToken?, holder: WorkerSession?, checkpoint: CheckpointOffer?) {
    self.record = record
    self.token = token
    self.holder = holder
    self.checkpoint = checkpoint
  }
}
