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

  package init(_ curves: [[MetricPoint]]) {
    points = Self.logarithms(curves).map { step, losses in
      let deviation = losses.standardDeviation ?? 0
      return Point(
        step: step, mean: exponential(losses.mean), low: exponential(losses.mean - deviation),
        high: exponential(losses.mean + deviation), seeds: losses.count)
    }
  }

  /// ln validation loss over the seeds that are finite and above 0 at a step: a diverged run counts until it diverges.
  static func logarithms(_ curves: [[MetricPoint]]) -> [(step: Int, losses: SampleSummary)] {
    var logarithms: [Int: [Double]] = [:]
    for curve in curves {
      for point in curve where point.validationLoss.isFinite && point.validationLoss > 0 {
        logarithms[point.step, default: []].append(naturalLogarithm(ofLoss: point.validationLoss))
      }
    }
    return thinned(logarithms.keys.sorted()).compactMap { step in
      SampleSummary(logarithms[step] ?? []).map { (step, $0) }
    }
  }

  /// Evenly spread entries with the first and the last.
  static func thinned<Element>(_ values: [Element]) -> [Element] {
    guard values.count > maximumPoints else { return values }
    return (0..<maximumPoints).map { values[$0 * (values.count - 1) / (maximumPoints - 1)] }
  }
}
