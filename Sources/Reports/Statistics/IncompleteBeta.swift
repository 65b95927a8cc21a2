// The regularised incomplete beta function, from which the tails of Student's t and of F follow.
// Written here because no dependency of the project has it (swift-numerics stops at the gamma function).
import Foundation

/// I_x(a, b) for a, b > 0, relative error about 1e-12; 0 for x ≤ 0, 1 for x ≥ 1.
/// - NaN arguments, or a or b that are not positive and finite, give NaN.
/// Source: DLMF 8.17.22 (continued fraction), evaluated by the modified Lentz method (Press et al., Numerical Recipes,
/// 3rd ed., §6.4); DLMF 8.17.4 (symmetry) keeps it where it converges fast.
func regularizedIncompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
  guard !x.isNaN, a > 0, b > 0, a.isFinite, b.isFinite else { return .nan }
  if x <= 0 { return 0 }
  if x >= 1 { return 1 }
  let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
  if x < (a + 1) / (a + b + 2) {
    return front * betaContinuedFraction(x, a, b) / a
  }
  return 1 - front * betaContinuedFraction(1 - x, b, a) / b
}

/// The continued fraction of DLMF 8.17.22 without its factor in front.
private func betaContinuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
  let tiny = 1e-300
  func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
  var c = 1.0
  var d = 1 / kept(1 - (a + b) * x / (a + 1))
  var fraction = d
  // Converges within about √max(a, b) terms; the bound only ends the loop for arguments beyond any sample size.
  for term in 1...10_000 {
    let m = Double(term)
    let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / kept(1 + even * d)
    c = kept(1 + even / c)
    fraction *= d * c
    let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / kept(1 + odd * d)
    c = kept(1 + odd / c)
    let change = d * c
    fraction *= change
    if abs(change - 1) < 1e-15 { break }
  }
  return fraction
}
