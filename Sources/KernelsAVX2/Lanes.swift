// Sixteen prompts side by side: the vector every kernel computes with, one prompt per lane, all arithmetic vertical.
// These modules use no Foundation and no library generics, so that the two builds of them share no code (decisions.md).
internal import CLanes

/// One number of each of 16 prompts.
typealias Lanes = SIMD16<Float>
typealias LaneBits = SIMD16<UInt32>

/// a·b + c with one rounding, everywhere: fused or not would be other bits.
@inline(__always) func fma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { c.addingProduct(a, b) }
@inline(__always) func fma(_ a: Lanes, _ b: Float, _ c: Lanes) -> Lanes { c.addingProduct(a, Lanes(repeating: b)) }

@inline(__always) func broadcast(_ x: Float) -> Lanes { Lanes(repeating: x) }

/// Sum over the 16 lanes in a fixed tree: distance 8, 4, 2, 1.
@inline(__always) func sumOfLanes(_ v: Lanes) -> Float {
  let eight = v.lowHalf + v.highHalf
  let four = eight.lowHalf + eight.highHalf
  let two = four.lowHalf + four.highHalf
  return two[0] + two[1]
}

/// `sumOfLanes` of 16 vectors at once.
@inline(__always) func sumsOfLanes(_ v: (Int) -> Lanes) -> Lanes {
  lanes_sums(
    v(0), v(1), v(2), v(3), v(4), v(5), v(6), v(7), v(8), v(9), v(10), v(11), v(12), v(13), v(14), v(15))
}

/// e^x, relative error below 1.2e-7 for |x| ≤ 20 and below 3.1e-7 for −87 ≤ x ≤ 88 (ln 2 is one constant); arguments
/// outside are clamped to that range, NaN stays NaN.
/// Source: x = m ln 2 + r, minimax polynomial of degree 6 in r on |r| ≤ ½ ln 2 (Muller 2016, Elementary Functions, §3).
@inline(__always) func exponential(_ argument: Strip) -> Strip {
  exponentialBelow88(argument.replacing(with: strip(88), where: argument .> strip(88)))
}

/// The same for arguments that cannot exceed 88, such as scores less their maximum.
@inline(__always) func exponentialBelow88(_ argument: Strip) -> Strip {
  let x = argument.replacing(with: strip(-87), where: argument .< strip(-87))
  // Adding 1.5·2^23 rounds to the nearest integer and leaves it in the low mantissa bits.
  let magic = strip(12_582_912)
  let shifted = fma(x, 1.44269504, magic)
  let m = shifted - magic
  let r = fma(m, -0.693147180, x)
  var p = strip(0.001393364103)
  p = fma(p, r, strip(0.008369148491))
  p = fma(p, r, strip(0.04166646501))
  p = fma(p, r, strip(0.1666650526))
  p = fma(p, r, strip(0.5))
  p = fma(p, r, strip(1))
  p = fma(p, r, strip(1))
  // p is in [0.7, 1.5]: adding m to its exponent multiplies by 2^m without a multiplication.
  let exponent = unsafeBitCast(shifted, to: StripBits.self) &<< StripBits(repeating: 23)
  return unsafeBitCast(unsafeBitCast(p, to: StripBits.self) &+ exponent, to: Strip.self)
}

/// ln x for normal x > 0; absolute error below 1e-7 near 1, relative elsewhere.
/// Source: x = 2^e m, √½ ≤ m < √2, minimax polynomial of degree 9 in m − 1 (Muller 2016, §3).
@inline(__always) func logarithm(_ x: Lanes) -> Lanes {
  let bits = unsafeBitCast(x, to: LaneBits.self)
  // Subtracting the bits of √½ makes the exponent field count from there.
  let offset = bits &- LaneBits(repeating: 0x3F35_04F3)
  let exponentBits = unsafeBitCast(offset, to: SIMD16<Int32>.self) &>> SIMD16<Int32>(repeating: 23)
  let mantissa = unsafeBitCast(
    bits &- unsafeBitCast(exponentBits &<< SIMD16<Int32>(repeating: 23), to: LaneBits.self), to: Lanes.self)
  let f = mantissa - broadcast(1)
  var p = broadcast(0.08533313083)
  p = fma(p, f, broadcast(-0.1426925821))
  p = fma(p, f, broadcast(0.1497740128))
  p = fma(p, f, broadcast(-0.165779929))
  p = fma(p, f, broadcast(0.1995593336))
  p = fma(p, f, broadcast(-0.2500135219))
  p = fma(p, f, broadcast(0.3333419329))
  p = fma(p, f, broadcast(-0.4999999638))
  p = fma(p, f, broadcast(0.9999999741))
  return fma(floatFromSmall(exponentBits), 0.693147180, p * f)
}

/// Integers of magnitude below 2^22 as floats, by the same trick as in `exponential`: no conversion instruction whose
/// generic form the compiler might not vectorise.
@inline(__always) func floatFromSmall(_ value: SIMD16<Int32>) -> Lanes {
  let magic: Float = 12_582_912
  let shifted = value &+ SIMD16<Int32>(repeating: Int32(bitPattern: magic.bitPattern))
  return unsafeBitCast(shifted, to: Lanes.self) - broadcast(magic)
}

/// sin and cos of (π/2)(quadrant + f) with f in [−½, ½], quadrant in the low two bits; absolute error below 1e-7.
@inline(__always) func sineCosine(quadrant: LaneBits, _ f: Lanes) -> (sine: Lanes, cosine: Lanes) {
  let t = f * f
  var s = broadcast(-0.004602149213)
  s = fma(s, t, broadcast(0.07968021765))
  s = fma(s, t, broadcast(-0.6459634777))
  s = fma(s, t, broadcast(1.570796322))
  s = s * f
  var c = broadcast(0.0009036280664)
  c = fma(c, t, broadcast(-0.0208600695))
  c = fma(c, t, broadcast(0.2536692037))
  c = fma(c, t, broadcast(-1.233700541))
  c = fma(c, t, broadcast(1))
  // An odd quadrant as 2.0, an even one as 0: comparisons of floats stay vectors, those of integers do not (Swift 6.3).
  let odd = unsafeBitCast((quadrant & LaneBits(repeating: 1)) &<< LaneBits(repeating: 30), to: Lanes.self) .> Lanes.zero
  let sineBits = unsafeBitCast(s.replacing(with: c, where: odd), to: LaneBits.self)
  let cosineBits = unsafeBitCast(c.replacing(with: s, where: odd), to: LaneBits.self)
  let sineSign = (quadrant & LaneBits(repeating: 2)) &<< LaneBits(repeating: 30)
  let cosineSign = ((quadrant &+ LaneBits(repeating: 1)) & LaneBits(repeating: 2)) &<< LaneBits(repeating: 30)
  return (
    unsafeBitCast(sineBits ^ sineSign, to: Lanes.self), unsafeBitCast(cosineBits ^ cosineSign, to: Lanes.self)
  )
}

/// √x of every lane, correctly rounded.
@inline(__always) func squareRoot(_ x: Lanes) -> Lanes { lanes_square_root(x) }
