// What a worker knows about one attempt, from its grant until the coordinator has acknowledged how it ended.
import Messaging
import Shared
import Training

struct HeldAttempt {
  enum Phase: Equatable {
    /// For its checkpoints to arrive or for a slot.
    case waiting
    case training
    /// Asked to stop; what it leaves is dropped.
    case abandoned
    /// Trained; its last checkpoint is on its way to the coordinator, then comes the conclusion.
    case concluding
    /// The conclusion is in the outbox.
    case concluded(sequence: Int)
  }

  /// How the attempt ends for the coordinator.
  enum Conclusion {
    case result(TrialResult)
    case failed(reason: String)
    case released(reason: String, unclean: Bool = false)

    /// Nil for messages that end nothing.
    init?(_ message: WorkerMessage) {
      switch message {
      case .result(_, let result): self = .result(result)
      case .failed(_, let reason): self = .failed(reason: reason)
      case .released(_, let reason, let unclean): self = .released(reason: reason, unclean: unclean)
      case .hello, .heartbeat, .started, .progress, .offer, .ready, .chunk, .fetch, .goodbye: return nil
      }
    }

    func message(_ address: TrialAddress) -> WorkerMessage {
      switch self {
      case .result(let result): .result(address, result)
      case .failed(let reason): .failed(address, reason: reason)
      case .released(let reason, let unclean): .released(address, reason: reason, unclean: unclean)
      }
    }
  }

  struct Offer {
    let digest: BlobDigest
    let sequence: Int
    let step: Int
    let since: Duration
  }

  let attempt: Attempt
  /// Nil for what an earlier process of this worker has left in its spool.
  var grant: TrialGrant?
  var phase = Phase.waiting
  /// Names the slot that trains it: the first of the attempts that it was started with.
  var slot: Attempt?
  /// Of the last message; the first is 1.
  var sequence = 0
  var step: Int

  // Needed before it starts.
  var resume: [UInt8]?
  var reference: [UInt8]?
  /// Blobs of the grant that have not arrived.
  var missing: Set<BlobDigest> = []

  // Points not sent yet.
  var points: [MetricPoint] = []
  var stepsPerSecond = 0.0
  var progressIsNew = false
  var lastProgress: Duration?

  /// The one checkpoint that the coordinator has been offered and not answered.
  var offer: Offer?
  /// Offered after that; a newer one takes its place.
  var nextCheckpoint: WrittenCheckpoint?
  /// Not before this time, after a refusal.
  var offerAgainAt: Duration?
  var stored: BlobDigest?
  /// The last checkpoint, kept until the conclusion is acknowledged: the coordinator may ask for it again.
  var lastCheckpoint: WrittenCheckpoint?
  var conclusion: Conclusion?
  /// Since when an offer or a conclusion has waited for any answer.
  var unansweredSince: Duration?

  /// There is a file of this attempt in the spool, kept for this sweep.
  var spooledFor: SweepID?
  /// The newest checkpoint of the training that is in the spool, and since when.
  var interim: (checkpoint: WrittenCheckpoint, at: Duration)?

  init(_ grant: TrialGrant) {
    self.grant = grant
    attempt = Attempt(grant.trial, grant.token)
    step = grant.resume?.step ?? 0
  }

  /// An attempt that has ended, as the spool kept it: all that is left to do is to hand it over.
  init(restoring entry: SpoolEntry) {
    grant = nil
    attempt = entry.attempt
    phase = .concluding
    // Messages that were never written to the spool may have taken some of the next numbers.
    sequence = entry.sequence + Self.numbersLeftOut
    step = entry.step
    conclusion = Conclusion(entry.conclusion)
    lastCheckpoint = entry.checkpoint
    nextCheckpoint = entry.checkpoint
    spooledFor = entry.sweep
  }

  private static let numbersLeftOut = 1 << 32

  /// The slot that it keeps from others, with those that were started with it.
  var slotInUse: Attempt? { phase == .training || phase == .abandoned ? slot : nil }

  mutating func nextAddress() -> TrialAddress {
    sequence += 1
    return TrialAddress(trial: attempt.trial, token: attempt.token, sequence: sequence)
  }
}
