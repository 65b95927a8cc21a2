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
    case released(reason: String)
  }

  struct Offer {
    let digest: BlobDigest
    let sequence: Int
    let step: Int
  }

  let grant: TrialGrant
  var phase = Phase.waiting
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

  init(_ grant: TrialGrant) {
    self.grant = grant
    step = grant.resume?.step ?? 0
  }

  var usesSlot: Bool { phase == .training || phase == .abandoned }

  mutating func nextAddress() -> TrialAddress {
    sequence += 1
    return TrialAddress(trial: grant.trial, token: grant.token, sequence: sequence)
  }
}
