// Mean, standard deviation and t-interval of a sample: what every cell prints of its seeds.
// Also the one-sided t test of the mean, printed beside the sign-flip test (docs/science.md §8.4).

package struct SampleSummary: Equatable, Sendable {
  package let count: Int
  package let mean: Double
  /// With count − 1 in the denominator; nil for a single value.
  package let standardDeviation: Double?

  /// Nil for an empty sample.
  package init?(_ values: [Double]) {
    guard !values.isEmpty else { return nil }
    count = values.count
    let mean = values.reduce(0, +) / Double(values.count)
    self.mean = mean
    if values.count > 1 {
      // Second pass about the mean: no cancellation.
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      standardDeviation = (squares / Double(values.count - 1)).squareRoot()
    } else {
      standardDeviation = nil
    }
  }

  /// Of the mean; nil for a single value.
  package var standardError: Double? { standardDeviation.map { $0 / Double(count).squareRoot() } }

  /// The t-interval of the mean; nil for a single value.
  package func interval(confidence: Double) -> (low: Double, high: Double)? {
    guard let standardError else { return nil }
    let half = StudentT(degrees: Double(count - 1)).quantile((1 + confidence) / 2) * standardError
    return (mean - half, mean + half)
  }

  /// One-sided p of Student's t test that the mean is above `bound`; nil for a single value.
  /// Without any spread it is 0, ½ or 1 by where the mean lies.
  package func tTestP(above bound: Double = 0) -> Double? {
    guard let standardError else { return nil }
    let difference = mean - bound
    guard standardError > 0 else { return difference > 0 ? 0 : difference < 0 ? 1 : 0.5 }
    return StudentT(degrees: Double(count - 1)).upperTail(difference / standardError)
  }
}
