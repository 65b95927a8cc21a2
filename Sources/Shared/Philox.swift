// The counter-based generator behind every random number: any draw without those before it, the same everywhere.
// The kernels carry their own 16-lane form of it, tested against this one.

/// Philox 4×32 with 10 rounds: four words for a counter and a key.
/// Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3; Random123's test vectors.
package func philox4x32(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
  var counter = counter, key = key
  for _ in 0..<10 {
    let first = UInt64(0xD251_1F53) * UInt64(counter[0]), second = UInt64(0xCD9E_8D57) * UInt64(counter[2])
    counter = SIMD4(
      UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: second),
      UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: first))
    key &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
  }
  return counter
}
