// The thesis itself: does the best activation depend on the task? An intersection–union test (docs/science.md §8.7).
// No activation may be best everywhere: each must be beaten, by some rival, in some task.

package struct InteractionTest: Equatable, Sendable {
  /// Per activation: the Bonferroni-corrected p that some rival beats it in some task, and where that is most certain.
  package struct Entry: Equatable, Sendable {
    package let p: Double
    /// Index of the row with the smallest p, and of the rival there; nil where nothing could be compared.
    package let row: Int?
    package let rival: Int?
  }
  package let entries: [Entry]
  /// The largest of the corrected p's: at or below α, no activation is best in all tasks. At level α without a further
  /// correction, because every one of the hypotheses must be rejected (Berger 1982).
  package let p: Double

  /// - rows: the best sets of the tasks, all with the same activations; at least two rows and two activations, else nil.
  /// The p's are those that decide (`guardedP`); the correction counts (tasks × rivals).
  package init?(rows: [BestSet]) {
    guard rows.count > 1, let contenders = rows.first?.contenders, contenders > 1,
      rows.allSatisfy({ $0.contenders == contenders })
    else { return nil }
    let tests = Double(rows.count * (contenders - 1))
    entries = (0..<contenders).map { activation in
      // Exact p's are often equal: then the larger difference is the better example.
      var best: (row: Int, pair: PairTest)?
      for (row, set) in rows.enumerated() {
        for pair in set.pairs where pair.loser == activation {
          let key = (pair.guardedP, -pair.difference.mean)
          if let found = best?.pair, (found.guardedP, -found.difference.mean) <= key { continue }
          best = (row, pair)
        }
      }
      return Entry(p: min(1, (best?.pair.guardedP ?? 1) * tests), row: best?.row, rival: best?.pair.winner)
    }
    p = entries.map(\.p).max() ?? 1
  }
}
