// Values of the W&B sweep convention's distributions: a grid's, and random draws, from deterministic arithmetic alone.
// Quantiles, which low-discrepancy points are mapped by, stand in ValueDistribution+Quantiles.swift.
import Shared

extension ValueDistribution {
  /// Values of a grid: all whole numbers, or min, min + q, … up to max. Nil where a grid is not defined.
  package var gridCount: UInt64? {
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
  package func gridValue(at index: Int) -> ParameterValue {
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

  package func draw(from stream: inout DrawStream) -> ParameterValue {
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
  func rounded(_ value: Double, within range: ClosedRange<Double>? = nil) -> Double {
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
func multiple(_ steps: Double, of quantum: Double) -> Double {
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
