// What a worker says to the coordinator. Effects and timing are in docs/protocol.md.
// Every message about a trial carries its lease token and a sequence number: (token, sequence) makes it idempotent.

/// A trial a worker still holds when it (re-)registers.
package struct HeldTrial: Hashable, Sendable {
  package var trial: TrialID
  package var token: LeaseToken
  package var step: Int
  package init(trial: TrialID, token: LeaseToken, step: Int) {
    (self.trial, self.token, self.step) = (trial, token, step)
  }
}

package struct WorkerHello: Hashable, Sendable {
  package var session: WorkerSession
  /// Protocol versions the worker speaks.
  package var minimumVersion: Int
  package var maximumVersion: Int
  package var arithmeticVersion: Int
  package var host: String
  package var processID: Int
  package var slots: Int
  /// Threads in all, over all slots.
  package var threads: Int
  /// `avx2` or `avx512`.
  package var instructionSet: String
  package var programVersion: String
  package var inventory: [HeldTrial]
  /// Until the worker begins to give everything back because its walltime ends; nil where none was set.
  package var remaining: Duration?
  /// The sweep that the inventory belongs to.
  package var sweep: SweepID
  /// Grants without acknowledged end that the worker takes at most, those beyond its slots waiting for one.
  package var credit: Int
  /// Counts the session's hellos from 1, so that one that comes twice or late is known as such; 0: not counted.
  package var number: Int
  /// The session of the process that had the same spool before and is gone.
  package var previous: WorkerSession?
  package init(
    session: WorkerSession, minimumVersion: Int, maximumVersion: Int, arithmeticVersion: Int, host: String,
    processID: Int, slots: Int, threads: Int, instructionSet: String, programVersion: String, inventory: [HeldTrial],
    remaining: Duration? = nil, sweep: SweepID = .unknown, credit: Int = 0, number: Int = 0,
    previous: WorkerSession? = nil
  ) {
    self.session = session
    self.minimumVersion = minimumVersion
    self.maximumVersion = maximumVersion
    self.arithmeticVersion = arithmeticVersion
    self.host = host
    self.processID = processID
    self.slots = slots
    self.threads = threads
    self.instructionSet = instructionSet
    self.programVersion = programVersion
    self.inventory = inventory
    self.remaining = remaining
    self.sweep = sweep
    self.credit = credit
    self.number = number
    self.previous = previous
  }
}

/// Addresses a message to one attempt of one trial.
package struct TrialAddress: Hashable, Sendable {
  package var trial: TrialID
  package var token: LeaseToken
  /// Counts the attempt's messages from 1, in the worker.
  package var sequence: Int
  package init(trial: TrialID, token: LeaseToken, sequence: Int) {
    (self.trial, self.token, self.sequence) = (trial, token, sequence)
  }
}

package struct CheckpointOffer: Hashable, Sendable {
  package var digest: BlobDigest
  package var byteCount: Int
  /// Optimiser steps taken when it was written.
  package var step: Int
  package init(digest: BlobDigest, byteCount: Int, step: Int) {
    (self.digest, self.byteCount, self.step) = (digest, byteCount, step)
  }
}

/// A piece of a blob, in either direction; at most `maximumChunkBytes`.
package struct BlobChunk: Hashable, Sendable {
  package static let maximumChunkBytes = 128 * 1024
  package var digest: BlobDigest
  package var offset: Int
  /// Size of the whole blob.
  package var byteCount: Int
  package var bytes: [UInt8]
  package init(digest: BlobDigest, offset: Int, byteCount: Int, bytes: [UInt8]) {
    (self.digest, self.offset, self.byteCount, self.bytes) = (digest, offset, byteCount, bytes)
  }
}

package enum WorkerMessage: Equatable, Sendable {
  case hello(WorkerHello)
  /// `remaining` as in the hello.
  case heartbeat(held: [HeldTrial], remaining: Duration? = nil)
  case started(TrialAddress)
  case progress(TrialAddress, points: [MetricPoint], step: Int, stepsPerSecond: Double)
  /// Offers a checkpoint; the coordinator answers with `wanted` or `stored`.
  case offer(TrialAddress, CheckpointOffer)
  /// In bulk: the bytes of a checkpoint that is `wanted` can be pulled over this connection.
  case ready(WorkerSession, BlobDigest)
  /// Answers one `pull`. In bulk, as `fetch`.
  case chunk(BlobChunk)
  /// Asks for a piece of a blob that a grant named.
  case fetch(BlobDigest, offset: Int)
  /// The trial is done; its checkpoint has been stored before.
  case result(TrialAddress, TrialResult)
  /// The trial cannot be run: an error of the configuration or the machine, in words.
  case failed(TrialAddress, reason: String)
  /// The worker gives the trial back, unfinished; it may be granted again at once. Unclean where the process that trained
  /// it had ended without doing so: that counts as a failure of the trial.
  case released(TrialAddress, reason: String, unclean: Bool = false)
  /// The worker leaves and holds nothing.
  case goodbye(reason: String)
}

extension WorkerMessage {
  /// Whether it travels over the bulk channel, apart from everything that leases depend on.
  package var isBulk: Bool {
    switch self {
    case .ready, .chunk, .fetch: true
    case .hello, .heartbeat, .started, .progress, .offer, .result, .failed, .released, .goodbye: false
    }
  }
}
