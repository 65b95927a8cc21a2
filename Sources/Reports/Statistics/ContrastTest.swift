// The contrasts of a manifest, estimated seed by seed: every seed gives one value, so what moves all cells of a seed together
// cancels, and the seeds' values are tested against 0 (docs/science.md §8.7).
import Shared

package struct ContrastTest: Sendable {
  package let contrast: Contrast
  /// The row, or the values of x and facet where the contrast goes over rows; empty where there is but one place.
  package let place: String
  /// Nats per seed that has all its cells; nil without any.
  package let estimate: SampleSummary?
  /// Two-sided sign-flip p that the mean is 0; nil while trials are pending or where losses have no common scale.
  package let p: Double?
  /// The paired t test's, printed beside.
  package let tTestP: Double?

  init(_ contrast: Contrast, place: String, rows: [(row: MatrixRow, weight: Double)]) {
    (self.contrast, self.place) = (contrast, place)
    let terms = rows.flatMap { row, weight in
      contrast.columns.map { term in
        (scores: row.cell(column: term.value)?.measured.scores ?? [], weight: weight * term.weight)
      }
    }
    let seeds = terms.map(\.scores.count).min() ?? 0
    let values = (0..<seeds).compactMap { seed -> Double? in
      var sum = 0.0
      for term in terms {
        guard let score = term.scores[seed] else { return nil }
        sum += term.weight * score.lnTestLoss
      }
      return sum
    }
    estimate = SampleSummary(values)
    guard !values.isEmpty, rows.allSatisfy({ $0.row.isDecided }) else {
      (p, tTestP) = (nil, nil)
      return
    }
    p = SignFlipTest(differences: values).flatMap { up in
      SignFlipTest(differences: values.map { -$0 }).map { down in min(1, 2 * min(up.p, down.p)) }
    }
    tTestP = estimate?.tTestP().map { min(1, 2 * min($0, 1 - $0)) }
  }
}

extension SweepMatrix {
  /// Every contrast of the manifest in every place that it applies to, in the manifest's order.
  package var contrastTests: [ContrastTest] {
    settings.contrasts.flatMap { contrast -> [ContrastTest] in
      guard !contrast.rows.isEmpty else {
        return rows.map { ContrastTest(contrast, place: $0.label, rows: [($0, 1)]) }
      }
      return interactions.map { stratum in
        let named = contrast.rows.compactMap { term in
          stratum.rows.first { index in
            rows[index].coordinates.contains { $0.role == .rows && $0.text == term.value }
          }.map { (row: rows[$0], weight: term.weight) }
        }
        let place = stratum.stratum.map { "\($0.axis.rawValue) \($0.text)" }.joined(separator: ", ")
        return ContrastTest(contrast, place: place, rows: named)
      }
    }
  }
}
