// What the spool keeps of one attempt: its last checkpoint, what was said of it without answer, and how it ends.
// One file per attempt, so that a rename replaces all of it at once.
import Messaging
import Shared
import Training

package struct SpoolEntry: Sendable {
  package var sweep: SweepID
  package var attempt: Attempt
  package var step: Int
  /// Of the last message known when this was written.
  package var sequence: Int
  /// Learning curve that has not been acknowledged.
  package var messages: [WorkerMessage]
  package var checkpoint: WrittenCheckpoint?
  /// How the attempt ends for the coordinator: `result`, `failed` or `released`.
  package var conclusion: WorkerMessage

  package init(
    sweep: SweepID, attempt: Attempt, step: Int, sequence: Int, messages: [WorkerMessage],
    checkpoint: WrittenCheckpoint?, conclusion: WorkerMessage
  ) {
    (self.sweep, self.attempt, self.step, self.sequence) = (sweep, attempt, step, sequence)
    (self.messages, self.checkpoint, self.conclusion) = (messages, checkpoint, conclusion)
  }

  /// The training had not ended when this was written: worth less than an end, because it can be had again.
  package var isInterim: Bool {
    if case .released(_, _, true) = conclusion { true } else { false }
  }
}

/// Why a file of the spool cannot be used; nothing else depends on it.
struct SpoolEntryError: Error, Equatable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

extension SpoolEntry {
  // Layout, numbers big-endian: "ATSP", version, sweep; step, sequence; 1 and a checkpoint's step, size and bytes, or 0;
  // the number of messages and each with its size, the conclusion last; 64 hex digits of SHA-256 over all before.
  private static let magic = Array("ATSP".utf8)
  private static let version: UInt32 = 1
  private static let digestBytes = 64

  package var file: [UInt8] {
    var bytes = Self.magic
    func put(_ number: some FixedWidthInteger) { withUnsafeBytes(of: number.bigEndian) { bytes += $0 } }
    put(Self.version)
    put(sweep.rawValue)
    put(Int64(step))
    put(Int64(sequence))
    put(UInt8(checkpoint == nil ? 0 : 1))
    if let checkpoint {
      put(Int64(checkpoint.step))
      put(UInt64(checkpoint.bytes.count))
      bytes += checkpoint.bytes
    }
    put(UInt32(messages.count + 1))
    for message in messages + [conclusion] {
      let frame = encode(message)[0]
      put(UInt32(frame.count))
      bytes += frame
    }
    bytes += Array(sha256Hex(bytes).utf8)
    return bytes
  }

  package init(file: [UInt8]) throws {
    guard file.count > Self.magic.count + Self.digestBytes, file.starts(with: Self.magic) else {
      throw SpoolEntryError("it is no file of a spool, or its end is missing (\(file.count) bytes)")
    }
    let content = Array(file.dropLast(Self.digestBytes))
    guard Array(sha256Hex(content).utf8) == Array(file.suffix(Self.digestBytes)) else {
      throw SpoolEntryError("its checksum does not match its \(file.count) bytes")
    }
    var reader = SpoolReader(bytes: content[Self.magic.count...])
    let version: UInt32 = try reader.number()
    guard version == Self.version else {
      throw SpoolEntryError("it has version \(version), this program reads \(Self.version)")
    }
    sweep = SweepID(rawValue: try reader.number())
    step = try reader.count()
    sequence = try reader.count()
    let hasCheckpoint: UInt8 = try reader.number()
    if hasCheckpoint == 1 {
      let step = try reader.count()
      let bytes = try reader.take(try reader.count())
      checkpoint = WrittenCheckpoint(digest: BlobDigest(of: bytes), step: step, bytes: bytes)
    }
    var messages: [WorkerMessage] = []
    let count: UInt32 = try reader.number()
    for _ in 0..<count {
      let size: UInt32 = try reader.number()
      messages.append(try decodeWorkerMessage([try reader.take(Int(size))]))
    }
    guard let ending = messages.popLast(), let address = ending.endedAttempt else {
      throw SpoolEntryError("it does not say how its attempt ends")
    }
    attempt = Attempt(address.trial, address.token)
    conclusion = ending
    self.messages = messages
    guard reader.isAtEnd, sequence < 1 << 60 else { throw SpoolEntryError("it holds more than it should") }
  }
}

extension WorkerMessage {
  /// Which attempt this ends; nil for every other message.
  fileprivate var endedAttempt: TrialAddress? {
    switch self {
    case .result(let address, _), .failed(let address, _), .released(let address, _, _): address
    case .hello, .heartbeat, .started, .progress, .offer, .ready, .chunk, .fetch, .goodbye: nil
    }
  }
}

/// Reads numbers and pieces from the front; everything is checked, nothing traps.
private struct SpoolReader {
  var bytes: ArraySlice<UInt8>
  var isAtEnd: Bool { bytes.isEmpty }

  mutating func take(_ count: Int) throws -> [UInt8] {
    guard count >= 0, count <= bytes.count else { throw SpoolEntryError("its end is missing") }
    defer { bytes = bytes.dropFirst(count) }
    return Array(bytes.prefix(count))
  }

  mutating func number<Number: FixedWidthInteger>() throws -> Number {
    var value: UInt64 = 0
    guard bytes.count >= MemoryLayout<Number>.size else { throw SpoolEntryError("its end is missing") }
    for byte in bytes.prefix(MemoryLayout<Number>.size) { value = value << 8 | UInt64(byte) }
    bytes = bytes.dropFirst(MemoryLayout<Number>.size)
    return Number(truncatingIfNeeded: value)
  }

  mutating func count() throws -> Int {
    let value: Int64 = try number()
    guard value >= 0 else { throw SpoolEntryError("it holds a number that cannot be") }
    return Int(value)
  }
}
