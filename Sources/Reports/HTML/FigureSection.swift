// The figures of a sweep in the paper's form: along its x axis a panel per row and facet, and, where the manifest asks for
// it, along the step a panel per row. Sweeps that name neither have none.
import Shared

func figureSection(_ pictures: ReportPictures, _ matrix: SweepMatrix) -> Markup {
  let axis = matrix.axes.first { $0.role == .x }?.name.rawValue ?? ""
  return panelSection("Along \(axis)", pictures.alongAxis, note: " The numbers are those of matrix.csv.")
    + panelSection("Along the step", pictures.alongStep)
}

/// Panels with one caption for all.
private func panelSection(_ title: String, _ pictures: [Picture], note: String = "") -> Markup {
  guard let first = pictures.first else { return "" }
  return """
    <section>
    <h2>\(title)</h2>
    <div class="panels">\(pictures.map(panel).joined())</div>
    <p class="quiet">\(first.caption)\(note)</p>
    </section>
    """
}

/// A picture under its title, without the caption that several share.
func panel(_ picture: Picture) -> Markup {
  "<figure><h3>\(picture.title)</h3>\(shown(picture))</figure>"
}

/// A picture above its caption.
func figure(_ picture: Picture?, absent: String) -> Markup {
  guard let picture else { return "<p class=\"quiet\">\(absent)</p>" }
  return "<figure>\(shown(picture))\n<figcaption>\(picture.caption)</figcaption></figure>"
}

/// The drawing with what takes it away: a script serves the buttons.
private func shown(_ picture: Picture) -> Markup {
  """
  <div class="scroll" id="picture-\(picture.id)">\(picture.drawing.inline)</div>
  \(picture.keys)\(takeaway(picture))
  """
}

func takeaway(_ picture: Picture) -> Markup {
  """
  <p class="take"><button type="button" data-take="svg" data-picture="\(picture.id)" aria-label="Download as SVG: \(picture.title)">SVG</button>\
  <button type="button" data-take="csv" data-picture="\(picture.id)" aria-label="Download the drawn numbers as CSV: \(picture.title)">CSV</button></p>
  """
}

/// Learning curves of one row's reporting seeds.
func stepPanel(_ row: MatrixRow, _ results: SweepResults) -> FigureChart {
  let series = row.cells.enumerated().map { index, cell in
    let curves = cell.measured.present.compactMap { results.curves[$0.trial] }
    return FigureChart.Series(
      name: cell.columnName, index: index,
      points: CurveSummary.logarithms(curves).map { (Double($0.step), "\($0.step)", $0.losses) })
  }
  let last = series.compactMap { $0.points.last?.x }.max() ?? 1
  let ticks = ChartScale(linear: 0...last, start: 0, end: 1).ticks(count: 5)
  let bayes = row.baselines?.bayes ?? .nan
  let level = bayes > 0 ? naturalLogarithm(ofLoss: bayes) : .nan
  return FigureChart(
    title: panelTitle(row.coordinates), xName: "step", yName: "ln validation loss",
    ticks: ticks.map { ($0.value, $0.label) }, series: series, bayes: level.isFinite ? [(0, level), (last, level)] : [])
}

/// One chart per combination of the axes other than x and the columns, in the plan's order.
func figurePanels(_ matrix: SweepMatrix, along axis: Axis) -> [FigureChart] {
  // Values that are no numbers, such as recipes, stand one step apart.
  let numbers = axis.values.map(\.asNumber)
  let isNumeric = numbers.allSatisfy { $0 != nil }
  let places = axis.values.indices.map { isNumeric ? numbers[$0] ?? 0 : Double($0) }
  var order: [[Coordinate]] = []
  var groups: [[Coordinate]: [(x: Int, row: MatrixRow)]] = [:]
  for row in matrix.rows {
    guard let value = row.coordinates.first(where: { $0.role == .x })?.value,
      let index = axis.values.firstIndex(of: value)
    else { continue }
    let key = row.coordinates.filter { $0.role != .x }
    if groups[key] == nil { order.append(key) }
    groups[key, default: []].append((index, row))
  }
  return order.map { key in
    let rows = (groups[key] ?? []).sorted { places[$0.x] < places[$1.x] }
    // Not every column need have been tried in every row.
    let names = matrix.columns.filter { name in rows.contains { $0.row.cell(column: name) != nil } }
    let series = names.enumerated().map { index, name in
      FigureChart.Series(
        name: rows.compactMap { $0.row.cell(column: name)?.columnName }.first ?? name, index: index,
        points: rows.compactMap { x, row in
          row.cell(column: name)?.measured.lnTestLoss.map { (places[x], axis.values[x].description, $0) }
        })
    }
    let bayes = rows.compactMap { x, row -> (x: Double, lnLoss: Double)? in
      let losses = row.baselines.map(\.bayes) ?? .nan
      return losses > 0 ? (places[x], naturalLogarithm(ofLoss: losses)) : nil
    }
    let ticks = axis.values.indices.map { (x: places[$0], label: axis.values[$0].description) }
    return FigureChart(
      title: panelTitle(key), xName: axis.name.rawValue, ticks: ticks.sorted { $0.x < $1.x }, series: series,
      bayes: bayes)
  }
}

private func panelTitle(_ coordinates: [Coordinate]) -> String {
  coordinates.map { $0.role == .rows ? "\($0.text) labels" : "\($0.axis.rawValue) \($0.text)" }.joined(separator: ", ")
}

extension ParameterValue {
  /// Nil for what cannot be placed on an axis.
  fileprivate var asNumber: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    case .text, .flag, .list, .mapping: nil
    }
  }
}
