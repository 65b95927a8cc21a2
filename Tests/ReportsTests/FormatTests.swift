// The files for programs and people: columns, quoting, numbers, widths, and names that try to become markup.
import Foundation
import Reports
import Shared
import Testing

@Suite struct FormatTests {
  static let hostile = "<script>alert(1)</script> | `x` \u{1B}[31m \"q\""

  @Test func `matrix.csv has the columns of the contract in their order`() throws {
    var sweep = SampleSweep()
    sweep.contexts = [8, 14]
    let lines = matrixCSV(sweep.matrix()).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      try #require(lines.first)
        == "task,activation,context,learning_rate,edge,tune_seeds,seeds,diverged,ln_test_loss_mean,ln_test_loss_sd,"
        + "ln_test_loss_ci_low,ln_test_loss_ci_high,bayes_loss,zero_loss,excess,normalised_excess,reference_ln_loss,"
        + "matched,leader,in_best_set,verdict,p_raw,p_adjusted,status")
    #expect(lines.count == 24 + 2)
    #expect(lines.last == "")
    #expect(lines[1].hasPrefix("linear,linear,8,0.02,1,2,8,0,-5.0"))
    #expect(lines[1].hasSuffix(",1,1,1,leader,1.0,1.0,ok"))
  }

  @Test func `numbers in matrix.csv read back as the same bits`() throws {
    let matrix = SampleSweep().matrix()
    let rows = matrixCSV(matrix).split(separator: "\n").dropFirst()
    for (line, cell) in zip(rows, matrix.cells) {
      let mean = try #require(Double(line.split(separator: ",", omittingEmptySubsequences: false)[7]))
      #expect(mean == cell.measured.lnTestLoss?.mean)
    }
  }

  @Test func `what was not measured is an empty field`() throws {
    var results = SampleSweep().results()
    results.trials = []
    let line = try #require(matrixCSV(SweepMatrix(results: results)).split(separator: "\n").dropFirst().first)
    #expect(line == "linear,linear,,0,0,0,0,,,,,,,,,,1,0,1,unresolved,,,pending")
  }

  @Test func `a field with commas is quoted`() {
    var results = SampleSweep().results()
    results.plan.tuned = [.layerClip]
    results.plan.cells = results.plan.cells.map { cell in
      let candidates = cell.candidates.map { candidate in
        var clipped = candidate
        clipped.layerClip = LayerClip(scale: 1e-8, base: 9, switchStep: 8000, scaleAfter: 1e-7)
        return clipped
      }
      return CellPlan(id: cell.id, coordinates: cell.coordinates, candidates: [candidates[0]])
    }
    let csv = matrixCSV(SweepMatrix(results: results))
    #expect(csv.contains("linear,linear,\"{base: 9, scale: 1e-08, scale_after: 1e-07, switch_step: 8000}\",0,"))
  }

  @Test func `matrix.json parses, is versioned and keeps hostile names as text`() throws {
    var sweep = SampleSweep()
    sweep.name = Self.hostile
    let data = Data(matrixJSON(sweep.matrix()).utf8)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(json["version"] as? Int == 1)
    #expect(json["name"] as? String == Self.hostile)
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows.count == 12)
    #expect(rows[5]["in_best_set"] as? Int == 1)
    #expect(rows[5]["learning_rate"] as? Double == 0.02)
    let cells = try #require(json["cells"] as? [[String: Any]])
    #expect((cells[0]["seeds"] as? [Any])?.count == 8)
    #expect((cells[0]["candidates"] as? [Any])?.count == 2)
    let interaction = try #require((json["interaction"] as? [[String: Any]])?.first)
    #expect(interaction["p"] as? Double == 9.0 / 256)
    #expect((json["row_summaries"] as? [[String: Any]])?.count == 3)
    #expect((json["provenance"] as? [String: Any])?["wall_seconds"] as? Double == 148.2)
  }

  @Test func `numbers that are not finite are null in matrix.json`() throws {
    var sweep = SampleSweep()
    sweep.change = { $0.result?.metrics.excess = .infinity }
    let data = Data(matrixJSON(sweep.matrix()).utf8)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    let rows = try #require(json["rows"] as? [[String: Any]])
    #expect(rows[0]["excess"] is NSNull)
  }

  @Test func `the same results give the same bytes`() {
    #expect(matrixJSON(SampleSweep().matrix()) == matrixJSON(SampleSweep().matrix()))
    #expect(matrixCSV(SampleSweep().matrix()) == matrixCSV(SampleSweep().matrix()))
  }

  @Test func `matrix.md marks the best set in bold and escapes names`() {
    var sweep = SampleSweep()
    sweep.name = Self.hostile
    let markdown = matrixMarkdown(sweep.matrix())
    #expect(markdown.contains("| relu | 0.7"))
    #expect(markdown.contains("| **0.30"))
    #expect(!markdown.contains("<script>"))
    #expect(markdown.contains(#"\<script\>alert(1)\</script\> \| \`x\`"#))
    #expect(!markdown.contains("\u{1B}"))
  }

  @Test(arguments: [40, 60, 100])
  func `the terminal table is never wider than the terminal`(width: Int) {
    var sweep = SampleSweep()
    sweep.contexts = [8, 14]
    let text = matrixText(sweep.matrix(), width: width)
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= width })
    #expect(!text.contains("\u{1B}"))
  }

  @Test func `the terminal table shows losses, the best set and a sentence per task`() throws {
    let text = matrixText(SampleSweep().matrix(), width: 100)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[0].split(separator: " ") == ["task", "linear", "relu", "exp", "softmax", "Bayes", "zero"])
    let relu = try #require(lines.first { $0.hasPrefix("relu ") })
    #expect(relu.contains("*") && relu.contains("0.30"))
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(words.contains("relu: relu is best (test loss 0.30"))
    #expect(words.contains("The matched activation, exp, is 0.07"))
    #expect(words.contains("The best activation depends on the task: each one is beaten in some task"))
  }

  @Test func `an unfinished sweep is marked in every format`() {
    var results = SampleSweep().results()
    results.trials.removeAll { $0.stage == .reporting && $0.seed.rawValue == 7 }
    let matrix = SweepMatrix(results: results)
    #expect(matrixText(matrix, width: 100).contains("? trials pending"))
    #expect(matrixMarkdown(matrix).contains("? trials pending"))
    #expect(matrixCSV(matrix).contains(",pending\n"))
    #expect(!matrixMarkdown(matrix).contains("**"))
  }

  @Test func `cells with too few seeds are not marked as winners in any format`() {
    var sweep = SampleSweep()
    sweep.reportSeeds = 5
    let results = sweep.results()
    let matrix = SweepMatrix(results: results)
    let text = matrixText(matrix, width: 100)
    #expect(text.split(separator: "\n").prefix(4).allSatisfy { !$0.contains("*") })
    #expect(text.contains("s too few seeds"))
    #expect(!matrixMarkdown(matrix).contains("**"))
    let html = withoutDetails(reportHTML(results: results, matrix: matrix))
    #expect(!html.contains("class=\"cell best"))
    #expect(!html.contains("class=\"best-row\""))
    #expect(!html.contains("★ best set</span>") && !html.contains("★ best</span>"))
    #expect(html.components(separatedBy: "<span>too few seeds</span>").count == 12 + 1)
    #expect(matrixCSV(matrix).components(separatedBy: ",1,unresolved,").count == 9 + 1)
  }

  @Test func `a diverged run does not hide that its cell has too few seeds`() {
    var sweep = SampleSweep()
    sweep.reportSeeds = 5
    sweep.change = { trial in
      guard trial.cell.rawValue == 4, trial.stage == .reporting, trial.seed.rawValue == 3 else { return }
      trial.result?.outcome = .diverged
    }
    let results = sweep.results()
    let matrix = SweepMatrix(results: results)
    let html = reportHTML(results: results, matrix: matrix)
    #expect(!html.contains("class=\"cell best"))
    #expect(html.contains("<span>1 diverged</span> <span>too few seeds</span>"))
    #expect(rowSentence(matrix.rows[1], matrix).contains("relu: too few seeds to decide, relu leads"))
  }

  @Test func `a Bayes loss of rounding errors is 0 for people and a number for programs`() throws {
    var sweep = SampleSweep()
    sweep.change = { if $0.cell.rawValue < 4 { $0.result?.metrics.bayesLoss = 3.5e-14 } }
    let results = sweep.results()
    let matrix = SweepMatrix(results: results)
    let line = try #require(matrixText(matrix, width: 100).split(separator: "\n").first { $0.hasPrefix("linear ") })
    #expect(line.split(separator: " ").dropLast().last == "0")
    let html = withoutScripts(reportHTML(results: results, matrix: matrix))
    #expect(html.contains("<td class=\"side\">0</td>"))
    #expect(html.contains("← Bayes 0<"))
    #expect(!html.contains("e-14"))
    #expect(matrixCSV(matrix).contains("e-14,"))
  }
}
