// The matrix as a drawing, for papers and slides: normalised excess in colour and number, the best set outlined, the
// matched activation marked, everything undecided hatched, as on the page.
import Shared

struct MatrixChart {
  let matrix: SweepMatrix

  private var isLarge: Bool { matrix.columns.count > 12 || matrix.rows.count > 30 }
  private var cellWidth: Double { isLarge ? 56 : 104 }
  private var cellHeight: Double { isLarge ? 30 : 58 }
  private let gap = 4.0, top = 30.0, bottom = 42.0
  /// Of the rows' names; 6.7 units are a wide letter at 12.
  private var names: Double {
    min(240, 24 + 6.7 * Double(matrix.rows.map { shortened($0.label, to: 32).count }.max() ?? 0))
  }

  /// Nil while nothing was measured.
  func drawing() -> Drawing? {
    guard matrix.cells.contains(where: { $0.measured.lnTestLoss != nil }) else { return nil }
    let width = names + Double(matrix.columns.count) * (cellWidth + gap) + 10
    let height = top + Double(matrix.rows.count) * (cellHeight + gap) + bottom
    var content: Markup = ""
    for (index, name) in matrix.columns.enumerated() {
      content += SVG.text(
        shortened(name.isEmpty ? "result" : name, to: isLarge ? 8 : 15), left(index) + cellWidth / 2, top - 10,
        anchor: .middle, style: "name strong")
    }
    // Outlines last: the cell below would cover a part of them.
    var outlines: Markup = ""
    for (index, row) in matrix.rows.enumerated() {
      let y = top + Double(index) * (cellHeight + gap)
      content += SVG.text(
        shortened(row.label, to: 32), names - 12, y + cellHeight / 2 + 4, anchor: .end, style: "name strong")
      for (column, name) in matrix.columns.enumerated() {
        guard let cell = row.cell(column: name) else { continue }
        content += drawn(cell, left(column), y)
        if cell.isMarkedBest {
          outlines += SVG.rectangle(left(column), y, cellWidth, cellHeight, style: "outline")
        }
      }
    }
    return Drawing(
      width: width, height: height, label: "Normalised excess, \(matrix.rowAxisName) by \(matrix.columnAxisName)",
      content: content + outlines + legend(y: height - 26))
  }

  private func left(_ column: Int) -> Double { names + Double(column) * (cellWidth + gap) }

  private func drawn(_ cell: MatrixCell, _ x: Double, _ y: Double) -> Markup {
    guard let loss = cell.measured.lnTestLoss else {
      return SVG.rectangle(x, y, cellWidth, cellHeight, style: "gap")
    }
    let excess = cell.measured.normalisedExcess
    let colour = HeatColour(normalisedExcess: excess.isFinite ? excess : 1, stops: HeatColour.lightStops)
    var content = SVG.rectangle(x, y, cellWidth, cellHeight, style: "", fill: colour.background)
    if cell.status != .ok { content += hatching(x, y) }
    let marks = cellMarks(cell)
    if isLarge {
      let text = numberText(excess, digits: 2) + (marks.isEmpty ? "" : " " + marks)
      return content + label(text, x, y + cellHeight / 2 + 4, colour, size: 11)
    }
    content += label(numberText(excess, digits: 2), x, y + 23, colour, size: 16)
    content += label("loss " + numberText(exponential(loss.mean)), x, y + 38, colour, size: 10)
    return content + label(marks, x, y + 52, colour, size: 11)
  }

  private func label(_ text: String, _ x: Double, _ y: Double, _ colour: HeatColour, size: Double) -> Markup {
    """
    <text x="\(SVG.number(x + cellWidth / 2))" y="\(SVG.number(y))" text-anchor="middle" \
    style="fill:\(colour.text);font-size:\(SVG.number(size))px">\(text)</text>
    """
  }

  private func hatching(_ x: Double, _ y: Double) -> Markup {
    var lines: Markup = ""
    var offset = 8.0
    while offset < cellWidth + cellHeight {
      let from = (x: x + min(offset, cellWidth), y: y + max(0, offset - cellWidth))
      let to = (x: x + max(0, offset - cellHeight), y: y + min(offset, cellHeight))
      lines += SVG.line(from.x, from.y, to.x, to.y, style: "hatch")
      offset += 9
    }
    return lines
  }

  private func legend(y: Double) -> Markup {
    let values = [0.0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1]
    var content = SVG.text("Bayes", names - 12, y + 12, anchor: .end, style: "tick")
    let side = 30.0
    for (index, value) in values.enumerated() {
      let colour = HeatColour(normalisedExcess: value, stops: HeatColour.lightStops)
      let x = names + Double(index) * side
      content += SVG.rectangle(x, y, side, 16, style: "", fill: colour.background)
      content += """
        <text x="\(SVG.number(x + side / 2))" y="\(SVG.number(y + 12))" text-anchor="middle" \
        style="fill:\(colour.text);font-size:9px">\(settingText(value))</text>
        """
    }
    return content
      + SVG.text("zero predictor", names + Double(values.count) * side + 6, y + 12, style: "tick")
  }

  func csv() -> String { matrixCSV(matrix) }
}

/// A cell's marks, where there is no room for words: ★ best set, ◆ matched, = tied, and what `lossText` appends.
func cellMarks(_ cell: MatrixCell) -> String {
  var marks: [String] = []
  if cell.isMarkedBest { marks.append("★") }
  if cell.measured.isMatched { marks.append("◆") }
  if cell.verdict == .tied { marks.append("=") }
  let status = statusMark(cell.status)
  if !status.isEmpty { marks.append(status) }
  return marks.joined(separator: " ")
}
