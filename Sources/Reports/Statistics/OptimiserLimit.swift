// Whether a cell is worse than a network its own optimiser should have found: the attainable reference, an isotropic
// network of a handful of numbers (docs/science.md §7).

package struct OptimiserLimit: Equatable, Sendable {
  /// ln trained loss − ln reference loss over the seeds that have both.
  package let gap: SampleSummary
  /// max(0.03 nats, 3 standard errors of the gap)
  package let allowedGap: Double
  package var isExceeded: Bool { gap.mean > allowedGap }

  /// Nil where no two seeds have a reference: one seed has no standard error.
  package init?(lnLosses: [Double?], lnReferences: [Double?]) {
    var gaps: [Double] = []
    for (loss, reference) in zip(lnLosses, lnReferences) {
      if let loss, let reference { gaps.append(loss - reference) }
    }
    guard let gap = SampleSummary(gaps), let standardError = gap.standardError else { return nil }
    self.gap = gap
    allowedGap = max(0.03, 3 * standardError)
  }
}
