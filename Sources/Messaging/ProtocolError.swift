// Why a peer's message was refused: what stood where, and what is allowed there. Decoding throws nothing else.
// One malformed message is reported and dropped; it never ends a process.
import Shared

package enum ProtocolError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A message of so many frames.
  case frameCount(found: Int, allowed: String)
  /// The first frame is shorter than a header or does not begin with `ATTN`.
  case notAttune(byteCount: Int)
  case frameVersion(found: Int)
  /// No message of this direction has this type.
  case unknownType(found: Int)
  case bodyLength(message: String, declared: Int, found: Int)
  /// The body is no protobuf message of the type that the header names.
  case body(message: String, problem: String)
  case field(message: String, field: String, found: String, allowed: String)
  /// The bytes of a chunk changed on their way; the receiver asks for the piece again.
  case corruptChunk(BlobDigest, offset: Int, declared: UInt32, found: UInt32)

  package var description: String {
    switch self {
    case .frameCount(let found, let allowed):
      "message has \(found) frames; \(allowed) expected: check that both ends run the same version of attune"
    case .notAttune(let byteCount):
      "first frame (\(byteCount) bytes) has no ATTN header: the peer is not attune, check its endpoint"
    case .frameVersion(let found):
      "frame version is \(found); this program reads \(FrameHeader.version): run the same version of attune on both ends"
    case .unknownType(let found):
      "message type is \(found), which this end does not receive: run the same version of attune on both ends"
    case .bodyLength(let message, let declared, let found):
      "\(message): header declares a body of \(declared) bytes, frame holds \(found); the message was dropped"
    case .body(let message, let problem):
      "\(message): body is not readable (\(problem)); the message was dropped"
    case .field(let message, let field, let found, let allowed):
      "\(message): \(field) is \(found); \(allowed) expected, the message was dropped"
    case .corruptChunk(let digest, let offset, let declared, let found):
      "chunk: bytes of \(digest.rawValue.prefix(12)) from \(offset) have CRC-32C \(hexadecimal(found)), "
        + "declared \(hexadecimal(declared)); the piece is asked for again"
    }
  }
}
