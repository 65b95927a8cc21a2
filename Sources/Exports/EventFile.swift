// TensorBoard's event files: records of a length, bytes and two checksums, each an Event message.
// Source: TensorFlow, tensorflow/core/lib/io/record_writer.h (framing, masked CRC-32C) and util/event.proto.
internal import SwiftProtobuf
import Shared

/// Scalars of one run at one step.
package struct ScalarEvent: Equatable, Sendable {
  package var step: Int
  /// Seconds since 1970.
  package var wallTime: Double
  /// By tag; NaN and infinities are kept, as TensorBoard shows them.
  package var scalars: [(tag: String, value: Double)]
  package init(step: Int, wallTime: Double, scalars: [(tag: String, value: Double)]) {
    (self.step, self.wallTime, self.scalars) = (step, wallTime, scalars)
  }
  package static func == (a: Self, b: Self) -> Bool {
    a.step == b.step && a.wallTime == b.wallTime && a.scalars.elementsEqual(b.scalars, by: ==)
  }
}

/// The bytes of one event file: its version, then `events` in their order. The same events give the same bytes.
/// Throws what the encoder throws: a tag that is no valid text.
package func eventFile(_ events: [ScalarEvent]) throws -> [UInt8] {
  var first = Event()
  first.fileVersion = "brain.Event:2"
  first.wallTime = events.first?.wallTime ?? 0
  var bytes = record(try first.serializedBytes())
  for event in events {
    var message = Event()
    message.step = Int64(event.step)
    message.wallTime = event.wallTime
    message.summary.value = event.scalars.map { scalar in
      var value = Summary.Value()
      value.tag = scalar.tag
      value.simpleValue = Float(scalar.value)
      return value
    }
    bytes += record(try message.serializedBytes())
  }
  return bytes
}

/// Length (8 bytes, little-endian), its masked checksum, the data, their masked checksum.
private func record(_ data: [UInt8]) -> [UInt8] {
  let length = littleEndian(UInt64(data.count))
  return length + littleEndian(masked(crc32c(length))) + data + littleEndian(masked(crc32c(data)))
}

/// A checksum stored beside what it is of would otherwise be part of other checksums.
private func masked(_ checksum: UInt32) -> UInt32 { ((checksum >> 15) | (checksum << 17)) &+ 0xa282_ead8 }

private func littleEndian<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
  withUnsafeBytes(of: number.littleEndian) { Array($0) }
}
