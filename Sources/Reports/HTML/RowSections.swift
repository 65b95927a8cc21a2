// One section per row: its sentence, the learning curves, the seeds, and every pair that was tested.
import Shared

/// Rows beyond so many start folded, so that a page of many panels stays readable.
private let unfoldedRows = 9

func rowSections(_ pictures: ReportPictures, _ matrix: SweepMatrix) -> Markup {
  let sections = matrix.rows.enumerated().map { index, row -> Markup in
    """
    <details class="row" id="row-\(index)"\(matrix.rows.count <= unfoldedRows ? " open" : "")>
    <summary>\(shortened(row.label, to: 200))</summary>
    \(figures(row, pictures.rows[index], matrix))
    </details>
    """
  }
  return "<section>\n<h2>Row by row</h2>\n\(sections.joined())\n</section>"
}

private func figures(_ row: MatrixRow, _ pictures: ReportPictures.Row, _ matrix: SweepMatrix) -> Markup {
  let differences: Markup = row.cells.count > 1 ? figure(pictures.differences, absent: "Nothing leads yet.") : ""
  return """
    <div class="figures">
    \(figure(pictures.curves, absent: "No learning curves are stored yet."))
    <figure class="pairs"><div class="scroll">\(pairTable(row))</div>
    <figcaption>How far the row’s \(matrix.columnAxisName) is ahead of the column’s, mean difference of ln test loss over
    paired seeds, and the one-sided sign-flip p that it is; bold where this excludes the column’s from the best set: the p
    is small enough, and the column’s attainable reference is beaten as surely.</figcaption></figure>
    </div>
    <div class="wide">\(figure(pictures.seeds, absent: "No reporting trial has a result yet."))
    \(differences)</div>
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
