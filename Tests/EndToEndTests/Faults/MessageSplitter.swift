// Cuts one direction of a ZMTP 3 connection into whole messages, so that a proxy can treat messages by their type.
// RFC 23/ZMTP: a greeting of 64 bytes, then frames of flags, length and body; bit 0 more, bit 1 long, bit 2 command.

struct MessageSplitter {
  struct Unit {
    var bytes: [UInt8]
    /// Of a message of Attune without encryption; nil for greetings, commands and whatever else comes.
    var type: UInt16?
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
      units.append(Unit(bytes: Array(pending.prefix(count)), type: nil, isMessage: false))
      pending.removeFirst(count)
      greetingLeft -= count
    }
    while greetingLeft == 0, let end = endOfUnit() {
      let unit = Array(pending.prefix(end.count))
      units.append(Unit(bytes: unit, type: end.isMessage ? Self.type(of: unit) : nil, isMessage: end.isMessage))
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

  /// "ATTN", frame version, type: docs/protocol.md, Frames.
  private static func type(of message: [UInt8]) -> UInt16? {
    guard let frame = frame(message, at: 0), frame.end - frame.body >= 12 else { return nil }
    let header = message[frame.body..<(frame.body + 8)]
    guard header.starts(with: Array("ATTN".utf8)) else { return nil }
    return UInt16(header[frame.body + 6]) << 8 | UInt16(header[frame.body + 7])
  }
}

/// Types of messages as docs/protocol.md numbers them.
enum WireType {
  static let chunk: UInt16 = 6
  static let result: UInt16 = 8
  static let acknowledged: UInt16 = 137
}
