// One section per row: its sentence, the learning curves, the seeds, and every pair that was tested.
import Shared

/// Rows beyond so many start folded, so that a page of many panels stays readable.
private let unfoldedRows = 9

func rowSections(_ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  let sections = matrix.rows.enumerated().map { index, row -> Markup in
    """
    <details class="row" id="row-\(index)"\(matrix.rows.count <= unfoldedRows ? " open" : "")>
    <summary>\(row.label)</summary>
    <p class="answer">\(rowSentence(row, matrix))</p>
    \(figures(row, results, matrix))
    </details>
    """
  }
  return "<section>\n<h2>Row by row</h2>\n\(sections.joined())\n</section>"
}

private func figures(_ row: MatrixRow, _ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  let series = row.cells.enumerated().map { index, cell in
    CurveChart.Series(
      name: cell.columnName, index: index,
      curve: CurveSummary(cell.measured.present.compactMap { results.curves[$0.trial] }),
      reference: exponential(cell.measured.lnReference))
  }
  let curves = CurveChart(
    title: row.label, series: series, bayes: row.baselines?.bayes ?? .nan, zero: row.baselines?.zero ?? .nan)
  return """
    <div class="figures">
    <figure><div class="scroll">\(curves.markup())</div>
    \(curves.keys())
    <figcaption>Learning curves of the reporting seeds: geometric mean of the validation loss, band one standard deviation
    over seeds. \(row.baselines == nil ? "" : "Horizontal lines: Bayes and zero predictor. ")Short dashes at the right
    end: the \(attainableReference) of each curve; they are test losses, drawn beside validation curves.</figcaption></figure>
    <figure class="pairs"><div class="scroll">\(pairTable(row))</div>
    <figcaption>How far the row’s \(matrix.columnAxisName) is ahead of the column’s, mean difference of ln test loss over
    paired seeds, and the one-sided sign-flip p that it is; bold where this excludes the column’s from the best set: the p
    is small enough, and the column’s attainable reference is beaten as surely.</figcaption></figure>
    </div>
    <figure><div class="scroll">\(SeedChart(row: row, confidence: matrix.settings.confidence).markup())</div>
    <figcaption>Every reporting seed as a point. Left: test losses. Right: the same about each cell’s mean, enlarged, with the
    \(percentLabel(matrix.settings.confidence)) t-interval of the mean below. A seed has the same prompts in every cell of a
    row: what moves all cells together cancels in the paired tests.</figcaption></figure>
    """
}

private func pairTable(_ row: MatrixRow) -> Markup {
  guard row.cells.count > 1 else { return "<p class=\"quiet\">One activation: nothing to compare.</p>" }
  let head = row.cells.map { cell -> Markup in "<th scope=\"col\">\(cell.columnName)</th>" }
  let body = row.cells.indices.map { winner -> Markup in
    let fields = row.cells.indices.map { loser -> Markup in
      guard let pair = row.bestSet.pair(winner, beats: loser) else { return "<td>–</td>" }
      let excludes = row.isDecided && row.bestSet.excludes(pair.guardedP)
      let text: Markup = "\(signed(pair.difference.mean))<br><span class=\"quiet\">p \(pText(pair.p))</span>"
      return excludes ? "<td><strong>\(text)</strong></td>" : "<td>\(text)</td>"
    }
    return "<tr><th scope=\"row\">\(row.columnName(winner))</th>\(fields.joined(""))</tr>"
  }
  return """
    <table><thead><tr><th scope="col">ahead of</th>\(head.joined(""))</tr></thead>
    <tbody>\(body.joined())</tbody></table>
    """
}

private func signed(_ nats: Double) -> String { (nats >= 0 ? "+" : "−") + fixedText(abs(nats), decimals: 3) }
