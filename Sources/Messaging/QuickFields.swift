// Protobuf's wire format for the three messages that every short trial needs: grant, result, acknowledged. The general
// library takes most of a coordinator's time for them. What is written here is what the library writes, byte for byte;
// what cannot be read here at once (unknown, repeated or refused fields) is left to the library and its errors.
// Source: protobuf.dev/programming-guides/encoding.
import Shared

/// Writes one frame: header, then fields.
struct FieldWriter {
  private(set) var bytes: [UInt8]

  init(_ type: MessageType, reserving byteCount: Int) {
    bytes = FrameHeader(type: type, bodyByteCount: 0).bytes(reserving: byteCount)
  }

  /// The frame, with the length of its body where the header has it.
  consuming func frame() -> [UInt8] {
    let length = bytes.count - FrameHeader.byteCount
    for place in 0..<4 { bytes[8 + place] = UInt8(truncatingIfNeeded: length >> (24 - 8 * place)) }
    return bytes
  }

  mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  /// Zero is what an absent field reads as.
  mutating func integer(_ field: UInt8, _ value: Int64) {
    guard value != 0 else { return }
    bytes.append(field << 3)
    varint(UInt64(bitPattern: value))
  }

  mutating func double(_ field: UInt8, _ value: Double) {
    var bits = value.bitPattern
    guard bits != 0 else { return }
    bytes.append(field << 3 | 1)
    for _ in 0..<8 {
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bits >>= 8
    }
  }

  mutating func text(_ field: UInt8, _ value: String) {
    guard !value.isEmpty else { return }
    bytes.append(field << 3 | 2)
    varint(UInt64(value.utf8.count))
    bytes += value.utf8
  }

  /// A message of less than 128 bytes.
  mutating func nested(_ field: UInt8, _ write: (inout FieldWriter) -> Void) {
    bytes.append(field << 3 | 2)
    let place = bytes.count
    bytes.append(0)
    write(&self)
    bytes[place] = UInt8(bytes.count - place - 1)
  }

  mutating func token(_ field: UInt8, _ token: LeaseToken) {
    nested(field) {
      $0.integer(1, token.epoch)
      $0.integer(2, token.counter)
    }
  }

  mutating func address(_ field: UInt8, _ address: TrialAddress) {
    nested(field) {
      $0.integer(1, address.trial.rawValue)
      $0.token(2, address.token)
      $0.integer(3, Int64(address.sequence))
    }
  }

  mutating func checkpoint(_ field: UInt8, _ offer: CheckpointOffer) {
    nested(field) {
      $0.text(1, offer.digest.rawValue)
      $0.integer(2, Int64(offer.byteCount))
      $0.integer(3, Int64(offer.step))
    }
  }
}

/// Reads fields; nil from any function means that the library has to look at the message.
struct FieldReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var place: Int
  private let end: Int
  private var seen: UInt64 = 0

  init(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    (self.bytes, place, end) = (bytes, range.lowerBound, range.upperBound)
  }

  enum Tag { case field(UInt8, wireType: UInt8), end }

  /// The next field's number and type. A field that comes twice is the library's.
  mutating func tag() -> Tag? {
    guard place < end else { return .end }
    let byte = bytes[place]
    guard byte < 0x80, seen & 1 << UInt64(byte >> 3) == 0 else { return nil }
    seen |= 1 << UInt64(byte >> 3)
    place += 1
    return .field(byte >> 3, wireType: byte & 7)
  }

  mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while place < end, shift < 63 {
      let byte = bytes[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    return nil
  }

  /// From 0.
  mutating func natural() -> Int? { varint().flatMap { Int(exactly: $0) } }

  mutating func double() -> Double? {
    guard end - place >= 8 else { return nil }
    defer { place += 8 }
    let bits = UnsafeRawPointer(bytes.baseAddress! + place).loadUnaligned(as: UInt64.self)
    return Double(bitPattern: UInt64(littleEndian: bits))
  }

  mutating func range() -> Range<Int>? {
    guard let count = natural(), count <= end - place else { return nil }
    defer { place += count }
    return place..<(place + count)
  }

  mutating func nested() -> FieldReader? { range().map { FieldReader(bytes, $0) } }

  mutating func digest() -> BlobDigest? {
    guard let range = range(), range.count == 64 else { return nil }
    return BlobDigest(rawValue: String(decoding: UnsafeBufferPointer(rebasing: bytes[range]), as: UTF8.self))
  }

  mutating func token() -> LeaseToken? {
    guard var fields = nested() else { return nil }
    var epoch = 0, counter = 0
    while true {
      switch fields.tag() {
      case .field(1, 0)?: guard let value = fields.natural() else { return nil }; epoch = value
      case .field(2, 0)?: guard let value = fields.natural() else { return nil }; counter = value
      case .end?: return LeaseToken(epoch: Int64(epoch), counter: Int64(counter))
      default: return nil
      }
    }
  }

  mutating func address() -> TrialAddress? {
    guard var fields = nested() else { return nil }
    var trial = 0, sequence = 0
    var token: LeaseToken?
    while true {
      switch fields.tag() {
      case .field(1, 0)?: guard let value = fields.natural() else { return nil }; trial = value
      case .field(2, 2)?: guard let value = fields.token() else { return nil }; token = value
      case .field(3, 0)?: guard let value = fields.natural() else { return nil }; sequence = value
      case .end?:
        guard let token, sequence > 0 else { return nil }
        return TrialAddress(trial: TrialID(rawValue: Int64(trial)), token: token, sequence: sequence)
      default: return nil
      }
    }
  }

  mutating func metrics() -> FinalMetrics? {
    guard var fields = nested() else { return nil }
    // A loss that was not sent is 0, as the library reads it.
    var metrics = FinalMetrics(all: 0)
    while true {
      guard case .field(let number, let type)? = fields.tag() else { return fields.place == fields.end ? metrics : nil }
      guard type == 1, (1...10).contains(number), let value = fields.double().map(canonical) else { return nil }
      switch number {
      case 1: metrics.trainLoss = value
      case 2: metrics.validationLoss = value
      case 3: metrics.testLoss = value
      case 4: metrics.testLossStandardError = value
      case 5: metrics.excess = value
      case 6: metrics.excessStandardError = value
      case 7: metrics.bayesLoss = value
      case 8: metrics.zeroLoss = value
      case 9: metrics.referenceLoss = value
      default: metrics.bayesIdentityZ = value
      }
    }
  }
}

extension FinalMetrics {
  fileprivate init(all value: Double) {
    self.init()
    (trainLoss, validationLoss, testLoss, testLossStandardError) = (value, value, value, value)
    (excess, excessStandardError, bayesLoss, zeroLoss) = (value, value, value, value)
    (referenceLoss, bayesIdentityZ) = (value, value)
  }
}
