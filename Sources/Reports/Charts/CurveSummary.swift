// The learning curves of one cell's reporting seeds as one line with a band, thinned for drawing.
import Shared

package struct CurveSummary: Sendable {
  package struct Point: Sendable {
    package let step: Int
    /// Geometric mean over seeds of the validation loss, and one standard deviation of its logarithm up and down.
    package let mean: Double
    package let low: Double
    package let high: Double
    package let seeds: Int
  }
  package let points: [Point]

  /// Points drawn at most; more would not be told apart at a chart's width.
  package static let maximumPoints = 160

  /// Averages over the seeds that are finite and above 0 at a step: a diverged run counts until it diverges.
  package init(_ curves: [[MetricPoint]]) {
    var logarithms: [Int: [Double]] = [:]
    for curve in curves {
      for point in curve where point.validationLoss.isFinite && point.validationLoss > 0 {
        logarithms[point.step, default: []].append(naturalLogarithm(ofLoss: point.validationLoss))
      }
    }
    let steps = Self.thinned(logarithms.keys.sorted())
    points = steps.compactMap { step in
      guard let summary = SampleSummary(logarithms[step] ?? []) else { return nil }
      let deviation = summary.standardDeviation ?? 0
      return Point(
        step: step, mean: exponential(summary.mean), low: exponential(summary.mean - deviation),
        high: exponential(summary.mean + deviation), seeds: summary.count)
    }
  }

  /// Evenly spread entries with the first and the last.
  static func thinned<Element>(_ values: [Element]) -> [Element] {
    guard values.count > maximumPoints else { return values }
    return (0..<maximumPoints).map { values[$0 * (values.count - 1) / (maximumPoints - 1)] }
  }
}
