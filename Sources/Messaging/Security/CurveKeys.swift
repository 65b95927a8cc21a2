// The keys of CURVE (Curve25519, ZeroMQ RFC 26): text of 40 characters in Z85 (RFC 32) and what may be shown of them.
// Secrets have no description: whatever prints a value that holds one prints "(secret)".
internal import CZeroMQ
import Shared

/// A public key. Its text's bytes are kept in place, so that the key of every message can be looked up without memory of
/// its own.
package struct PublicKey: Hashable, Sendable, CustomStringConvertible {
  static let textBytes = 40
  /// 40 characters, then zeros.
  private let words: SIMD8<UInt64>

  /// Nil unless `text` is the one Z85 form of 32 bytes.
  package init?(_ text: String) {
    guard let bytes = Z85.decode(text), bytes.count == 32 else { return nil }
    self.init(z85: Array(Z85.encode(bytes).utf8))
  }

  init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.init(z85: Array(Z85.encode(bytes).utf8))
  }

  /// From the 40 bytes of a text that was a key's before.
  init(z85 bytes: [UInt8]) { self = bytes.withUnsafeBytes { PublicKey(z85: $0) } }

  init(z85 bytes: UnsafeRawBufferPointer) {
    var words = SIMD8<UInt64>()
    withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: .init(rebasing: bytes.prefix(Self.textBytes))) }
    self.words = words
  }

  /// Z85, as files and libzmq write it.
  package var description: String {
    withUnsafeBytes(of: words) { String(decoding: $0.prefix(Self.textBytes), as: UTF8.self) }
  }

  /// For people to compare over another channel: half of the key's SHA-256, in groups of four digits.
  package var fingerprint: String {
    let digits = Array(sha256Hex(Z85.decode(description) ?? []).prefix(32))
    return stride(from: 0, to: digits.count, by: 4).map { String(digits[$0..<$0 + 4]) }.joined(separator: "-")
  }
}

package struct SecretKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Z85; for libzmq and for the secret file only.
  let text: String

  /// Nil unless `text` is the one Z85 form of 32 bytes.
  init?(_ text: String) {
    guard let bytes = Z85.decode(text), bytes.count == 32 else { return nil }
    self.text = text
  }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

package struct KeyPair: Sendable {
  package let secret: SecretKey
  package let publicKey: PublicKey

  /// A new pair from the system's random numbers.
  package init() throws(KeyError) {
    try Self.requireCurve()
    var publicText = [CChar](repeating: 0, count: 41), secretText = publicText
    guard zmq_curve_keypair(&publicText, &secretText) == 0,
      let publicKey = PublicKey(text(publicText)), let secret = SecretKey(text(secretText))
    else { throw KeyError("keys", "libzmq could not make a pair of keys", "check that /dev/urandom can be read") }
    (self.publicKey, self.secret) = (publicKey, secret)
  }

  /// The pair that `secret` belongs to.
  init(_ secret: SecretKey) throws(KeyError) {
    try Self.requireCurve()
    var publicText = [CChar](repeating: 0, count: 41)
    guard zmq_curve_public(&publicText, secret.text) == 0, let publicKey = PublicKey(text(publicText)) else {
      throw KeyError("keys", "the secret key has no public one", "make new keys with `attune keys new`")
    }
    (self.publicKey, self.secret) = (publicKey, secret)
  }

  static func requireCurve() throws(KeyError) {
    guard zmq_has("curve") == 1 else {
      throw KeyError(
        "libzmq", "this build has no CURVE encryption", "install a libzmq built with libsodium, as Debian's libzmq5 is")
    }
  }
}

private func text(_ characters: [CChar]) -> String {
  String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// Bytes as text without quotes, backslashes or blanks. Source: ZeroMQ RFC 32.
enum Z85 {
  private static let digits = Array(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#".utf8)

  /// - bytes: a multiple of four.
  static func encode(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 4) {
      var value = bytes[start..<start + 4].reduce(0) { $0 << 8 | UInt64($1) }
      var group = [UInt8](repeating: 0, count: 5)
      for place in (0..<5).reversed() {
        group[place] = digits[Int(value % 85)]
        value /= 85
      }
      text += group
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// Nil for what no bytes are written as: other characters, another length, a group above 32 bits.
  static func decode(_ text: String) -> [UInt8]? {
    let characters = Array(text.utf8)
    guard characters.count % 5 == 0 else { return nil }
    var bytes: [UInt8] = []
    for start in stride(from: 0, to: characters.count, by: 5) {
      var value: UInt64 = 0
      for character in characters[start..<start + 5] {
        guard let digit = digits.firstIndex(of: character) else { return nil }
        value = value * 85 + UInt64(digit)
      }
      guard value <= UInt32.max else { return nil }
      for shift in [24, 16, 8, 0] as [UInt64] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
    return bytes
  }
}

/// What people call a worker's key; also the name of its file.
package struct KeyName: RawRepresentable, Hashable, Codable, Sendable, Comparable, CustomStringConvertible {
  package let rawValue: String
  package static let longest = 64

  /// Nil unless it can be a file's name everywhere and a word on every command line.
  package init?(rawValue: String) {
    let isAllowed = { (byte: UInt8) in
      let character = Character(UnicodeScalar(byte))
      return byte < 128 && (character.isLetter || character.isNumber || "-_.".contains(character))
    }
    guard (1...Self.longest).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy(isAllowed),
      let first = rawValue.first, first.isLetter || first.isNumber
    else { return nil }
    self.rawValue = rawValue
  }

  /// As a user wrote it.
  package init(checking text: String) throws(KeyError) {
    guard let name = KeyName(rawValue: text) else {
      throw KeyError(
        "name \"\(text.prefix(80))\"", "is no name for a key",
        "write 1 to \(Self.longest) letters, digits, dots, hyphens or underscores, a letter or digit first")
    }
    self = name
  }

  package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
  package var description: String { rawValue }
}
