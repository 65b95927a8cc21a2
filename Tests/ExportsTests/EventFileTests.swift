// TensorBoard's framing, byte by byte; that the real program reads such files is tested end to end where it is installed.
import Exports
import Shared
import Testing

@Suite struct EventFileTests {
  /// Lengths and data of the records, whose checksums must hold.
  private func records(_ bytes: [UInt8]) throws -> [[UInt8]] {
    func number(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) } }
    func unmasked(_ bytes: ArraySlice<UInt8>) -> UInt32 {
      let rotated = UInt32(number(bytes)) &- 0xa282_ead8
      return (rotated << 15) | (rotated >> 17)
    }
    var rest = bytes[...]
    var found: [[UInt8]] = []
    while !rest.isEmpty {
      let length = Int(number(rest.prefix(8)))
      #expect(unmasked(rest.dropFirst(8).prefix(4)) == crc32c(rest.prefix(8)))
      let data = rest.dropFirst(12).prefix(length)
      try #require(data.count == length)
      #expect(unmasked(rest.dropFirst(12 + length).prefix(4)) == crc32c(data))
      found.append(Array(data))
      rest = rest.dropFirst(16 + length)
    }
    return found
  }

  @Test func `an event file begins with its version and holds a record per step`() throws {
    let bytes = try eventFile([
      ScalarEvent(step: 100, wallTime: 1.5, scalars: [("loss", 0.25)]),
      ScalarEvent(step: 200, wallTime: 2, scalars: [("loss", .nan), ("rate", 0.5)]),
    ])
    let found = try records(bytes)
    #expect(found.count == 3)
    #expect(found[0].suffix(13) == Array("brain.Event:2".utf8)[...])
    // wall_time 1.5 (field 1, double), step 100 (field 2, varint), summary (field 5) of one value: tag (field 1) "loss",
    // simple_value (field 2, float) 0.25.
    #expect(
      found[1] == [0x09, 0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0x10, 100, 0x2A, 13, 0x0A, 11, 0x0A, 4]
        + Array("loss".utf8) + [0x15, 0, 0, 0x80, 0x3E])
  }

  @Test func `no events are a file of its version alone`() throws {
    #expect(try records(try eventFile([])).count == 1)
  }
}
