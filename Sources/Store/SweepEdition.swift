// Whether a manifest may be run in a directory that has run another edition of it: everything that was run must still
// be asked for. Adding values or seeds is fine; leaving out or changing some is another sweep.
import Shared

extension SweepPlan {
  /// What was run and is no longer asked for, in words; nil if the plan covers every stored trial.
  package func difference(from stored: some Collection<TrialRecord>) -> String? {
    let candidates = Set(cells.lazy.flatMap(\.configurations).map(\.id))
    let references = Set(self.references.values.map(\.id))
    let tuning = Set(tuneSeeds)
    // Which of them a cell has depends on results; beyond these it has none.
    let reporting = Set(reportSeeds).union((0..<UInt32(replication?.maximum ?? 0)).map { Seed(rawValue: $0) })
    let longest = longestContinuations
    func isAskedFor(_ trial: TrialRecord) -> Bool {
      if candidates.contains(trial.configuration) { return true }
      guard let continuation = trial.parameters.continuation, let longer = longest[continuation] else { return false }
      return longer > trial.parameters.steps
    }
    let lost = stored.filter { trial in
      switch trial.stage {
      case .tuning: !isAskedFor(trial) || !tuning.contains(trial.seed)
      case .reference: !references.contains(trial.configuration)
      case .reporting: !isAskedFor(trial) || !reporting.contains(trial.seed)
      }
    }
    // References follow from candidates, so a candidate tells more.
    guard let example = lost.first(where: { $0.stage != .reference }) ?? lost.first else { return nil }
    let count = "\(lost.count) of its \(stored.count) trials \(lost.count == 1 ? "is" : "are") not in this manifest"
    if candidates.contains(example.configuration) {
      let seeds = example.stage == .tuning ? "tuning" : "reporting"
      return "\(count), such as \(seeds) seed \(example.seed.rawValue & ~Seed.firstTuning) of "
        + "task \(example.parameters.task) with activation \(example.parameters.heads)"
    }
    return "\(count): " + Self.describe(example.parameters, nearest: cells.flatMap(\.candidates))
  }

  /// Why rows that were judged by an earlier edition's `replicate` cannot go on by this one's, in words; nil if they can.
  package func difference(fromEarlier earlier: Replication?) -> String? {
    guard let earlier, let replication, earlier.horizon != replication.horizon else { return nil }
    let remedy =
      replication.maximum >= earlier.horizon
      ? "write horizon: \(earlier.horizon) beside max" : "write a max of at least \(earlier.horizon)"
    return "replicate aims at \(replication.horizon) seeds instead of \(earlier.horizon), and its tests hold only for "
      + "what was chosen before looking: \(remedy)"
  }

  /// The most steps of the candidates that go on where shorter trials ended.
  private var longestContinuations: [TrialParameters: Int] {
    var longest: [TrialParameters: Int] = [:]
    for configuration in cells.lazy.flatMap(\.configurations) {
      guard let continuation = configuration.parameters.continuation else { continue }
      longest[continuation] = max(longest[continuation] ?? 0, configuration.parameters.steps)
    }
    return longest
  }

  /// `learning_rate was 0.02, is 0.03`, against the configuration with the fewest differences.
  private static func describe(_ old: TrialParameters, nearest candidates: [TrialParameters]) -> String {
    let oldValues = old.allValues, oldExplicit = Set(old.explicitValues.keys)
    var best: [ParameterName]?, nearest = old
    var bestValues: [ParameterName: ParameterValue] = [:]
    for candidate in candidates.sorted(by: { $0.canonicalJSON < $1.canonicalJSON }) {
      let values = candidate.allValues
      // Defaults that follow from others, such as warmup_steps from steps, would only repeat the difference.
      let differing = oldExplicit.union(candidate.explicitValues.keys).filter { values[$0] != oldValues[$0] }.sorted()
      if best.map({ differing.count < $0.count }) ?? true {
        (best, bestValues, nearest) = (differing, values, candidate)
      }
    }
    guard let best, !best.isEmpty else { return "configuration \(old.canonicalJSON) is gone" }
    let shown = best.prefix(4).map { name in
      "\(name.rawValue) was \(oldValues[name] ?? .text("unset")), is \(bestValues[name] ?? .text("unset"))"
    }
    let why = best == [.steps] ? old.obstacle(to: nearest).map { " (\($0))" } ?? "" : ""
    return shown.joined(separator: ", ") + (best.count > 4 ? " and \(best.count - 4) more" : "") + why
  }
}
