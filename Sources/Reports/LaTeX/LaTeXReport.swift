// The report for papers: matrix.tex (a booktabs table), figures.tex (pgfplots pictures of curves and seeds) and report.tex,
// a document that shows both with the sentences, the methods and the provenance, and compiles with pdfLaTeX.
import Shared

/// Names and contents of the files.
package func latexFiles(_ results: SweepResults, _ matrix: SweepMatrix) -> [(name: String, text: String)] {
  [
    ("matrix.tex", head("table", needs: "booktabs, graphicx") + table(matrix).text + "\n"),
    ("figures.tex", head("figures", needs: "pgfplots") + figures(results, matrix).text + "\n"),
    ("report.tex", document(matrix).text + "\n"),
  ]
}

private func head(_ what: String, needs packages: String) -> String {
  "% The \(what) of an Attune report: \\input this file. Needs the packages \(packages), [T1]{fontenc} and textcomp.\n"
}

/// Columns beyond so many are scaled down to the text's width.
private let plainColumns = 7
private let nameLength = 40

private func table(_ matrix: SweepMatrix) -> LaTeX {
  let columns = matrix.columns
  let heads = columns.map { name -> LaTeX in "\(shortened(name.isEmpty ? "test loss" : name, to: nameLength))" }
  let rows = matrix.rows.map { row -> LaTeX in
    let cells = columns.map { name in row.cell(column: name).map(cellText) ?? "" as LaTeX }
    let baselines = baselineTexts(row).map { text -> LaTeX in "\(text)" }
    return "\(shortened(row.label, to: nameLength)) & \((cells + baselines).joined(" & ")) \\\\"
  }
  let isWide = columns.count > plainColumns
  let body: LaTeX = """
    \\begin{tabular}{@{}l*{\(columns.count)}{r}rr@{}}
    \\toprule
    \(matrix.rowAxisName) & \(heads.joined(" & ")) & Bayes & zero \\\\
    \\midrule
    \(rows.joined())
    \\bottomrule
    \\end{tabular}
    """
  let fitted: LaTeX = isWide ? "\\resizebox{\\textwidth}{!}{%\n\(body)}" : body
  return """
    \\begin{table}[t]
    \\centering
    \\caption{\(shortened(matrix.name, to: 200)). Test loss, geometric mean over \(matrix.reportSeedsPhrase). Bold: the
    best set, \(bestSetPhrase(matrix)). \\(\\diamond\\): the activation equals the task's kernel. Superscripts: p trials
    pending, d a run diverged, s too few seeds to decide, o optimiser{-}limited.}
    \\label{tab:attune-matrix}
    \\medskip

    \(fitted)
    \\end{table}
    """
}

private func cellText(_ cell: MatrixCell) -> LaTeX {
  guard let loss = cell.measured.lnTestLoss else { return "--" }
  let number = numberText(exponential(loss.mean))
  var text: LaTeX = cell.isMarkedBest ? "\\textbf{\(number)}" : "\(number)"
  let status = statusMark(cell.status)
  if !status.isEmpty { text += "\\textsuperscript{\(status == "?" ? "p" : status)}" }
  if cell.measured.isMatched { text += "\\(^{\\diamond}\\)" }
  return text
}

private func document(_ matrix: SweepMatrix) -> LaTeX {
  let sentences = matrix.rows.map { row -> LaTeX in "\\item \(shortened(rowSentence(row, matrix), to: 4000))" }
  let claims = matrix.interactions.map { summary -> LaTeX in "\(interactionSentence(summary, matrix))\n" }
  let facts = runSummary(matrix).map { item -> LaTeX in "\\item \(item.label): \(shortened(item.text, to: 2000))" }
  let methods = methodParagraphs(matrix).map { text -> LaTeX in "\(text)\n" }
  return """
    \\documentclass[a4paper]{article}
    \\usepackage[utf8]{inputenc}
    \\usepackage[T1]{fontenc}
    \\usepackage{textcomp}
    \\usepackage{booktabs}
    \\usepackage{graphicx}
    \\usepackage{pgfplots}
    \\pgfplotsset{compat=1.16}
    \\emergencystretch=3em
    \\begin{document}
    \\section*{\(shortened(matrix.name, to: 200))}
    \(shortened(matrix.description, to: 4000))

    \(claims.joined())
    \\input{matrix.tex}
    \\begin{itemize}
    \(sentences.joined())
    \\end{itemize}
    \\input{figures.tex}
    \\clearpage
    \\subsection*{Methods}
    \(methods.joined())
    \\subsection*{What was run}
    \\begin{itemize}\\raggedright
    \(facts.joined())
    \\end{itemize}
    \\end{document}
    """
}
