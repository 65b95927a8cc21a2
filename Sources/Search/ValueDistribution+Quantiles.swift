// Quantiles and laws of the W&B sweep convention's distributions: how a coordinate between 0 and 1 becomes a value, and
// a value a coordinate. In coordinates every distribution is uniform, so samplers need to know nothing of them.
import Shared

extension ValueDistribution {
  /// The value below which a draw falls with probability `u`, 0 < u < 1, rounded as draws are.
  package func quantile(_ u: Double) -> ParameterValue {
    switch shape {
    case .integers(let range):
      let count = Double(range.upperBound - range.lowerBound) + 1
      return .integer(range.lowerBound + Int(min((u * count).rounded(.down), count - 1)))
    case .uniform(let range):
      return .number(rounded(range.lowerBound * (1 - u) + range.upperBound * u, within: range))
    case .logUniform(let range, let inverted):
      let low = deterministicLogarithm(range.lowerBound), high = deterministicLogarithm(range.upperBound)
      let exponent = inverted ? high * (1 - u) + low * u : low * (1 - u) + high * u
      let value = min(max(deterministicExponential(exponent), range.lowerBound), range.upperBound)
      return .number(rounded(value, within: range))
    case .normal(let mu, let sigma): return .number(rounded(mu + sigma * normalQuantile(u)))
    case .logNormal(let mu, let sigma):
      return .number(rounded(deterministicExponential(mu + sigma * normalQuantile(u))))
    case .beta(let a, let b): return .number(rounded(BetaLaw(a: a, b: b).quantile(u)))
    }
  }

  /// The middle of the coordinates that `quantile` maps to `value`; a value outside the range has the nearest end's.
  package func coordinate(of value: Double) -> Double {
    if case .integers(let range) = shape {
      let count = Double(range.upperBound - range.lowerBound) + 1
      return min(max((value - Double(range.lowerBound) + 0.5) / count, 0.5 / count), 1 - 0.5 / count)
    }
    let u: Double
    if let quantum {
      u = 0.5 * (lawOfUnrounded(value - 0.5 * quantum) + lawOfUnrounded(value + 0.5 * quantum))
    } else {
      u = lawOfUnrounded(value)
    }
    return min(max(u, 0), 1)
  }

  /// P(X ≤ x) before rounding; of the inverted law the share above x, as its quantile falls.
  private func lawOfUnrounded(_ x: Double) -> Double {
    func share(_ x: Double, _ low: Double, _ high: Double) -> Double {
      // Halved, because high − low overflows for the widest ranges.
      min(max((0.5 * x - 0.5 * low) / (0.5 * high - 0.5 * low), 0), 1)
    }
    switch shape {
    case .integers(let range): return share(x, Double(range.lowerBound), Double(range.upperBound))
    case .uniform(let range): return share(x, range.lowerBound, range.upperBound)
    case .logUniform(let range, let inverted):
      guard x > range.lowerBound else { return inverted ? 1 : 0 }
      let u = share(
        deterministicLogarithm(x), deterministicLogarithm(range.lowerBound), deterministicLogarithm(range.upperBound))
      return inverted ? 1 - u : u
    case .normal(let mu, let sigma): return normalLaw((x - mu) / sigma)
    case .logNormal(let mu, let sigma): return x <= 0 ? 0 : normalLaw((deterministicLogarithm(x) - mu) / sigma)
    case .beta(let a, let b): return BetaLaw(a: a, b: b).law(x)
    }
  }
}

/// Beta(a, b) on (0, 1).
struct BetaLaw {
  let a: Double
  let b: Double
  /// ln B(a, b)
  private let logNormaliser: Double

  init(a: Double, b: Double) {
    (self.a, self.b) = (a, b)
    logNormaliser = logGamma(a) + logGamma(b) - logGamma(a + b)
  }

  /// P(X ≤ x), to about 1e-12.
  func law(_ x: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    return law(x, complement: 1 - x)
  }

  /// By bisection over ln(x / (1 − x)), where tiny x of tiny shapes have room.
  func quantile(_ u: Double) -> Double {
    func point(_ t: Double) -> (x: Double, complement: Double) {
      let e = deterministicExponential(-abs(t))
      return t < 0 ? (e / (1 + e), 1 / (1 + e)) : (1 / (1 + e), e / (1 + e))
    }
    var low = -708.0, high = 708.0
    for _ in 0..<64 {
      let middle = 0.5 * (low + high), (x, complement) = point(middle)
      if law(x, complement: complement) < u { low = middle } else { high = middle }
    }
    return point(0.5 * (low + high)).x
  }

  /// The regularised incomplete beta function by its continued fraction, on the side where that converges fast.
  private func law(_ x: Double, complement: Double) -> Double {
    let factor = deterministicExponential(
      a * deterministicLogarithm(x) + b * deterministicLogarithm(complement) - logNormaliser)
    return x < (a + 1) / (a + b + 2)
      ? min(1, factor * Self.fraction(a, b, x) / a) : max(0, 1 - factor * Self.fraction(b, a, complement) / b)
  }

  /// Source: DLMF 8.17.22, evaluated by Lentz's method as modified by Thompson & Barnett 1986.
  private static func fraction(_ a: Double, _ b: Double, _ x: Double) -> Double {
    func away(_ value: Double) -> Double { abs(value) < 1e-300 ? 1e-300 : value }
    var c = 1.0, d = 1 / away(1 - (a + b) * x / (a + 1)), value = d
    for m in 1...20_000 {
      let m = Double(m)
      for term in [
        m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
      ] {
        d = 1 / away(1 + term * d)
        c = away(1 + term / c)
        value *= c * d
      }
      if abs(c * d - 1) < 1e-15 { break }
    }
    return value
  }
}

/// ln Γ(x) for x > 0, to about 1e-14 of max(1, |ln Γ|). Source: Stirling's series after shifting x above 15 (DLMF 5.11.1).
func logGamma(_ x: Double) -> Double {
  var x = x, product = 1.0
  while x < 15 {
    product *= x
    x += 1
  }
  let square = 1 / (x * x)
  let series = (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square * (1.0 / 1680 - square / 1188)))) / x
  return (x - 0.5) * deterministicLogarithm(x) - x + 0.9189385332046727418 + series - deterministicLogarithm(product)
}
