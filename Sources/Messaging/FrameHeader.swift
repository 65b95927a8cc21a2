// The fixed header before every message's body: magic, frame version, type, body length, big-endian.
// Its layout never changes within a frame version, so that any two programs can at least refuse each other in words.

/// Which message a frame holds. Numbers are the wire's: never change or reuse one.
enum MessageType: UInt16, CaseIterable, Sendable {
  case hello = 1
  case heartbeat, started, progress, offer, workerChunk, fetch, result, failed, released, goodbye, workerBatch, ready
  case welcome = 129
  case refused, grant, pull, stored, notStored, coordinatorChunk, missing, acknowledged, fenced, cancel, finish, heard
  case helloWanted, coordinatorBatch, wanted

  /// Which batch the frames hold, if they do.
  static func batch(in frames: [[UInt8]]) throws(ProtocolError) -> Self? {
    guard let first = frames.first, first.count > 7, first[6] == 0 else { return nil }
    switch first[7] {
    case UInt8(workerBatch.rawValue): return .workerBatch
    case UInt8(coordinatorBatch.rawValue): return .coordinatorBatch
    default: return nil
    }
  }

  /// As docs/protocol.md and errors name it.
  var name: String {
    switch self {
    case .workerChunk, .coordinatorChunk: "chunk"
    case .notStored: "not stored"
    case .helloWanted: "hello wanted"
    case .workerBatch, .coordinatorBatch: "batch"
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
  func frame(body: [UInt8]) -> [UInt8] { bytes(reserving: body.count) + body }

  /// The header alone, with room for what follows.
  func bytes(reserving byteCount: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.byteCount + byteCount)
    append(to: &bytes)
    return bytes
  }

  private func append(to bytes: inout [UInt8]) {
    for byte in Self.magic { bytes.append(byte) }
    bytes.append(UInt8(Self.version >> 8))
    bytes.append(UInt8(Self.version & 255))
    bytes.append(UInt8(type.rawValue >> 8))
    bytes.append(UInt8(type.rawValue & 255))
    let length = UInt32(bodyByteCount)
    bytes.append(UInt8(truncatingIfNeeded: length >> 24))
    bytes.append(UInt8(truncatingIfNeeded: length >> 16))
    bytes.append(UInt8(truncatingIfNeeded: length >> 8))
    bytes.append(UInt8(truncatingIfNeeded: length))
  }

  /// Where the frame that begins at `start` ends by what its header declares; nil where that is beyond `end`.
  static func extent(of bytes: [UInt8], from start: Int, end: Int) -> Range<Int>? {
    guard end - start >= byteCount else { return nil }
    let declared = (8..<12).reduce(0) { $0 << 8 | Int(bytes[start + $1]) }
    guard declared <= end - start - byteCount else { return nil }
    return start..<(start + byteCount + declared)
  }

  /// The type of the frame that begins at `start`, if its first eight bytes are as this version writes them.
  static func plainType(of bytes: [UInt8], from start: Int) -> UInt8? {
    guard bytes[start] == magic[0], bytes[start + 1] == magic[1], bytes[start + 2] == magic[2],
      bytes[start + 3] == magic[3], bytes[start + 4] == 0, bytes[start + 5] == UInt8(version), bytes[start + 6] == 0
    else { return nil }
    return bytes[start + 7]
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
