// The HTML page: self-contained, well formed, hostile names as text, and honest about what is missing.
import Foundation
import Reports
import Shared
import Testing

@Suite struct ReportPageTests {
  private func page(_ results: SweepResults) -> String {
    reportHTML(results: results, matrix: SweepMatrix(results: results))
  }

  /// Names of elements that were opened and not closed, or closed and not opened.
  private func unbalancedElements(_ page: String) -> [String] {
    let html = withoutScripts(page)
    var open: [String] = []
    var wrong: [String] = []
    for piece in html.split(separator: "<").dropFirst() {
      guard let end = piece.firstIndex(of: ">") else { return ["unclosed tag \(piece.prefix(20))"] }
      let tag = piece[..<end]
      let name = String(tag.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber })
      if tag.hasPrefix("!") || tag.hasSuffix("/") || name == "meta" || name == "br" { continue }
      if tag.hasPrefix("/") {
        if open.popLast() != name { wrong.append(name) }
      } else {
        open.append(name)
      }
    }
    return wrong + open
  }

  @Test func `every element is closed, with and without results`() {
    var results = SampleSweep().results()
    #expect(unbalancedElements(page(results)) == [])
    (results.trials, results.curves) = ([], [:])
    #expect(unbalancedElements(page(results)) == [])
  }

  @Test func `the page needs nothing from elsewhere and runs one script, known by its digest`() throws {
    let html = page(SampleSweep().results())
    for forbidden in ["https:", "src=", "url(", "@import", "<link", "fetch(", "XMLHttpRequest"] {
      #expect(!html.contains(forbidden), "\(forbidden)")
    }
    // The one address is the name of the SVG language.
    #expect(!html.replacing("http://www.w3.org/2000/svg", with: "").contains("http:"))
    #expect(html.contains("default-src 'none'"))
    #expect(html.contains("prefers-color-scheme:dark"))
    let scripts = html.components(separatedBy: "<script").dropFirst()
    #expect(scripts.map { $0.hasPrefix(" type=\"application/json\"") } == [true, false])
    let script = try #require(scripts.last?.dropFirst().components(separatedBy: "</script>").first)
    let digits = Array(sha256Hex(Array(script.utf8)))
    let digest = stride(from: 0, to: 64, by: 2).compactMap { UInt8(String(digits[$0..<($0 + 2)]), radix: 16) }
    #expect(html.contains("script-src &#39;sha256-\(Data(digest).base64EncodedString())&#39;"))
  }

  @Test func `every cell has its details: seeds, checkpoints, what was tuned and what failed`() throws {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 6, trial.stage == .reporting, trial.seed.rawValue == 2 else { return }
      (trial.state, trial.result, trial.reason) = (.quarantined, nil, "signal 9")
    }
    let results = sweep.results()
    let html = page(results)
    #expect(html.components(separatedBy: "<template id=\"cell-").count == 12 + 1)
    #expect(html.components(separatedBy: "data-cell=\"").count == 12 + 1)
    let detail = try #require(
      html.components(separatedBy: "<template id=\"cell-6\"").last?.components(separatedBy: "</template>").first)
    #expect(detail.contains("data-title=\"exp on relu\""))
    #expect(detail.components(separatedBy: "class=\"strand ").count == 7 + 1)
    let digest = BlobDigest(of: []).rawValue
    #expect(detail.contains("data-copy=\"blobs/sha256/\(digest.prefix(2))/\(digest)\""))
    #expect(detail.contains("<strong>0.02</strong> (edge)</td><td>0.007 to 0.02</td>"))
    #expect(detail.contains("<li>seed 2: quarantined – signal 9</li>"))
    #expect(detail.contains("2 candidates."))
  }

  @Test func `what is drawn can be taken away as numbers, for every picture of the page`() throws {
    let results = SampleSweep().results()
    let matrix = SweepMatrix(results: results)
    let pictures = ReportPictures(results, matrix)
    #expect(Set(pictures.all.map(\.id)).count == pictures.all.count)
    let html = page(results)
    let data = try #require(
      html.components(separatedBy: "id=\"data\">").last?.components(separatedBy: "</script>").first)
    let json = try #require(try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any])
    let tables = try #require(json["tables"] as? [String: String])
    for picture in pictures.all {
      #expect(html.contains("id=\"picture-\(picture.id)\""))
      #expect(html.contains("data-take=\"svg\" data-picture=\"\(picture.id)\""))
      #expect(tables[picture.id] == picture.csv)
    }
    // The means of the drawn differences are those of the tests.
    let differences = try #require(tables["differences-relu"]?.split(separator: "\n"))
    let mean = try #require(differences.first { $0.hasPrefix("exp,relu,mean,") }?.split(separator: ",")[3])
    #expect(Double(mean) == matrix.rows[1].bestSet.pair(1, beats: 2)?.difference.mean)
  }

  @Test func `names from manifests and machines never become elements`() {
    var sweep = SampleSweep()
    sweep.name = "<img src=x onerror=alert(1)>"
    sweep.description = "</title><script>alert('2')</script>\u{0}"
    sweep.machines = ["\"><svg onload=alert(3)>"]
    sweep.change = { trial in
      guard trial.cell.rawValue == 1, trial.stage == .reporting, trial.seed.rawValue == 2 else { return }
      (trial.state, trial.result, trial.reason) = (.failed, nil, "<b>signal 9</b>")
    }
    let html = page(sweep.results())
    #expect(!html.contains("<img"))
    #expect(html.components(separatedBy: "<script").count == 2 + 1)
    #expect(!html.contains("<svg onload"))
    #expect(!html.contains("<b>"))
    #expect(!html.contains("\u{0}"))
    #expect(html.contains("<h1>&lt;img src=x onerror=alert(1)&gt;</h1>"))
    #expect(html.contains("&lt;b&gt;signal 9&lt;/b&gt;"))
    #expect(unbalancedElements(html) == [])
  }

  @Test func `the page holds the sentence of every row, the interaction, every candidate and the digest`() {
    let results = SampleSweep().results()
    let matrix = SweepMatrix(results: results)
    let html = reportHTML(results: results, matrix: matrix)
    for row in matrix.rows {
      let sentence = rowSentence(row, matrix)
      #expect(sentence.hasPrefix(row.label + ":"))
      #expect(html.contains("<li><strong>\(row.label)</strong>\(sentence.dropFirst(row.label.count))</li>"))
    }
    #expect(html.contains(interactionSentence(matrix.interactions[0], matrix)))
    #expect(html.components(separatedBy: "edge of learning_rate").count == 12 + 1)
    #expect(html.contains(results.provenance.digest))
    #expect(html.contains("2 min 28 s"))
    #expect(html.components(separatedBy: "class=\"curve ").count == 12 + 1)
  }

  @Test func `a seed that diverged is drawn and named`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 4, trial.stage == .reporting, trial.seed.rawValue == 3 else { return }
      trial.result?.outcome = .diverged
      trial.result?.metrics.testLoss = .infinity
    }
    let html = page(sweep.results())
    #expect(html.contains("class=\"seed diverged\""))
    #expect(html.contains("seed 3: 1.032 (diverged)"))
    #expect(html.contains("1 diverged"))
  }

  @Test func `a sweep that has not ended says how much is missing`() {
    var results = SampleSweep().results()
    results.trials.removeAll { $0.stage == .reporting && $0.seed.rawValue == 7 }
    let html = page(results)
    #expect(html.contains("12 trials of\n156 are still to come"))
    #expect(!html.contains("★ best set</span>"))
  }

  @Test func `losses beyond all bounds do not stop the page`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.stage == .reporting else { return }
      let loss = trial.cell.rawValue == 0 ? 0 : Double.greatestFiniteMagnitude
      trial.result?.metrics.testLoss = loss
      trial.result?.metrics.bayesLoss = .nan
    }
    var results = sweep.results()
    for (trial, curve) in results.curves {
      results.curves[trial] = curve.enumerated().map { index, point in
        var point = point
        point.validationLoss =
          [Double.nan, .infinity, 0, -1, .greatestFiniteMagnitude, .leastNonzeroMagnitude][index % 6]
        return point
      }
    }
    #expect(unbalancedElements(page(results)) == [])
  }

  @Test func `the means beside the seeds fit into the drawing however small the losses`() throws {
    var sweep = SampleSweep()
    sweep.tasks = [.linear]
    sweep.change = { $0.result?.metrics.testLoss *= 0.037 }
    let html = page(sweep.results())
    let drawing = try #require(
      html.components(separatedBy: "id=\"picture-seeds-linear\"").last?.components(separatedBy: "viewBox=\"0 0 ")
        .dropFirst().first)
    let width = try #require(Double(drawing.prefix { $0.isNumber || $0 == "." }))
    let texts = drawing.matches(of: /<text class="tick" x="([0-9.]+)"[^>]*text-anchor="start">([^<]*)</)
    #expect(texts.count == 4)
    #expect(texts.contains { $0.2.count >= 31 })
    for text in texts {
      // A digit of DejaVu Sans, the widest of the page's fonts, is 0.636 of its 11.5 units.
      #expect(try #require(Double(text.1)) + 7.32 * Double(text.2.count) <= width)
    }
  }

  @Test func `the reference is called what it is, and captions say what is drawn and what is bold`() {
    let html = page(SampleSweep().results()).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(!html.contains("best isotropic"))
    #expect(html.contains("attainable reference (an isotropic network trained from 4 starts)"))
    #expect(html.contains("test losses, drawn beside validation curves"))
    #expect(html.contains("and the column’s attainable reference is beaten as surely"))
    #expect(html.contains("ignores that the leader was selected"))
  }

  @Test func `no table hides rows in a scrolled box, and narrow screens name the lines outside the drawing`() {
    let html = page(SampleSweep().results())
    #expect(!html.contains("max-height:") || html.components(separatedBy: "max-height:").count == 1 + 1)
    #expect(html.contains("max-height:none"))
    #expect(html.contains("24 candidates"))
    #expect(html.components(separatedBy: "<p class=\"keys\">").count == 3 + 1)
  }

  @Test func `a sweep with an x axis shows a panel per task with every column's line, and Bayes where it is not exact`()
    throws
  {
    var sweep = SampleSweep()
    sweep.contexts = [8, 14]
    var results = sweep.results()
    let html = page(results)
    #expect(unbalancedElements(html) == [])
    let section = try #require(
      html.components(separatedBy: "<h2>Along context</h2>").last?.components(
        separatedBy: "</section>"
      ).first)
    let panels = section.components(separatedBy: "<figure>").dropFirst()
    #expect(panels.count == 3)
    for panel in panels {
      for name in ["linear", "relu", "exp", "softmax"] {
        #expect(panel.components(separatedBy: "<title>\(name), context ").count == 3, "\(name) has two points")
      }
      #expect(panel.contains("(8 seeds)"))
    }
    #expect(panels.map { $0.contains("Bayes") } == [false, true, true])

    (results.trials, results.curves) = ([], [:])
    #expect(page(results).contains("No reporting trial has a result yet."))
    #expect(!page(SampleSweep().results()).contains("<h2>Along"))
  }

  @Test func `figures along the step are drawn where they are asked for, a band per column in every row`() throws {
    var results = SampleSweep().results()
    #expect(!page(results).contains("<h2>Along the step</h2>"))
    results.plan.report.alongStep = true
    let html = page(results)
    #expect(unbalancedElements(html) == [])
    let section = try #require(
      html.components(separatedBy: "<h2>Along the step</h2>").last?.components(separatedBy: "</section>").first)
    let panels = section.components(separatedBy: "<figure>").dropFirst()
    #expect(panels.map { $0.contains("<h3>relu labels</h3>") } == [false, true, false])
    for panel in panels {
      #expect(panel.contains("ln validation loss") && panel.components(separatedBy: "class=\"band ").count == 4 + 1)
      #expect(panel.contains("softmax, step 2000: ") && panel.contains("(8 seeds)"))
    }
    // The mean of ln loss at the last step, as the fake curves have it: near the level of the cell.
    let relu = try #require(panels.dropFirst().first)
    let shown = try #require(relu.firstMatch(of: /exp, step 2000: (-?[0-9.]+) ±/)?.1)
    #expect(abs(try #require(Double(shown)) - -1.076) < 0.05)

    results.curves = [:]
    #expect(page(results).contains("No reporting trial has a result yet."))
  }

  @Test func `a page of 500 trials is below 3 megabytes, and one of many cells thins drawings but no statistic`() throws
  {
    var sweep = SampleSweep()
    sweep.contexts = [8, 11, 14]
    var results = sweep.results()
    #expect(results.trials.count == 468)
    // Curves of 400 evaluations, more than any chart shows.
    for (trial, curve) in results.curves {
      results.curves[trial] = (1...400).map { step in
        var point = curve[(step - 1) / 20]
        point.step = 5 * step
        return point
      }
    }
    let matrix = SweepMatrix(results: results)
    let html = reportHTML(results: results, matrix: matrix)
    #expect(html.utf8.count < 3_000_000, "\(html.utf8.count) bytes")
    let drawn = try #require(
      ReportPictures(results, matrix).all.first { $0.id == "curves-relu-context-8" }?.csv.split(separator: "\n"))
    #expect(drawn.count { $0.hasPrefix("relu,") } == CurveSummary.maximumPoints)
    let last = try #require(drawn.last { $0.hasPrefix("relu,") }?.split(separator: ",").map(String.init))
    #expect(last[1] == "2000" && last[5] == "8")
    #expect(matrixCSV(matrix) == matrixCSV(SweepMatrix(results: sweep.results())))
  }
}
