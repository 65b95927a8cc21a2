// e^x with the same bits on every machine, for draws and schedules that become part of an identity.
// The companion of `deterministicLogarithm`.

/// e^x from IEEE additions, multiplications and divisions alone. Relative error about 2e-16; results below the
/// smallest normal number are rounded once more.
/// - NaN gives NaN; above 709.78 gives +∞, below −745.2 gives 0.
/// Source: argument reduction x = k·ln 2 + r with ln 2 in two parts (fdlibm), e^r by its Taylor series.
package func deterministicExponential(_ x: Double) -> Double {
  guard !x.isNaN else { return x }
  guard x < 710 else { return .infinity }
  guard x > -746 else { return 0 }
  let power = (x * 1.4426950408889634).rounded(.toNearestOrEven)
  // The upper part has 20 trailing zero bits, so power · upper is exact.
  let remainder = (x - power * 6.93147180369123816490e-01) - power * 1.90821492927058770002e-10
  // |remainder| ≤ 0.3466, so the first omitted term is below 1e-19.
  var sum = 1.0
  var degree = 14.0
  while degree >= 1 {
    sum = 1 + remainder / degree * sum
    degree -= 1
  }
  return Double(sign: .plus, exponent: Int(power), significand: sum)
}
