// One type per identifier, so that a trial can never be taken for a worker or a digest for a name.
// Raw values are what the store and the wire carry.

/// A trial's number within one sweep directory. Stable across restarts; never reused.
package struct TrialID: RawRepresentable, Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: Int64
  package init(rawValue: Int64) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { "\(rawValue)" }
}

/// The replicate: decides the rotation U, the initialisation and every draw of data (docs/science.md §8.1).
package struct Seed: RawRepresentable, Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { "\(rawValue)" }

  /// Reporting seeds count from 0; tuning seeds count from here, so that more of either never collides with the other.
  package static let firstTuning: UInt32 = 1 << 31
  /// The one seed that attainable-reference trials train on: apart from all tuning and reporting seeds.
  package static let reference = Seed(rawValue: .max)
}

/// SHA-256 of a configuration's canonical form: as text 64 lower-case hex digits, kept as four numbers, since a sweep may
/// have a million of them and looks them up all the time.
package struct ConfigurationID: RawRepresentable, Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  // Not a vector, whose alignment would leave holes wherever an identity stands.
  private let first, second, third, fourth: UInt64

  private init(_ words: SIMD4<UInt64>) {
    (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
  }

  init(sha256Of bytes: [UInt8]) { self.init(sha256Words(bytes)) }

  /// Nil unless `rawValue` is 64 lower-case hex digits.
  package init?(rawValue: String) {
    var text = rawValue
    let words: SIMD4<UInt64>? = text.withUTF8 { digits in
      guard digits.count == 64 else { return nil }
      var words = SIMD4<UInt64>()
      for (index, digit) in digits.enumerated() {
        let value: UInt8
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): value = digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): value = digit - UInt8(ascii: "a") + 10
        default: return nil
        }
        words[index / 16] = words[index / 16] << 4 | UInt64(value)
      }
      return words
    }
    guard let words else { return nil }
    self.init(words)
  }

  package var rawValue: String {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for word in [first, second, third, fourth] { appendHexadecimal(word, to: &text) }
    return String(decoding: text, as: UTF8.self)
  }

  /// As even as a hash.
  var leadingBits: UInt64 { first }

  package func hash(into hasher: inout Hasher) { hasher.combine(first) }
  /// Not the one that comes with a raw value, which would make two texts to compare.
  package static func == (a: Self, b: Self) -> Bool {
    (a.first, a.second, a.third, a.fourth) == (b.first, b.second, b.third, b.fourth)
  }
  package static func < (a: Self, b: Self) -> Bool {
    (a.first, a.second, a.third, a.fourth) < (b.first, b.second, b.third, b.fourth)
  }
  package var description: String { rawValue }
}

/// SHA-256 of a blob's bytes: 64 lower-case hex digits. Its file is `blobs/sha256/ab/abcd…`.
package struct BlobDigest: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
  package let rawValue: String

  /// Nil unless `rawValue` is 64 lower-case hex digits: names of files come from here, so a peer must not choose others.
  package init?(rawValue: String) {
    let hex = UInt8(ascii: "0")...UInt8(ascii: "9"), letters = UInt8(ascii: "a")...UInt8(ascii: "f")
    guard rawValue.utf8.count == 64, rawValue.utf8.allSatisfy({ hex.contains($0) || letters.contains($0) }) else {
      return nil
    }
    self.rawValue = rawValue
  }

  package init(of bytes: some Sequence<UInt8>) {
    rawValue = sha256Hex(Array(bytes))
  }

  package var description: String { rawValue }
}

/// A cell of the matrix: its index in the plan's order (axes enumerated, the last varying fastest).
package struct CellID: RawRepresentable, Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }
  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { "\(rawValue)" }
}

/// One sweep directory, whatever its name: trials and tokens are numbered within it, so nothing of one sweep may be taken
/// for another's that is served at the same endpoint later. 0 stands for one that is not known.
package struct SweepID: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  package static let unknown = SweepID(rawValue: 0)
  package var description: String { hexadecimal(rawValue) }

  /// Whether both may be the same sweep: one that is not known may be any.
  package func mayBe(_ other: SweepID) -> Bool { self == other || self == .unknown || other == .unknown }
}

/// One connection's life of one worker process, drawn at random by the worker when it starts.
package struct WorkerSession: RawRepresentable, Hashable, Codable, Sendable, CustomStringConvertible {
  package let rawValue: UInt64
  package init(rawValue: UInt64) { self.rawValue = rawValue }
  package var description: String { hexadecimal(rawValue) }
}

/// Fencing token of a lease: (boot epoch of the coordinator, counter within it). Later tokens compare greater, and only
/// the latest token of a trial may change its state (docs/messaging.md, Delivery).
package struct LeaseToken: Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  package let epoch: Int64
  package let counter: Int64
  package init(epoch: Int64, counter: Int64) { (self.epoch, self.counter) = (epoch, counter) }
  package static func < (a: Self, b: Self) -> Bool { (a.epoch, a.counter) < (b.epoch, b.counter) }
  package var description: String { "\(epoch).\(counter)" }
}
