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

  /// - limit: points kept for drawing; each is the statistic of all seeds at its step.
  package init(_ curves: [[MetricPoint]], limit: Int = maximumPoints) {
    points = Self.logarithms(curves, limit: limit).map { step, losses in
      let deviation = losses.standardDeviation ?? 0
      return Point(
        step: step, mean: exponential(losses.mean), low: exponential(losses.mean - deviation),
        high: exponential(losses.mean + deviation), seeds: losses.count)
    }
  }

  /// ln validation loss over the seeds that are finite and above 0 at a step: a diverged run counts until it diverges.
  static func logarithms(
    _ curves: [[MetricPoint]], limit: Int = maximumPoints
  ) -> [(step: Int, losses: SampleSummary)] {
    var logarithms: [Int: [Double]] = [:]
    for curve in curves {
      for point in curve where point.validationLoss.isFinite && point.validationLoss > 0 {
        logarithms[point.step, default: []].append(naturalLogarithm(ofLoss: point.validationLoss))
      }
    }
    return thinned(logarithms.keys.sorted(), to: limit).compactMap { step in
      SampleSummary(logarithms[step] ?? []).map { (step, $0) }
    }
  }

  /// Evenly spread entries with the first and the last.
  static func thinned<Element>(_ values: [Element], to limit: Int = maximumPoints) -> [Element] {
    guard values.count > limit, limit > 1 else { return values }
    return (0..<limit).map { values[$0 * (values.count - 1) / (limit - 1)] }
  }
}
