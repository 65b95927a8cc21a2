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
