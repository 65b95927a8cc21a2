// Rows whose seeds were added while looking: verdicts that are valid at any time, and what the report says of the seeds.
import Reports
import Search
import Shared
import Testing

@Suite struct ReplicatedRowTests {
  /// Twelve seeds of every cell, of which the first eight are everyone's and the others only of `further` columns.
  private func matrix(noise: Double = 0.004, further: Set<Int> = []) -> SweepMatrix {
    var sample = SampleSweep()
    (sample.reportSeeds, sample.noise) = (12, noise)
    var results = sample.results()
    results.plan.replication = Replication(minimum: 8, maximum: 40)
    results.plan.reportSeeds = Array(results.plan.reportSeeds.prefix(8))
    results.trials.removeAll { trial in
      trial.stage == .reporting && trial.seed.rawValue >= 8 && !further.contains(trial.cell.rawValue % 4)
    }
    for index in results.plan.cells.indices where further.contains(results.plan.cells[index].id.rawValue % 4) {
      results.plan.cells[index].furtherSeeds = 4
    }
    return SweepMatrix(results: results)
  }

  @Test func `cells have as many seeds as they were given, and none of them is pending`() {
    let matrix = matrix(further: [2, 3])
    #expect(matrix.rows[2].cells.map { $0.measured.scores.count } == [8, 8, 12, 12])
    #expect(matrix.pendingTrials == 0)
  }

  @Test func `verdicts are those of the tests that decide about more seeds`() {
    let matrix = matrix(further: [2, 3])
    for row in matrix.rows {
      let sequential = row.bestSet.sequential
      #expect(row.leader == sequential?.leader)
      for (index, cell) in row.cells.enumerated() {
        #expect(cell.inBestSet == !(sequential?.isExcluded(index) ?? true))
        #expect(
          (cell.verdict == .worse)
            == (sequential?.isExcluded(index) ?? false && index != row.leader && cell.verdict != .tied))
      }
    }
    #expect(matrix.rows[1].best.map(\.columnName) == ["relu"])
    #expect(matrix.rows[1].replication?.map(\.seeds) == [0, 0, 0, 0])
    #expect(matrix.rows[1].replication?[1].reason == .decided)
  }

  @Test func `the sentence says how many seeds each cell got and why`() {
    let sentence = rowSentence(matrix().rows[1], matrix())
    #expect(sentence.contains("anytime-valid p"))
    #expect(sentence.contains("Seeds until decided: linear 8 (excluded at p "))
    #expect(sentence.contains("relu 8 (leads, decided)"))
  }

  @Test func `a row of noise stays undecided and asks for more`() {
    let row = matrix(noise: 1).rows[1]
    #expect(row.best.count > 1)
    #expect(row.replication?.contains { $0.seeds == 2 } == true)
  }

  @Test func `rows of a fixed number of seeds are tested as before`() {
    let row = SampleSweep().matrix().rows[1]
    #expect(row.bestSet.sequential == nil)
    #expect(row.replication == nil)
    #expect(!rowSentence(row, SampleSweep().matrix()).contains("Seeds until decided"))
  }
}
