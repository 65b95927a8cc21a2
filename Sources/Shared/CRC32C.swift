// CRC-32C, the checksum of every chunk of a blob on its way and of every record of an event file: it finds bytes that
// changed. A blob's SHA-256 stays the judge of the whole.

/// CRC-32C (Castagnoli polynomial 0x1EDC6F41, bits reflected, initial value and final exclusive-or all ones).
/// `crc32c` of the ASCII digits 123456789 is e3069283. Source: RFC 3720, appendix B.4.
package func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
  var remainder = UInt32.max
  for byte in bytes { remainder = table[Int(UInt8(truncatingIfNeeded: remainder) ^ byte)] ^ (remainder >> 8) }
  return ~remainder
}

/// The remainder of every single byte under the reflected polynomial 0x82F63B78.
private let table: [UInt32] = (0..<256).map { byte in
  var remainder = UInt32(byte)
  for _ in 0..<8 { remainder = remainder & 1 == 1 ? (remainder >> 1) ^ 0x82F6_3B78 : remainder >> 1 }
  return remainder
}
