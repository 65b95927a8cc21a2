// How a sweep spends its trials, as data: proposals from results, early termination, adaptive replication. A manifest
// says it, the plan carries it, Search has the arithmetic.

/// What method bayes needs beyond its first generation, which stands in the plan's cells.
package struct SearchSettings: Hashable, Sendable {
  package var space: SearchSpace
  package var samplerSeed: UInt64
  /// Configurations that each cell has in the end.
  package var configurations: Int
  /// Of the first generation, which all cells share.
  package var initial: Int
  /// Of every later generation; the last may be smaller.
  package var generation: Int
  /// Values of all parameters that are neither tuned nor axes, for `SweepPlan.parameters(of:tuple:)`.
  package var constants: [ParameterName: ParameterValue]

  package init(
    space: SearchSpace, samplerSeed: UInt64, configurations: Int, initial: Int, generation: Int,
    constants: [ParameterName: ParameterValue] = [:]
  ) {
    (self.space, self.samplerSeed, self.configurations) = (space, samplerSeed, configurations)
    (self.initial, self.generation, self.constants) = (initial, generation, constants)
  }
}

/// `early_terminate`: when a tuning trial is stopped before its last step. A trial's iteration i is its i-th evaluation,
/// at step i · evaluate_every.
package struct EarlyTermination: Hashable, Sendable {
  package enum Rule: String, CaseIterable, Sendable {
    /// At each rung the ⌈n/eta⌉ best of a cell's n candidates go on, once all have arrived: successive halving.
    case hyperband
    /// At each rung those go on whose best value so far is at least as good as the median of the running means.
    case median
    /// At each rung a candidate goes on as soon as it is among the best of those that have arrived: depends on timing.
    case asha
  }
  package enum Spacing: Hashable, Sendable {
    /// Iterations min, min·eta, min·eta², …
    case from(Int)
    /// Iterations max/eta, max/eta², … `count` times, as long as they are at least 1.
    case below(Int, count: Int)
    /// Iterations first, first + every, …: median's.
    case every(Int, from: Int)
  }
  package var rule: Rule
  package var spacing: Spacing
  /// Above 1.
  package var eta: Double
  /// Whether a rung judges the value there; otherwise the best so far.
  package var isStrict: Bool
  /// Groups of candidates that are first judged at rung 0, 1, … (Hyperband); 1 is plain successive halving.
  package var brackets: Int

  package init(rule: Rule, spacing: Spacing, eta: Double = 3, isStrict: Bool = false, brackets: Int = 1) {
    (self.rule, self.spacing, self.eta) = (rule, spacing, eta)
    (self.isStrict, self.brackets) = (isStrict, brackets)
  }

  /// Whether which trials run to their end depends on the order in which results come.
  package var dependsOnTiming: Bool { rule == .asha }
}

/// `replicate`: reporting seeds are added where a row is undecided.
package struct Replication: Hashable, Sendable {
  /// Seeds that every cell has.
  package var minimum: Int
  /// Seeds that no cell exceeds.
  package var maximum: Int
  /// Seeds that tests aim to decide by: the first edition's maximum, as evidence is evidence only if what it aims at was
  /// chosen before looking.
  package var horizon: Int
  package init(minimum: Int, maximum: Int, horizon: Int? = nil) {
    (self.minimum, self.maximum, self.horizon) = (minimum, maximum, horizon ?? maximum)
  }
}

extension SweepPlan {
  /// The configuration of a cell with these tuned values; nil where they are refused together.
  /// - tuple: in the order of `tuned`.
  package func parameters(of cell: CellPlan, tuple: [ParameterValue]) -> TrialParameters? {
    guard let search, tuple.count == search.space.dimensions.count else { return nil }
    var values = search.constants
    for (axis, value) in zip(axes, cell.coordinates) { values[axis.name] = value }
    search.space.assign(tuple, to: &values)
    return try? TrialParameters(values: values)
  }
}
