// Ranks of the activations over tasks: a footnote of the report, because an activation may win on average and still be
// the wrong one for a task (docs/science.md §8.7).
import Foundation

package struct FriedmanRanks: Equatable, Sendable {
  /// Mean rank per activation, 1 the best; ties share their mean rank.
  package let meanRanks: [Double]
  /// p of Friedman's statistic for "all activations rank alike".
  package let p: Double
  /// Whether p is the share of the ways to rank the tasks; else it is that of the Iman–Davenport F form, which is far
  /// too small where tasks agree and is therefore never taken below the chance of full agreement.
  package let isExact: Bool

  /// The exact distribution is counted up to so many ways to rank all tasks but one.
  static let exactArrangements = 1e6

  /// - losses: [task][activation], complete; at least two of each, else nil.
  /// Source: Friedman 1937; Iman & Davenport 1980 (F form); Conover 1999 (ties); Demšar 2006.
  package init?(losses: [[Double]]) {
    guard losses.count > 1, let activations = losses.first?.count, activations > 1,
      losses.allSatisfy({ $0.count == activations && $0.allSatisfy(\.isFinite) })
    else { return nil }
    let tasks = Double(losses.count)
    let ranks = losses.map(Self.doubledRanks)
    let sums = (0..<activations).map { column in ranks.reduce(0) { $0 + $1[column] } }
    meanRanks = sums.map { Double($0) / (2 * tasks) }
    // (k!)^(n − 1): beyond the largest number it is infinite and its inverse 0, as it should be.
    let arrangements = pow((1...activations).reduce(1) { $0 * Double($1) }, tasks - 1)
    isExact = arrangements <= Self.exactArrangements
    p = isExact ? Self.exactP(ranks, sums) : max(Self.approximateP(ranks, sums), 1 / arrangements)
  }

  /// Twice the rank of every value of a task, whole numbers also where ties share their mean rank.
  private static func doubledRanks(_ row: [Double]) -> [Int] {
    row.map { value in 2 * row.count { $0 < value } + row.count { $0 == value } + 1 }
  }

  /// The share of arrangements of the tasks' ranks whose rank sums vary at least as much as the observed ones.
  /// The first task stays as it is, because naming the activations otherwise changes no statistic; for the same reason
  /// sums that differ in order only are counted together.
  private static func exactP(_ ranks: [[Int]], _ sums: [Int]) -> Double {
    guard let first = ranks.first, let last = ranks.last else { return 1 }
    var counts = [first: 1.0]
    for row in ranks.dropFirst().dropLast() {
      var next: [[Int]: Double] = [:]
      forEachArrangement(of: row) { arranged in
        for (partial, count) in counts { next[zip(partial, arranged).map(+).sorted(), default: 0] += count }
      }
      counts = next
    }
    let observed = sums.reduce(0) { $0 + $1 * $1 }
    var (extreme, total) = (0.0, 0.0)
    forEachArrangement(of: last) { arranged in
      for (partial, count) in counts {
        total += count
        if zip(partial, arranged).reduce(0, { $0 + ($1.0 + $1.1) * ($1.0 + $1.1) }) >= observed { extreme += count }
      }
    }
    return extreme / total
  }

  /// Every distinct order of the values once; with ties each stands for equally many of the k! permutations.
  /// Source: Knuth, The Art of Computer Programming 4A, §7.2.1.2, algorithm L.
  private static func forEachArrangement(of values: [Int], _ body: ([Int]) -> Void) {
    var order = values.sorted()
    while true {
      body(order)
      guard let pivot = order.indices.dropLast().last(where: { order[$0] < order[$0 + 1] }),
        let successor = order.indices.last(where: { order[$0] > order[pivot] })
      else { return }
      order.swapAt(pivot, successor)
      order[(pivot + 1)...].reverse()
    }
  }

  private static func approximateP(_ ranks: [[Int]], _ sums: [Int]) -> Double {
    let (tasks, k) = (Double(ranks.count), Double(sums.count))
    // Σ over tasks and activations of squared ranks: the form of Friedman's statistic that allows ties.
    let squares = ranks.joined().reduce(0) { $0 + Double($1 * $1) / 4 }
    let correction = tasks * k * (k + 1) * (k + 1) / 4
    let between = sums.reduce(0) { $0 + Double($1 * $1) / 4 } / tasks - correction
    let total = squares - correction
    // Full agreement leaves nothing within; full ties leave nothing at all.
    let within = total - between
    let f = (tasks - 1) * between / max(within, 1e-12 * max(total, 1))
    return total > 0 ? upperTailOfF(f, numerator: k - 1, denominator: (k - 1) * (tasks - 1)) : 1
  }
}
