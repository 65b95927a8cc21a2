// Ranks of the activations over tasks: a footnote of the report, because an activation may win on average and still be
// the wrong one for a task (docs/science.md §8.7).

package struct FriedmanRanks: Equatable, Sendable {
  /// Mean rank per activation, 1 the best; ties share their mean rank.
  package let meanRanks: [Double]
  /// p of the Iman–Davenport F statistic for "all activations rank alike".
  package let p: Double

  /// - losses: [task][activation], complete; at least two of each, else nil.
  /// Source: Friedman 1937; Iman & Davenport 1980 (F form); Demšar 2006.
  package init?(losses: [[Double]]) {
    guard losses.count > 1, let activations = losses.first?.count, activations > 1,
      losses.allSatisfy({ $0.count == activations && $0.allSatisfy(\.isFinite) })
    else { return nil }
    let tasks = Double(losses.count)
    let k = Double(activations)
    var sums = Array(repeating: 0.0, count: activations)
    // Σ over tasks and activations of squared ranks: the form of Friedman's statistic that allows ties (Conover 1999).
    var squares = 0.0
    for row in losses {
      for (index, value) in row.enumerated() {
        let below = row.count { $0 < value }
        let equal = row.count { $0 == value }
        let rank = Double(below) + Double(equal + 1) / 2
        sums[index] += rank
        squares += rank * rank
      }
    }
    meanRanks = sums.map { $0 / tasks }
    let correction = tasks * k * (k + 1) * (k + 1) / 4
    let between = sums.reduce(0) { $0 + $1 * $1 } / tasks - correction
    let total = squares - correction
    // Full agreement leaves nothing within; full ties leave nothing at all.
    let within = total - between
    let f = (tasks - 1) * between / max(within, 1e-12 * max(total, 1))
    p = total > 0 ? upperTailOfF(f, numerator: k - 1, denominator: (k - 1) * (tasks - 1)) : 1
  }
}
