// Names that try to be something else: in every format they are shown as text, and none fills a page.
import Foundation
#if canImport(FoundationXML)
  import FoundationXML
#endif
import Reports
import Shared
import Testing

@Suite struct HostileNameTests {
  /// Each tries to leave the text it stands in.
  static let names = [
    "<script>alert(1)</script><img src=x onerror=alert(2)>",
    "\"><svg onload=alert(3)> ' ` & &amp; </title></style></template></script><!--",
    "line one\nline two\r\n\n\nafter an empty line\u{0}\u{1B}[31m\u{7F}",
    String(repeating: "a very long name ", count: 640),
    "\u{202E}desrever\u{202D} \u{2066}isolate \u{200F}mark\u{200B}\u{FEFF}\u{2028}",
    "\\input{/etc/passwd} \\end{document} $x_1^2$ #1 & 100% {~} \\write18{id} -- ---- ]{}[",
    "=HYPERLINK(\"x\")|cmd, \"quoted\", comma",
  ]

  private func results(_ name: String) -> SweepResults {
    var sweep = SampleSweep()
    (sweep.name, sweep.description, sweep.machines) = (name, name, [name])
    sweep.change = { trial in
      guard trial.cell.rawValue == 1, trial.stage == .reporting, trial.seed.rawValue == 2 else { return }
      (trial.state, trial.result, trial.reason) = (.failed, nil, name)
    }
    var results = sweep.results()
    // What a manifest calls its own activation and task.
    results.plan.names = ["relu": name, "softmax": name + "2"]
    results.plan.source = "name: " + name
    return results
  }

  /// No control character but line ends, and no mark that changes the direction of what follows.
  private func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy { scalar in
      let isControl = scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
      let value = scalar.value
      let turns = (0x202A...0x202E).contains(value) || (0x2066...0x2069).contains(value) || value == 0x200F
      return !isControl && !turns
    }
  }

  @Test(arguments: names) func `the page shows them as text`(name: String) {
    let results = results(name)
    let html = reportHTML(results: results, matrix: SweepMatrix(results: results))
    let shown = withoutScripts(html)
    #expect(html.components(separatedBy: "<script").count == 2 + 1)
    #expect(html.components(separatedBy: "</script").count == 2 + 1)
    for forbidden in ["<img", "<svg onload", "<!--"] { #expect(!html.contains(forbidden)) }
    #expect(!shown.contains("onerror=alert(2)>"))
    #expect(shown.components(separatedBy: "<template").count == shown.components(separatedBy: "</template>").count)
    #expect(shown.components(separatedBy: "</style>").count == 1 + 1)
    #expect(isPlain(shown))
    #expect(html.utf8.count < 2_000_000)
  }

  @Test(arguments: names) func `pictures are XML with them as text`(name: String) throws {
    let results = results(name)
    let pictures = ReportPictures(results, SweepMatrix(results: results))
    #expect(pictures.all.count > 9)
    for picture in pictures.all {
      let delegate = ElementNames()
      let parser = XMLParser(data: Data(picture.svg.utf8))
      parser.delegate = delegate
      #expect(parser.parse(), "\(picture.id): \(parser.parserError.map { "\($0)" } ?? "")")
      #expect(
        delegate.names.isSubset(of: [
          "svg", "title", "desc", "style", "g", "line", "path", "circle", "polygon", "rect", "text",
        ]))
      #expect(isPlain(picture.svg))
      #expect(!picture.svg.contains("var("))
      #expect(
        picture.id.utf8.count <= 120
          && picture.id.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") })
    }
  }

  @Test(arguments: names) func `LaTeX sets them as text`(name: String) {
    let results = results(name)
    for file in latexFiles(results, SweepMatrix(results: results)) {
      // Only this program's own commands follow a backslash.
      let commands = Set(file.text.matches(of: /\\([A-Za-z]+)/).map { String($0.1) })
      #expect(commands.isDisjoint(with: ["write", "immediate", "csname", "catcode", "openout"]))
      #expect(!file.text.contains("\\input{/") && file.text.components(separatedBy: "\\end{document}").count <= 2)
      // pdfLaTeX reads ASCII and Latin 1.
      #expect(
        file.text.unicodeScalars.allSatisfy {
          $0.value < 0x100 && ($0 == "\n" || $0.properties.generalCategory != .control)
        })
      #expect(isPlain(file.text))
      #expect(file.text.utf8.count < 300_000)
    }
  }

  @Test func `LaTeX's special characters are written as commands`() {
    var sweep = SampleSweep()
    sweep.name = "a_b & 50% of {x} \\ ~ ^ # $ < > \" ' [c] – α é 漢\nz"
    let results = sweep.results()
    let text = latexFiles(results, SweepMatrix(results: results))[2].text
    #expect(
      text.contains(
        "\\section*{a\\_b \\& 50\\% of \\{x\\} \\textbackslash{} \\textasciitilde{} \\textasciicircum{} \\# \\$ "
          + "\\textless{} \\textgreater{} \\textquotedbl{} \\textquotesingle{} {[}c{]} -- \\ensuremath{\\alpha} é {[}U+6F22{]} z}"
      ))
  }

  @Test(arguments: names) func `Markdown, the terminal and CSV keep their form`(name: String) throws {
    let results = results(name)
    let matrix = SweepMatrix(results: results)
    for text in [matrixMarkdown(matrix), matrixText(matrix, width: 80)] {
      #expect(isPlain(text))
      #expect(!text.contains("\u{1B}"))
    }
    let unescaped = matrixMarkdown(matrix).replacing("\\\\", with: "").replacing("\\<", with: "")
    #expect(!unescaped.contains("<"))
    let rows = csvRecords(matrixCSV(matrix))
    #expect(rows.count == 13 && rows.allSatisfy { $0.count == rows[0].count })
    #expect(rows[2][1] == name)
    #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(matrixJSON(matrix).utf8)) }
  }

  /// Source: RFC 4180.
  private func csvRecords(_ text: String) -> [[String]] {
    var records: [[String]] = []
    var record: [String] = []
    var field = String.UnicodeScalarView()
    var isQuoted = false
    var scalars = text.unicodeScalars.makeIterator()
    var waiting = scalars.next()
    while let scalar = waiting {
      waiting = scalars.next()
      if isQuoted {
        if scalar != "\"" {
          field.append(scalar)
        } else if waiting == "\"" {
          field.append(scalar)
          waiting = scalars.next()
        } else {
          isQuoted = false
        }
      } else if scalar == "\"" {
        isQuoted = true
      } else if scalar == "," || scalar == "\n" {
        record.append(String(field))
        field = String.UnicodeScalarView()
        if scalar == "\n" {
          records.append(record)
          record = []
        }
      } else {
        field.append(scalar)
      }
    }
    return records
  }
}

private final class ElementNames: NSObject, XMLParserDelegate {
  var names: Set<String> = []
  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) { names.insert(name) }
}
