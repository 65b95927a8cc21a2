// The fixed header before every message's body: magic, frame version, type, body length, big-endian.
// Its layout never changes within a frame version, so that any two programs can at least refuse each other in words.

/// Which message a frame holds. Numbers are the wire's: never change or reuse one.
enum MessageType: UInt16, CaseIterable, Sendable {
  case hello = 1
  case heartbeat, started, progress, offer, workerChunk, fetch, result, failed, released, goodbye
  case welcome = 129
  case refused, grant, pull, stored, notStored, coordinatorChunk, missing, acknowledged, fenced, cancel, finish, heard
  case helloWanted

  /// As docs/protocol.md and errors name it.
  var name: String {
    switch self {
    case .workerChunk, .coordinatorChunk: "chunk"
    case .notStored: "not stored"
    case .helloWanted: "hello wanted"
    default: "\(self)"
    }
  }

  /// Chunks carry their bytes as a second frame.
  var frameCount: Int { self == .workerChunk || self == .coordinatorChunk ? 2 : 1 }
}

struct FrameHeader: Equatable {
  static let magic = Array("ATTN".utf8)
  static let version = 1
  static let byteCount = 12

  var type: MessageType
  var bodyByteCount: Int

  /// The first frame: this header and the body.
  func frame(body: [UInt8]) -> [UInt8] {
    var frame = Self.magic
    frame.reserveCapacity(Self.byteCount + body.count)
    for number in [UInt16(Self.version), type.rawValue] { frame += [UInt8(number >> 8), UInt8(number & 255)] }
    let length = UInt32(bodyByteCount)
    for shift in [24, 16, 8, 0] as [UInt32] { frame.append(UInt8(truncatingIfNeeded: length >> shift)) }
    return frame + body
  }

  /// Reads and checks the header of a message whose type passes `accepts`.
  init(_ frames: [[UInt8]], accepts: (MessageType) -> Bool) throws(ProtocolError) {
    guard let first = frames.first else { throw .frameCount(found: 0, allowed: "1 or 2") }
    guard first.count >= Self.byteCount, first.starts(with: Self.magic) else {
      throw .notAttune(byteCount: first.count)
    }
    func number(_ range: Range<Int>) -> Int { first[range].reduce(0) { $0 << 8 | Int($1) } }
    let version = number(4..<6)
    guard version == Self.version else { throw .frameVersion(found: version) }
    let typeNumber = number(6..<8)
    guard let type = UInt16(exactly: typeNumber).flatMap(MessageType.init(rawValue:)), accepts(type) else {
      throw .unknownType(found: typeNumber)
    }
    let declared = number(8..<12)
    guard declared == first.count - Self.byteCount else {
      throw .bodyLength(message: type.name, declared: declared, found: first.count - Self.byteCount)
    }
    guard frames.count == type.frameCount else {
      throw .frameCount(found: frames.count, allowed: "\(type.frameCount) for \(type.name)")
    }
    self.type = type
    bodyByteCount = declared
  }

  init(type: MessageType, bodyByteCount: Int) { (self.type, self.bodyByteCount) = (type, bodyByteCount) }
}
