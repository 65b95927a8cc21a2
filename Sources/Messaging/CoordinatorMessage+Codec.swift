// Encoding and decoding of what the coordinator says.
// A message that is added here is added to docs/protocol.md and to the pinned examples as well.
import Shared
internal import SwiftProtobuf

/// The frames of `message`: header and body, and for a chunk its bytes. Reasons and names are cut to their limits.
/// - texts: keeps the parameters' texts from one grant to the next.
package func encode(_ message: CoordinatorMessage, _ texts: ParameterTexts? = nil) -> [[UInt8]] {
  switch message {
  case .welcome(let welcome): frames(.welcome, wire(welcome))
  case .refused(let reason): frames(.refused, wireReason(reason))
  case .grant(let grant): [quickFrame(grant, texts?.text(of: grant.parameters) ?? grant.parameters.canonicalJSON)]
  case .wanted(let digest): frames(.wanted, wirePull(digest, offset: 0))
  case .pull(let digest, let offset): frames(.pull, wirePull(digest, offset: offset))
  case .stored(let address, let digest): frames(.stored, wireStored(address, digest, reason: ""))
  case .notStored(let address, let digest, let reason): frames(.notStored, wireStored(address, digest, reason: reason))
  case .chunk(let chunk): chunkFrames(.coordinatorChunk, chunk)
  case .missing(let digest, let reason):
    frames(
      .missing,
      WireMissing.with { ($0.digest, $0.reason) = (digest.rawValue, clipped(reason, to: WireLimits.reasonBytes)) })
  case .acknowledged(let address): [quickFrame(.acknowledged, address)]
  case .fenced(let address): frames(.fenced, wireAddressed(address))
  case .cancel(let trial, let token):
    frames(.cancel, WireCancel.with { ($0.trial, $0.token) = (trial.rawValue, wire(token)) })
  case .finish(let reason): frames(.finish, wireReason(reason))
  case .heard: frames(.heard, WireEmpty())
  case .helloWanted: frames(.helloWanted, WireEmpty())
  }
}

/// The message that `frames` hold.
package func decodeCoordinatorMessage(
  _ frames: [[UInt8]], _ texts: ParameterTexts? = nil
) throws(ProtocolError) -> CoordinatorMessage {
  let message = try OpenedMessage(frames) {
    $0.rawValue >= MessageType.welcome.rawValue && $0 != .coordinatorBatch
  }
  let check = message.check
  switch message.type {
  case .welcome: return .welcome(try check.welcome(try message.body(WireWelcome.self)))
  case .refused: return .refused(reason: try message.reason())
  case .grant: return .grant(try check.grant(try message.body(WireGrant.self), texts))
  case .wanted: return .wanted(try message.pull().0)
  case .pull:
    let (digest, offset) = try message.pull()
    return .pull(digest, offset: offset)
  case .stored:
    let body = try message.body(WireStored.self)
    return .stored(try check.address(body.address), try check.digest("digest", body.digest))
  case .notStored:
    let body = try message.body(WireStored.self)
    return .notStored(
      try check.address(body.address), try check.digest("digest", body.digest), reason: try check.reason(body.reason))
  case .coordinatorChunk: return .chunk(try message.chunk())
  case .missing:
    let body = try message.body(WireMissing.self)
    return .missing(try check.digest("digest", body.digest), reason: try check.reason(body.reason))
  case .acknowledged: return .acknowledged(try message.address())
  case .fenced: return .fenced(try message.address())
  case .cancel:
    let body = try message.body(WireCancel.self)
    guard body.hasToken else { throw check.refusal("token", "missing", "a lease token") }
    return .cancel(try check.trial(body.trial), try check.token(body.token))
  case .finish: return .finish(reason: try message.reason())
  case .heard: return .heard
  case .helloWanted: return .helloWanted
  case .hello, .heartbeat, .started, .progress, .offer, .workerChunk, .fetch, .result, .failed, .released, .goodbye,
    .workerBatch, .ready, .coordinatorBatch:
    throw .unknownType(found: Int(message.type.rawValue))
  }
}

private func wire(_ welcome: Welcome) -> WireWelcome {
  .with {
    $0.version = Int64(welcome.version)
    $0.sweepName = clipped(welcome.sweepName, to: WireLimits.nameBytes)
    $0.epoch = welcome.epoch
    $0.heartbeatIntervalMilliseconds = milliseconds(welcome.heartbeatInterval)
    $0.leaseDurationMilliseconds = milliseconds(welcome.leaseDuration)
    $0.sweep = welcome.sweep.rawValue
    $0.takesBatches = welcome.takesBatches
    $0.bulk = clipped(welcome.bulk, to: WireLimits.nameBytes)
  }
}

private func wireStored(_ address: TrialAddress, _ digest: BlobDigest, reason: String) -> WireStored {
  .with {
    $0.address = wire(address)
    $0.digest = digest.rawValue
    $0.reason = clipped(reason, to: WireLimits.reasonBytes)
  }
}

/// Whole milliseconds, rounded up and within the wire's range: a duration never becomes none.
private func milliseconds(_ duration: Duration) -> Int64 {
  let limit = Int64(WireLimits.durationMilliseconds)
  guard duration < .milliseconds(limit) else { return limit }
  let (seconds, attoseconds) = duration.components
  guard seconds >= 0, attoseconds >= 0 else { return 1 }
  return max(1, seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}

extension FieldCheck {
  fileprivate func welcome(_ wire: WireWelcome) throws(ProtocolError) -> Welcome {
    Welcome(
      version: try integer("version", wire.version, in: 1...Int(Int32.max)),
      sweepName: try text("sweep_name", wire.sweepName, limit: WireLimits.nameBytes),
      epoch: Int64(try natural("epoch", wire.epoch)),
      heartbeatInterval: try duration(
        "heartbeat_interval_milliseconds", milliseconds: wire.heartbeatIntervalMilliseconds),
      leaseDuration: try duration("lease_duration_milliseconds", milliseconds: wire.leaseDurationMilliseconds),
      sweep: SweepID(rawValue: wire.sweep), takesBatches: wire.takesBatches,
      bulk: try text("bulk", wire.bulk, limit: WireLimits.nameBytes))
  }

  fileprivate func grant(_ wire: WireGrant, _ texts: ParameterTexts?) throws(ProtocolError) -> TrialGrant {
    guard wire.hasToken else { throw refusal("token", "missing", "a lease token") }
    try count("parameters", wire.parameters.utf8.count, limit: WireLimits.parametersBytes)
    let parameters: TrialParameters
    do {
      parameters =
        try texts?.parameters(from: wire.parameters) ?? TrialParameters(canonicalJSON: wire.parameters)
    } catch {
      throw refusal("parameters", "not usable (\(error))", "a configuration of this version")
    }
    let stage: TrialStage
    switch wire.stage {
    case .tuning: stage = .tuning
    case .reference: stage = .reference
    case .reporting: stage = .reporting
    case .unspecified, .UNRECOGNIZED: throw refusal("stage", "\(wire.stage.rawValue)", "1, 2 or 3")
    }
    return TrialGrant(
      trial: try trial(wire.trial), token: try token(wire.token), parameters: parameters,
      seed: Seed(rawValue: wire.seed), stage: stage,
      threads: try integer("threads", wire.threads, in: 0...WireLimits.threads),
      resume: wire.hasResume ? try checkpoint("resume", wire.resume) : nil,
      reference: wire.hasReference ? try checkpoint("reference", wire.reference) : nil,
      gang: wire.hasGang
        ? GrantedGang(
          first: try token(wire.gang), size: try integer("gang_size", wire.gangSize, in: 1...WireLimits.heldTrials))
        : nil,
      until: wire.untilStep == 0 ? nil : try natural("until_step", wire.untilStep))
  }
}
