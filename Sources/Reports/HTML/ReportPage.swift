// report/index.html: one self-contained page that answers which activation suits which task, how sure that is, and what
// was run. No network, one script of its own; all text from manifests and machines is escaped (Markup).
import Shared

/// - matrix: made from the same `results`.
/// - theory: what has been computed beside them, if anything.
/// - pictures: made from all of these, where they are made already.
package func reportHTML(
  results: SweepResults, matrix: SweepMatrix, theory: TheoryFindings? = nil, pictures made: ReportPictures? = nil
) -> String {
  let pictures = made ?? ReportPictures(results, matrix, theory: theory)
  let page: Markup = """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src \(PageScript.policy)">
    <title>\(shortened(matrix.name, to: 200)) – Attune</title>
    <style>
    \(stylesheet)
    </style>
    </head>
    <body><main>
    \(header(matrix))
    \(heatMapSection(matrix, picture: pictures.matrix))
    \(sentenceSection(matrix))
    \(figureSection(pictures, matrix))
    \(rowSections(pictures, matrix))
    \(interactionSection(matrix))
    \(contrastSection(matrix))
    \(theorySection(theory, matrix, pictures))
    \(testSection(matrix))
    \(tuningSection(matrix, pictures))
    \(runSection(results, matrix))
    \(methodSection(matrix))
    </main>
    \(cellDetails(results, matrix))
    \(PageScript.data(pictures))
    <script>\(Markup(trusted: PageScript.text))</script>
    </body>
    </html>
    """
  return page.text + "\n"
}

private func header(_ matrix: SweepMatrix) -> Markup {
  let description: Markup =
    matrix.description.isEmpty ? "" : "<p class=\"quiet\">\(shortened(matrix.description, to: 4000))</p>"
  // One claim heads the page; of many, which would push the matrix off the screen, the interaction's section has all.
  let tested = matrix.interactions.filter { $0.rows.count > 1 }
  let claims = tested.prefix(tested.count > 2 ? 0 : 2).map { summary -> Markup in
    "<p class=\"claim\">\(interactionSentence(summary, matrix))</p>"
  }
  return """
    <header>
    <h1>\(shortened(matrix.name, to: 200))</h1>
    \(description)
    \(unfinished(matrix))
    \(claims.joined())
    </header>
    """
}

private func unfinished(_ matrix: SweepMatrix) -> Markup {
  guard matrix.pendingTrials > 0 else { return "" }
  return """
    <p class="warning">This sweep has not ended: \(countText(matrix.pendingTrials, "trial")) of
    \(matrix.plannedTrials) are still to come. Rows that wait for them decide nothing yet.</p>
    """
}

private func sentenceSection(_ matrix: SweepMatrix) -> Markup {
  let items = matrix.rows.map { row -> Markup in
    // Every sentence begins with its row, which the eye looks for.
    "<li><strong>\(row.label)</strong>\(String(rowSentence(row, matrix).dropFirst(row.label.count)))</li>"
  }
  return "<section>\n<h2>What it says</h2>\n<ul class=\"sentences\">\(items.joined())</ul>\n</section>"
}
