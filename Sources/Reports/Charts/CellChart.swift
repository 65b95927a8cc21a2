// One cell's learning curves, a line per reporting seed, between the Bayes and the zero predictor.
import Shared

struct CellChart {
  let title: String
  /// Ascending by step; thinned for drawing.
  let strands: [(seed: Seed, points: [MetricPoint])]
  let bayes: Double
  let zero: Double
  let reference: Double

  private let width = 520.0, height = 230.0
  private let left = 56.0, right = 24.0, top = 12.0, bottom = 42.0

  /// - limit: points of a line at most.
  init(_ cell: MatrixCell, title: String, curves: [TrialID: [MetricPoint]], limit: Int) {
    self.title = title
    strands = cell.measured.present.compactMap { score in
      guard let curve = curves[score.trial] else { return nil }
      let drawn = curve.filter { $0.validationLoss.isFinite && $0.validationLoss > 0 }
      return drawn.isEmpty ? nil : (score.seed, CurveSummary.thinned(drawn, to: limit))
    }
    (bayes, zero) = (cell.measured.bayesLoss, cell.measured.zeroLoss)
    reference = exponential(cell.measured.lnReference)
  }

  /// Nil without any curve.
  func drawing() -> Drawing? {
    let losses = strands.flatMap { $0.points.map(\.validationLoss) }
    guard let last = strands.compactMap({ $0.points.last?.step }).max(), !losses.isEmpty else { return nil }
    let shown = ChartScale.visible(losses, levels: [bayes, zero, reference])
    let low = shown.min() ?? 0.1
    let high = min(shown.max() ?? 1, max(low, zero.isFinite ? zero : low) * 1e3)
    let y = ChartScale(logarithmic: (low / 1.15)...(max(high, low) * 1.15), start: height - bottom, end: top)
    let x = ChartScale(linear: 0...Double(max(1, last)), start: left, end: width - right)
    var content = axes(x, y)
    for (index, strand) in strands.enumerated() {
      content += SVG.path(
        strand.points.map { (x.place(Double($0.step)), y.place($0.validationLoss)) },
        style: "strand c\(index % chartColours)")
    }
    return Drawing(
      width: width, height: height, label: "Validation loss of every seed against step, \(title)", content: content)
  }

  private func axes(_ x: ChartScale, _ y: ChartScale) -> Markup {
    var content: Markup = ""
    for tick in y.ticks(count: 4) where !tick.label.isEmpty {
      content += SVG.line(left, y.place(tick.value), width - right, y.place(tick.value), style: "grid")
      content += SVG.text(tick.label, left - 6, y.place(tick.value) + 4, anchor: .end, style: "tick")
    }
    for tick in x.ticks(count: 5) {
      content += SVG.text(tick.label, x.place(tick.value), height - bottom + 16, anchor: .middle, style: "tick")
    }
    content += SVG.line(left, height - bottom, width - right, height - bottom, style: "axis")
    content += SVG.text("step", (left + width - right) / 2, height - 8, anchor: .middle, style: "axis-name")
    content += SVG.upwardText("validation loss (log)", 13, (top + height - bottom) / 2, style: "axis-name")
    for (name, value) in [("Bayes", bayes), ("zero", zero), ("reference", reference)]
    where value.isFinite && value >= y.low && value <= y.high {
      content += SVG.line(left, y.place(value), width - right, y.place(value), style: "level")
      // The reference lies near Bayes: their names stand at different ends.
      let isReference = name == "reference"
      content += SVG.text(
        name, isReference ? width - right - 6 : left + 6, y.place(value) - 4, anchor: isReference ? .end : .start,
        style: "level-name")
    }
    return content
  }

  func csv() -> String {
    csvTable(
      ["seed", "step", "validation_loss"],
      strands.flatMap { strand in
        strand.points.map { [.integer(Int(strand.seed.rawValue)), .integer($0.step), .number($0.validationLoss)] }
      })
  }
}
