// How one cell's hyperparameters were chosen: every candidate with its score, the selected one, and whether it lies at
// the edge of what was tried (docs/science.md §8.2).
import Search
import Shared

package struct TuningCandidate: Sendable {
  /// The tuned parameters' values, in the order of `SweepPlan.tuned`.
  package let values: [ParameterValue]
  /// Mean over tuning seeds of ln of the metric; +∞ if a run diverged, nil where a trial is missing or nothing was tuned.
  package let score: Double?
  /// The metric per tuning seed: nil where missing, +∞ where the run diverged.
  package let losses: [Double?]
}

package struct TuningOutcome: Sendable {
  package let candidates: [TuningCandidate]
  /// Index of the candidate that the reporting trials use; nil while tuning trials are pending.
  package let selected: Int?
  /// Numeric parameters with at least two values among the candidates whose selected value is the smallest or largest.
  package let edges: [ParameterName]
  /// Tuning seeds that entered the selection; 0 where the cell has one candidate and nothing was tuned.
  package let seeds: Int
  /// Tuning trials not yet ended.
  package let pending: Int
  /// Tuning trials that ended without a result: failed, quarantined or cancelled.
  package let missing: Int

  init(cell: CellPlan, plan: SweepPlan, trials: [TrialRecord]) {
    let values = cell.candidates.map { candidate in plan.tuned.map { candidate.value(of: $0) } }
    guard cell.candidates.count > 1 else {
      candidates = values.map { TuningCandidate(values: $0, score: nil, losses: []) }
      (selected, edges, seeds, pending, missing) = (cell.candidates.isEmpty ? nil : 0, [], 0, 0, 0)
      return
    }
    struct Key: Hashable {
      let configuration: ConfigurationID
      let seed: Seed
    }
    var byKey: [Key: TrialRecord] = [:]
    for trial in trials where trial.stage == .tuning {
      byKey[Key(configuration: trial.configuration, seed: trial.seed)] = trial
    }
    var pending = 0
    var missing = 0
    let losses = cell.candidates.map { candidate in
      let id = candidate.id
      return plan.tuneSeeds.map { seed -> Double? in
        guard let trial = byKey[Key(configuration: id, seed: seed)], trial.state.isTerminal else {
          pending += 1
          return nil
        }
        guard trial.state == .succeeded, let result = trial.result else {
          if trial.state != .pruned { missing += 1 }
          return nil
        }
        return result.tuningLoss(plan.metric.name)
      }
    }
    func takesPart(_ name: ParameterName, in candidate: Int) -> Bool {
      plan.conditions.activate(name) { cell.candidates[candidate].value(of: $0) }
    }
    let selection = selectCandidate(losses: losses)
    candidates = zip(values, zip(selection.scores, losses)).map {
      TuningCandidate(values: $0, score: $1.0, losses: $1.1)
    }
    selected = pending == 0 ? selection.candidate : nil
    seeds = selected.map { index in losses[index].count { $0 != nil } } ?? 0
    (self.pending, self.missing) = (pending, missing)
    edges =
      selected.map { index in
        plan.tuned.indices.filter { column in
          let tried = cell.candidates.indices.filter { takesPart(plan.tuned[column], in: $0) }
          return tried.contains(index) && isEdge(values[index][column], among: tried.map { values[$0][column] })
        }.map { plan.tuned[$0] }
      } ?? []
  }
}

extension TuningOutcome {
  /// What the scores of the candidates that were trained to the end depend on, parameter by parameter; empty where one
  /// parameter was tuned alone, or where there are too few scores.
  /// - tuned: as in the plan.
  package func importance(tuned: [ParameterName]) -> [ParameterImportance] {
    guard tuned.count > 1 else { return [] }
    return SearchSpace(names: tuned, tuples: candidates.map(\.values)).importance(
      history: candidates.map { SearchObservation(tuple: $0.values, score: $0.score) }) ?? []
  }
}

extension TrialResult {
  /// What tuning compares; +∞ for a diverged run.
  fileprivate func tuningLoss(_ metric: SweepMetric.Name) -> Double {
    guard outcome == .finite else { return .infinity }
    let loss =
      switch metric {
      case .validationLoss: metrics.validationLoss
      case .trainLoss: metrics.trainLoss
      }
    return loss.isFinite ? loss : .infinity
  }
}

private func isEdge(_ selected: ParameterValue, among values: [ParameterValue]) -> Bool {
  guard let chosen = selected.number else { return false }
  let numbers = Set(values.compactMap(\.number))
  guard numbers.count > 1 else { return false }
  return chosen == numbers.min() || chosen == numbers.max()
}
