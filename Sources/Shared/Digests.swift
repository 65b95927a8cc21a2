// SHA-256 and hexadecimal text: the only place that imports a cryptography library.
// Identities, blob names and the sweep's digest all come through here.
internal import Crypto

/// SHA-256 as 64 lower-case hex digits. Source: FIPS 180-4.
package func sha256Hex(_ bytes: [UInt8]) -> String { hexadecimal(SHA256.hash(data: bytes)) }

/// SHA-256 as four numbers, most significant first. Source: FIPS 180-4.
func sha256Words(_ bytes: [UInt8]) -> SIMD4<UInt64> {
  SHA256.hash(data: bytes).withUnsafeBytes { digest in
    var words = SIMD4<UInt64>()
    for (index, byte) in digest.enumerated() { words[index / 8] = words[index / 8] << 8 | UInt64(byte) }
    return words
  }
}

/// SHA-256 over pieces that arrive one after another.
package struct IncrementalSHA256 {
  private var state = SHA256()
  package init() {}
  package mutating func update(_ bytes: some Sequence<UInt8>) { state.update(data: Array(bytes)) }
  /// The digest of everything so far, as 64 lower-case hex digits.
  package func hexDigest() -> String { hexadecimal(state.finalize()) }
}

/// Bytes as lower-case hex digits, two each.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}

/// Appends a number as hex digits of its full width, most significant first.
func appendHexadecimal(_ number: UInt64, to text: inout [UInt8]) {
  for shift in stride(from: 60, through: 0, by: -4) {
    let digit = UInt8(truncatingIfNeeded: number >> UInt64(shift)) & 15
    text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
  }
}

/// A number as hex digits of its full width, most significant first: the text form of a bit pattern.
package func hexadecimal<Number: FixedWidthInteger & UnsignedInteger>(_ number: Number) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: Number.bitWidth / 4 - digits.count) + digits
}
