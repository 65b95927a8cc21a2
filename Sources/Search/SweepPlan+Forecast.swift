// What a method that depends on results will do for certain: how many configurations a cell tries in which generations, and
// how many of them train up to which rung.
import Shared

extension SweepPlan {
  /// Nil where all tuning trials are known and run to their end. Rungs are those of the first cell's first candidate; of
  /// `asha`, which depends on timing, those of its synchronous sibling.
  package var tuningForecast: TuningForecast? {
    guard adaptsTuning, let cell = cells.first, cell.configurations.count > 1,
      let parameters = cell.configurations.first?.parameters
    else { return nil }
    var generations = [cell.configurations.count]
    if let search {
      var left = search.configurations - cell.configurations.count
      while left > 0 {
        generations.append(min(left, search.generation))
        left -= generations[generations.count - 1]
      }
    }
    guard let early = earlyTermination, early.rule != .median else {
      return TuningForecast(generations: generations, rungs: [])
    }
    let steps = early.rungs(steps: parameters.steps, evaluateEvery: parameters.evaluateEvery) + [parameters.steps]
    var trained = steps.map { _ in 0 }
    var first = 0
    for size in generations {
      let brackets = early.brackets(count: first + size, rungs: steps.count - 1)[first...]
      for bracket in Set(brackets) {
        var members = brackets.count { $0 == bracket }
        for rung in steps.indices {
          trained[rung] += members
          if rung >= bracket { members = early.promotedCount(of: members) }
        }
      }
      first += size
    }
    return TuningForecast(
      generations: generations,
      rungs: zip(steps, trained).map { TuningForecast.Rung(step: $0, configurations: $1) })
  }
}
