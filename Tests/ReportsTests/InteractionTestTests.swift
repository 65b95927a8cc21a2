// The interaction test: every activation must be beaten somewhere before the best one depends on the task.
import Reports
import Testing

@Suite struct InteractionTestTests {
  private func row(_ means: [Double], seeds: Int = 8) -> BestSet {
    BestSet(
      means.map { mean in Contender(lnLosses: (0..<seeds).map { mean + 0.001 * Double($0) }) }, confidence: 0.95)
  }

  @Test func `two tasks with different winners show an interaction`() throws {
    let test = try #require(InteractionTest(rows: [row([-1, 0]), row([0, -1])]))
    // 1/256, corrected for 2 tasks × 1 rival.
    #expect(test.p == 2.0 / 256)
    #expect(test.entries[0].row == 1)
    #expect(test.entries[0].rival == 1)
    #expect(test.entries[1].row == 0)
  }

  @Test func `one activation that wins everywhere shows none`() throws {
    let test = try #require(InteractionTest(rows: [row([-1, 0, 1]), row([-2, 0, 1])]))
    #expect(test.p == 1)
    #expect(test.entries[0].p == 1)
    #expect(test.entries[1].p == 4.0 / 256)
  }

  @Test func `one task or one activation has no interaction`() {
    #expect(InteractionTest(rows: [row([-1, 0])]) == nil)
    #expect(InteractionTest(rows: [row([-1]), row([-1])]) == nil)
    #expect(InteractionTest(rows: []) == nil)
    #expect(FriedmanRanks(losses: [[1, 2]]) == nil)
    #expect(FriedmanRanks(losses: [[1, 2], [1, .nan]]) == nil)
  }

  @Test func `an activation that is best everywhere by a hair is rarely called beaten`() throws {
    var generator = TestGenerator(seed: 21)
    let repetitions = 600
    var wrong = 0
    for _ in 0..<repetitions {
      let rows = (0..<3).map { _ in
        BestSet(
          simulatedRow(means: [-1, -1, 0, 0], seeds: 9, using: &generator), confidence: 0.95)
      }
      if try #require(InteractionTest(rows: rows)).p <= 0.05 { wrong += 1 }
    }
    #expect(
      Double(wrong) / Double(repetitions) <= 0.05 + threeStandardErrors(of: 0.05, repetitions: repetitions))
  }

  @Test func `ranks of a worked example with ties`() throws {
    // Four tasks in full agreement but one tie: ranks 1.5, 1.5, 3 and three times 1, 2, 3.
    let ranks = try #require(FriedmanRanks(losses: [[1, 1, 3], [1, 2, 3], [0, 5, 9], [2, 3, 4]]))
    #expect(ranks.meanRanks == [1.125, 1.875, 3])
    #expect(ranks.p < 0.001)
    let tied = try #require(FriedmanRanks(losses: [[1, 1], [2, 2]]))
    #expect(tied.meanRanks == [1.5, 1.5])
    #expect(tied.p == 1)
  }

  @Test func `the F form of Friedman's statistic on ranks that disagree`() throws {
    // Ranks (1,2,3), (1,3,2), (2,1,3): χ² = 2.6667, F = 2·2.6667/(6 − 2.6667) = 1.6 on 2 and 4 degrees: p = 0.308642.
    let ranks = try #require(FriedmanRanks(losses: [[1, 2, 3], [1, 3, 2], [2, 1, 3]]))
    #expect(abs(ranks.p - 0.30864197530864) < 1e-10)
  }
}
