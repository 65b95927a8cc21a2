// Every reporting seed of a row as a point: on the left the test losses on one logarithmic axis, on the right each cell's
// seeds about their own mean, enlarged, with the t-interval of the mean.
import Shared

struct SeedChart {
  let row: MatrixRow
  let confidence: Double

  private let width = 920.0, lane = 30.0, top = 30.0, bottom = 40.0
  private let names = 96.0, gap = 26.0
  /// Room for the longest of the means with their intervals: a digit of the widest of the page's fonts, DejaVu Sans, is
  /// 0.636 of the 11.5 units that the style sheet gives these texts.
  private var numbers: Double {
    let longest = row.cells.compactMap { $0.measured.lnTestLoss.map { meanText($0).count } }.max() ?? 0
    return max(196, 16 + 7.32 * Double(longest))
  }

  /// Nil while there is nothing to draw.
  func drawing() -> Drawing? {
    guard row.cells.contains(where: { $0.measured.lnTestLoss != nil }) else { return nil }
    let height = top + lane * Double(row.cells.count) + bottom
    let middle = names + (width - names - numbers - gap) * 0.5
    let losses = lossScale(end: middle)
    let deviations = deviationScale(start: middle + gap, end: width - numbers)
    var content = frame(losses, deviations, height)
    for (index, cell) in row.cells.enumerated() {
      content += drawn(cell, index, top + lane * (Double(index) + 0.5), losses, deviations)
    }
    return Drawing(width: width, height: height, label: "Test losses of every seed, \(row.label)", content: content)
  }

  /// What is drawn: every seed, and per cell the mean of ln loss with its interval.
  func csv() -> String {
    let seeds = row.cells.flatMap { cell in
      cell.measured.present.map { score -> [JSONValue] in
        [
          .text(cell.columnName), .integer(Int(score.seed.rawValue)), .number(score.testLoss),
          .number(score.lnTestLoss), .null, .null, .integer(score.isDiverged ? 1 : 0),
        ]
      }
    }
    let means = row.cells.compactMap { cell -> [JSONValue]? in
      guard let summary = cell.measured.lnTestLoss else { return nil }
      let interval = summary.interval(confidence: confidence)
      return [
        .text(cell.columnName), .text("mean"), .number(exponential(summary.mean)), .number(summary.mean),
        .optional(interval?.low), .optional(interval?.high), .null,
      ]
    }
    let levels = baselines.map { name, value -> [JSONValue] in
      [.text(name), .null, .number(value), .null, .null, .null, .null]
    }
    return csvTable(
      ["series", "seed", "test_loss", "ln_test_loss", "ln_low", "ln_high", "diverged"], seeds + means + levels)
  }

  private var baselines: [(String, Double)] {
    guard let baselines = row.baselines else { return [] }
    return [("Bayes", baselines.bayes), ("zero", baselines.zero)].filter(\.1.isFinite)
  }

  private func lossScale(end: Double) -> ChartScale {
    let shown = ChartScale.visible(
      row.cells.flatMap { $0.measured.present.map(\.testLoss) }, levels: baselines.map(\.1))
    let (low, high) = (shown.min() ?? 0.1, shown.max() ?? 1)
    return ChartScale(logarithmic: (low / 1.12)...(high * 1.12), start: names, end: end)
  }

  private func deviationScale(start: Double, end: Double) -> ChartScale {
    let deviations = row.cells.flatMap { cell -> [Double] in
      guard let mean = cell.measured.lnTestLoss?.mean else { return [] }
      return cell.measured.present.map { abs($0.lnTestLoss - mean) }
    }
    let limit = max(deviations.max() ?? 0, 1e-4) * 1.12
    return ChartScale(linear: -limit...limit, start: start, end: end)
  }

  private func frame(_ losses: ChartScale, _ deviations: ChartScale, _ height: Double) -> Markup {
    let base = height - bottom
    var content: Markup = ""
    for (scale, name) in [(losses, "test loss (log)"), (deviations, "ln test loss − mean of the cell (nats)")] {
      for tick in scale.ticks(count: 5) {
        let place = scale.place(tick.value)
        content += SVG.line(place, top, place, base, style: tick.label.isEmpty ? "grid minor" : "grid")
        if !tick.label.isEmpty { content += SVG.text(tick.label, place, base + 15, anchor: .middle, style: "tick") }
      }
      content += SVG.text(name, (scale.start + scale.end) / 2, height - 6, anchor: .middle, style: "axis-name")
    }
    for (name, value) in baselines {
      guard value >= losses.low else {
        content += SVG.text("← \(name) \(baselineText(value))", losses.start, top - 10, style: "level-name")
        continue
      }
      content += SVG.line(losses.place(value), top - 6, losses.place(value), base, style: "level")
      content += SVG.text(name, losses.place(value), top - 10, anchor: .middle, style: "level-name")
    }
    content += SVG.text(
      "mean (\(percentLabel(confidence)) interval)", width - numbers + 12, top - 10, style: "level-name")
    return content
  }

  private func drawn(
    _ cell: MatrixCell, _ index: Int, _ y: Double, _ losses: ChartScale, _ deviations: ChartScale
  ) -> Markup {
    var content = SVG.text(shortened(cell.columnName, to: 13), names - 10, y + 4, anchor: .end, style: "name")
    guard let summary = cell.measured.lnTestLoss else {
      return content + SVG.text("no result", names + 8, y + 4, style: "tick")
    }
    let colour = "c\(index % chartColours)"
    if let interval = summary.interval(confidence: confidence) {
      let (low, high) = (exponential(interval.low), exponential(interval.high))
      content += SVG.line(losses.place(low), y, losses.place(high), y, style: "interval \(colour)")
      let (left, right) = (
        deviations.place(interval.low - summary.mean), deviations.place(interval.high - summary.mean)
      )
      content += SVG.line(left, y + 8, right, y + 8, style: "interval \(colour)")
      content += SVG.line(left, y + 5, left, y + 11, style: "interval \(colour)")
      content += SVG.line(right, y + 5, right, y + 11, style: "interval \(colour)")
    }
    for score in cell.measured.present {
      let style = score.isDiverged ? "seed diverged" : "seed \(colour)"
      let title =
        "\(cell.columnName), seed \(score.seed): \(numberText(score.testLoss, digits: 4))"
        + (score.isDiverged ? " (diverged)" : "")
      content += SVG.marker(index, losses.place(score.testLoss), y, style: style, title: title)
      content += SVG.marker(
        index, deviations.place(score.lnTestLoss - summary.mean), y - 3, style: style, title: title)
    }
    return content + SVG.text(meanText(summary), width - numbers + 12, y + 4, style: "tick")
  }

  /// `0.306 (0.304 to 0.308)`
  private func meanText(_ summary: SampleSummary) -> String {
    let mean = numberText(exponential(summary.mean))
    guard let interval = summary.interval(confidence: confidence) else { return mean }
    return "\(mean) (\(numberText(exponential(interval.low))) to \(numberText(exponential(interval.high))))"
  }
}
