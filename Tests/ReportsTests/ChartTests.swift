// Scales, ticks and the thinning of curves.
import Reports
import Shared
import Testing

@Suite struct ChartTests {
  @Test func `a logarithmic scale places factors evenly and keeps to its ends`() {
    let scale = ChartScale(logarithmic: 0.01...1, start: 100, end: 0)
    #expect(abs(scale.place(0.1) - 50) < 1e-9)
    #expect(scale.place(0.01) == 100)
    #expect(scale.place(0) == 100)
    #expect(scale.place(50) == 0)
  }

  @Test func `ticks are round numbers inside the range`() {
    func labels(_ scale: ChartScale) -> [String] { scale.ticks(count: 5).map(\.label).filter { !$0.isEmpty } }
    #expect(labels(ChartScale(linear: 0...2000, start: 0, end: 1)) == ["0", "500", "1000", "1500", "2000"])
    #expect(labels(ChartScale(linear: -0.056...0.056, start: 0, end: 1)) == ["-0.05", "0.00", "0.05"])
    #expect(labels(ChartScale(logarithmic: 0.002...1.2, start: 0, end: 1)) == ["0.01", "0.1", "1"])
    #expect(labels(ChartScale(logarithmic: 0.1...1.9, start: 0, end: 1)) == ["0.1", "0.2", "0.5", "1"])
    #expect(labels(ChartScale(logarithmic: 0.15...0.17, start: 0, end: 1)).first == "0.150")
  }

  @Test(arguments: [
    0.0...0.0, 5...5, Double.leastNonzeroMagnitude...Double.leastNormalMagnitude, 1e308...1.7e308, -3...(-1),
  ])
  func `degenerate ranges still give a scale`(range: ClosedRange<Double>) {
    for scale in [ChartScale(linear: range, start: 0, end: 1), ChartScale(logarithmic: range, start: 0, end: 1)] {
      #expect(scale.place(range.lowerBound).isFinite)
      #expect(scale.ticks(count: 5).count < 1000)
    }
  }

  @Test func `a curve averages logarithms over the seeds that are finite at a step`() throws {
    func point(_ step: Int, _ loss: Double) -> MetricPoint {
      MetricPoint(step: step, trainLoss: loss, validationLoss: loss, learningRate: 0.01)
    }
    let summary = CurveSummary([[point(1, 1), point(2, 0.1)], [point(1, 4), point(2, .infinity)]])
    #expect(summary.points.map(\.step) == [1, 2])
    #expect(abs(summary.points[0].mean - 2) < 1e-12)
    #expect(summary.points.map(\.seeds) == [2, 1])
    #expect(summary.points[1].low == summary.points[1].high)
  }

  @Test func `long curves are thinned with their first and last step`() {
    let curve = (1...5000).map { MetricPoint(step: $0, trainLoss: 1, validationLoss: 1, learningRate: 0.01) }
    let steps = CurveSummary([curve]).points.map(\.step)
    #expect(steps.count == CurveSummary.maximumPoints)
    #expect(steps.first == 1)
    #expect(steps.last == 5000)
    #expect(CurveSummary([]).points.isEmpty)
  }
}
