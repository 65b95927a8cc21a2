// Rows whose cells may not be compared, or not as rivals on the same data: other problems inside a row, data axes as
// columns, rows where every run diverged.
import Foundation
import Reports
import Shared
import Testing

@Suite struct ComparabilityTests {
  /// The relu row's relu cell on other inputs than its rivals, by an edit that no axis shows.
  private func mixedInputs(_ change: @escaping (inout TrialRecord) -> Void = { _ in }) -> SweepResults {
    var sweep = SampleSweep()
    sweep.change = { trial in
      if trial.cell.rawValue == 5 {
        trial.parameters.inputs = .gaussian
      }
      change(&trial)
    }
    var results = sweep.results()
    results.plan.cells[5] = CellPlan(
      id: results.plan.cells[5].id, coordinates: results.plan.cells[5].coordinates,
      candidates: results.plan.cells[5].candidates.map { candidate in
        var other = candidate
        other.inputs = .gaussian
        return other
      })
    return results
  }

  @Test func `a row whose configurations learn from different data decides nothing and says what differs`() throws {
    let results = mixedInputs()
    let matrix = SweepMatrix(results: results)
    let row = matrix.rows[1]
    #expect(row.best.count == 4)
    #expect(row.leader == nil)
    #expect(row.cells.allSatisfy { $0.verdict == .unresolved && $0.pRaw == nil && $0.status == .ok })
    #expect(
      rowSentence(row, matrix)
        == "relu: not comparable: inputs differs between the selected configurations, so nothing "
        + "is decided.")
    #expect(matrix.rows[0].best.map(\.columnName) == ["linear"])
    #expect(matrix.interactions[0].test == nil)
    #expect(interactionSentence(matrix.interactions[0], matrix).contains("not tested: relu holds results of different"))
    #expect(!matrixText(matrix, width: 100).split(separator: "\n")[2].contains("*"))
    #expect(reportHTML(results: results, matrix: matrix).contains("<span>not comparable</span>"))
    let json = try JSONSerialization.jsonObject(with: Data(matrixJSON(matrix).utf8)) as? [String: Any]
    let rows = try #require(json?["row_summaries"] as? [[String: Any]])
    #expect(rows.map { $0["not_comparable"] as? [String] } == [[], ["inputs"], []])
  }

  @Test func `a diverged run takes no zero loss from cells on other data`() {
    let matrix = SweepMatrix(
      results: mixedInputs { trial in
        guard trial.cell.rawValue == 5, trial.stage == .reporting, trial.seed.rawValue == 3 else { return }
        trial.result?.outcome = .diverged
        trial.result?.metrics = FinalMetrics()
      })
    let cell = matrix.rows[1].cells[1]
    #expect(cell.measured.scores[3] == nil)
    #expect(cell.measured.missing.map(\.seed.rawValue) == [3])
  }

  @Test func `columns of a data axis stay compared, named by their axis, and have no common baseline`() throws {
    var sweep = SampleSweep()
    sweep.contexts = [8, 14]
    sweep.change = { trial in
      guard trial.parameters.context == 8 else { return }
      trial.result?.metrics.testLoss *= 2
      trial.result?.metrics.bayesLoss *= 2
      trial.result?.metrics.zeroLoss += 0.001
    }
    let results = sweep.resultsByContext()
    let matrix = SweepMatrix(results: results)
    let row = matrix.rows[5]
    #expect(row.best.map(\.columnName) == ["14"])
    let sentence = rowSentence(row, matrix)
    #expect(sentence.contains(": context 14 is best"))
    #expect(sentence.contains("ahead of context 8 by"))
    #expect(!sentence.contains("matched"))
    #expect(interactionSentence(matrix.interactions[0], matrix).contains(": context 14 may be best in every task"))
    let line = try #require(matrixText(matrix, width: 100).split(separator: "\n").first { $0.hasPrefix("relu, activ") })
    #expect(line.hasSuffix("varies  varies"))
    #expect(matrixMarkdown(matrix).contains("| varies | varies |"))
    let html = withoutDetails(reportHTML(results: results, matrix: matrix))
    #expect(html.contains("<td class=\"side\">varies</td>"))
    #expect(!html.contains("class=\"level\""))
  }

  @Test func `a row where every run diverged names no leader`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard (4..<8).contains(trial.cell.rawValue), trial.stage == .reporting else { return }
      trial.result?.outcome = .diverged
      trial.result?.metrics.testLoss = .infinity
    }
    let results = sweep.results()
    let matrix = SweepMatrix(results: results)
    let row = matrix.rows[1]
    #expect(row.leader == nil)
    #expect(
      rowSentence(row, matrix) == "relu: every run diverged and scored the zero predictor, so no activation leads.")
    #expect(!matrixText(matrix, width: 100).split(separator: "\n")[2].contains("*"))
    #expect(reportHTML(results: results, matrix: matrix).components(separatedBy: "class=\"cell best").count == 2 + 1)
  }
}
