// The matrix for a terminal: the table with the best set marked, then a sentence per row. Plain text without escape
// codes, never wider than asked for.
import Shared

/// - width: columns of the terminal; below 40 counts as 40. Rows of the matrix whose cells do not fit side by side are
///   continued in a further block.
package func matrixText(_ matrix: SweepMatrix, width: Int) -> String {
  let width = max(40, width)
  let labels = matrix.rows.map { printable($0.label) }
  let first = min(width / 3, ([matrix.rowAxisName] + labels).map(\.count).max() ?? 0)
  let columns = textColumns(matrix)
  var blocks: [[TextColumn]] = [[]]
  var used = first
  for column in columns {
    if used + 2 + column.width > width, blocks.last?.isEmpty == false {
      blocks.append([])
      used = first
    }
    blocks[blocks.count - 1].append(column)
    used += 2 + column.width
  }
  var lines: [String] = []
  for block in blocks {
    if !lines.isEmpty { lines.append("") }
    lines.append(line(matrix.rowAxisName, first, block.map { ($0.head, $0.width) }))
    for (index, label) in labels.enumerated() {
      lines.append(line(label, first, block.map { ($0.texts[index], $0.width) }))
    }
  }
  lines += [""] + wrapped(tableLegend(matrix), width: width, indent: "") + [""]
  for row in matrix.rows { lines += wrapped(rowSentence(row, matrix), width: width, indent: "  ") }
  for interaction in matrix.interactions where matrix.rows.count > 1 {
    lines += [""] + wrapped(interactionSentence(interaction, matrix), width: width, indent: "")
  }
  return lines.joined(separator: "\n") + "\n"
}

private struct TextColumn {
  let head: String
  let texts: [String]
  var width: Int { ([head] + texts).map(\.count).max() ?? 0 }
}

private func textColumns(_ matrix: SweepMatrix) -> [TextColumn] {
  var columns = matrix.columns.map { name in
    TextColumn(
      head: (name.isEmpty ? "test loss" : printable(shortened(name, to: 24))) + " ",
      texts: matrix.rows.map { row in
        guard let cell = row.cell(column: name) else { return "" }
        return lossText(cell) + (cell.isMarkedBest ? "*" : " ")
      })
  }
  columns.append(TextColumn(head: "Bayes", texts: matrix.rows.map { baselineTexts($0)[0] }))
  columns.append(TextColumn(head: "zero", texts: matrix.rows.map { baselineTexts($0)[1] }))
  return columns
}

private func line(_ label: String, _ width: Int, _ fields: [(text: String, width: Int)]) -> String {
  let shown = label.count > width ? String(label.prefix(max(0, width - 1))) + "…" : label
  var text = shown + String(repeating: " ", count: max(0, width - shown.count))
  for field in fields {
    text += "  " + String(repeating: " ", count: max(0, field.width - field.text.count)) + field.text
  }
  while text.last == " " { text.removeLast() }
  return text
}

/// Words in lines of at most `width`; lines after the first begin with `indent`.
private func wrapped(_ text: String, width: Int, indent: String) -> [String] {
  var lines: [String] = []
  var line = ""
  for word in printable(text).split(separator: " ") {
    if !line.isEmpty, line.count + 1 + word.count > width {
      lines.append(line)
      line = indent + word
    } else {
      line += (line.isEmpty || line == indent ? "" : " ") + word
    }
  }
  return lines + [line]
}

/// Names come from manifests: control characters would reach the terminal.
private func printable(_ text: String) -> String {
  String(
    String.UnicodeScalarView(visible(text).unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
}
