// What was tuned on one row: the tuning score against a hyperparameter's value, a mark per candidate and column, the
// selected ones ringed.
import Shared

struct TuningChart {
  struct Candidate {
    let value: Double
    /// Mean over tuning seeds of ln of the metric; finite.
    let score: Double
    let isSelected: Bool
  }
  struct Series {
    let name: String
    /// Index of its colour and marker.
    let index: Int
    /// Ascending by value.
    let candidates: [Candidate]
  }
  let title: String
  let parameter: ParameterName
  let metric: String
  let series: [Series]
  /// With one tuned parameter the candidates of a column lie on a line.
  let isJoined: Bool

  private let width = 560.0, height = 300.0
  private let left = 62.0, right = 100.0, top = 14.0, bottom = 44.0

  /// Nil where the parameter is no number or nothing differs.
  /// - limit: marks per column at most; the best candidates are always among them.
  init?(_ row: MatrixRow, _ matrix: SweepMatrix, parameter: Int, limit: Int) {
    self.parameter = matrix.tuned[parameter]
    title = row.label
    metric = matrix.metric.name.rawValue
    isJoined = matrix.tuned.count == 1
    series = row.cells.enumerated().map { index, cell in
      let tuning = cell.measured.tuning
      let all = tuning.candidates.enumerated().compactMap { place, candidate -> Candidate? in
        guard let score = candidate.score, score.isFinite, let value = candidate.values[parameter].number else {
          return nil
        }
        return Candidate(value: value, score: score, isSelected: place == tuning.selected)
      }
      let best = all.sorted { ($0.isSelected ? 0 : 1, $0.score) < ($1.isSelected ? 0 : 1, $1.score) }
      let kept = best.prefix(limit / 2) + CurveSummary.thinned(Array(best.dropFirst(limit / 2)), to: max(2, limit / 2))
      return Series(name: cell.columnName, index: index, candidates: kept.sorted { $0.value < $1.value })
    }
    guard Set(series.flatMap { $0.candidates.map(\.value) }).count > 1 else { return nil }
  }

  func drawing() -> Drawing {
    let values = series.flatMap { $0.candidates.map(\.value) }
    let scores = series.flatMap { $0.candidates.map(\.score) }
    let (low, high) = (values.min() ?? 0, values.max() ?? 1)
    let isLogarithmic = low > 0 && high / low > 5
    let margin = 0.04 * (high - low)
    let x =
      isLogarithmic
      ? ChartScale(logarithmic: (low / 1.15)...(high * 1.15), start: left, end: width - right)
      : ChartScale(linear: (low - margin)...(high + margin), start: left, end: width - right)
    let (least, most) = (scores.min() ?? 0, scores.max() ?? 1)
    let space = max(0.02, 0.05 * (most - least))
    let y = ChartScale(linear: (least - space)...(most + space), start: height - bottom, end: top)
    var content = axes(x, y, isLogarithmic)
    for series in series { content += drawn(series, x, y) }
    content += endLabels(
      series.compactMap { series in
        series.candidates.last.map { SeriesLabel(name: series.name, index: series.index, place: y.place($0.score)) }
      }, right: width - right, bottom: height - bottom)
    return Drawing(
      width: width, height: height, label: "Tuning score against \(parameter.rawValue), \(title)", content: content)
  }

  private func axes(_ x: ChartScale, _ y: ChartScale, _ isLogarithmic: Bool) -> Markup {
    var content: Markup = ""
    for tick in y.ticks(count: 6) {
      content += SVG.line(left, y.place(tick.value), width - right, y.place(tick.value), style: "grid")
      content += SVG.text(tick.label, left - 6, y.place(tick.value) + 4, anchor: .end, style: "tick")
    }
    for tick in x.ticks(count: 5) {
      let place = x.place(tick.value)
      content += SVG.line(place, height - bottom, place, height - bottom + 4, style: "axis")
      content += SVG.text(tick.label, place, height - bottom + 17, anchor: .middle, style: "tick")
    }
    content += SVG.line(left, height - bottom, width - right, height - bottom, style: "axis")
    let name = parameter.rawValue + (isLogarithmic ? " (log)" : "")
    content += SVG.text(name, (left + width - right) / 2, height - 8, anchor: .middle, style: "axis-name")
    return content + SVG.upwardText("ln \(metric), tuning seeds", 13, (top + height - bottom) / 2, style: "axis-name")
  }

  private func drawn(_ series: Series, _ x: ChartScale, _ y: ChartScale) -> Markup {
    let colour = "c\(series.index % chartColours)"
    var content: Markup = ""
    if isJoined {
      content += SVG.path(
        series.candidates.map { (x.place($0.value), y.place($0.score)) }, style: "strand \(colour)")
    }
    for candidate in series.candidates {
      let place = (x: x.place(candidate.value), y: y.place(candidate.score))
      content += SVG.marker(
        series.index, place.x, place.y, style: candidate.isSelected ? "mark \(colour)" : "seed \(colour)",
        title: "\(series.name), \(parameter.rawValue) \(settingText(candidate.value)): "
          + fixedText(candidate.score, decimals: 3))
      if candidate.isSelected { content += SVG.ring(place.x, place.y) }
    }
    return content
  }

  func csv() -> String {
    csvTable(
      ["series", parameter.rawValue, "ln_\(metric)", "selected"],
      series.flatMap { series in
        series.candidates.map {
          [.text(series.name), .number($0.value), .number($0.score), .integer($0.isSelected ? 1 : 0)]
        }
      })
  }
}
