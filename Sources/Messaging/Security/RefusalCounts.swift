// What a coordinator refused, by reason, since it bound its socket: for its log and for `attune status`.

package struct RefusalCounts: Equatable, Codable, Sendable {
  /// Handshakes with a key that is not on the allowlist.
  package var unknownKey = 0
  /// Handshakes with a revoked key.
  package var revokedKey = 0
  /// Handshakes that are none of ours: no keys (NULL), PLAIN, a wrong key for this coordinator, broken commands.
  package var brokenHandshake = 0
  /// Connections that ended or were too slow in the middle of a handshake.
  package var abandonedHandshake = 0
  /// Messages on connections whose key was revoked after they were made.
  package var revokedMessages = 0
  /// Messages whose key is not that of their connection's earlier ones, or that carry none.
  package var foreignMessages = 0
  /// Messages of more frames than any has.
  package var tooManyFrames = 0
  /// Frames above WireLimits.frameBytes that still arrived; far longer ones end the connection instead.
  package var oversizedFrames = 0
  /// Everything else that is no message of this protocol.
  package var malformed = 0

  /// Connections so far, those of them that finished the handshake, and those that ended. Plain bytes, older versions of
  /// ZMTP and everything else that never speaks properly is what `accepted` has more than `established`.
  package var accepted = 0
  package var established = 0
  package var ended = 0

  package init() {}

  /// Of two sockets together.
  package static func + (a: Self, b: Self) -> Self {
    var sum = a
    for field in [
      \Self.unknownKey, \.revokedKey, \.brokenHandshake, \.abandonedHandshake, \.revokedMessages, \.foreignMessages,
      \.tooManyFrames, \.oversizedFrames, \.malformed, \.accepted, \.established, \.ended,
    ] { sum[keyPath: field] += b[keyPath: field] }
    return sum
  }

  package var unreadable: Int { tooManyFrames + oversizedFrames + malformed }

  /// What is worth a line: names as in docs/protocol.md, without the zeros.
  package var refused: [(reason: String, count: Int)] {
    [
      ("unknown key", unknownKey), ("revoked key", revokedKey), ("broken handshake", brokenHandshake),
      ("abandoned handshake", abandonedHandshake), ("message under a revoked key", revokedMessages),
      ("message under another key", foreignMessages), ("too many frames", tooManyFrames),
      ("oversized frame", oversizedFrames), ("malformed", malformed),
    ].filter { $0.1 > 0 }
  }
}
