// cos(πx) and sin(πx) with the same bits on every machine, for schedules and draws made outside the kernels.
// The companion of `deterministicLogarithm` and `deterministicExponential`.

/// cos(πx) for finite x, from IEEE additions and multiplications alone; absolute error about 2e-16.
/// Source: reduction to |x| ≤ ¼ by symmetry, then Taylor series.
package func deterministicCosine(ofPiTimes x: Double) -> Double {
  // The remainder of an IEEE division by 2 is exact.
  var r = x.remainder(dividingBy: 2).magnitude
  var sign = 1.0
  if r > 0.5 {
    r = 1 - r
    sign = -1
  }
  return sign * (r <= 0.25 ? cosineSeries(.pi * r) : sineSeries(.pi * (0.5 - r)))
}

/// sin(πx) for finite x; as `deterministicCosine(ofPiTimes:)`.
package func deterministicSine(ofPiTimes x: Double) -> Double { deterministicCosine(ofPiTimes: x - 0.5) }

/// Σ (−1)^k t^2k / (2k)!, |t| ≤ π/4: the term after k = 9 is below 1e-21.
private func cosineSeries(_ t: Double) -> Double {
  let square = t * t
  var sum = 1.0
  var k = 18.0
  while k > 0 {
    sum = 1 - square / (k * (k - 1)) * sum
    k -= 2
  }
  return sum
}

private func sineSeries(_ t: Double) -> Double {
  let square = t * t
  var sum = 1.0
  var k = 19.0
  while k > 1 {
    sum = 1 - square / (k * (k - 1)) * sum
    k -= 2
  }
  return t * sum
}
