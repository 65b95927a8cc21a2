// The matrix as a heat map: normalised excess in colour and number, the best set outlined, the matched activation and
// everything that limits a cell's meaning written into it.
import Shared

/// - picture: the same as a drawing to be taken away.
func heatMapSection(_ matrix: SweepMatrix, picture: Picture?) -> Markup {
  let isLarge = matrix.columns.count > 8 || matrix.rows.count > 24
  let columns = matrix.columns.map { name -> Markup in
    "<th scope=\"col\">\(name.isEmpty ? "result" : shortened(name, to: shownNameLength))</th>"
  }
  let rows = matrix.rows.enumerated().map { index, row in heatRow(row, index, matrix, isLarge) }
  let drawing = picture.map { picture -> Markup in
    "<template id=\"picture-\(picture.id)\">\(picture.drawing.inline)</template>\(takeaway(picture))"
  }
  return """
    <section>
    <h2>The matrix</h2>
    <p class="quiet">Normalised excess: how far the trained network is from the Bayes predictor (0) on the way to predicting
    zero (1), mean over reporting seeds. \(isLarge ? "" : "Below it the test loss, geometric mean. ")Choose a cell to see its curves, seeds, tuned hyperparameters and checkpoints.</p>
    <div class="scroll"><table class="heat\(isLarge ? " compact" : "")" style="--n:\(matrix.columns.count)">
    <thead><tr><th scope="col">\(matrix.rowAxisName) \\ \(matrix.columnAxisName)</th>\(columns.joined(""))
    <th scope="col" class="side">Bayes</th><th scope="col" class="side">zero</th></tr></thead>
    <tbody>
    \(rows.joined())
    </tbody></table></div>
    \(heatLegend(matrix))
    \(drawing ?? "")
    </section>
    """
}

private func heatRow(_ row: MatrixRow, _ index: Int, _ matrix: SweepMatrix, _ isLarge: Bool) -> Markup {
  let cells = matrix.columns.map { name -> Markup in
    row.cell(column: name).map { heatCell($0, row, isLarge) } ?? "<td class=\"empty\"></td>"
  }
  let baselines = baselineTexts(row).map { text -> Markup in "<td class=\"side\">\(text)</td>" }
  return
    "<tr><th scope=\"row\"><a href=\"#row-\(index)\">\(shortened(row.label, to: shownNameLength))</a></th>\(cells.joined(""))\(baselines.joined(""))</tr>"
}

private func heatCell(_ cell: MatrixCell, _ row: MatrixRow, _ isLarge: Bool) -> Markup {
  let measured = cell.measured
  let number = measured.id.rawValue
  guard let loss = measured.lnTestLoss else {
    return """
      <td class="empty"><button type="button" data-cell="\(number)">\(measured.pending > 0 ? "pending" : "no result")</button></td>
      """
  }
  let excess = measured.normalisedExcess
  var classes = ["cell"]
  if cell.isMarkedBest { classes.append("best") }
  if cell.status != .ok { classes.append("limited") }
  let words: Markup =
    isLarge
    ? "<span class=\"marks\" title=\"\(badgeWords(cell, row).joined(separator: ", "))\">\(cellMarks(cell))</span>"
    : """
    <span class="loss">loss \(numberText(exponential(loss.mean)))</span><span class="badges">\(badges(cell, row))</span>
    """
  return """
    <td class="\(classes.joined(separator: " "))" style="\(heatColours(excess.isFinite ? excess : 1))">\
    <button type="button" data-cell="\(number)" aria-haspopup="dialog">\
    <span class="value">\(numberText(excess, digits: 2))</span>\(words)</button></td>
    """
}

private func heatColours(_ excess: Double) -> String {
  let light = HeatColour(normalisedExcess: excess, stops: HeatColour.lightStops)
  let dark = HeatColour(normalisedExcess: excess, stops: HeatColour.darkStops)
  return "--l:\(light.background);--lt:\(light.text);--d:\(dark.background);--dt:\(dark.text)"
}

/// What a cell is, in words: colour alone says nothing.
func badges(_ cell: MatrixCell, _ row: MatrixRow) -> Markup {
  badgeWords(cell, row).map { word -> Markup in "<span>\(word)</span>" }.joined(" ")
}

private func badgeWords(_ cell: MatrixCell, _ row: MatrixRow) -> [String] {
  var words: [String] = []
  if cell.isMarkedBest { words.append(row.best.count == 1 ? "★ best" : "★ best set") }
  switch cell.verdict {
  case .leader: if !(row.isDecided && row.best.count == 1) { words.append("leads") }
  case .tied: words.append("tied")
  case .better: words.append("better than leader")
  case .unresolved: words.append(row.isComparable ? "unresolved" : "not comparable")
  case .worse: break
  }
  if cell.measured.isMatched { words.append("◆ matched") }
  switch cell.status {
  case .ok, .tooFewSeeds: break
  case .pending: words.append("\(cell.measured.pending) pending")
  case .diverged: words.append("\(cell.measured.divergedCount) diverged")
  case .optimiserLimited: words.append("optimiser-limited")
  }
  if cell.hasTooFewSeeds, row.isDecided { words.append("too few seeds") }
  if !cell.measured.missing.isEmpty { words.append("\(cell.measured.missing.count) missing") }
  return words
}

private func heatLegend(_ matrix: SweepMatrix) -> Markup {
  let steps = [0.0, 0.01, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1].map { value -> Markup in
    "<span class=\"swatch cell\" style=\"\(heatColours(value))\">\(settingText(value))</span>"
  }
  return """
    <p class="legend"><span>Bayes</span> \(steps.joined("")) <span>zero predictor</span></p>
    <p class="quiet"><span class="outline-sample">outlined ★</span> best set: no rival beats it
    (one-sided sign-flip tests, p ≤ α/(K − 1) with α = \(settingText(1 - matrix.settings.confidence))).
    ◆ matched: the activation equals the task’s kernel. Tied: within \(settingText(matrix.settings.tieMargin)) of the leader’s
    normalised excess. <span class="limited limited-sample"></span> hatched: trials pending, diverged, too few seeds, or
    optimiser-limited, as written in the cell.</p>
    """
}
