// The standard normal distribution's quantile and law with the same bits on every machine.
import Shared

/// The x below which a standard normal variate falls with probability `p`, 0 < p < 1; about 16 digits.
/// Source: Wichura 1988, algorithm AS 241 (PPND16): rational approximations in three ranges.
package func normalQuantile(_ p: Double) -> Double {
  func ratio(_ x: Double, _ numerator: [Double], _ denominator: [Double]) -> Double {
    numerator.reversed().reduce(0) { $0 * x + $1 } / denominator.reversed().reduce(0) { $0 * x + $1 }
  }
  let q = p - 0.5
  if abs(q) <= 0.425 { return q * ratio(0.180625 - q * q, AS241.centre.0, AS241.centre.1) }
  let r = (-deterministicLogarithm(q < 0 ? p : 1 - p)).squareRoot()
  let tail = r <= 5 ? ratio(r - 1.6, AS241.tail.0, AS241.tail.1) : ratio(r - 5, AS241.farTail.0, AS241.farTail.1)
  return q < 0 ? -tail : tail
}

/// P(Z ≤ x) of a standard normal variate; relative error about 1e-14, in the lower tail as well.
/// Source: Marsaglia 2004, "Evaluating the normal distribution": Taylor's series in the middle, the continued fraction of
/// Mills' ratio in the tails.
package func normalLaw(_ x: Double) -> Double {
  if x > 2.5 { return 1 - normalLaw(-x) }
  if x < -2.5 { return normalDensity(x) / (-x + millsTail(-x)) }
  var sum = x, term = x, degree = 1.0
  while abs(term) > 1e-18 * abs(sum) {
    degree += 2
    term *= x * x / degree
    sum += term
  }
  return 0.5 + sum * normalDensity(x)
}

/// e^(−x²/2) / √2π
package func normalDensity(_ x: Double) -> Double { 0.3989422804014326779 * deterministicExponential(-0.5 * x * x) }

/// 1 / (x + 2 / (x + 3 / (x + …))) for x ≥ 2.5: Mills' ratio is 1 / (x + this).
func millsTail(_ x: Double) -> Double {
  var value = x
  for k in stride(from: 100.0, through: 2, by: -1) { value = x + k / value }
  return 1 / value
}

/// Coefficients of AS 241, lowest degree first: numerator and denominator of each range.
private enum AS241 {
  static let centre = (
    [
      3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
      4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3,
    ],
    [
      1, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3, 2.1213794301586595867e+4,
      3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3,
    ]
  )
  static let tail = (
    [
      1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
      1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ],
    [
      1, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
      1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ]
  )
  static let farTail = (
    [
      6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
      2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
      1, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
      1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ]
  )
}
