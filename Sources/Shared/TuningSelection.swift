// Which candidate a cell's reporting trials use. One definition for the scheduler, which acts on it, and the report,
// which explains it.

package struct TuningSelection: Equatable, Sendable {
  /// Index into the cell's candidates.
  package let candidate: Int
  /// Mean over tuning seeds of ln of the metric, per candidate; nil where a trial is missing or failed.
  package let scores: [Double?]
}

/// Selects the candidate with the smallest mean over tuning seeds of ln loss; ties go to the earlier candidate
/// (docs/science.md §8.2). A diverged trial scores infinity: it is never chosen while another candidate is
/// finite. A candidate without a score is never chosen while another has one, even infinity.
/// - losses: [candidate][tuning seed]; nil where the trial failed, was quarantined or cancelled, +∞ where it diverged.
package func selectCandidate(losses: [[Double?]]) -> TuningSelection {
  let scores = losses.map { perSeed -> Double? in
    var sum = 0.0
    for loss in perSeed {
      guard let loss else { return nil }
      sum += loss.isFinite ? naturalLogarithm(ofLoss: loss) : .infinity
    }
    return perSeed.isEmpty ? nil : sum / Double(perSeed.count)
  }
  var best = 0
  for (index, score) in scores.enumerated() {
    guard let score else { continue }
    if scores[best].map({ score < $0 }) ?? true { best = index }
  }
  return TuningSelection(candidate: best, scores: scores)
}

/// ln of a finite loss, the same bits on every machine; a loss of 0 counts as the smallest normal number, so that it has one.
package func naturalLogarithm(ofLoss loss: Double) -> Double {
  deterministicLogarithm(max(loss, .leastNormalMagnitude))
}

/// ln x for finite x > 0, from IEEE additions, multiplications and divisions alone, so that a choice between candidates
/// never depends on a C library's rounding. Relative error about 1e-15.
/// Source: argument reduction x = m·2^e, ln m = 2 artanh((m−1)/(m+1)) by its Taylor series.
package func deterministicLogarithm(_ x: Double) -> Double {
  var exponent = Double(x.exponent)
  var mantissa = x.significand
  if mantissa > 1.4142135623730951 {
    mantissa /= 2
    exponent += 1
  }
  let t = (mantissa - 1) / (mantissa + 1)
  let square = t * t
  // |t| ≤ 0.1716, so t^25 / 25 < 1e-20.
  var sum = 0.0
  var degree = 25.0
  while degree >= 1 {
    sum = sum * square + 1 / degree
    degree -= 2
  }
  return exponent * 0.6931471805599453 + 2 * t * sum
}
