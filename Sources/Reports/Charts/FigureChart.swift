// The paper's kind of picture: ln loss against what the x axis of the sweep varies (context, layers, …) or against the
// step, a line with a band over seeds per column, and the Bayes predictor on the same prompts as a dashed line.
import Shared

struct FigureChart {
  /// One column of the matrix along the x axis; entries without results are left out.
  struct Series {
    let name: String
    /// Index of its colour and marker.
    let index: Int
    let points: [(x: Double, label: String, losses: SampleSummary)]
  }
  let title: String
  let xName: String
  var yName = "ln test loss"
  /// Where the values of the axis lie, and how they are written.
  let ticks: [(x: Double, label: String)]
  let series: [Series]
  /// Mean ln loss of the Bayes predictor; left out where it is 0.
  let bayes: [(x: Double, lnLoss: Double)]

  private let width = 560.0, height = 320.0
  private let left = 56.0, right = 100.0, top = 14.0, bottom = 44.0

  /// Nil while there is nothing to draw.
  func drawing() -> Drawing? {
    let drawn = series.filter { !$0.points.isEmpty }
    guard !drawn.isEmpty, let first = ticks.first, let last = ticks.last else { return nil }
    let margin: Double = max(0.5, 0.03 * (last.x - first.x))
    let x = ChartScale(linear: (first.x - margin)...(last.x + margin), start: left, end: width - right)
    let y = lossScale(drawn)
    var content = axes(x, y)
    content += bayesLine(x, y)
    for series in drawn { content += line(series, x, y) }
    content += endLabels(
      drawn.compactMap { series in
        series.points.last.map { SeriesLabel(name: series.name, index: series.index, place: y.place($0.losses.mean)) }
      }, right: width - right, bottom: height - bottom)
    return Drawing(width: width, height: height, label: "\(yName) against \(xName), \(title)", content: content)
  }

  /// What is drawn: per series and place the mean over seeds and the standard deviation.
  func csv() -> String {
    let points = series.flatMap { series in
      series.points.map { point -> [JSONValue] in
        [
          .text(series.name), .text(point.label), .number(point.losses.mean), .optional(point.losses.standardDeviation),
          .integer(point.losses.count),
        ]
      }
    }
    return csvTable(
      ["series", xName, "mean", "sd", "seeds"],
      points + bayes.map { [.text("Bayes"), .number($0.x), .number($0.lnLoss), .null, .null] })
  }

  func keys() -> Markup { seriesKeys(series.filter { !$0.points.isEmpty }.map { ($0.name, $0.index) }) }

  private func lossScale(_ drawn: [Series]) -> ChartScale {
    let measured = drawn.flatMap { $0.points.flatMap { [low($0.losses), high($0.losses)] } }
    let lowest = measured.min() ?? -1
    // A Bayes loss far below everything measured would squeeze the rest, as on learning curves.
    let shown = measured + bayes.map(\.lnLoss).filter { $0 >= lowest - 3 }
    let (least, largest) = (shown.min() ?? -1, shown.max() ?? 0)
    let space: Double = max(0.02, 0.05 * (largest - least))
    return ChartScale(linear: (least - space)...(largest + space), start: height - bottom, end: top)
  }

  private func low(_ losses: SampleSummary) -> Double { losses.mean - (losses.standardDeviation ?? 0) }
  private func high(_ losses: SampleSummary) -> Double { losses.mean + (losses.standardDeviation ?? 0) }

  private func axes(_ x: ChartScale, _ y: ChartScale) -> Markup {
    var content: Markup = ""
    for tick in y.ticks(count: 6) {
      content += SVG.line(left, y.place(tick.value), width - right, y.place(tick.value), style: "grid")
      content += SVG.text(tick.label, left - 6, y.place(tick.value) + 4, anchor: .end, style: "tick")
    }
    // Where values stand close together only some are named.
    let every = max(1, (ticks.count + 13) / 14)
    for (index, tick) in ticks.enumerated() {
      let place = x.place(tick.x)
      content += SVG.line(place, height - bottom, place, height - bottom + 4, style: "axis")
      guard index % every == 0 else { continue }
      content += SVG.text(
        shortened(tick.label, to: 10), place, height - bottom + 17, anchor: .middle, style: "tick")
    }
    content += SVG.line(left, height - bottom, width - right, height - bottom, style: "axis")
    content += SVG.text(xName, (left + width - right) / 2, height - 8, anchor: .middle, style: "axis-name")
    return content + SVG.upwardText(yName, 13, (top + height - bottom) / 2, style: "axis-name")
  }

  private func bayesLine(_ x: ChartScale, _ y: ChartScale) -> Markup {
    let visible = bayes.filter { $0.lnLoss >= y.low }
    guard let last = visible.last else {
      return bayes.isEmpty
        ? "" : SVG.text("Bayes: below ↓", left + 6, height - bottom - 5, style: "level-name")
    }
    let path = SVG.path(visible.map { (x.place($0.x), y.place($0.lnLoss)) }, style: "bayes")
    return path
      + SVG.text("Bayes", x.place(last.x) - 12, y.place(last.lnLoss) + 5, anchor: .end, style: "level-name")
  }

  private func line(_ series: Series, _ x: ChartScale, _ y: ChartScale) -> Markup {
    let colour = "c\(series.index % chartColours)"
    func places(_ value: (SampleSummary) -> Double) -> [(x: Double, y: Double)] {
      series.points.map { (x.place($0.x), y.place(value($0.losses))) }
    }
    let mean = places(\.mean)
    var content = SVG.band(places(high), places(low), style: "band \(colour)")
    content += SVG.path(mean, style: "curve \(colour)\(series.index >= chartColours ? " second" : "")")
    // Of a long learning curve some points are marked, so that markers do not hide it.
    let stride = (series.points.count + 24) / 25
    for (index, (point, place)) in zip(series.points, mean).enumerated() where index % stride == 0 {
      let deviation = point.losses.standardDeviation.map { " ± \(fixedText($0, decimals: 3))" } ?? ""
      let title =
        "\(series.name), \(xName) \(point.label): \(fixedText(point.losses.mean, decimals: 3))\(deviation) "
        + "(\(countText(point.losses.count, "seed")))"
      content += SVG.marker(series.index, place.x, place.y, style: "mark \(colour)", title: title)
    }
    return content
  }
}
