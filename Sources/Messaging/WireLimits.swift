// What a message may hold at most, and the checks that every number and text of a peer passes before it is used.
// docs/protocol.md lists the same limits.
import Shared

package enum WireLimits {
  /// Of one frame, header included; the sockets drop a peer that sends more.
  package static let frameBytes = 256 * 1024
  /// Of one batch: large enough that a message's own cost no longer shows, small enough not to delay what comes after it.
  package static let batchBytes = 64 * 1024
  package static let batchParts = 256
  package static let reasonBytes = 4096
  package static let nameBytes = 256
  package static let parametersBytes = 64 * 1024
  /// Points of one progress message; a worker splits longer batches.
  package static let points = 1024
  /// Evaluations of a paused trial.
  package static let curvePoints = 4096
  package static let heldTrials = 4096
  package static let slots = 1024
  package static let threads = 4096
  /// A checkpoint or any other blob.
  package static let blobBytes = 1 << 30
  package static let durationMilliseconds = 24 * 3600 * 1000
  /// Of a walltime: ten years.
  package static let remainingMilliseconds = 10 * 366 * 24 * 3600 * 1000
  /// Nesting of a protobuf body.
  package static let depth = 16
}

/// Checks the fields of one message and names them in errors.
struct FieldCheck {
  let message: String

  func refusal(_ field: String, _ found: String, _ allowed: String) -> ProtocolError {
    .field(message: message, field: field, found: found, allowed: allowed)
  }

  func integer(_ field: String, _ value: Int64, in range: ClosedRange<Int>) throws(ProtocolError) -> Int {
    guard let number = Int(exactly: value), range.contains(number) else {
      throw refusal(field, "\(value)", "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A count of optimiser steps and the like.
  func natural(_ field: String, _ value: Int64) throws(ProtocolError) -> Int {
    try integer(field, value, in: 0...Int(Int64.max))
  }

  /// At most `limit` bytes; control characters become spaces, so that a peer cannot steer a terminal or forge log lines.
  func text(_ field: String, _ value: String, limit: Int) throws(ProtocolError) -> String {
    guard value.utf8.count <= limit else {
      throw refusal(field, "\(value.utf8.count) bytes long", "at most \(limit) bytes")
    }
    let isControl = { (scalar: Unicode.Scalar) in scalar.properties.generalCategory == .control }
    guard value.unicodeScalars.contains(where: isControl) else { return value }
    var clean = String.UnicodeScalarView()
    for scalar in value.unicodeScalars { clean.append(isControl(scalar) ? " " : scalar) }
    return String(clean)
  }

  func duration(_ field: String, milliseconds: Int64) throws(ProtocolError) -> Duration {
    .milliseconds(try integer(field, milliseconds, in: 1...WireLimits.durationMilliseconds))
  }

  /// Finite and not negative.
  func measure(_ field: String, _ value: Double) throws(ProtocolError) -> Double {
    guard value.isFinite, value >= 0 else { throw refusal(field, "\(value)", "a finite number from 0") }
    return value
  }

  func digest(_ field: String, _ value: String) throws(ProtocolError) -> BlobDigest {
    guard let digest = BlobDigest(rawValue: value) else {
      throw refusal(field, "\"\(String(value.prefix(80)))\"", "64 lower-case hex digits")
    }
    return digest
  }

  func count(_ field: String, _ found: Int, limit: Int) throws(ProtocolError) {
    guard found <= limit else { throw refusal(field, "\(found) long", "at most \(limit)") }
  }
}

/// `text` cut to at most `limit` UTF-8 bytes, between two Unicode scalars.
func clipped(_ text: String, to limit: Int) -> String {
  guard text.utf8.count > limit else { return text }
  var scalars = String.UnicodeScalarView()
  var size = 0
  for scalar in text.unicodeScalars {
    size += UTF8.width(scalar)
    if size > limit { break }
    scalars.append(scalar)
  }
  return String(scalars)
}

/// One NaN for all, so that equal results have equal bits.
func canonical(_ value: Double) -> Double { value.isNaN ? .nan : value }
