// Two one-sided tests: is a paired difference within a margin of zero? It makes "tied" a finding, not a lack of one
// (docs/science.md §8.5).

/// Source: Schuirmann 1987, J. Pharmacokinet. Biopharm. 15:657 (TOST), on paired differences.
package struct EquivalenceTest: Equatable, Sendable {
  /// The larger p of the two one-sided t tests: at or below α, the mean difference lies within (−margin, margin).
  package let p: Double
  package let meanDifference: Double
  package let margin: Double

  /// Nil with fewer than two differences, or where one is not finite.
  package init?(differences: [Double], margin: Double) {
    guard differences.allSatisfy(\.isFinite), let summary = SampleSummary(differences),
      let aboveLower = summary.tTestP(above: -margin), let aboveUpper = summary.tTestP(above: margin)
    else { return nil }
    p = max(aboveLower, 1 - aboveUpper)
    meanDifference = summary.mean
    self.margin = margin
  }

  /// With a p from another test of the same hypotheses.
  package init?(differences: [Double], margin: Double, p: Double) {
    guard differences.allSatisfy(\.isFinite), let summary = SampleSummary(differences) else { return nil }
    (self.p, meanDifference, self.margin) = (p, summary.mean, margin)
  }
}
