// What the coordinator says to a worker. Effects and timing are in docs/protocol.md.

package struct Welcome: Hashable, Sendable {
  /// The protocol version both will use.
  package var version: Int
  package var sweepName: String
  package var epoch: Int64
  package var heartbeatInterval: Duration
  package var leaseDuration: Duration
  package var sweep: SweepID
  /// Whether it reads several messages in one frame.
  package var takesBatches: Bool
  /// Where checkpoints travel: an endpoint, whose host may be `*` for the one that the worker knows already.
  package var bulk: String
  package init(
    version: Int, sweepName: String, epoch: Int64, heartbeatInterval: Duration, leaseDuration: Duration,
    sweep: SweepID = .unknown, takesBatches: Bool = false, bulk: String = ""
  ) {
    self.version = version
    self.sweepName = sweepName
    self.epoch = epoch
    self.heartbeatInterval = heartbeatInterval
    self.leaseDuration = leaseDuration
    self.sweep = sweep
    self.takesBatches = takesBatches
    self.bulk = bulk
  }
}

/// Trials of the same prompts that are granted together, to be trained side by side in one slot.
package struct GrantedGang: Hashable, Sendable {
  /// The token of the first of them: their common name.
  package var first: LeaseToken
  package var size: Int
  package init(first: LeaseToken, size: Int) { (self.first, self.size) = (first, size) }
}

/// One trial to train. Everything the numbers depend on is in `parameters`, `seed`, `stage` and `reference`.
package struct TrialGrant: Equatable, Sendable {
  package var trial: TrialID
  package var token: LeaseToken
  package var parameters: TrialParameters
  package var seed: Seed
  package var stage: TrialStage
  /// Threads the worker should give it; any number gives the same bits.
  package var threads: Int
  /// Where to go on from; nil starts anew.
  package var resume: CheckpointOffer?
  /// The checkpoint of the cell's attainable reference, for reporting trials.
  package var reference: CheckpointOffer?
  /// Those it shares its slot and threads with; nil where it is alone.
  package var gang: GrantedGang?
  /// The step after which it pauses, an evaluation's, below the trial's last; nil trains to the end.
  package var until: Int?
  package init(
    trial: TrialID, token: LeaseToken, parameters: TrialParameters, seed: Seed, stage: TrialStage, threads: Int,
    resume: CheckpointOffer?, reference: CheckpointOffer?, gang: GrantedGang? = nil,
    until: Int? = nil
  ) {
    self.trial = trial
    self.token = token
    self.parameters = parameters
    self.seed = seed
    self.stage = stage
    self.threads = threads
    self.resume = resume
    self.reference = reference
    self.gang = gang
    self.until = until
  }
}

package enum CoordinatorMessage: Equatable, Sendable {
  case welcome(Welcome)
  /// The worker may not take part, and why; it prints the reason and exits.
  case refused(reason: String)
  /// Boxed: it is several times as large as any other, and commands are moved about one by one.
  indirect case grant(TrialGrant)
  /// The bytes of an offered checkpoint may come now, over the bulk channel.
  case wanted(BlobDigest)
  /// Asks for the piece of an offered checkpoint from `offset` on. In bulk, as `chunk` and `missing`.
  case pull(BlobDigest, offset: Int)
  /// The checkpoint is durable under its digest.
  case stored(TrialAddress, BlobDigest)
  /// The checkpoint could not be stored (disk full, digest wrong); the trial goes on.
  case notStored(TrialAddress, BlobDigest, reason: String)
  /// Answers `fetch`.
  case chunk(BlobChunk)
  /// The blob that `fetch` asked for cannot be read.
  case missing(BlobDigest, reason: String)
  /// The result, failure or release is durable: the worker may forget it.
  case acknowledged(TrialAddress)
  /// The token is stale or unknown: stop the trial and forget it.
  case fenced(TrialAddress)
  /// Stop and forget the trial.
  case cancel(TrialID, LeaseToken)
  /// The sweep is over or stops here: stop everything and exit, saying why.
  case finish(reason: String)
  /// Answers a heartbeat, and in bulk a `ready` that nothing follows from; any other message counts as contact as well.
  case heard
  /// The sender has not said hello to this coordinator: it says hello, with its inventory, and the message is dropped.
  case helloWanted
}
