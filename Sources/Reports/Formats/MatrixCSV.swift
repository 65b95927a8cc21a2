// matrix.csv: one line per cell, for programs. Numbers in the shortest form that reads back the same, empty where there
// is none.
import Shared

/// The matrix as CSV with a header line. Fields are quoted as in RFC 4180; lines end in LF, which its readers take and
/// line tools need.
package func matrixCSV(_ matrix: SweepMatrix) -> String {
  let columns = matrixColumns(matrix)
  return csvTable(columns.map(\.name), matrix.cells.map { cell in columns.map { $0.value(cell) } })
}

/// A header line and a line per row.
func csvTable(_ header: [String], _ rows: [[JSONValue]]) -> String {
  var lines = [header.map(csvField).joined(separator: ",")]
  for row in rows { lines.append(row.map { csvField(csvText($0)) }.joined(separator: ",")) }
  return lines.joined(separator: "\n") + "\n"
}

func csvText(_ value: JSONValue) -> String {
  switch value {
  case .null: ""
  case .flag(let flag): flag ? "1" : "0"
  case .integer(let number): "\(number)"
  case .number(let number): number.isFinite ? "\(number)" : ""
  case .text(let text): text
  case .list(let values): values.map(csvText).joined(separator: "+")
  case .object(let entries): "{" + entries.map { "\($0.0): \(csvText($0.1))" }.joined(separator: ", ") + "}"
  }
}

func csvField(_ text: String) -> String {
  // Scalars, not characters: CR LF is one character that equals neither.
  guard text.unicodeScalars.contains(where: { "\",\r\n".unicodeScalars.contains($0) }) else { return text }
  return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
