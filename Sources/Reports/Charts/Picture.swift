// A picture of the report by itself: its drawing, the numbers that are drawn, and what its caption says. The page shows
// it, offers it for download, and `attune report --figures` writes the same files.
import Shared

/// The content of an `svg` element and its size in its own units.
struct Drawing: Sendable {
  let width: Double
  let height: Double
  /// Read aloud instead of the picture.
  let label: String
  let content: Markup

  /// Within a page, whose style sheet colours it.
  var inline: Markup {
    """
    <svg class="chart" viewBox="0 0 \(SVG.number(width)) \(SVG.number(height))" role="img" aria-label="\(label)">
    \(content)
    </svg>
    """
  }
}

package struct Picture: Sendable {
  /// Letters, digits and hyphens: the name of its files, different from every other's of the report.
  package let id: String
  package let title: String
  /// Says what is drawn, with which units, and how its points and intervals came to be: fit to stand under it in a paper.
  package let caption: String
  let drawing: Drawing
  /// The numbers that are drawn, with a header line.
  package let csv: String
  /// Names with markers, for screens too narrow for names beside the lines' ends.
  var keys: Markup = ""

  /// A file of its own: colours of the light page, no style sheet from elsewhere and no variables, which drawing programs
  /// do not know.
  package var svg: String {
    let picture: Markup = """
      <svg xmlns="http://www.w3.org/2000/svg" class="chart" width="\(SVG.number(drawing.width))" \
      height="\(SVG.number(drawing.height))" viewBox="0 0 \(SVG.number(drawing.width)) \(SVG.number(drawing.height))">
      <title>\(title)</title>
      <desc>\(caption)</desc>
      <style>\(ChartStyle.standalone)</style>
      \(drawing.content)
      </svg>
      """
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + picture.text + "\n"
  }
}

/// Names for files from the texts of a manifest: no two alike, whatever the texts hold.
struct PictureNames {
  private var taken: Set<String> = []

  /// - parts: such as `seeds` and a row's label.
  mutating func name(_ parts: String...) -> String {
    let words = parts.map { Self.slug($0) }.filter { !$0.isEmpty }.joined(separator: "-")
    let base = words.isEmpty ? "picture" : words
    var name = base
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(base)-\(number)"
      number += 1
    }
    return name
  }

  /// Lower-case ASCII letters and digits with hyphens between, at most 48 of them.
  private static func slug(_ text: String) -> String {
    var out = ""
    for byte in text.utf8.prefix(400) {
      let lower = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte + 32 : byte
      let isWord = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(lower) || (48...57).contains(lower)
      if isWord {
        out.unicodeScalars.append(Unicode.Scalar(lower))
      } else if out.last != "-", !out.isEmpty {
        out += "-"
      }
      if out.utf8.count >= 48 { break }
    }
    return out.hasSuffix("-") ? String(out.dropLast()) : out
  }
}
