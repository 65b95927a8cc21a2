// matrix.md: the table, a sentence per row and the tests, to paste into notes and issues.
import Shared

package func matrixMarkdown(_ matrix: SweepMatrix) -> String {
  var lines = ["# \(escapedForMarkdown(matrix.name))", ""]
  if !matrix.description.isEmpty { lines += [escapedForMarkdown(matrix.description), ""] }
  lines += table(matrix)
  lines += ["", escapedForMarkdown(tableLegend(matrix)), "", "## What it says", ""]
  lines += matrix.rows.map { "- " + escapedForMarkdown(rowSentence($0, matrix)) }
  lines.append("")
  for interaction in matrix.interactions {
    lines += [escapedForMarkdown(interactionSentence(interaction, matrix)), ""]
    if let ranks = rankSentence(interaction, matrix) { lines += [escapedForMarkdown(ranks), ""] }
  }
  lines += ["## Cells", ""] + cellTable(matrix) + ["", "## What was run", ""]
  lines += runSummary(matrix).map { "- \(escapedForMarkdown($0.label)): \(escapedForMarkdown($0.text))" }
  return lines.joined(separator: "\n") + "\n"
}

private func table(_ matrix: SweepMatrix) -> [String] {
  let head =
    [matrix.rowAxisName]
    + matrix.columns.map { escapedForMarkdown($0.isEmpty ? "test loss" : shortened($0, to: shownNameLength)) } + [
      "Bayes", "zero",
    ]
  var lines = [row(head), row(["---"] + Array(repeating: "---:", count: head.count - 1))]
  for group in matrix.rows {
    let cells = matrix.columns.map { name -> String in
      guard let cell = group.cell(column: name) else { return "" }
      let text = lossText(cell)
      return cell.isMarkedBest ? "**\(text)**" : text
    }
    lines.append(row([escapedForMarkdown(group.label)] + cells + baselineTexts(group)))
  }
  return lines
}

private func cellTable(_ matrix: SweepMatrix) -> [String] {
  let head =
    [matrix.rowAxisName, matrix.columnAxisName] + matrix.tuned.map(\.rawValue) + [
      "seeds", "ln test loss", "normalised excess", "p", "adjusted p", "verdict", "status",
    ]
  var lines = [row(head), row(head.map { _ in "---" })]
  for group in matrix.rows {
    for cell in group.cells {
      let tuning = cell.measured.tuning
      let tuned = matrix.tuned.enumerated().map { index, name in
        tuning.selected.map {
          tuning.candidates[$0].values[index].description + (tuning.edges.contains(name) ? " (edge)" : "")
        } ?? "–"
      }
      let loss = cell.measured.lnTestLoss
      let spread = loss?.standardDeviation.map { " ± \(fixedText($0, decimals: 3))" } ?? ""
      let texts =
        [group.label, cell.columnName] + tuned + [
          "\(cell.measured.present.count)", fixedText(loss?.mean ?? .nan, decimals: 3) + spread,
          numberText(cell.measured.normalisedExcess), pText(cell.pRaw), pText(cell.pAdjusted), cell.verdict.rawValue,
          cell.status.rawValue,
        ]
      lines.append(row(texts.map(escapedForMarkdown)))
    }
  }
  return lines
}

private func row(_ fields: [String]) -> String { "| " + fields.joined(separator: " | ") + " |" }

/// Text from a manifest may not become markup: what Markdown or HTML reads is escaped, line ends become spaces.
func escapedForMarkdown(_ text: String) -> String {
  var out = ""
  for scalar in visible(text).unicodeScalars {
    switch scalar {
    case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "#", "~", "&", "!": out += "\\" + String(scalar)
    case _ where scalar.properties.generalCategory == .control: out += " "
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}
