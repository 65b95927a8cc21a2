// Messages to frames and back: the part that both directions share. Every type of Shared has one wire form here.
// Encoding a message never fails; decoding throws ProtocolError in words and never traps, whatever a peer sent.
import Shared
internal import SwiftProtobuf

func frames(_ type: MessageType, _ body: some SwiftProtobuf.Message) -> [[UInt8]] {
  let bytes: [UInt8]
  do {
    bytes = try body.serializedBytes()
  } catch {
    // Bodies hold no required fields and are far below protobuf's 2 GB: nothing a peer or a user can bring about.
    preconditionFailure("\(type.name) cannot be encoded: \(error)")
  }
  return [FrameHeader(type: type, bodyByteCount: bytes.count).frame(body: bytes)]
}

/// The frames of one message whose header has been checked.
struct OpenedMessage {
  let type: MessageType
  let frames: [[UInt8]]
  var check: FieldCheck { FieldCheck(message: type.name) }

  init(_ frames: [[UInt8]], accepts: (MessageType) -> Bool) throws(ProtocolError) {
    type = try FrameHeader(frames, accepts: accepts).type
    self.frames = frames
    for frame in frames where frame.count > WireLimits.frameBytes {
      throw check.refusal("frame", "\(frame.count) bytes long", "at most \(WireLimits.frameBytes)")
    }
  }

  func body<Body: SwiftProtobuf.Message>(_: Body.Type) throws(ProtocolError) -> Body {
    var options = BinaryDecodingOptions()
    options.messageDepthLimit = WireLimits.depth
    options.discardUnknownFields = true
    do {
      return try Body(serializedBytes: Array(frames[0].dropFirst(FrameHeader.byteCount)), options: options)
    } catch {
      throw .body(message: type.name, problem: "\(error)")
    }
  }

  func chunk() throws(ProtocolError) -> BlobChunk {
    let body = try body(WireChunk.self)
    let bytes = frames[1]
    let digest = try check.digest("digest", body.digest)
    let byteCount = try check.integer("byte_count", body.byteCount, in: 0...WireLimits.blobBytes)
    let offset = try check.integer("offset", body.offset, in: 0...byteCount)
    try check.count("bytes", bytes.count, limit: min(BlobChunk.maximumChunkBytes, byteCount - offset))
    let found = crc32c(bytes)
    guard found == body.crc32C else {
      throw .corruptChunk(digest, offset: offset, declared: body.crc32C, found: found)
    }
    return BlobChunk(digest: digest, offset: offset, byteCount: byteCount, bytes: bytes)
  }

  func pull() throws(ProtocolError) -> (BlobDigest, offset: Int) {
    let body = try body(WirePull.self)
    return (
      try check.digest("digest", body.digest),
      try check.integer("offset", body.offset, in: 0...WireLimits.blobBytes)
    )
  }

  func reason() throws(ProtocolError) -> String { try check.reason(try body(WireReason.self).reason) }

  func address() throws(ProtocolError) -> TrialAddress { try check.address(try body(WireAddressed.self).address) }
}

extension FieldCheck {
  func reason(_ text: String) throws(ProtocolError) -> String {
    try self.text("reason", text, limit: WireLimits.reasonBytes)
  }

  func trial(_ value: Int64) throws(ProtocolError) -> TrialID { TrialID(rawValue: Int64(try natural("trial", value))) }

  func token(_ wire: WireLeaseToken) throws(ProtocolError) -> LeaseToken {
    LeaseToken(
      epoch: Int64(try natural("token.epoch", wire.epoch)), counter: Int64(try natural("token.counter", wire.counter)))
  }

  func address(_ wire: WireTrialAddress) throws(ProtocolError) -> TrialAddress {
    guard wire.hasToken else { throw refusal("address.token", "missing", "a lease token") }
    return TrialAddress(
      trial: try trial(wire.trial), token: try token(wire.token),
      sequence: try integer("sequence", wire.sequence, in: 1...Int(Int64.max)))
  }

  func held(_ field: String, _ wire: [WireHeldTrial]) throws(ProtocolError) -> [HeldTrial] {
    try count(field, wire.count, limit: WireLimits.heldTrials)
    var held: [HeldTrial] = []
    for item in wire {
      held.append(
        HeldTrial(trial: try trial(item.trial), token: try token(item.token), step: try natural("step", item.step)))
    }
    return held
  }

  func checkpoint(_ field: String, _ wire: WireCheckpoint) throws(ProtocolError) -> CheckpointOffer {
    CheckpointOffer(
      digest: try digest("\(field).digest", wire.digest),
      byteCount: try integer("\(field).byte_count", wire.byteCount, in: 0...WireLimits.blobBytes),
      step: try natural("\(field).step", wire.step))
  }
}

func wire(_ token: LeaseToken) -> WireLeaseToken {
  .with { ($0.epoch, $0.counter) = (token.epoch, token.counter) }
}

func wire(_ address: TrialAddress) -> WireTrialAddress {
  .with {
    $0.trial = address.trial.rawValue
    $0.token = wire(address.token)
    $0.sequence = Int64(address.sequence)
  }
}

func wire(_ held: [HeldTrial]) -> [WireHeldTrial] {
  held.map { item in
    .with {
      $0.trial = item.trial.rawValue
      $0.token = wire(item.token)
      $0.step = Int64(item.step)
    }
  }
}

func wire(_ offer: CheckpointOffer) -> WireCheckpoint {
  .with {
    $0.digest = offer.digest.rawValue
    $0.byteCount = Int64(offer.byteCount)
    $0.step = Int64(offer.step)
  }
}

func wirePull(_ digest: BlobDigest, offset: Int) -> WirePull {
  .with { ($0.digest, $0.offset) = (digest.rawValue, Int64(offset)) }
}

func wireReason(_ reason: String) -> WireReason { .with { $0.reason = clipped(reason, to: WireLimits.reasonBytes) } }

func wireAddressed(_ address: TrialAddress) -> WireAddressed { .with { $0.address = wire(address) } }

func chunkFrames(_ type: MessageType, _ chunk: BlobChunk) -> [[UInt8]] {
  let body = WireChunk.with {
    $0.digest = chunk.digest.rawValue
    $0.offset = Int64(chunk.offset)
    $0.byteCount = Int64(chunk.byteCount)
    $0.crc32C = crc32c(chunk.bytes)
  }
  return frames(type, body) + [chunk.bytes]
}
