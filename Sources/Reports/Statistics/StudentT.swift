// Tails and quantiles of Student's t distribution, and the upper tail of F.
// Source: DLMF 8.17 with Abramowitz & Stegun 26.5.27 (t) and 26.5.28 (F).

/// Student's t distribution with `degrees` > 0 degrees of freedom.
package struct StudentT: Sendable {
  package let degrees: Double
  package init(degrees: Double) { self.degrees = degrees }

  /// P(T ≥ t); NaN for NaN.
  package func upperTail(_ t: Double) -> Double {
    guard !t.isNaN else { return .nan }
    guard t.isFinite else { return t > 0 ? 0 : 1 }
    // Beyond 1e150 the square overflows and the tail is 0 for any degrees that a sample has.
    let square = t * t
    let tail = square.isFinite ? regularizedIncompleteBeta(degrees / (degrees + square), degrees / 2, 0.5) / 2 : 0
    return t >= 0 ? tail : 1 - tail
  }

  /// The t with P(T ≤ t) = `probability`, to a relative error of about 1e-12; ±∞ at 0 and 1, NaN outside.
  package func quantile(_ probability: Double) -> Double {
    guard probability >= 0, probability <= 1 else { return .nan }
    if probability == 0.5 { return 0 }
    if probability > 0.5 { return positiveQuantile(upperTail: 1 - probability) }
    return -positiveQuantile(upperTail: probability)
  }

  /// Bisection: the tail falls strictly, and 200 halvings end at neighbouring numbers.
  private func positiveQuantile(upperTail tail: Double) -> Double {
    if tail <= 0 { return .infinity }
    var low = 0.0
    var high = 1.0
    while upperTail(high) > tail, high < 1e150 {
      low = high
      high *= 2
    }
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if upperTail(middle) > tail { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}

/// P(F ≥ f) of the F distribution with `numerator` and `denominator` degrees of freedom.
func upperTailOfF(_ f: Double, numerator: Double, denominator: Double) -> Double {
  guard f > 0 else { return f.isNaN ? .nan : 1 }
  guard f.isFinite else { return 0 }
  return regularizedIncompleteBeta(denominator / (denominator + numerator * f), denominator / 2, numerator / 2)
}
