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
    // Of the 6³ ways to rank the other tasks, 2 agree with the tied one as fully.
    #expect(abs(ranks.p - 2.0 / 216) < 1e-15)
    let tied = try #require(FriedmanRanks(losses: [[1, 1], [2, 2]]))
    #expect(tied.meanRanks == [1.5, 1.5])
    #expect(tied.p == 1)
  }

  @Test func `Friedman's p of few tasks is that of the published exact tables`() throws {
    // k = 3 activations: n = 3 tasks with χ² = 2.667 and 6, n = 4 with χ² = 6.5 and 8. Source: Hollander & Wolfe 1999,
    // table A.22.
    func p(_ losses: [[Double]]) throws -> Double { try #require(FriedmanRanks(losses: losses)).p }
    #expect(abs(try p([[1, 2, 3], [1, 3, 2], [2, 1, 3]]) - 0.361) < 5e-4)
    #expect(abs(try p([[1, 2, 3], [1, 2, 3], [1, 2, 3]]) - 0.028) < 5e-4)
    #expect(abs(try p([[1, 2, 3], [1, 2, 3], [1, 2, 3], [2, 1, 3]]) - 0.042) < 5e-4)
    #expect(abs(try p([[1, 2, 3], [1, 2, 3], [1, 2, 3], [1, 2, 3]]) - 0.0046) < 5e-5)
  }

  @Test(arguments: [(2, 2), (3, 4), (5, 4), (2, 9)])
  func `tasks that agree give the smallest p that their number allows`(tasks: Int, activations: Int) throws {
    let ranking = (0..<activations).map(Double.init)
    let ranks = try #require(FriedmanRanks(losses: Array(repeating: ranking, count: tasks)))
    let orders = Double((1...activations).reduce(1, *))
    let smallest = (1..<tasks).reduce(1.0) { share, _ in share / orders }
    #expect(abs(ranks.p / smallest - 1) < 1e-12)
  }

  @Test func `beyond the exact distribution Friedman's p is the F form's, and never smaller than agreement by chance`()
    throws
  {
    // 21 tasks, 2 activations, 14 against 7: F = 20·1.16667/9.33333 = 2.5 on 1 and 20 degrees.
    let losses = (0..<21).map { $0 < 14 ? [0.0, 1] : [1, 0] }
    #expect(abs(try #require(FriedmanRanks(losses: losses)).p - 0.12953234558192558) < 1e-10)
    let agreed = try #require(FriedmanRanks(losses: Array(repeating: [0, 1], count: 21)))
    #expect(agreed.p == 1 / Double(1 << 20))
    let wide = try #require(FriedmanRanks(losses: Array(repeating: (0..<400).map(Double.init), count: 3)))
    #expect(wide.p >= 0 && wide.p < 1e-6)
  }
}
