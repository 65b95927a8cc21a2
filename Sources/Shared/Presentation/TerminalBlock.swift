// Lines of a terminal that are drawn over themselves while something goes on. Pure text: the caller says how large the
// terminal is now and writes what it is given. Nothing here or elsewhere in Attune has colour, so NO_COLOR holds always.

package struct TerminalBlock: Sendable {
  /// Columns of each line on the screen.
  private var drawn: [Int] = []

  package init() {}

  /// What puts `lines` in the place of those drawn last. Lines that are too long are cut, and so are lines that the screen
  /// has no room for: what has left its top could not be drawn over any more.
  /// - columns, rows: of the terminal.
  package mutating func draw(_ lines: [String], columns: Int, rows: Int) -> String {
    // The cursor stands below the block; a line as wide as the screen would take a second one on some terminals.
    let room = max(1, rows - 1)
    var shown = lines
    if lines.count > room { shown = lines.prefix(room - 1) + ["… \(countText(lines.count - room + 1)) more lines"] }
    shown = shown.map { terminalLine($0, columns: columns - 1) }
    let text = erase(columns: columns) + shown.joined(separator: "\n") + "\n"
    drawn = shown.map(terminalColumns)
    return text
  }

  /// What takes the block away; the next text starts in its place. Moves to its first line and erases from there on
  /// (ECMA-48, CPL and ED). A screen that has become narrower since shows some lines on two.
  package mutating func erase(columns: Int) -> String {
    guard !drawn.isEmpty else { return "" }
    let columns = max(1, columns)
    let rows = drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    drawn = []
    return "\u{1B}[\(rows)F\u{1B}[J"
  }
}

/// One line of at most so many columns. Names come from manifests and from the network: what ends lines, commands terminals
/// or turns round the direction of writing is replaced.
package func terminalLine(_ text: String, columns: Int) -> String {
  let columns = max(1, columns)
  var line = String.UnicodeScalarView()
  for scalar in text.unicodeScalars { line.append(isControl(scalar) ? "\u{FFFD}" : scalar) }
  guard terminalColumns(String(line)) > columns else { return String(line) }
  var shown = "", used = 0
  for character in String(line) {
    let width = terminalColumns(String(character))
    guard used + width < columns else { break }
    shown.append(character)
    used += width
  }
  return shown + "…"
}

/// Columns that a terminal gives a text without control characters.
package func terminalColumns(_ text: String) -> Int {
  text.utf8.count == text.unicodeScalars.count
    ? text.utf8.count : text.reduce(0) { $0 + ($1.unicodeScalars.map(columns).max() ?? 0) }
}

/// Source: UAX 11, East Asian Width, the blocks whose characters are wide (W, F); marks take no column.
private func columns(_ scalar: Unicode.Scalar) -> Int {
  switch scalar.properties.generalCategory {
  case .nonspacingMark, .enclosingMark, .format: return 0
  default: break
  }
  switch scalar.value {
  case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF01...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F,
    0x1F680...0x1F6FF, 0x1F900...0x1FAFF, 0x20000...0x3FFFD:
    return 2
  default: return 1
  }
}
