// The distributions of the W&B sweep convention and their draws, from deterministic arithmetic alone.
// Notation as there: min, max; q rounds to its multiples; mu, sigma; a, b.
import Shared

/// `distribution:` of a parameter. The three whose bounds are exponents in W&B are refused by name.
enum DistributionName: String, CaseIterable {
  case constant, categorical
  case categoricalWithProbabilities = "categorical_w_probabilities"
  case intUniform = "int_uniform"
  case uniform
  case qUniform = "q_uniform"
  case logUniformValues = "log_uniform_values"
  case invLogUniformValues = "inv_log_uniform_values"
  case qLogUniformValues = "q_log_uniform_values"
  case normal
  case logNormal = "log_normal"
  case qNormal = "q_normal"
  case qLogNormal = "q_log_normal"
  case beta
  case qBeta = "q_beta"

  /// The keys that stand beside `distribution`.
  var keys: [String] {
    switch self {
    case .constant: ["value"]
    case .categorical, .categoricalWithProbabilities: ["values", "probabilities"]
    case .intUniform, .uniform, .logUniformValues, .invLogUniformValues: ["min", "max"]
    case .qUniform, .qLogUniformValues: ["min", "max", "q"]
    case .normal, .logNormal: ["mu", "sigma"]
    case .qNormal, .qLogNormal: ["mu", "sigma", "q"]
    case .beta: ["a", "b"]
    case .qBeta: ["a", "b", "q"]
    }
  }
}

/// A range that random search draws from.
struct Distribution {
  enum Shape {
    /// Whole numbers within ±2^53, both ends included.
    case integers(ClosedRange<Int>)
    case uniform(ClosedRange<Double>)
    /// ln x uniform between the logarithms of the bounds, which are above 0; `inverted`: ln(1/x) is drawn instead.
    case logUniform(ClosedRange<Double>, inverted: Bool)
    case normal(mu: Double, sigma: Double)
    /// ln x is normal.
    case logNormal(mu: Double, sigma: Double)
    /// On (0, 1); both parameters above 0.
    case beta(a: Double, b: Double)
  }
  let name: DistributionName
  let shape: Shape
  /// Draws are rounded to multiples of this; nil leaves them as they are.
  let quantum: Double?

  /// Values of a grid: all whole numbers, or min, min + q, … up to max. Nil where a grid is not defined.
  var gridCount: UInt64? {
    switch (shape, quantum) {
    case (.integers(let range), _): UInt64(range.upperBound - range.lowerBound) + 1
    case (.uniform(let range), let quantum?):
      // A last point that misses max by rounding alone counts.
      UInt64(exactly: ((range.upperBound - range.lowerBound) / quantum * (1 + 1e-12)).rounded(.down)).map {
        $0 == .max ? $0 : $0 + 1
      } ?? .max
    case (.uniform, nil), (.logUniform, _), (.normal, _), (.logNormal, _), (.beta, _): nil
    }
  }

  /// - index: below `gridCount`, and small enough that the caller enumerates that many.
  func gridValue(at index: Int) -> ParameterValue {
    switch shape {
    case .integers(let range): return .integer(range.lowerBound + index)
    case .uniform(let range):
      let quantum = quantum ?? 1
      let steps = (range.lowerBound / quantum).rounded()
      return multiple(steps, of: quantum) == range.lowerBound
        ? .number(multiple(steps + Double(index), of: quantum))
        : .number(range.lowerBound + Double(index) * quantum)
    case .logUniform, .normal, .logNormal, .beta: return .number(.nan)
    }
  }

  func draw(from stream: inout DrawStream) -> ParameterValue {
    switch shape {
    case .integers(let range):
      let count = UInt64(range.upperBound - range.lowerBound) + 1
      return .integer(range.lowerBound + Int(stream.nextIndex(below: count)))
    case .uniform(let range):
      let u = stream.nextUniform()
      // Not min + u · (max − min), which overflows for the widest ranges.
      return .number(rounded(range.lowerBound * (1 - u) + range.upperBound * u, within: range))
    case .logUniform(let range, let inverted):
      let low = deterministicLogarithm(range.lowerBound), high = deterministicLogarithm(range.upperBound)
      let u = stream.nextUniform()
      let exponent = inverted ? high * (1 - u) + low * u : low * (1 - u) + high * u
      let value = min(max(deterministicExponential(exponent), range.lowerBound), range.upperBound)
      return .number(rounded(value, within: range))
    case .normal(let mu, let sigma): return .number(rounded(mu + sigma * normalQuantile(stream.nextUniform())))
    case .logNormal(let mu, let sigma):
      return .number(rounded(deterministicExponential(mu + sigma * normalQuantile(stream.nextUniform()))))
    case .beta(let a, let b):
      let difference = logGammaVariate(shape: b, from: &stream) - logGammaVariate(shape: a, from: &stream)
      return .number(rounded(1 / (1 + deterministicExponential(difference))))
    }
  }

  /// To the nearest multiple of `quantum`, ties to even; the nearest one inside `range` if that falls outside.
  private func rounded(_ value: Double, within range: ClosedRange<Double>? = nil) -> Double {
    guard let quantum else { return value }
    var steps = (value / quantum).rounded(.toNearestOrEven)
    if let range {
      if multiple(steps, of: quantum) < range.lowerBound { steps = (range.lowerBound / quantum).rounded(.up) }
      if multiple(steps, of: quantum) > range.upperBound { steps = (range.upperBound / quantum).rounded(.down) }
    }
    return multiple(steps, of: quantum)
  }
}

/// steps · quantum; for a quantum such as 0.1 the quotient of whole numbers, so that three steps are 0.3.
private func multiple(_ steps: Double, of quantum: Double) -> Double {
  let inverse = (1 / quantum).rounded()
  let value = inverse >= 1 && inverse < 0x1p53 && 1 / inverse == quantum ? steps / inverse : steps * quantum
  return value == 0 ? 0 : value
}

/// ln of a Gamma(shape, 1) variate.
/// Source: Marsaglia & Tsang 2000, "A simple method for generating gamma variables", with the boost for shapes below 1
/// taken in logarithms, so that tiny shapes do not underflow.
private func logGammaVariate(shape: Double, from stream: inout DrawStream) -> Double {
  if shape < 1 {
    let boost = deterministicLogarithm(stream.nextUniform()) / shape
    return logGammaVariate(shape: shape + 1, from: &stream) + boost
  }
  let d = shape - 1.0 / 3, c = 1 / (9 * d).squareRoot()
  while true {
    let x = normalQuantile(stream.nextUniform())
    let root = 1 + c * x
    guard root > 0 else { continue }
    let v = root * root * root
    if deterministicLogarithm(stream.nextUniform()) < 0.5 * x * x + d - d * v + d * deterministicLogarithm(v) {
      return deterministicLogarithm(d) + deterministicLogarithm(v)
    }
  }
}

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
