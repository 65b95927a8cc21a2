// Parallel coordinates of one row's candidates: an axis per tuned hyperparameter and one for the score, a line per
// candidate in the colour of its column, the selected ones strong. Source: Inselberg 1985.
import Shared

struct ParallelChart {
  private struct Line {
    /// Index of its colour.
    let column: Int
    let name: String
    let values: [ParameterValue]
    let score: Double
    let isSelected: Bool
  }
  let title: String
  private let tuned: [ParameterName]
  private let metric: String
  private let lines: [Line]

  private let height = 320.0, top = 34.0, bottom = 34.0, left = 60.0, right = 70.0
  private var width: Double { max(560, left + right + 150 * Double(tuned.count)) }

  /// Nil with fewer than two tuned parameters or two candidates with a score.
  /// - limit: lines at most; the best of every column are always among them.
  init?(_ row: MatrixRow, _ matrix: SweepMatrix, limit: Int) {
    guard matrix.tuned.count > 1 else { return nil }
    (title, tuned, metric) = (row.label, matrix.tuned, matrix.metric.name.rawValue)
    let share = max(4, limit / max(1, row.cells.count))
    lines = row.cells.enumerated().flatMap { column, cell -> [Line] in
      let tuning = cell.measured.tuning
      let all = tuning.candidates.enumerated().compactMap { place, candidate -> Line? in
        guard let score = candidate.score, score.isFinite else { return nil }
        return Line(
          column: column, name: cell.columnName, values: candidate.values, score: score,
          isSelected: place == tuning.selected)
      }.sorted { ($0.isSelected ? 0 : 1, $0.score) < ($1.isSelected ? 0 : 1, $1.score) }
      return all.prefix(share / 2) + CurveSummary.thinned(Array(all.dropFirst(share / 2)), to: max(2, share / 2))
    }
    guard lines.count > 1 else { return nil }
  }

  func drawing() -> Drawing {
    let places = tuned.indices.map { left + (width - left - right) * Double($0) / Double(tuned.count) }
    let scales = tuned.indices.map { column in
      AxisPlaces(lines.map { $0.values[column] }, start: height - bottom, end: top)
    }
    let scores = lines.map(\.score)
    let score = ChartScale(
      linear: (scores.min() ?? 0)...(scores.max() ?? 1), start: height - bottom, end: top)
    let end = width - right
    var content: Markup = ""
    for (index, name) in tuned.enumerated() {
      content += axis(places[index], name.rawValue + (scales[index].isLogarithmic ? " (log)" : ""), scales[index].ticks)
    }
    content += axis(end, "ln \(metric)", score.ticks(count: 5).map { (score.place($0.value), $0.label) })
    for line in lines.sorted(by: { ($0.isSelected ? 1 : 0) < ($1.isSelected ? 1 : 0) }) {
      let points =
        tuned.indices.map { (places[$0], scales[$0].place(line.values[$0])) } + [(end, score.place(line.score))]
      content += SVG.path(
        points, style: "strand c\(line.column % chartColours) \(line.isSelected ? "chosen" : "faint")")
    }
    return Drawing(
      width: width, height: height, label: "Parallel coordinates of the candidates, \(title)", content: content)
  }

  private func axis(_ x: Double, _ name: String, _ ticks: [(place: Double, label: String)]) -> Markup {
    var content = SVG.line(x, top, x, height - bottom, style: "axis")
    content += SVG.text(shortened(name, to: 22), x, top - 14, anchor: .middle, style: "axis-name")
    for tick in ticks where !tick.label.isEmpty {
      content += SVG.line(x - 3, tick.place, x + 3, tick.place, style: "axis")
      content += SVG.text(shortened(tick.label, to: 12), x - 6, tick.place + 4, anchor: .end, style: "tick")
    }
    return content
  }

  func keys() -> Markup {
    var seen: Set<Int> = []
    return seriesKeys(lines.filter { seen.insert($0.column).inserted }.map { ($0.name, $0.column) })
  }

  func csv() -> String {
    csvTable(
      ["series"] + tuned.map(\.rawValue) + ["ln_\(metric)", "selected"],
      lines.map { line in
        [.text(line.name)] + line.values.map { JSONValue($0) }
          + [.number(line.score), .integer(line.isSelected ? 1 : 0)]
      })
  }
}

/// Where the values of one parameter lie on its axis: by size where they are numbers, else evenly in order of appearance.
private struct AxisPlaces {
  private let scale: ChartScale?
  private let words: [String]
  private let start: Double
  private let end: Double
  var isLogarithmic: Bool { scale?.isLogarithmic ?? false }

  init(_ values: [ParameterValue], start: Double, end: Double) {
    (self.start, self.end) = (start, end)
    let numbers = values.compactMap(\.number)
    if numbers.count == values.count, let low = numbers.min(), let high = numbers.max() {
      scale =
        low > 0 && high / low > 5
        ? ChartScale(logarithmic: low...high, start: start, end: end)
        : ChartScale(linear: low...high, start: start, end: end)
      words = []
    } else {
      scale = nil
      var seen: Set<String> = []
      words = values.map(\.description).filter { seen.insert($0).inserted }
    }
  }

  func place(_ value: ParameterValue) -> Double {
    if let scale { return scale.place(value.number ?? 0) }
    guard words.count > 1 else { return (start + end) / 2 }
    return start + (end - start) * Double(words.firstIndex(of: value.description) ?? 0) / Double(words.count - 1)
  }

  var ticks: [(place: Double, label: String)] {
    if let scale { return scale.ticks(count: 5).map { (scale.place($0.value), $0.label) } }
    return words.map { (place(.text($0)), $0) }
  }
}
