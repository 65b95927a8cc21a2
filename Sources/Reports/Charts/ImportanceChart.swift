// How much each tuned hyperparameter matters: shares of the variance of the tuning scores, by a model of them
// (`SearchSpace.importance`), averaged over cells.
import Search
import Shared

struct ImportanceChart {
  struct Bar {
    let parameter: ParameterName
    /// Shares from 0 to 1, means over cells: alone, and with all interactions.
    let main: Double
    let total: Double
    /// The smallest and largest `total` of a cell.
    let range: ClosedRange<Double>
  }
  let bars: [Bar]
  /// Cells that the means are over, of so many that were tuned.
  let cells: Int
  let tunedCells: Int

  /// A model takes tenths of a second where there are many candidates.
  private static let maximumCells = 24
  private let width = 560.0, lane = 26.0, top = 12.0, bottom = 40.0, names = 150.0, right = 60.0

  /// Nil with fewer than two tuned parameters, or where no cell has scores enough.
  init?(_ matrix: SweepMatrix) {
    guard matrix.tuned.count > 1 else { return nil }
    let tuned = matrix.cells.filter { $0.measured.tuning.candidates.count >= 4 }
    tunedCells = tuned.count
    let shares = CurveSummary.thinned(tuned, to: Self.maximumCells).compactMap { cell -> [ParameterImportance]? in
      let candidates = cell.measured.tuning.candidates
      return SearchSpace(names: matrix.tuned, tuples: candidates.map(\.values)).importance(
        history: candidates.map { SearchObservation(tuple: $0.values, score: $0.score) })
    }
    guard !shares.isEmpty else { return nil }
    cells = shares.count
    bars = matrix.tuned.indices.map { index in
      let totals = shares.map { $0[index].total }.filter(\.isFinite)
      return Bar(
        parameter: matrix.tuned[index], main: meanOfFinite(shares.map { $0[index].main }), total: meanOfFinite(totals),
        range: (totals.min() ?? 0)...(totals.max() ?? 0))
    }.sorted { $0.total > $1.total }
  }

  func drawing() -> Drawing {
    let height = top + lane * Double(bars.count) + bottom
    let x = ChartScale(linear: 0...1, start: names, end: width - right)
    var content: Markup = ""
    for tick in x.ticks(count: 5) {
      content += SVG.line(x.place(tick.value), top, x.place(tick.value), height - bottom, style: "grid")
      content += SVG.text(tick.label, x.place(tick.value), height - bottom + 15, anchor: .middle, style: "tick")
    }
    for (index, bar) in bars.enumerated() {
      let y = top + lane * Double(index) + 5
      content += SVG.text(shortened(bar.parameter.rawValue, to: 20), names - 10, y + 12, anchor: .end, style: "name")
      content += SVG.rectangle(names, y, x.place(bar.total) - names, 16, style: "bar c0 faint")
      content += SVG.rectangle(names, y + 3, x.place(bar.main) - names, 10, style: "bar c0")
      if cells > 1 {
        content += SVG.line(
          x.place(bar.range.lowerBound), y + 8, x.place(bar.range.upperBound), y + 8, style: "range")
      }
      content += SVG.text(percentText(bar.total), width - right + 8, y + 12, style: "tick")
    }
    content += SVG.text(
      "share of the variance of ln loss over the space", (names + width - right) / 2, height - 6, anchor: .middle,
      style: "axis-name")
    return Drawing(width: width, height: height, label: "Importance of the tuned hyperparameters", content: content)
  }

  func csv() -> String {
    csvTable(
      ["parameter", "main", "total", "total_lowest", "total_highest"],
      bars.map {
        [
          .text($0.parameter.rawValue), .number($0.main), .number($0.total), .number($0.range.lowerBound),
          .number($0.range.upperBound),
        ]
      })
  }
}

func importancePicture(_ matrix: SweepMatrix, id: String) -> Picture? {
  guard let chart = ImportanceChart(matrix) else { return nil }
  let which =
    chart.cells == chart.tunedCells
    ? countText(chart.cells, "cell")
    : "\(chart.cells) of \(countText(chart.tunedCells)) tuned cells, chosen evenly along the matrix"
  return Picture(
    id: id, title: "Importance of the tuned hyperparameters",
    caption: """
      Share of the variance of the tuning score that each hyperparameter explains alone (dark) and with all its \
      interactions (light), by functional analysis of variance of a Gaussian process fitted to the candidates of each \
      cell (Hutter, Hoos & Leyton-Brown 2014); mean over \(which)\
      \(chart.cells > 1 ? "; the thin line goes from the cell where it matters least to the one where it matters most" : "").
      """, drawing: chart.drawing(), csv: chart.csv())
}
