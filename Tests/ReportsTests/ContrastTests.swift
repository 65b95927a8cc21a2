// Contrasts: the estimate is the weighted sum of the seeds' own ln losses, and its p that of the sign-flip test.
import Reports
import Shared
import Testing

@Suite struct ContrastTests {
  private func tests(_ contrasts: [Contrast], _ change: (inout SweepResults) -> Void = { _ in }) -> [ContrastTest] {
    var results = SampleSweep().results()
    results.plan.report.contrasts = contrasts
    change(&results)
    return SweepMatrix(results: results).contrastTests
  }

  private let columns: [Contrast.Term] = [
    .init(value: "relu", weight: 1), .init(value: "exp", weight: -0.5), .init(value: "softmax", weight: -0.5),
  ]

  @Test func `a contrast of columns has an estimate in every row`() throws {
    let found = tests([Contrast(name: "a", columns: columns, rows: [])])
    #expect(found.map(\.place) == ["linear", "relu", "exp"])
    let row = SampleSweep().matrix().rows[1]
    let losses = row.cells.map { $0.measured.present.map(\.lnTestLoss) }
    let expected = (0..<8).map { losses[1][$0] - 0.5 * losses[2][$0] - 0.5 * losses[3][$0] }
    let estimate = try #require(found[1].estimate)
    #expect(abs(estimate.mean - expected.reduce(0, +) / 8) < 1e-12 && estimate.count == 8)
    // All eight seeds agree: two sign vectors of 256 are as extreme.
    #expect(found[1].p == 2.0 / 256)
    #expect(try #require(found[1].tTestP) < 1e-6)
  }

  @Test func `a contrast over rows is their difference seed by seed`() throws {
    let rows: [Contrast.Term] = [.init(value: "relu", weight: 1), .init(value: "exp", weight: -1)]
    let single = tests([Contrast(name: "a", columns: columns, rows: [])])
    let both = tests([Contrast(name: "b", columns: columns, rows: rows)])
    #expect(both.count == 1 && both[0].place.isEmpty)
    let (relu, exp) = (try #require(single[1].estimate), try #require(single[2].estimate))
    #expect(abs(try #require(both[0].estimate).mean - (relu.mean - exp.mean)) < 1e-12)
    #expect(both[0].p == 2.0 / 256)
  }

  @Test func `nothing is tested while trials are pending, and a seed without a trial is left out`() throws {
    let contrast = Contrast(name: "a", columns: columns, rows: [])
    let pending = tests([contrast]) { results in
      results.trials.removeAll { $0.cell.rawValue == 5 && $0.stage == .reporting && $0.seed.rawValue == 3 }
    }
    #expect(pending[1].p == nil && pending[1].estimate?.count == 7 && pending[0].p != nil)
    let html = { () -> String in
      var results = SampleSweep().results()
      results.plan.report.contrasts = [contrast]
      return reportHTML(results: results, matrix: SweepMatrix(results: results))
    }()
    #expect(html.contains("<td>relu − 0.5·exp − 0.5·softmax</td><td>relu</td><td>-0.1"))
    #expect(
      !reportHTML(results: SampleSweep().results(), matrix: SampleSweep().matrix()).contains("<h2>Contrasts</h2>"))
  }
}
