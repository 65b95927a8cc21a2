// The tables behind the pictures: the tests of every cell, the tuned hyperparameters with every candidate, and the
// interaction test.
import Shared

func testSection(_ matrix: SweepMatrix) -> Markup {
  let body = matrix.rows.flatMap { row in row.cells.map { testRow($0, row) } }
  let confidence = percentLabel(matrix.settings.confidence)
  return """
    <section>
    <h2>Tests of every cell</h2>
    <p class="quiet">p: one-sided sign-flip test on paired ln test losses that the rival with the smallest p beats this cell;
    adjusted: p · (K − 1), K activations a row; the cell is excluded if that is at most
    \(settingText(1 - matrix.settings.confidence)) and holds against the cell’s attainable reference too. Paired t: the same
    comparison by Student’s test, printed beside, decides nothing. Tie: two one-sided t tests on the normalised excess
    against the leader.</p>
    <div class="scroll"><table class="dense">
    <thead><tr><th>\(matrix.rowAxisName)</th><th>\(matrix.columnAxisName)</th><th>verdict</th><th>status</th><th>p</th>
    <th>adj. p</th><th>rival</th><th>paired t</th><th>tie p</th><th>seeds</th><th>diverged</th>
    <th>ln test loss</th><th>\(confidence) interval</th><th>reference</th></tr></thead>
    <tbody>
    \(body.joined())
    </tbody></table></div>
    \(missingList(matrix))
    </section>
    """
}

private func testRow(_ cell: MatrixCell, _ row: MatrixRow) -> Markup {
  let measured = cell.measured
  let loss = measured.lnTestLoss
  let interval = loss?.interval(confidence: row.settings.confidence).map {
    "\(fixedText($0.low, decimals: 3)) to \(fixedText($0.high, decimals: 3))"
  }
  let rival = cell.strongestRival
  let fields: [String] = [
    cell.columnName, cell.verdict.rawValue, cell.status.rawValue, pText(cell.pRaw), pText(cell.pAdjusted),
    rival.map { row.columnName($0.winner) } ?? "–", pText(rival?.tTestP), pText(cell.equivalence?.p),
    "\(measured.present.count)", "\(measured.divergedCount)", fixedText(loss?.mean ?? .nan, decimals: 3),
    interval ?? "–", fixedText(measured.lnReference, decimals: 3),
  ]
  let best = cell.isMarkedBest ? " class=\"best-row\"" as Markup : ""
  return "<tr\(best)><th scope=\"row\">\(row.label)</th>\(fields.map { "<td>\($0)</td>" as Markup }.joined(""))</tr>"
}

private func missingList(_ matrix: SweepMatrix) -> Markup {
  let items = matrix.rows.flatMap { row in
    row.cells.flatMap { cell in
      cell.measured.missing.map { trial -> Markup in
        """
        <li>\(row.label), \(cell.columnName), seed \(trial.seed.description): \(trial.state.rawValue)\
        \(trial.reason.isEmpty ? "" : " – " + trial.reason)</li>
        """
      }
    }
  }
  return items.isEmpty
    ? "" : "<p>Reporting trials that ended without a result, not part of any number:</p><ul>\(items.joined())</ul>"
}

/// Candidates that the table of the page lists; of more it shows the selected ones, and a cell's details the best.
private let listedCandidates = 400

func tuningSection(_ matrix: SweepMatrix, _ pictures: ReportPictures) -> Markup {
  guard !matrix.tuned.isEmpty else {
    return "<section>\n<h2>Tuned hyperparameters</h2>\n<p>Nothing was tuned.</p>\n</section>"
  }
  let names = matrix.tuned.map { name -> Markup in "<th>\(name.rawValue)</th>" }
  let count = matrix.cells.reduce(0) { $0 + $1.measured.tuning.candidates.count }
  let isWhole = count <= listedCandidates
  let body = matrix.rows.flatMap { row in row.cells.flatMap { candidates($0, row, matrix, all: isWhole) } }
  let panels = pictures.rows.flatMap(\.tuning).map(panel)
  let drawn: Markup =
    panels.isEmpty
    ? ""
    : """
    <details class="row"\(panels.count <= 12 ? " open" : "")><summary>Scores against what was tuned</summary>
    <p class="quiet">A mark per candidate: mean over tuning seeds of ln \(matrix.metric.name.rawValue), smaller is better;
    ringed or strong: selected. Candidates that diverged have no place.</p>
    <div class="panels">\(panels.joined())</div></details>
    """
  let importance: Markup = pictures.importance.map { figure($0, absent: "") } ?? ""
  return """
    <section>
    <h2>Tuned hyperparameters</h2>
    \(importance)
    \(drawn)
    <p class="quiet">\(isWhole ? "Every candidate of every cell" : "The selected candidate of every cell"), \(countText(count, "candidate")) in all: mean over \(countText(matrix.tuneSeeds, "tuning seed")) of
    ln \(matrix.metric.name.rawValue). The smallest is selected (bold) and trained anew on the reporting seeds. Edge: the
    selected value is the smallest or largest that was tried; a wider range may do better.</p>
    <div class="scroll"><table>
    <thead><tr><th>\(matrix.rowAxisName)</th><th>\(matrix.columnAxisName)</th>\(names.joined(""))
    <th>score</th><th>per seed</th><th></th></tr></thead>
    <tbody>
    \(body.joined())
    </tbody></table></div>
    </section>
    """
}

private func candidates(
  _ cell: MatrixCell, _ row: MatrixRow, _ matrix: SweepMatrix, all: Bool
) -> [Markup] {
  let tuning = cell.measured.tuning
  return tuning.candidates.enumerated().filter { all || $0.offset == tuning.selected }.map { index, candidate in
    let isSelected = index == tuning.selected
    let values = candidate.values.map { value -> Markup in "<td>\(value.description)</td>" }
    let losses = candidate.losses.map { loss in
      loss.map { $0.isFinite ? numberText($0) : "diverged" } ?? "missing"
    }
    let score = candidate.score.map { $0.isFinite ? fixedText($0, decimals: 3) : "diverged" } ?? "–"
    var note = isSelected ? "selected" : ""
    if isSelected, !tuning.edges.isEmpty { note += ", edge of " + listText(tuning.edges.map(\.rawValue)) }
    return """
      <tr\(isSelected ? " class=\"selected\"" as Markup : "")><th scope="row">\(row.label)</th><td>\(cell.columnName)</td>\
      \(values.joined(""))<td>\(score)</td><td>\(losses.isEmpty ? "not tuned" : losses.joined(separator: ", "))</td><td>\(note)</td></tr>
      """
  }
}

func interactionSection(_ matrix: SweepMatrix) -> Markup {
  let parts = matrix.interactions.map { summary -> Markup in
    let ranks: Markup = rankSentence(summary, matrix).map { "<p class=\"quiet\">\($0)</p>" } ?? ""
    return """
      <p class="answer">\(interactionSentence(summary, matrix))</p>
      \(interactionTable(summary, matrix))
      \(ranks)
      """
  }
  return """
    <section>
    <h2>Does the best \(matrix.columnAxisName) depend on the \(matrix.rowAxisName)?</h2>
    \(parts.joined())
    </section>
    """
}

private func interactionTable(_ summary: InteractionSummary, _ matrix: SweepMatrix) -> Markup {
  guard let test = summary.test, let first = summary.rows.first.map({ matrix.rows[$0] }) else { return "" }
  let body = test.entries.enumerated().map { index, entry -> Markup in
    let place = entry.row.map { matrix.rows[summary.rows[$0]].label } ?? "–"
    let rival = entry.rival.map { first.columnName($0) } ?? "–"
    return
      "<tr><th scope=\"row\">\(first.columnName(index))</th><td>\(place)</td><td>\(rival)</td><td>\(pText(entry.p))</td></tr>"
  }
  return """
    <div class="scroll"><table>
    <thead><tr><th>\(matrix.columnAxisName)</th><th>most surely beaten in</th><th>by</th><th>corrected p</th></tr></thead>
    <tbody>\(body.joined())</tbody></table></div>
    """
}
