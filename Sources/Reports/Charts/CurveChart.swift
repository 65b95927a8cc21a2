// One row's learning curves: validation loss on a logarithmic axis against the step, a line and a band per activation,
// with the Bayes, zero and reference losses as horizontal lines.
import Shared

struct CurveChart {
  /// One activation.
  struct Series {
    let name: String
    /// Index of its colour and marker.
    let index: Int
    let curve: CurveSummary
    /// Test loss of the attainable reference; NaN if there is none.
    let reference: Double
  }
  let title: String
  let series: [Series]
  let bayes: Double
  let zero: Double

  private let width = 560.0, height = 320.0
  private let left = 56.0, right = 100.0, top = 14.0, bottom = 44.0

  /// Nil while there is nothing to draw.
  func drawing() -> Drawing? {
    let drawn = series.filter { !$0.curve.points.isEmpty }
    guard !drawn.isEmpty else { return nil }
    let y = lossScale(drawn)
    let lastStep = drawn.flatMap { $0.curve.points.map(\.step) }.max() ?? 1
    let x = ChartScale(linear: 0...Double(max(1, lastStep)), start: left, end: width - right)
    var content = axes(x, y)
    content += levels(y)
    for series in drawn { content += lines(series, x, y) }
    content += endLabels(
      drawn.compactMap { series in
        series.curve.points.last.map { SeriesLabel(name: series.name, index: series.index, place: y.place($0.mean)) }
      }, right: width - right, bottom: height - bottom)
    return Drawing(width: width, height: height, label: "Validation loss against step, \(title)", content: content)
  }

  /// What is drawn: per series and step the geometric mean over seeds, one standard deviation of ln loss down and up.
  func csv() -> String {
    let points = series.flatMap { series in
      series.curve.points.map { point -> [JSONValue] in
        [
          .text(series.name), .integer(point.step), .number(point.mean), .number(point.low), .number(point.high),
          .integer(point.seeds),
        ]
      }
    }
    let levels = [("Bayes", bayes), ("zero", zero)] + series.map { ("reference of \($0.name)", $0.reference) }
    return csvTable(
      ["series", "step", "validation_loss", "low", "high", "seeds"],
      points + levels.filter(\.1.isFinite).map { [.text($0.0), .null, .number($0.1), .null, .null, .null] })
  }

  private func lossScale(_ drawn: [Series]) -> ChartScale {
    let shown = ChartScale.visible(
      drawn.flatMap { $0.curve.points.flatMap { [$0.low, $0.high] } }, levels: [bayes, zero] + drawn.map(\.reference))
    // A run on its way to divergence would squeeze everything else: five decades are shown at most.
    let low = shown.min() ?? 0.1
    let high = min(shown.max() ?? 1, max(low, zero.isFinite ? zero : low) * 1e3)
    return ChartScale(logarithmic: (low / 1.15)...(max(high, low) * 1.15), start: height - bottom, end: top)
  }

  private func axes(_ x: ChartScale, _ y: ChartScale) -> Markup {
    var content: Markup = ""
    for tick in y.ticks(count: 6) {
      let place = y.place(tick.value)
      content += SVG.line(left, place, width - right, place, style: tick.label.isEmpty ? "grid minor" : "grid")
      if !tick.label.isEmpty { content += SVG.text(tick.label, left - 6, place + 4, anchor: .end, style: "tick") }
    }
    for tick in x.ticks(count: 5) {
      let place = x.place(tick.value)
      content += SVG.line(place, height - bottom, place, height - bottom + 4, style: "axis")
      content += SVG.text(tick.label, place, height - bottom + 17, anchor: .middle, style: "tick")
    }
    content += SVG.line(left, height - bottom, width - right, height - bottom, style: "axis")
    content += SVG.text("step", (left + width - right) / 2, height - 8, anchor: .middle, style: "axis-name")
    return content + SVG.upwardText("validation loss (log)", 13, (top + height - bottom) / 2, style: "axis-name")
  }

  func keys() -> Markup { seriesKeys(series.filter { !$0.curve.points.isEmpty }.map { ($0.name, $0.index) }) }

  /// Bayes and zero across the chart, references as short dashes at its right end.
  private func levels(_ y: ChartScale) -> Markup {
    var content: Markup = ""
    if bayes.isFinite, bayes < y.low {
      content += SVG.text("Bayes \(baselineText(bayes)): below ↓", left + 6, height - bottom - 5, style: "level-name")
    }
    for (name, value) in [("Bayes", bayes), ("zero", zero)] where value.isFinite && value >= y.low {
      content += SVG.line(left, y.place(value), width - right, y.place(value), style: "level")
      content += SVG.text(name, left + 6, y.place(value) - 4, style: "level-name")
    }
    for series in series where series.reference.isFinite && series.reference >= y.low {
      content += SVG.line(
        width - right - 34, y.place(series.reference), width - right, y.place(series.reference),
        style: "reference c\(series.index % chartColours)")
    }
    return content
  }

  private func lines(_ series: Series, _ x: ChartScale, _ y: ChartScale) -> Markup {
    let points = series.curve.points
    let colour = "c\(series.index % chartColours)"
    func places(_ value: (CurveSummary.Point) -> Double) -> [(x: Double, y: Double)] {
      points.map { (x.place(Double($0.step)), y.place(value($0))) }
    }
    let mean = places(\.mean)
    var content = SVG.band(places(\.high), places(\.low), style: "band \(colour)")
    content += SVG.path(mean, style: "curve \(colour)\(series.index >= chartColours ? " second" : "")")
    // A marker every so often, so that the lines can be told apart without their colours.
    let stride = max(1, mean.count / 5)
    for index in Swift.stride(from: stride / 2 + series.index % 3, to: mean.count, by: stride) {
      let point = points[index]
      let title =
        "\(series.name), step \(point.step): \(numberText(point.mean)) "
        + "(\(numberText(point.low)) to \(numberText(point.high)), \(countText(point.seeds, "seed")))"
      content += SVG.marker(series.index, mean[index].x, mean[index].y, style: "mark \(colour)", title: title)
    }
    return content
  }
}
