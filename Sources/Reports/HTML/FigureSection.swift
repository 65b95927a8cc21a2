// Figures of a sweep with an x axis: one panel per row and facet. Sweeps without one have none.
import Shared

func figureSection(_ matrix: SweepMatrix) -> Markup {
  guard let axis = matrix.axes.first(where: { $0.role == .x }) else { return "" }
  let panels = figurePanels(matrix, along: axis).map { panel -> Markup in
    """
    <figure><h3>\(panel.title)</h3><div class="scroll">\(panel.markup())</div>\(panel.keys())</figure>
    """
  }
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
