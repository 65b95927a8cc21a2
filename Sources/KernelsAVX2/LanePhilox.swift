// Counter-based random numbers, 16 prompts at a time, and the distributions drawn from them.
// Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3 (Philox 4×32-10).

enum LanePhilox {
  /// Four words per lane for key (seed, stream) and counter (batch, prompt, token, draw).
  @inline(__always)
  static func words(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32
  ) -> (LaneBits, LaneBits, LaneBits, LaneBits) {
    var key0 = seed, key1 = stream
    var c0 = LaneBits(repeating: batch), c1 = prompt
    var c2 = LaneBits(repeating: token), c3 = LaneBits(repeating: draw)
    for _ in 0..<10 {
      let first = wideProduct(c0, 0xD251_1F53), second = wideProduct(c2, 0xCD9E_8D57)
      c0 = second.high ^ c1 ^ LaneBits(repeating: key0)
      c2 = first.high ^ c3 ^ LaneBits(repeating: key1)
      c1 = second.low
      c3 = first.low
      key0 &+= 0x9E37_79B9
      key1 &+= 0xBB67_AE85
    }
    return (c0, c1, c2, c3)
  }

  /// Four standard normals per lane. Source: Box & Muller 1958.
  @inline(__always)
  static func normals(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32
  ) -> InlineArray<4, Lanes> {
    let w = words(seed: seed, stream: stream, batch: batch, prompt: prompt, token: token, draw: draw)
    let first = boxMuller(w.0, w.1), second = boxMuller(w.2, w.3)
    return [first.0, first.1, second.0, second.1]
  }

  /// Four numbers per lane, uniform on (−1, 1).
  @inline(__always)
  static func symmetricUniforms(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32
  ) -> InlineArray<4, Lanes> {
    let w = words(seed: seed, stream: stream, batch: batch, prompt: prompt, token: token, draw: draw)
    return [symmetric(w.0), symmetric(w.1), symmetric(w.2), symmetric(w.3)]
  }

  @inline(__always)
  private static func boxMuller(_ a: LaneBits, _ b: LaneBits) -> (Lanes, Lanes) {
    // In (0, 1): (k + ½)·2⁻²³ for 23 random bits, so that the logarithm is finite.
    let u = (unitInterval(a) - broadcast(1)) + broadcast(0.5 / 8_388_608)
    let radius = squareRoot(logarithm(u) * broadcast(-2))
    // Two bits choose the quadrant, 23 others the angle within it; the constant offset of π/4 changes no distribution.
    let fraction = unitInterval(b &<< LaneBits(repeating: 2)) - broadcast(1.5)
    let angle = sineCosine(quadrant: b &>> LaneBits(repeating: 30), fraction)
    return (radius * angle.cosine, radius * angle.sine)
  }

  @inline(__always)
  private static func symmetric(_ bits: LaneBits) -> Lanes {
    fma(unitInterval(bits) - broadcast(1), 2, broadcast(-1) + broadcast(1.0 / 8_388_608))
  }

  /// A float in [1, 2) from the upper 23 bits.
  @inline(__always)
  private static func unitInterval(_ bits: LaneBits) -> Lanes {
    unsafeBitCast((bits &>> LaneBits(repeating: 9)) | LaneBits(repeating: 0x3F80_0000), to: Lanes.self)
  }

  /// The 64-bit product of every lane with `factor`, from the even and the odd lanes' widening multiplications.
  @inline(__always)
  private static func wideProduct(_ a: LaneBits, _ factor: UInt32) -> (high: LaneBits, low: LaneBits) {
    let lower = SIMD8<UInt64>(repeating: 0xFFFF_FFFF), shift = SIMD8<UInt64>(repeating: 32)
    let multiplier = SIMD8<UInt64>(repeating: UInt64(factor))
    let pairs = unsafeBitCast(a, to: SIMD8<UInt64>.self)
    let even = (pairs & lower) &* multiplier
    let odd = (pairs &>> shift) &* multiplier
    let high = (even &>> shift) | (odd & (lower &<< shift))
    let low = (even & lower) | (odd &<< shift)
    return (unsafeBitCast(high, to: LaneBits.self), unsafeBitCast(low, to: LaneBits.self))
  }
}
