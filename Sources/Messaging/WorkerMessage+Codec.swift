// Encoding and decoding of what a worker says.
// A message that is added here is added to docs/protocol.md and to the pinned examples as well.
import Shared
internal import SwiftProtobuf

/// The frames of `message`: header and body, and for a chunk its bytes. Reasons and names are cut to their limits.
package func encode(_ message: WorkerMessage) -> [[UInt8]] {
  switch message {
  case .hello(let hello): frames(.hello, wire(hello))
  case .heartbeat(let held, let remaining):
    frames(
      .heartbeat,
      WireHeartbeat.with {
        $0.held = wire(held)
        if let remaining { $0.remainingMilliseconds = wireRemaining(remaining) }
      })
  case .started(let address): frames(.started, wireAddressed(address))
  case .progress(let address, let points, let step, let stepsPerSecond):
    frames(.progress, wireProgress(address, points, step, stepsPerSecond))
  case .offer(let address, let checkpoint):
    frames(.offer, WireOffer.with { ($0.address, $0.checkpoint) = (wire(address), wire(checkpoint)) })
  case .chunk(let chunk): chunkFrames(.workerChunk, chunk)
  case .fetch(let digest, let offset): frames(.fetch, wirePull(digest, offset: offset))
  case .ready(let session, let digest):
    frames(.ready, WireReady.with { ($0.session, $0.digest) = (session.rawValue, digest.rawValue) })
  case .result(let address, let result): [quickFrame(address, result)]
  case .failed(let address, let reason): frames(.failed, wireAddressedReason(address, reason))
  case .released(let address, let reason, let unclean):
    frames(.released, wireAddressedReason(address, reason, unclean: unclean))
  case .goodbye(let reason): frames(.goodbye, wireReason(reason))
  }
}

/// The message that `frames` hold.
package func decodeWorkerMessage(_ frames: [[UInt8]]) throws(ProtocolError) -> WorkerMessage {
  let message = try OpenedMessage(frames) {
    $0.rawValue < MessageType.welcome.rawValue && $0 != .workerBatch
  }
  let check = message.check
  switch message.type {
  case .hello: return .hello(try check.hello(try message.body(WireHello.self)))
  case .heartbeat:
    let body = try message.body(WireHeartbeat.self)
    return .heartbeat(
      held: try check.held("held", body.held),
      remaining: body.hasRemainingMilliseconds ? try check.remaining(body.remainingMilliseconds) : nil)
  case .started: return .started(try message.address())
  case .progress: return try check.progress(try message.body(WireProgress.self))
  case .offer:
    let body = try message.body(WireOffer.self)
    return .offer(try check.address(body.address), try check.checkpoint("checkpoint", body.checkpoint))
  case .workerChunk: return .chunk(try message.chunk())
  case .fetch:
    let (digest, offset) = try message.pull()
    return .fetch(digest, offset: offset)
  case .ready:
    let body = try message.body(WireReady.self)
    return .ready(WorkerSession(rawValue: body.session), try check.digest("digest", body.digest))
  case .result:
    let body = try message.body(WireResult.self)
    return .result(try check.address(body.address), try check.result(body))
  case .failed:
    let body = try message.body(WireAddressedReason.self)
    return .failed(try check.address(body.address), reason: try check.reason(body.reason))
  case .released:
    let body = try message.body(WireAddressedReason.self)
    return .released(
      try check.address(body.address), reason: try check.reason(body.reason), unclean: body.unclean)
  case .goodbye: return .goodbye(reason: try message.reason())
  case .welcome, .refused, .grant, .pull, .stored, .notStored, .coordinatorChunk, .missing, .acknowledged, .fenced,
    .cancel, .finish, .heard, .helloWanted, .workerBatch, .coordinatorBatch, .wanted:
    throw .unknownType(found: Int(message.type.rawValue))
  }
}

private func wire(_ hello: WorkerHello) -> WireHello {
  .with {
    $0.session = hello.session.rawValue
    $0.minimumVersion = Int64(hello.minimumVersion)
    $0.maximumVersion = Int64(hello.maximumVersion)
    $0.arithmeticVersion = Int64(hello.arithmeticVersion)
    $0.host = clipped(hello.host, to: WireLimits.nameBytes)
    $0.processID = Int64(hello.processID)
    $0.slots = Int64(hello.slots)
    $0.threads = Int64(hello.threads)
    $0.instructionSet = clipped(hello.instructionSet, to: WireLimits.nameBytes)
    $0.programVersion = clipped(hello.programVersion, to: WireLimits.nameBytes)
    $0.inventory = wire(hello.inventory)
    if let remaining = hello.remaining { $0.remainingMilliseconds = wireRemaining(remaining) }
    $0.sweep = hello.sweep.rawValue
    $0.credit = Int64(hello.credit)
    $0.number = Int64(hello.number)
    $0.previous = hello.previous?.rawValue ?? 0
  }
}

private func wireProgress(
  _ address: TrialAddress, _ points: [MetricPoint], _ step: Int, _ stepsPerSecond: Double
) -> WireProgress {
  .with {
    $0.address = wire(address)
    $0.points = points.map { point in
      .with {
        $0.step = Int64(point.step)
        $0.trainLoss = canonical(point.trainLoss)
        $0.validationLoss = canonical(point.validationLoss)
        $0.learningRate = canonical(point.learningRate)
      }
    }
    $0.step = Int64(step)
    // A rate over no time at all is unknown, not an error.
    $0.stepsPerSecond = stepsPerSecond.isFinite ? max(0, stepsPerSecond) : 0
  }
}

private func wireAddressedReason(
  _ address: TrialAddress, _ reason: String, unclean: Bool = false
) -> WireAddressedReason {
  .with {
    ($0.address, $0.reason) = (wire(address), clipped(reason, to: WireLimits.reasonBytes))
    $0.unclean = unclean
  }
}

/// Whole milliseconds, rounded down: a worker never has less time than it said.
private func wireRemaining(_ duration: Duration) -> Int64 {
  guard duration > .zero else { return 0 }
  return min(duration.components.seconds, Int64(WireLimits.remainingMilliseconds / 1000) - 1) * 1000
    + duration.components.attoseconds / 1_000_000_000_000_000
}

extension FieldCheck {
  fileprivate func hello(_ wire: WireHello) throws(ProtocolError) -> WorkerHello {
    let versions = 1...Int(Int32.max)
    let minimum = try integer("minimum_version", wire.minimumVersion, in: versions)
    return WorkerHello(
      session: WorkerSession(rawValue: wire.session), minimumVersion: minimum,
      maximumVersion: try integer("maximum_version", wire.maximumVersion, in: minimum...versions.upperBound),
      arithmeticVersion: try integer("arithmetic_version", wire.arithmeticVersion, in: versions),
      host: try text("host", wire.host, limit: WireLimits.nameBytes),
      processID: try natural("process_id", wire.processID),
      slots: try integer("slots", wire.slots, in: 1...WireLimits.slots),
      threads: try integer("threads", wire.threads, in: 1...WireLimits.threads),
      instructionSet: try text("instruction_set", wire.instructionSet, limit: WireLimits.nameBytes),
      programVersion: try text("program_version", wire.programVersion, limit: WireLimits.nameBytes),
      inventory: try held("inventory", wire.inventory),
      remaining: wire.hasRemainingMilliseconds ? try remaining(wire.remainingMilliseconds) : nil,
      sweep: SweepID(rawValue: wire.sweep),
      credit: try integer("credit", wire.credit, in: 0...WireLimits.heldTrials),
      number: try natural("number", wire.number),
      previous: wire.previous == 0 ? nil : WorkerSession(rawValue: wire.previous))
  }

  fileprivate func remaining(_ milliseconds: Int64) throws(ProtocolError) -> Duration {
    .milliseconds(try integer("remaining_milliseconds", milliseconds, in: 0...WireLimits.remainingMilliseconds))
  }

  fileprivate func progress(_ wire: WireProgress) throws(ProtocolError) -> WorkerMessage {
    .progress(
      try address(wire.address), points: try points("points", wire.points, limit: WireLimits.points),
      step: try natural("step", wire.step), stepsPerSecond: try measure("steps_per_second", wire.stepsPerSecond))
  }

  private func points(
    _ field: String, _ wire: [WireMetricPoint], limit: Int
  ) throws(ProtocolError) -> [MetricPoint] {
    try count(field, wire.count, limit: limit)
    var points: [MetricPoint] = []
    for point in wire {
      points.append(
        MetricPoint(
          step: try natural("\(field).step", point.step), trainLoss: canonical(point.trainLoss),
          validationLoss: canonical(point.validationLoss), learningRate: canonical(point.learningRate)))
    }
    return points
  }

  fileprivate func result(_ wire: WireResult) throws(ProtocolError) -> TrialResult {
    let outcome: TrialOutcome
    switch wire.outcome {
    case .finite: outcome = .finite
    case .diverged: outcome = .diverged
    case .paused: outcome = .paused
    case .unspecified, .UNRECOGNIZED: throw refusal("outcome", "\(wire.outcome.rawValue)", "1, 2 or 3")
    }
    // An absent message would read as ten zeros: perfect losses that nobody measured.
    guard wire.hasMetrics else { throw refusal("metrics", "missing", "the final metrics") }
    let from = wire.metrics
    var metrics = FinalMetrics()
    metrics.trainLoss = canonical(from.trainLoss)
    metrics.validationLoss = canonical(from.validationLoss)
    metrics.testLoss = canonical(from.testLoss)
    metrics.testLossStandardError = canonical(from.testLossStandardError)
    metrics.excess = canonical(from.excess)
    metrics.excessStandardError = canonical(from.excessStandardError)
    metrics.bayesLoss = canonical(from.bayesLoss)
    metrics.zeroLoss = canonical(from.zeroLoss)
    metrics.referenceLoss = canonical(from.referenceLoss)
    metrics.bayesIdentityZ = canonical(from.bayesIdentityZ)
    return TrialResult(
      outcome: outcome, metrics: metrics, checkpoint: try digest("checkpoint_digest", wire.checkpointDigest),
      steps: try natural("steps", wire.steps), seconds: try measure("seconds", wire.seconds),
      curve: try points("curve", wire.curve, limit: WireLimits.curvePoints))
  }
}
