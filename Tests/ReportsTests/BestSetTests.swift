// The best set on simulated rows: false exclusions, power, too few seeds, diverged runs and the guard of the reference.
import Reports
import Testing

@Suite struct BestSetTests {
  @Test(arguments: [4, 10])
  func `in a global tie each activation is excluded in at most 5 percent of sweeps`(activations: Int) {
    var generator = TestGenerator(seed: UInt64(activations))
    let repetitions = 1500
    var exclusions = 0
    for _ in 0..<repetitions {
      let row = simulatedRow(means: Array(repeating: -1, count: activations), seeds: 8, using: &generator)
      let set = BestSet(row, confidence: 0.95)
      exclusions += (0..<activations).count { set.isExcluded($0) }
    }
    // Exclusions within one sweep hang together, so sweeps are the repetitions.
    let share = Double(exclusions) / Double(repetitions * activations)
    #expect(share <= 0.05 + threeStandardErrors(of: 0.05, repetitions: repetitions))
    #expect(share > 0.002)
  }

  @Test(arguments: [4, 10])
  func `the true best is dropped in at most 5 percent of sweeps however close its rivals`(activations: Int) {
    var generator = TestGenerator(seed: 100 + UInt64(activations))
    let repetitions = 1500
    var dropped = 0
    for _ in 0..<repetitions {
      let means = (0..<activations).map { $0 == 0 ? -1.0 : -0.999 }
      let set = BestSet(simulatedRow(means: means, seeds: 9, using: &generator), confidence: 0.95)
      if set.isExcluded(0) { dropped += 1 }
    }
    #expect(
      Double(dropped) / Double(repetitions) <= 0.05 + threeStandardErrors(of: 0.05, repetitions: repetitions))
  }

  @Test func `rivals three standard deviations behind are nearly always excluded`() {
    var generator = TestGenerator(seed: 7)
    let repetitions = 300
    var excluded = 0
    for _ in 0..<repetitions {
      let set = BestSet(simulatedRow(means: [-1, -0.91, -0.8, 0], seeds: 8, using: &generator), confidence: 0.95)
      #expect(!set.isExcluded(0))
      excluded += (1..<4).count { set.isExcluded($0) }
    }
    #expect(Double(excluded) / Double(3 * repetitions) > 0.95)
  }

  @Test(arguments: [(4, 6), (10, 8), (2, 5), (3, 6)])
  func `the number of seeds that can decide`(activations: Int, seeds: Int) {
    func clearRow(_ seeds: Int) -> BestSet {
      let row = (0..<activations).map { index in
        Contender(lnLosses: (0..<seeds).map { Double(index) + 0.01 * Double($0) })
      }
      return BestSet(row, confidence: 0.95)
    }
    #expect(clearRow(seeds).seedsNeeded == seeds)
    #expect(!clearRow(seeds).hasTooFewSeeds(1))
    #expect((1..<activations).allSatisfy { clearRow(seeds).isExcluded($0) })
    #expect(clearRow(seeds - 1).hasTooFewSeeds(1))
    #expect((0..<activations).allSatisfy { !clearRow(seeds - 1).isExcluded($0) })
  }

  @Test func `a p of exactly the threshold excludes`() {
    // 5 seeds and 2 activations: 1/32 against α itself.
    let row = [Contender(lnLosses: [0, 0, 0, 0, 0]), Contender(lnLosses: [1, 1, 1, 1, 1])]
    #expect(BestSet(row, confidence: 1 - 1.0 / 32).isExcluded(1))
    #expect(!BestSet(row, confidence: 1 - 1.0 / 33).isExcluded(1))
  }

  @Test func `one activation has no rivals and stays`() {
    let set = BestSet([Contender(lnLosses: [0.1, 0.2])], confidence: 0.95)
    #expect(set.pairs.isEmpty)
    #expect(!set.isExcluded(0))
    #expect(!set.hasTooFewSeeds(0))
    #expect(set.adjusted(0.3) == 0.3)
  }

  @Test func `only seeds that both activations have are compared`() throws {
    let first = Contender(lnLosses: [0, 0, 0, 0, 0, 0, nil, nil])
    let second = Contender(lnLosses: [nil, nil, 1, 1, 1, 1, 1, 1])
    let set = BestSet([first, second], confidence: 0.9)
    let pair = try #require(set.pair(0, beats: 1))
    #expect(pair.difference.count == 4)
    #expect(pair.p == 1.0 / 16)
    #expect(set.isExcluded(1))
    let empty = BestSet([first, Contender(lnLosses: Array(repeating: nil, count: 8))], confidence: 0.9)
    #expect(empty.pairs.isEmpty)
    #expect(empty.hasTooFewSeeds(0))
  }

  @Test func `a rival whose attainable reference is not beaten stays, and the row says so`() throws {
    let leader = Contender(lnLosses: Array(repeating: -1.0, count: 8))
    let losses: [Double?] = Array(repeating: -0.5, count: 8)
    let saved = Contender(lnLosses: losses, lnReferences: Array(repeating: -1.1, count: 8))
    let beaten = Contender(lnLosses: losses, lnReferences: Array(repeating: -0.7, count: 8))
    let set = BestSet([leader, saved, beaten], confidence: 0.95)
    #expect(!set.isExcluded(1))
    #expect(set.isSavedByReference(1))
    #expect(set.isExcluded(2))
    #expect(!set.isSavedByReference(2))
    let pair = try #require(set.pair(0, beats: 1))
    #expect(pair.p == 1.0 / 256)
    #expect(pair.guardedP == 1)
  }

  @Test func `the guard never makes an exclusion easier`() {
    var generator = TestGenerator(seed: 9)
    for _ in 0..<200 {
      let row = simulatedRow(means: [-1, -0.98, -0.96], seeds: 8, using: &generator).map { contender in
        Contender(
          lnLosses: contender.lnLosses,
          lnReferences: contender.lnLosses.map { ($0 ?? 0) + 0.03 * generator.normal() })
      }
      #expect(BestSet(row, confidence: 0.95).pairs.allSatisfy { $0.guardedP >= $0.p })
    }
  }

  @Test func `a cell worse than its reference by more than the margin is optimiser-limited`() throws {
    let references: [Double?] = Array(repeating: -1.0, count: 8)
    func limit(_ shift: Double, spread: Double) -> OptimiserLimit? {
      let losses: [Double?] = (0..<8).map { -1 + shift + ($0 % 2 == 0 ? spread : -spread) }
      return OptimiserLimit(lnLosses: losses, lnReferences: references)
    }
    #expect(try #require(limit(0.02, spread: 0.001)).isExceeded == false)
    #expect(try #require(limit(0.04, spread: 0.001)).isExceeded)
    // 3 standard errors are 3 · 0.1 · √(8/7) / √8 = 0.113 here.
    #expect(try #require(limit(0.1, spread: 0.1)).isExceeded == false)
    #expect(try #require(limit(0.12, spread: 0.1)).isExceeded)
    #expect(OptimiserLimit(lnLosses: [0], lnReferences: [0]) == nil)
    #expect(OptimiserLimit(lnLosses: [0, 1], lnReferences: [nil, nil]) == nil)
  }
}
