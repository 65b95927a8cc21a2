// How an attempt's checkpoints and its end reach the coordinator: one offer at a time, the end after the last
// checkpoint is stored, everything again until it is acknowledged.
import Messaging
import Shared
import Training

extension WorkerService {
  /// - checkpoint: to be stored before the coordinator is told of the end.
  mutating func conclude(
    _ attempt: Attempt, _ conclusion: HeldAttempt.Conclusion, _ checkpoint: WrittenCheckpoint? = nil, at now: Duration
  ) {
    tellProgress(attempt, at: now)
    attempts[attempt]?.phase = .concluding
    attempts[attempt]?.missing = []
    attempts[attempt]?.conclusion = conclusion
    attempts[attempt]?.lastCheckpoint = checkpoint
    attempts[attempt]?.nextCheckpoint = checkpoint
    attempts[attempt]?.offerAgainAt = nil
    if let checkpoint { attempts[attempt]?.step = checkpoint.step }
    dropDownloadsNobodyWaitsFor()
    keepEnd(attempt)
    advance(attempt, at: now)
  }

  /// Takes the next step that does not have to wait for an answer: offer a checkpoint, then tell the end.
  mutating func advance(_ attempt: Attempt, at now: Duration) {
    guard let held = attempts[attempt] else { return }
    // A trial that cannot be run ends at once, whatever became of its checkpoints.
    if case .failed = held.conclusion, held.phase == .concluding { return tellEnd(attempt, at: now) }
    guard held.offer == nil else { return }
    guard let checkpoint = held.nextCheckpoint, checkpoint.digest != held.stored else {
      attempts[attempt]?.nextCheckpoint = nil
      if held.phase == .concluding { tellEnd(attempt, at: now) }
      return
    }
    if let again = held.offerAgainAt, now < again { return }
    tellProgress(attempt, at: now)
    attempts[attempt]?.nextCheckpoint = nil
    attempts[attempt]?.offerAgainAt = nil
    outbox.hold(checkpoint.bytes, checkpoint.digest, of: attempt)
    let offer = CheckpointOffer(
      digest: checkpoint.digest, byteCount: checkpoint.bytes.count, step: checkpoint.step)
    let sequence = say(attempt) { .offer($0, offer) }
    attempts[attempt]?.offer = HeldAttempt.Offer(
      digest: checkpoint.digest, sequence: sequence, step: checkpoint.step, since: now)
    attempts[attempt]?.unansweredSince = now
  }

  private mutating func tellEnd(_ attempt: Attempt, at now: Duration) {
    guard let held = attempts[attempt], let conclusion = held.conclusion else { return }
    if let offer = held.offer { outbox.withdraw(attempt, sequence: offer.sequence) }
    outbox.releaseBlob(of: attempt)
    attempts[attempt]?.offer = nil
    attempts[attempt]?.nextCheckpoint = nil
    switch conclusion {
    case .result: break
    case .failed(let reason): commands.append(.note(.failed(attempt, reason: reason)))
    case .released(let reason, _): commands.append(.note(.released(attempt, reason: reason)))
    }
    let sequence = say(attempt) { conclusion.message($0) }
    attempts[attempt]?.phase = .concluded(sequence: sequence)
    attempts[attempt]?.unansweredSince = now
  }

  mutating func pulled(_ digest: BlobDigest, offset: Int, at now: Duration) {
    bulk.wanted[digest] = now
    guard let bytes = outbox.bytes(of: digest), offset >= 0, offset < bytes.count || bytes.isEmpty && offset == 0 else {
      commands.append(.note(.unknownBlob(digest)))
      return
    }
    for (attempt, held) in sortedAttempts where held.offer?.digest == digest {
      attempts[attempt]?.unansweredSince = now
    }
    let end = min(bytes.count, offset + BlobChunk.maximumChunkBytes)
    send(
      .chunk(BlobChunk(digest: digest, offset: offset, byteCount: bytes.count, bytes: Array(bytes[offset..<end]))))
  }

  mutating func stored(_ address: TrialAddress, _ digest: BlobDigest, at now: Duration) {
    let attempt = Attempt(address.trial, address.token)
    guard let offer = attempts[attempt]?.offer, offer.digest == digest else { return }
    outbox.acknowledge(attempt, through: min(address.sequence, offer.sequence))
    outbox.withdraw(attempt, sequence: offer.sequence)
    outbox.releaseBlob(of: attempt)
    attempts[attempt]?.offer = nil
    attempts[attempt]?.stored = digest
    slowestDelivery = max(slowestDelivery * 9 / 10, now - offer.since)
    if attempts[attempt]?.phase == .training, attempts[attempt]?.interim?.checkpoint.digest == digest {
      discardSpooled(attempt)
    }
    attempts[attempt]?.unansweredSince = nil
    advance(attempt, at: now)
  }

  mutating func notStored(_ address: TrialAddress, _ digest: BlobDigest, _ reason: String, at now: Duration) {
    let attempt = Attempt(address.trial, address.token)
    guard let held = attempts[attempt] else { return }
    if case .concluded(let sequence) = held.phase, let last = held.lastCheckpoint, last.digest == digest {
      // The coordinator has lost, or never had, the checkpoint that the end depends on: once more from there.
      outbox.withdraw(attempt, sequence: sequence)
      attempts[attempt]?.phase = .concluding
      attempts[attempt]?.stored = nil
      attempts[attempt]?.nextCheckpoint = last
    } else if let offer = held.offer, offer.digest == digest {
      outbox.withdraw(attempt, sequence: offer.sequence)
      outbox.releaseBlob(of: attempt)
      attempts[attempt]?.offer = nil
      if held.phase == .concluding, held.nextCheckpoint == nil, insists(on: held.conclusion) {
        attempts[attempt]?.nextCheckpoint = held.lastCheckpoint
      }
    } else {
      return
    }
    commands.append(.note(.checkpointRefused(attempt, reason: reason)))
    attempts[attempt]?.unansweredSince = nil
    if attempts[attempt]?.nextCheckpoint != nil {
      attempts[attempt]?.offerAgainAt = now + configuration.offerRetryInterval
    }
    advance(attempt, at: now)
  }

  /// A result needs its last checkpoint. A trial that is given back can go on from an earlier one, and whoever leaves
  /// has no time to offer twice.
  private func insists(on conclusion: HeldAttempt.Conclusion?) -> Bool {
    if case .result = conclusion { true } else { draining == nil }
  }

  /// The coordinator has made durable what the attempt said up to this message.
  mutating func acknowledged(_ address: TrialAddress) {
    let attempt = Attempt(address.trial, address.token)
    guard let held = attempts[attempt] else { return }
    outbox.acknowledge(attempt, through: address.sequence)
    if case .concluded(let sequence) = held.phase, address.sequence >= sequence { forget(attempt) }
  }

  /// What is due for one attempt by now.
  mutating func lookAfter(_ attempt: Attempt, at now: Duration) {
    guard let held = attempts[attempt] else { return }
    if held.progressIsNew, link == .up, now >= (held.lastProgress ?? .zero) + configuration.progressInterval {
      tellProgress(attempt, at: now)
    }
    if let again = held.offerAgainAt, now >= again {
      attempts[attempt]?.offerAgainAt = nil
      advance(attempt, at: now)
    }
    if let since = held.unansweredSince, link == .up, now - since >= leaseDuration / 2 {
      // An answer may be lost where a connection broke; asking again is always allowed.
      attempts[attempt]?.unansweredSince = now
      for message in outbox.pending(attempt) { send(message) }
    }
  }
}
