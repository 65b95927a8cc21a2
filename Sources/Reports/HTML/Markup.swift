// Text that is already HTML or SVG, told apart from text that is not: whatever is interpolated as a String is escaped,
// so a name from a manifest can never become an element.

/// A piece of markup. `Markup` values interpolate as they are; strings and numbers are escaped on the way in.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Interpolation) { text = stringInterpolation.text }
  /// What this module itself has put together as markup: never a text from elsewhere.
  init(trusted markup: String) { text = markup }
  /// Escaped, for any place between tags or between quotes.
  init(escaping plain: String) { text = escapedForMarkup(plain) }

  struct Interpolation: StringInterpolationProtocol {
    fileprivate var text = ""
    init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }
    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ markup: Markup) { text += markup.text }
    mutating func appendInterpolation(_ plain: String) { text += escapedForMarkup(plain) }
    mutating func appendInterpolation(_ number: Int) { text += "\(number)" }
    /// Three significant digits; the text of what is not finite.
    mutating func appendInterpolation(_ number: Double) { text += escapedForMarkup(numberText(number)) }
  }

  static func + (a: Markup, b: Markup) -> Markup { "\(a)\(b)" }
  static func += (a: inout Markup, b: Markup) { a.text += b.text }
}

extension Sequence<Markup> {
  func joined(_ separator: Markup = "\n") -> Markup {
    var all: Markup = ""
    for (index, piece) in enumerated() { all += index == 0 ? piece : separator + piece }
    return all
  }
}

/// `&`, `<`, `>` and both quotes as character references; control characters, which HTML forbids, as spaces; marks that
/// change the direction of writing in words, since they would turn round what stands beside them.
func escapedForMarkup(_ plain: String) -> String {
  // Nearly all texts are numbers and plain words.
  guard !plain.utf8.allSatisfy(isPlainInMarkup) else { return plain }
  var out = ""
  for scalar in visible(plain).unicodeScalars {
    switch scalar {
    case "&": out += "&amp;"
    case "<": out += "&lt;"
    case ">": out += "&gt;"
    case "\"": out += "&quot;"
    case "'": out += "&#39;"
    case "\n", "\t": out.unicodeScalars.append(scalar)
    case _ where scalar.properties.generalCategory == .control: out += " "
    default: out.unicodeScalars.append(scalar)
    }
  }
  return out
}

/// ASCII that can be seen, blanks and line ends, but no character that markup reads.
private func isPlainInMarkup(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), UInt8(ascii: "'"): false
  case UInt8(ascii: "\n"), UInt8(ascii: "\t"): true
  default: (0x20..<0x7F).contains(byte)
  }
}
