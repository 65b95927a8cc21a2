// Text as man(7) takes it: every character of a help text stands for itself, no line of it is a request, and what is
// copied from a page works in a shell.

package enum RoffText {
  /// Columns of a source line at most, where words allow it.
  private static let sourceColumns = 76

  /// Characters that are to be printed as they are: options, names, examples. Hyphens are minus signs there, since roff
  /// may set a hyphen as U+2010 (groff_char(7)).
  package static func literal(_ text: String) -> String { escaped(text, hyphen: "\\-") }

  /// Prose: hyphens of words may be hyphens, options may not.
  static func prose(_ word: String) -> String { escaped(word, hyphen: word.contains("--") ? "\\-" : "-") }

  private static func escaped(_ text: String, hyphen: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += hyphen
      // Roff sets these as typographic ones otherwise (groff_char(7)).
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\"": result += "\\(dq"
      case _ where scalar.isASCII && scalar.value >= 32 && scalar.value != 127: result.unicodeScalars.append(scalar)
      case _ where scalar.isASCII: result += " "
      default:
        let hexadecimal = String(scalar.value, radix: 16, uppercase: true)
        result += "\\[u" + String(repeating: "0", count: max(0, 4 - hexadecimal.count)) + hexadecimal + "]"
      }
    }
    return result
  }

  /// A paragraph, each sentence on a line of its own as roff wants it: `code` between grave accents in bold.
  package static func paragraph(_ text: String) -> [String] {
    var lines: [String] = [], line = ""
    var isCode = false
    for word in text.split(whereSeparator: \.isWhitespace) {
      // A pair of accents may open and close within a word, or span several.
      let parts = word.split(separator: "`", omittingEmptySubsequences: false)
      var shown = isCode ? "\\fB" : ""
      for (index, part) in parts.enumerated() {
        if index > 0 {
          isCode.toggle()
          shown += isCode ? "\\fB" : "\\fR"
        }
        // A command that is copied must not have been divided (groff(7), \%).
        shown += isCode ? "\\%" + literal(String(part)) : prose(String(part))
      }
      if isCode { shown += "\\fR" }
      if !line.isEmpty, line.count + shown.count >= sourceColumns {
        lines.append(line)
        line = ""
      }
      line += line.isEmpty ? shown : " " + shown
      if !isCode, let last = word.last, ".?!".contains(last) {
        lines.append(line)
        line = ""
      }
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map(harmless)
  }

  /// Lines that are kept as they are, in the type of a terminal.
  package static func example(_ lines: [String]) -> [String] {
    [".RS 4", ".EX"] + lines.map { harmless(literal($0)) } + [".EE", ".RE"]
  }

  /// A line that begins like a request is text nevertheless (groff(7), \&).
  private static func harmless(_ line: String) -> String { line.hasPrefix(".") ? "\\&" + line : line }
}
