// Counter-based random numbers, 16 prompts at a time, and the distributions drawn from them.
// Source: Salmon, Moraes, Dror & Shaw 2011, Parallel random numbers: as easy as 1, 2, 3 (Philox 4×32-10).

enum LanePhilox {
  private static let multiplier0: UInt32 = 0xD251_1F53, multiplier1: UInt32 = 0xCD9E_8D57

  /// One word per lane, those of the even and of the odd lanes in the lower halves of 64-bit numbers, where the widening
  /// multiplication reads them. The upper halves hold anything.
  private struct Word {
    var even: SIMD8<UInt64>
    var odd: SIMD8<UInt64>
    init(even: SIMD8<UInt64>, odd: SIMD8<UInt64>) { (self.even, self.odd) = (even, odd) }
    @inline(__always) init(_ lanes: LaneBits) {
      even = unsafeBitCast(lanes, to: SIMD8<UInt64>.self)
      odd = even &>> SIMD8(repeating: 32)
    }
    @inline(__always) var lanes: LaneBits {
      let lower = SIMD8<UInt64>(repeating: 0xFFFF_FFFF)
      return unsafeBitCast((even & lower) | (odd &<< SIMD8(repeating: 32)), to: LaneBits.self)
    }
    /// The product with `factor`, whose lower halves are its low words.
    @inline(__always) func times(_ factor: UInt32) -> Word {
      let lower = SIMD8<UInt64>(repeating: 0xFFFF_FFFF), multiplier = SIMD8<UInt64>(repeating: UInt64(factor))
      return Word(even: (even & lower) &* multiplier, odd: (odd & lower) &* multiplier)
    }
    @inline(__always) var high: Word {
      Word(even: even &>> SIMD8(repeating: 32), odd: odd &>> SIMD8(repeating: 32))
    }
    @inline(__always) static func ^ (a: Word, b: Word) -> Word { Word(even: a.even ^ b.even, odd: a.odd ^ b.odd) }
    @inline(__always) static func ^ (a: Word, b: UInt32) -> Word {
      let all = SIMD8<UInt64>(repeating: UInt64(b))
      return Word(even: a.even ^ all, odd: a.odd ^ all)
    }
  }

  @inline(__always) private static func high(_ a: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: a >> 32) }
  @inline(__always) private static func low(_ a: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: a) }

  /// Four words per lane for key (seed, stream) and counter (batch, prompt, token, draw).
  @inline(__always)
  static func words(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32
  ) -> (LaneBits, LaneBits, LaneBits, LaneBits) {
    let step0: UInt32 = 0x9E37_79B9, step1: UInt32 = 0xBB67_AE85
    // Only the prompt differs between lanes: what it has not yet reached in the first three rounds is one number.
    let a0 = UInt64(batch) &* UInt64(multiplier0), b0 = UInt64(token) &* UInt64(multiplier1)
    let first0 = Word(prompt) ^ (high(b0) ^ seed)
    let first2 = high(a0) ^ draw ^ stream
    let a1 = first0.times(multiplier0), b1 = UInt64(first2) &* UInt64(multiplier1)
    let second0 = high(b1) ^ low(b0) ^ (seed &+ step0)
    let second2 = a1.high ^ (low(a0) ^ (stream &+ step1))
    let a2 = UInt64(second0) &* UInt64(multiplier0), b2 = second2.times(multiplier1)
    let third0 = b2.high ^ (low(b1) ^ (seed &+ 2 &* step0))
    let third2 = a1 ^ (high(a2) ^ (stream &+ 2 &* step1))
    let a3 = third0.times(multiplier0), b3 = third2.times(multiplier1)
    var c0 = b3.high ^ b2 ^ (seed &+ 3 &* step0), c1 = b3
    var c2 = a3.high ^ (low(a2) ^ (stream &+ 3 &* step1)), c3 = a3
    round(&c0, &c1, &c2, &c3, seed &+ 4 &* step0, stream &+ 4 &* step1)
    round(&c0, &c1, &c2, &c3, seed &+ 5 &* step0, stream &+ 5 &* step1)
    round(&c0, &c1, &c2, &c3, seed &+ 6 &* step0, stream &+ 6 &* step1)
    round(&c0, &c1, &c2, &c3, seed &+ 7 &* step0, stream &+ 7 &* step1)
    round(&c0, &c1, &c2, &c3, seed &+ 8 &* step0, stream &+ 8 &* step1)
    round(&c0, &c1, &c2, &c3, seed &+ 9 &* step0, stream &+ 9 &* step1)
    return (c0.lanes, c1.lanes, c2.lanes, c3.lanes)
  }

  @inline(__always)
  private static func round(
    _ c0: inout Word, _ c1: inout Word, _ c2: inout Word, _ c3: inout Word, _ key0: UInt32, _ key1: UInt32
  ) {
    let a = c0.times(multiplier0), b = c2.times(multiplier1)
    c0 = b.high ^ c1 ^ key0
    c2 = a.high ^ c3 ^ key1
    c1 = b
    c3 = a
  }

  /// The first `count` of four standard normals per lane into `out`. Source: Box & Muller 1958.
  @inline(__always)
  static func normals(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32, count: Int = 4,
    _ out: UnsafeMutablePointer<Lanes>
  ) {
    let w = words(seed: seed, stream: stream, batch: batch, prompt: prompt, token: token, draw: draw)
    let first = boxMuller(w.0, w.1)
    out[0] = first.0
    if count > 1 { out[1] = first.1 }
    if count > 2 {
      let second = boxMuller(w.2, w.3)
      out[2] = second.0
      if count > 3 { out[3] = second.1 }
    }
  }

  /// The first `count` of four numbers per lane, uniform on (−1, 1), into `out`.
  @inline(__always)
  static func symmetricUniforms(
    seed: UInt32, stream: UInt32, batch: UInt32, prompt: LaneBits, token: UInt32, draw: UInt32, count: Int = 4,
    _ out: UnsafeMutablePointer<Lanes>
  ) {
    let w = words(seed: seed, stream: stream, batch: batch, prompt: prompt, token: token, draw: draw)
    out[0] = symmetric(w.0)
    if count > 1 { out[1] = symmetric(w.1) }
    if count > 2 { out[2] = symmetric(w.2) }
    if count > 3 { out[3] = symmetric(w.3) }
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
}
