// Points of the unit cube and tuples of values: in coordinates every distribution is uniform. One coordinate per tuned
// parameter, in the order of the space.
import Shared

extension SearchSpace {
  /// The tuple at a point: every coordinate above 0 and below 1. Values are canonical, what takes no part is at rest.
  /// - Throws: where a distribution reaches beyond what its parameter allows.
  package func tuple(at point: [Double]) throws(ParameterError) -> [ParameterValue] {
    var tuple: [ParameterValue] = []
    for (dimension, u) in zip(dimensions, point) {
      tuple.append(try dimension.name.canonical(drawn: dimension.value(at: u)))
    }
    return settled(tuple)
  }

  /// The tuple with every parameter that takes no part at its middle value, so that tuples that make one configuration are
  /// equal, and a model of the scores sees no difference where there is none.
  /// Source: Lévesque, Durand, Gagné & Sabourin 2017, "Bayesian optimization for conditional hyperparameter spaces".
  package func settled(_ tuple: [ParameterValue]) -> [ParameterValue] {
    guard !conditions.isEmpty else { return tuple }
    return zip(dimensions, zip(tuple, activity(of: tuple))).map { dimension, entry in
      let (value, isActive) = entry
      return isActive ? value : (try? dimension.name.canonical(drawn: dimension.value(at: 0.5))) ?? value
    }
  }

  /// The middle of the coordinates that map to `tuple`.
  package func point(of tuple: [ParameterValue]) -> [Double] {
    zip(dimensions, tuple).map { $0.coordinate(of: $1) }
  }

  /// How many tuples there are; nil where a parameter has a range without steps, `Int.max` where there are more.
  package var tupleCount: Int? {
    countTuples { dimensions[$0].valueCount.map(UInt64.init) }.map { Int(clamping: $0) }
  }
}

extension SearchDimension {
  /// Whether neighbouring coordinates are neighbouring values; not so for words.
  package var isOrdered: Bool {
    switch domain {
    case .choices(let values, _): values.allSatisfy { $0.number != nil }
    case .range: true
    }
  }

  func value(at u: Double) -> ParameterValue {
    switch domain {
    case .choices(let values, nil): return values[min(Int(u * Double(values.count)), values.count - 1)]
    case .choices(let values, let probabilities?):
      var sum = 0.0
      for (value, probability) in zip(values, probabilities) {
        sum += probability
        if u < sum { return value }
      }
      // The probabilities sum to 1 up to rounding only.
      return values[probabilities.lastIndex { $0 > 0 } ?? 0]
    case .range(let distribution): return distribution.quantile(u)
    }
  }

  func coordinate(of value: ParameterValue) -> Double {
    switch domain {
    case .choices(let values, let probabilities):
      guard let index = values.firstIndex(of: value) else { return 0.5 }
      guard let probabilities else { return (Double(index) + 0.5) / Double(values.count) }
      return probabilities[..<index].reduce(0, +) + 0.5 * probabilities[index]
    case .range(let distribution): return value.number.map(distribution.coordinate) ?? 0.5
    }
  }

  /// Different values; nil for a range without steps.
  var valueCount: Int? {
    switch domain {
    case .choices(let values, let probabilities):
      return probabilities.map { $0.count { $0 > 0 } } ?? values.count
    case .range(let distribution):
      switch (distribution.shape, distribution.quantum) {
      case (.integers(let range), _): return range.upperBound - range.lowerBound + 1
      case (.uniform(let range), let quantum?), (.logUniform(let range, _), let quantum?):
        let count = (range.upperBound / quantum).rounded(.down) - (range.lowerBound / quantum).rounded(.up) + 1
        return max(1, Int(exactly: count) ?? .max)
      case (.beta, let quantum?): return Int(exactly: (1 / quantum).rounded() + 1) ?? .max
      case (.uniform, nil), (.logUniform, nil), (.normal, _), (.logNormal, _), (.beta, nil): return nil
      }
    }
  }
}
