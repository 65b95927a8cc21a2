// The figures of a sweep in the paper's form: along its x axis a panel per row and facet, and, where the manifest asks for
// it, along the step a panel per row. Sweeps that name neither have none.
import Shared

func figureSection(_ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  axisFigures(matrix) + stepFigures(results, matrix)
}

private func stepFigures(_ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  guard matrix.settings.alongStep else { return "" }
  let panels = matrix.rows.map { figure(stepPanel($0, results)) }
  return """
    <section>
    <h2>Along the step</h2>
    <div class="panels">\(panels.joined())</div>
    <p class="quiet">Mean over the reporting seeds of ln validation loss, band one standard deviation over seeds; a run that
    diverged counts until it did. Dashed: the Bayes predictor on the test prompts, left out where it is exact.</p>
    </section>
    """
}

func figure(_ panel: FigureChart) -> Markup {
  """
  <figure><h3>\(panel.title)</h3><div class="scroll">\(panel.markup())</div>\(panel.keys())</figure>
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

private func axisFigures(_ matrix: SweepMatrix) -> Markup {
  guard let axis = matrix.axes.first(where: { $0.role == .x }) else { return "" }
  let panels = figurePanels(matrix, along: axis).map(figure)
  return """
    <section>
    <h2>Along \(axis.name.rawValue)</h2>
    <div class="panels">\(panels.joined())</div>
    <p class="quiet">Mean over the reporting seeds of ln test loss, band one standard deviation over seeds; dashed: the Bayes
    predictor on the same prompts, left out where it is exact. The numbers are those of matrix.csv.</p>
    </section>
    """
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
    let names = rows.first?.row.cells.map(\.columnName) ?? []
    let series = names.indices.map { column in
      FigureChart.Series(
        name: names[column], index: column,
        points: rows.compactMap { x, row in
          row.cells[column].measured.lnTestLoss.map { (places[x], axis.values[x].description, $0) }
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
