// Every picture of the report as files of its own: the drawing as SVG, its numbers as CSV, and all captions in one list.

/// Names and contents; names are those of `ReportPictures`.
package func figureFiles(_ pictures: ReportPictures) -> [(name: String, text: String)] {
  let captions = pictures.all.map {
    "## \($0.id)\n\n\(escapedForMarkdown($0.title)). \(escapedForMarkdown($0.caption))\n"
  }
  return pictures.all.flatMap { [("\($0.id).svg", $0.svg), ("\($0.id).csv", $0.csv)] }
    + [("captions.md", captions.joined(separator: "\n"))]
}
