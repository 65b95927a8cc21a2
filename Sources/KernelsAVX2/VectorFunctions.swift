// Elementary functions of a strip of prompts, for the expressions of a manifest. Polynomials and fused multiply-adds
// only, so that every build and machine gives the same bits. Errors are in units of one rounding at 1, 6e-8.
internal import CLanes

#if WIDE_REGISTERS
  typealias StripSigned = SIMD16<Int32>
  @inline(__always) func stripSquareRoot(_ x: Strip) -> Strip { lanes_square_root(x) }
#else
  typealias StripSigned = SIMD8<Int32>
  @inline(__always) func stripSquareRoot(_ x: Strip) -> Strip { lanes_square_root_half(x) }
#endif

@inline(__always) private func bits(_ x: Strip) -> StripBits { unsafeBitCast(x, to: StripBits.self) }
@inline(__always) private func float(_ x: StripBits) -> Strip { unsafeBitCast(x, to: Strip.self) }

/// By the sign bit: prefix minus is 0 − x in Swift.
@inline(__always) func negationOf(_ x: Strip) -> Strip { float(bits(x) ^ StripBits(repeating: 0x8000_0000)) }
@inline(__always) func absoluteOf(_ x: Strip) -> Strip { float(bits(x) & StripBits(repeating: 0x7FFF_FFFF)) }
@inline(__always) private func signBits(_ x: Strip) -> StripBits { bits(x) & StripBits(repeating: 0x8000_0000) }
@inline(__always) private func withSign(_ x: Strip, _ sign: StripBits) -> Strip { float(bits(x) | sign) }

/// The smaller or larger one; not a number if either is none.
@inline(__always) func lesserOf(_ a: Strip, _ b: Strip) -> Strip { a.replacing(with: b, where: (b .< a) .| (b .!= b)) }
@inline(__always) func greaterOf(_ a: Strip, _ b: Strip) -> Strip { a.replacing(with: b, where: (b .> a) .| (b .!= b)) }

/// −1, 0 or 1; not a number stays so.
@inline(__always) func signum(_ x: Strip) -> Strip {
  x.replacing(with: strip(1), where: x .> Strip.zero).replacing(with: strip(-1), where: x .< Strip.zero)
}

/// ln x: −∞ at 0, not a number below; relative error 2 roundings, absolute below 2 roundings near 1.
/// Source: as `logarithm(_: Lanes)`, with numbers below the smallest normal one scaled first.
@inline(__always) func naturalLogarithm(_ argument: Strip) -> Strip {
  let tiny = argument .< strip(0x1p-126)
  let x = argument.replacing(with: argument * strip(8_388_608), where: tiny)
  let offset = bits(x) &- StripBits(repeating: 0x3F35_04F3)
  let exponentBits = unsafeBitCast(offset, to: StripSigned.self) &>> StripSigned(repeating: 23)
  let mantissa = float(bits(x) &- unsafeBitCast(exponentBits &<< StripSigned(repeating: 23), to: StripBits.self))
  let magic: Float = 12_582_912
  let shifted = exponentBits &+ StripSigned(repeating: Int32(bitPattern: magic.bitPattern))
  var exponent = unsafeBitCast(shifted, to: Strip.self) - strip(magic)
  exponent.replace(with: exponent - strip(23), where: tiny)
  var result = fma(exponent, 0.693147180, logarithmOfOnePlus(mantissa - strip(1)))
  // Infinity and what is no number stay as they are; 0 and below have their own.
  result.replace(with: argument, where: absoluteOf(argument) .>= strip(.infinity))
  result.replace(with: strip(-.infinity), where: argument .== Strip.zero)
  result.replace(with: strip(.nan), where: argument .< Strip.zero)
  return result.replacing(with: argument, where: argument .!= argument)
}

/// ln(1 + f) for √½ − 1 ≤ f ≤ √2 − 1; relative error 2 roundings.
@inline(__always) private func logarithmOfOnePlus(_ f: Strip) -> Strip {
  var p = strip(0.08533313083)
  p = fma(p, f, strip(-0.1426925821))
  p = fma(p, f, strip(0.1497740128))
  p = fma(p, f, strip(-0.165779929))
  p = fma(p, f, strip(0.1995593336))
  p = fma(p, f, strip(-0.2500135219))
  p = fma(p, f, strip(0.3333419329))
  p = fma(p, f, strip(-0.4999999638))
  p = fma(p, f, strip(0.9999999741))
  return p * f
}

/// x = (π/2)(quadrant + …): the rest, within ±π/4, and the quadrant's bits. |x| up to some 10⁵ keeps the rest's accuracy.
/// Source: Cody & Waite 1980, with π/2 in three parts.
@inline(__always) private func reduced(_ x: Strip) -> (rest: Strip, quadrant: StripBits) {
  let magic = strip(12_582_912)
  let shifted = fma(x, 0.636619772, magic)
  let count = shifted - magic
  var rest = fma(count, -1.57079637, x)
  rest = fma(count, 4.37113900e-8, rest)
  rest = fma(count, 1.71512451e-15, rest)
  return (rest, bits(shifted))
}

@inline(__always) private func sineAndCosineOfRest(_ r: Strip) -> (sine: Strip, cosine: Strip) {
  let square = r * r
  var s = strip(-1.9515295891e-4)
  s = fma(s, square, strip(8.3321608736e-3))
  s = fma(s, square, strip(-1.6666654611e-1))
  s = fma(s * square, r, r)
  var c = strip(2.443315711809948e-5)
  c = fma(c, square, strip(-1.388731625493765e-3))
  c = fma(c, square, strip(4.166664568298827e-2))
  c = fma(c * square, square, fma(square, -0.5, strip(1)))
  return (s, c)
}

/// An odd quadrant, as 2.0 where 0 is an even one: comparisons of floats stay vectors.
@inline(__always) private func chosen(_ even: Strip, _ odd: Strip, _ quadrant: StripBits) -> Strip {
  let isOdd = float((quadrant & StripBits(repeating: 1)) &<< StripBits(repeating: 30)) .> Strip.zero
  return even.replacing(with: odd, where: isOdd)
}

/// sin x and cos x; absolute error below 2 roundings for |x| ≤ 10⁴, growing with |x| above; not a number for infinite x.
/// Source: polynomials of Moshier 1992 (Cephes, sinf and cosf).
@inline(__always) func sine(_ x: Strip) -> Strip {
  let (rest, quadrant) = reduced(x)
  let both = sineAndCosineOfRest(rest)
  let sign = (quadrant & StripBits(repeating: 2)) &<< StripBits(repeating: 30)
  return float(bits(chosen(both.sine, both.cosine, quadrant)) ^ sign)
}

@inline(__always) func cosine(_ x: Strip) -> Strip {
  let (rest, quadrant) = reduced(x)
  let both = sineAndCosineOfRest(rest)
  let sign = ((quadrant &+ StripBits(repeating: 1)) & StripBits(repeating: 2)) &<< StripBits(repeating: 30)
  return float(bits(chosen(both.cosine, both.sine, quadrant)) ^ sign)
}

/// tanh x; relative error below 4 roundings. Source: Moshier 1992 (Cephes, tanhf).
@inline(__always) func hyperbolicTangent(_ x: Strip) -> Strip {
  let a = absoluteOf(x), square = x * x
  var p = strip(-5.70498872745e-3)
  p = fma(p, square, strip(2.06390887954e-2))
  p = fma(p, square, strip(-5.37397155531e-2))
  p = fma(p, square, strip(1.33314422036e-1))
  p = fma(p, square, strip(-3.33332819422e-1))
  let small = fma(p * square, x, x)
  let large = strip(1) - strip(2) / (exponential(a + a) + strip(1))
  // What is no number fails the comparison and takes the first.
  return small.replacing(with: withSign(large, signBits(x)), where: a .>= strip(0.625))
}

/// 1 / (1 + e^−x); relative error below 6 roundings for x ≥ −87.
@inline(__always) func logistic(_ x: Strip) -> Strip { strip(1) / (strip(1) + exponential(negationOf(x))) }

/// ln(1 + e^x); relative error below 8 roundings for x ≥ −87.
@inline(__always) func softplus(_ x: Strip) -> Strip {
  let e = exponential(negationOf(absoluteOf(x)))
  // Small e goes in as it is: 1 + e would lose its last digits.
  let isLarge = e .> strip(0.4)
  let f = e.replacing(with: fma(e, 0.5, strip(-0.5)), where: isLarge)
  let rest = logarithmOfOnePlus(f)
  let sum = rest.replacing(with: rest + strip(0.693147180), where: isLarge)
  return sum + greaterOf(x, Strip.zero)
}

/// erf x; relative error below 3 roundings. Source: minimax polynomials in x² below 0.921875 and in the exponent of
/// 1 − erf above, in the manner of Cody 1969.
@inline(__always) func errorFunction(_ x: Strip) -> Strip {
  let a = absoluteOf(x), square = x * x
  var p = strip(-5.96761703e-4)
  p = fma(p, square, strip(4.99119423e-3))
  p = fma(p, square, strip(-2.67681349e-2))
  p = fma(p, square, strip(1.12819925e-1))
  p = fma(p, square, strip(-3.76125336e-1))
  p = fma(p, square, strip(1.28379166e-1))
  let small = fma(p, x, x)
  // Beyond 4 the result is 1, and a square of infinity would be no number.
  let b = a.replacing(with: strip(4), where: a .> strip(4)), squareOfB = b * b
  var q = fma(b, -1.72853470e-5, strip(3.83197126e-4))
  let u = fma(b, -3.88396438e-3, strip(2.42546219e-2))
  q = fma(q, squareOfB, u)
  q = fma(q, b, strip(-1.06777877e-1))
  q = fma(q, b, strip(-6.34846687e-1))
  q = fma(q, b, strip(-1.28717512e-1))
  q = fma(q, b, negationOf(b))
  let large = strip(1) - exponential(q)
  return small.replacing(with: withSign(large, signBits(x)), where: a .> strip(0.921875))
}

/// asin x, not a number outside [−1, 1]; relative error below 4 roundings. Source: Moshier 1992 (Cephes, asinf).
@inline(__always) func arcSine(_ x: Strip) -> Strip {
  let a = absoluteOf(x), isLarge = a .> strip(0.5)
  let half = fma(a, -0.5, strip(0.5))
  let square = (a * a).replacing(with: half, where: isLarge)
  let root = a.replacing(with: stripSquareRoot(half), where: isLarge)
  var p = strip(4.2163199048e-2)
  p = fma(p, square, strip(2.4181311049e-2))
  p = fma(p, square, strip(4.5470025998e-2))
  p = fma(p, square, strip(7.4953002686e-2))
  p = fma(p, square, strip(1.6666752422e-1))
  let sum = fma(p * square, root, root)
  let result = sum.replacing(with: fma(sum, -2, strip(1.57079633)), where: isLarge)
  return withSign(result, signBits(x))
}
