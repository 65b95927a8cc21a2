// How many seeds each cell of a row gets next, and why: only the leader and the rivals that are neither excluded nor tied
// go on. A function of the row's results, called when every seed it asked for has ended.
import Shared

/// One cell's part in the next round.
package struct ReplicationStep: Equatable, Sendable {
  package enum Reason: Hashable, Sendable {
    /// Fewer seeds than every cell gets.
    case belowMinimum
    /// The smallest loss so far, while a rival is unresolved.
    case leads
    /// Neither excluded nor tied with the leader.
    case unresolved
    /// Some rival beats it, at this anytime-valid p.
    case excluded(p: Double)
    /// Within the tie margin of the leader.
    case tied
    /// The leader, and no rival is unresolved.
    case decided
    /// As many seeds as a cell may have, and still unresolved.
    case budgetSpent
    /// It cannot be compared: it has no result, or none in common with others, or cells that learnt another problem.
    case incomparable
  }
  /// Further seeds; 0 stops.
  package var seeds: Int
  package var reason: Reason
  package init(seeds: Int, reason: Reason) { (self.seeds, self.reason) = (seeds, reason) }
}

extension Replication {
  /// The next round of a row. Rounds grow by a quarter of the seeds so far, so that workers have trials to share.
  /// - isComparable: false where the cells have learnt different problems, so that more seeds would decide nothing.
  package func nextSeeds(_ row: SequentialRow, isComparable: Bool = true) -> [ReplicationStep] {
    let counts = row.cells.map(\.lnLosses.count)
    if counts.contains(where: { $0 < minimum }) {
      return counts.map { ReplicationStep(seeds: max(0, minimum - $0), reason: .belowMinimum) }
    }
    guard let leader = row.leader, isComparable else {
      return counts.map { _ in ReplicationStep(seeds: 0, reason: .incomparable) }
    }
    var steps = row.cells.indices.map { cell in
      if cell == leader { return ReplicationStep(seeds: 0, reason: .leads) }
      // Seeds of its rivals would not tell it from them.
      if row.cells[cell].lnLosses.allSatisfy({ $0 == nil }) { return ReplicationStep(seeds: 0, reason: .incomparable) }
      if row.isExcluded(cell) { return ReplicationStep(seeds: 0, reason: .excluded(p: row.p(cell))) }
      return ReplicationStep(seeds: 0, reason: row.isTied(cell) ? .tied : .unresolved)
    }
    guard steps.contains(where: { $0.reason == .unresolved }) else {
      steps[leader].reason = .decided
      return steps
    }
    let active = steps.indices.filter { [.leads, .unresolved].contains(steps[$0].reason) }
    let fewest = active.map { counts[$0] }.min() ?? 0, most = active.map { counts[$0] }.max() ?? 0
    // A cell that has become the leader late first catches up.
    let target = fewest < most ? most : min(maximum, most + max(1, most / 4))
    for cell in active {
      steps[cell].seeds = max(0, target - counts[cell])
      if target <= most, fewest == most { steps[cell].reason = .budgetSpent }
    }
    return steps
  }
}
