// Text that is already LaTeX, told apart from text that is not, as Markup does for HTML: what is interpolated as a String
// is escaped, so that a name from a manifest can never become a command or end a table.
import Shared

struct LaTeX: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ latex: LaTeX) { text += latex.text }
    mutating func appendInterpolation(_ plain: String) { text += escapedForLaTeX(plain) }
    mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
  }

  static func += (a: inout LaTeX, b: LaTeX) { a.text += b.text }
}

extension Sequence<LaTeX> {
  func joined(_ separator: LaTeX = "\n") -> LaTeX {
    var all: LaTeX = ""
    for (index, piece) in enumerated() { all += index == 0 ? piece : "\(separator)\(piece)" }
    return all
  }
}

/// What pdfLaTeX with T1 fonts sets as this very text: its special characters as commands, line ends as spaces (an empty
/// line would end a caption), letters of Latin 1 as they are, signs of the report's own sentences as mathematics, and any
/// other character by its number.
func escapedForLaTeX(_ plain: String) -> String {
  var out = ""
  for scalar in plain.unicodeScalars {
    if let command = commands[scalar] {
      out += command
    } else if scalar.properties.generalCategory == .control {
      out += " "
    } else if scalar.isASCII || (0xC0...0xFF).contains(scalar.value) {
      out.unicodeScalars.append(scalar)
    } else {
      let digits = String(scalar.value, radix: 16, uppercase: true)
      out += "{[}U+\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits){]}"
    }
  }
  return out
}

/// Braces after a command keep it from taking in what follows. `-`, `'` and `` ` `` are written so that no ligature joins
/// two of them.
private let commands: [Unicode.Scalar: String] = [
  "\\": "\\textbackslash{}", "{": "\\{", "}": "\\}", "$": "\\$", "&": "\\&", "#": "\\#", "_": "\\_", "%": "\\%",
  "^": "\\textasciicircum{}", "~": "\\textasciitilde{}", "<": "\\textless{}", ">": "\\textgreater{}",
  "|": "\\textbar{}", "\"": "\\textquotedbl{}", "'": "\\textquotesingle{}", "`": "\\textasciigrave{}", "-": "{-}",
  "[": "{[}", "]": "{]}", "\u{2013}": "--", "\u{2019}": "{'}", "\u{201C}": "``", "\u{201D}": "''",
  "\u{2026}": "\\ldots{}", "\u{2212}": "\\ensuremath{-}", "\u{00D7}": "\\ensuremath{\\times}",
  "\u{00B1}": "\\ensuremath{\\pm}", "\u{2264}": "\\ensuremath{\\le}", "\u{2265}": "\\ensuremath{\\ge}",
  "\u{03B1}": "\\ensuremath{\\alpha}", "\u{03A3}": "\\ensuremath{\\Sigma}", "\u{2192}": "\\ensuremath{\\to}",
  "\u{2016}": "\\ensuremath{\\|}", "\u{2605}": "\\ensuremath{\\star}", "\u{25C6}": "\\ensuremath{\\diamond}",
  "\u{00A0}": "~", "\u{00AD}": " ",
]
