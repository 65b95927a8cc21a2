// Cuts one direction of a ZMTP 3 connection into whole messages, so that a proxy can treat messages by their type.
// RFC 23/ZMTP: a greeting of 64 bytes, then frames of flags, length and body; bit 0 more, bit 1 long, bit 2 command.

struct MessageSplitter {
  struct Unit {
    var bytes: [UInt8]
    /// Of the messages of Attune without encryption that it holds: one, or those of a batch. None for greetings, commands
    /// and whatever else comes.
    var types: [UInt16]
    /// Whether it may be repeated or moved without breaking the connection itself.
    var isMessage: Bool
  }

  private var pending: [UInt8] = []
  private var greetingLeft = 64

  /// Takes what has arrived; returns what is whole by now.
  mutating func split(_ bytes: some Sequence<UInt8>) -> [Unit] {
    pending += bytes
    var units: [Unit] = []
    if greetingLeft > 0, !pending.isEmpty {
      let count = min(greetingLeft, pending.count)
      units.append(Unit(bytes: Array(pending.prefix(count)), types: [], isMessage: false))
      pending.removeFirst(count)
      greetingLeft -= count
    }
    while greetingLeft == 0, let end = endOfUnit() {
      let unit = Array(pending.prefix(end.count))
      units.append(Unit(bytes: unit, types: end.isMessage ? Self.types(of: unit) : [], isMessage: end.isMessage))
      pending.removeFirst(end.count)
    }
    return units
  }

  /// Bytes of the first command, or of the first message with all its frames; nil while it is not whole.
  private func endOfUnit() -> (count: Int, isMessage: Bool)? {
    var at = 0
    while true {
      guard let frame = Self.frame(pending, at: at) else { return nil }
      at = frame.end
      guard at <= pending.count else { return nil }
      if frame.flags & 4 != 0 { return (at, false) }
      if frame.flags & 1 == 0 { return (at, true) }
    }
  }

  private static func frame(_ bytes: [UInt8], at start: Int) -> (flags: UInt8, body: Int, end: Int)? {
    guard start < bytes.count else { return nil }
    let lengthBytes = bytes[start] & 2 != 0 ? 8 : 1
    let body = start + 1 + lengthBytes
    guard body <= bytes.count else { return nil }
    let length = bytes[(start + 1)..<body].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return (bytes[start], body, body + Int(min(length, 1 << 40)))
  }

  private static func types(of message: [UInt8]) -> [UInt16] {
    guard let frame = frame(message, at: 0), let whole = header(message, at: frame.body) else { return [] }
    guard whole.type == WireType.workerBatch || whole.type == WireType.coordinatorBatch else { return [whole.type] }
    var types: [UInt16] = []
    var at = frame.body + headerBytes
    while let part = header(message, at: at) {
      types.append(part.type)
      at += headerBytes + part.length
    }
    return types
  }

  private static let headerBytes = 12

  /// "ATTN", frame version, type, length: docs/protocol.md, Frames.
  private static func header(_ bytes: [UInt8], at start: Int) -> (type: UInt16, length: Int)? {
    guard start + headerBytes <= bytes.count, bytes[start...].starts(with: Array("ATTN".utf8)) else { return nil }
    func number(_ range: Range<Int>) -> Int { range.reduce(0) { $0 << 8 | Int(bytes[start + $1]) } }
    return (UInt16(number(6..<8)), number(8..<12))
  }
}

/// Types of messages as docs/protocol.md numbers them.
enum WireType {
  static let chunk: UInt16 = 6
  static let result: UInt16 = 8
  static let workerBatch: UInt16 = 12
  static let acknowledged: UInt16 = 137
  static let coordinatorBatch: UInt16 = 143
}
