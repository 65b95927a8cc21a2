// What tuned parameters may be, as data: the space that samplers propose from. How it is sampled is Search's.
// Distributions have the meaning of the W&B sweep convention: min, max; q rounds to its multiples; mu, sigma; a, b.

/// A range and the law of its values.
package struct ValueDistribution: Hashable, Sendable {
  package enum Shape: Hashable, Sendable {
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
  package var shape: Shape
  /// Draws are rounded to multiples of this; nil leaves them as they are.
  package var quantum: Double?
  package init(_ shape: Shape, quantum: Double? = nil) { (self.shape, self.quantum) = (shape, quantum) }
}

/// One tuned parameter.
package struct SearchDimension: Hashable, Sendable {
  package enum Domain: Hashable, Sendable {
    /// At least two canonical values, all different; if all are numbers, ascending. Probabilities of the same count,
    /// summing to 1; nil is all alike.
    case choices([ParameterValue], probabilities: [Double]?)
    case range(ValueDistribution)
  }
  package var name: ParameterName
  package var domain: Domain
  package init(_ name: ParameterName, _ domain: Domain) { (self.name, self.domain) = (name, domain) }
}

/// A tuned parameter that takes part only while another one, tuned as well, has certain values.
package struct SearchCondition: Hashable, Sendable {
  package var name: ParameterName
  package var parent: ParameterName
  /// Of the parent: at least one, canonical.
  package var values: [ParameterValue]
  package init(_ name: ParameterName, when parent: ParameterName, is values: [ParameterValue]) {
    (self.name, self.parent, self.values) = (name, parent, values)
  }
}

extension Collection<SearchCondition> {
  /// Whether a parameter takes part: all its conditions hold, and what they name takes part itself. Conditions have no
  /// cycles.
  package func activate(_ name: ParameterName, _ value: (ParameterName) -> ParameterValue?) -> Bool {
    allSatisfy { condition in
      guard condition.name == name else { return true }
      return value(condition.parent).map(condition.values.contains) ?? false && activate(condition.parent, value)
    }
  }

  /// `schedule is cosine and clip_norm is 1`; nil for a parameter that always takes part.
  package func text(of name: ParameterName, shown: (ParameterValue) -> String) -> String? {
    let parts = filter { $0.name == name }.map { condition in
      "\(condition.parent.rawValue) is \(condition.values.map(shown).joined(separator: " or "))"
    }
    return parts.isEmpty ? nil : parts.joined(separator: " and ")
  }
}

/// The tuned parameters in the order of `SweepPlan.tuned`: a point of the space is a tuple of values in this order.
package struct SearchSpace: Hashable, Sendable {
  package var dimensions: [SearchDimension]
  package var conditions: [SearchCondition]
  package init(_ dimensions: [SearchDimension], conditions: [SearchCondition] = []) {
    (self.dimensions, self.conditions) = (dimensions, conditions)
  }
}

extension ParameterName {
  private static let defaults = TrialParameters().allValues

  package var takesIntegers: Bool {
    if case .integer? = Self.defaults[self] { true } else { false }
  }

  /// Whether a range makes sense: words, flags and lists have none.
  package var takesNumbers: Bool {
    switch Self.defaults[self] {
    case .integer?, .number?: true
    case .text?, .flag?, .list?, .mapping?, nil: false
    }
  }

  /// `value` of a draw in canonical form: a whole number where the parameter takes them, though it was drawn as a real.
  package func canonical(drawn value: ParameterValue) throws(ParameterError) -> ParameterValue {
    if takesIntegers, case .number(let number) = value, let integer = Int(exactly: number) {
      return try canonical(.integer(integer))
    }
    return try canonical(value)
  }

  /// Checks one value alone. Equal values become the same value: `exp(0.5)` is `exp`, `1` of a real parameter is 1.0.
  package func canonical(_ value: ParameterValue) throws(ParameterError) -> ParameterValue {
    var parameters = TrialParameters()
    try parameters.apply(self, value)
    return parameters.value(of: self)
  }
}
