// Evidence that may be looked at after every seed, and the seeds that a row asks for.
import Foundation
import Search
import Shared
import Testing

@Suite struct ReplicationTests {
  private let settings = Replication(minimum: 8, maximum: 40)

  private func row(_ losses: [[Double]], counts: [Int]? = nil, margin: Double = 0.01) -> SequentialRow {
    let counts = counts ?? losses.map(\.count)
    return SequentialRow(
      cells: zip(losses, counts).map { losses, count in
        SequentialCell(lnLosses: Array(losses.prefix(count)), excesses: Array(losses.prefix(count)))
      }, confidence: 0.95, tieMargin: margin, horizon: 40)
  }

  /// Losses with noise that is a function of cell and seed.
  private func losses(_ means: [Double], seeds: Int, deviation: Double, simulation: Int = 0) -> [[Double]] {
    means.enumerated().map { cell, mean in
      (0..<seeds).map { seed in
        var stream = DrawStream(seed: UInt64(cell), draw: UInt32(simulation * 64 + seed), parameter: "noise")
        return mean + deviation * normalQuantile(stream.nextUniform())
      }
    }
  }

  @Test func `a rival that wins every seed is certain after eight, not after four`() {
    let means = [0, 0.1, 0.2, 0.3]
    #expect(!row(losses(means, seeds: 4, deviation: 0.005)).isExcluded(1))
    let eight = row(losses(means, seeds: 8, deviation: 0.005))
    #expect((0..<4).map(eight.isExcluded) == [false, true, true, true])
    #expect(eight.leader == 0)
    #expect(eight.p(0) == 1)
    #expect(eight.p(0, beats: 1) <= 0.05)
    #expect(eight.p(1, beats: 0) == 1)
  }

  @Test func `looking after every seed, a tied cell is excluded in at most 5 % of rows`() {
    var excluded = 0
    for simulation in 0..<600 {
      let tied = losses([0, 0, 0, 0], seeds: 40, deviation: 0.05, simulation: simulation)
      // The evidence is the largest so far, so the last look knows all of them.
      if row(tied, margin: 1e-9).isExcluded(0) { excluded += 1 }
    }
    #expect(excluded <= 38)
    #expect(excluded >= 6)
  }

  @Test func `with the bets towards 40 seeds a rival half a deviation behind is found in four rows of five`() {
    var found = 0, coverage = 0, seeds = 0
    for simulation in 0..<500 {
      // The difference of two cells has √2 times the deviation of one.
      let data = losses([0, 0.5 * 2.0.squareRoot(), 2, 3], seeds: 40, deviation: 1, simulation: simulation)
      var counts = [0, 0, 0, 0]
      while true {
        let row = row(data, counts: counts, margin: 1e-9), steps = settings.nextSeeds(row)
        if steps.allSatisfy({ $0.seeds == 0 }) {
          found += row.isExcluded(1) ? 1 : 0
          coverage += row.isExcluded(0) ? 0 : 1
          seeds += counts.reduce(0, +)
          break
        }
        for (cell, step) in steps.enumerated() { counts[cell] += step.seeds }
      }
    }
    #expect(found >= 400)
    #expect(coverage >= 475)
    #expect(seeds < 500 * 4 * 21)
  }

  @Test func `no bet falls where differences grow, and none reaches beyond the goal`() {
    // The null is a difference symmetric about zero or below it: an odd bet that grows is fair at best there.
    for horizon in [1, 2, 3, 10, 40, 400] {
      for history in [[], [1.0, -0.3, 2], [1, 1, 1, 1, 1.2, 1]] {
        let wealth = (1...200).map { size -> Double in
          var process = EvidenceProcess(rivals: 1, alpha: 0.05, horizon: horizon)
          for difference in history { process.observe([difference]) }
          process.observe([0.02 * Double(size)])
          return process.wealth
        }
        #expect(zip(wealth, wealth.dropFirst()).allSatisfy { $0 <= $1 + 1e-12 })
      }
    }
  }

  @Test func `wealth is fair in every tree of signs, whatever the sizes and the horizon`() {
    // Mean over all sign vectors of the wealth after the last seed is 1 at most: a supermartingale, exactly.
    for (rivals, horizon) in [(1, 6), (1, 40), (2, 6), (3, 8), (2, 3)] {
      let sizes = [[0.4, 1.7, 0.9, 0.2, 3.1, 1.0], [1, 0.1, 2.2, 0.7, 0.3, 1.9], [0.6, 0.6, 5, 0.1, 1, 1]]
      var total = 0.0
      for signs in 0..<64 {
        var process = EvidenceProcess(rivals: rivals, alpha: 0.05, horizon: horizon)
        for seed in 0..<6 {
          let sign = signs >> seed & 1 == 0 ? 1.0 : -1
          // Rivals' signs depend on one another: all turn together, one of them the other way.
          process.observe((0..<rivals).map { sizes[$0][seed] * ($0 == 1 ? -sign : sign) })
        }
        total += process.wealth
      }
      #expect(abs(total / 64 - 1) < 1e-9)
    }
  }

  @Test func `evidence does not vanish when later seeds disagree`() {
    var data = losses([0, 0.1], seeds: 8, deviation: 0.001)
    #expect(row(data).isExcluded(1))
    data[1] += Array(repeating: -1, count: 8)
    data[0] += Array(repeating: 0, count: 8)
    #expect(row(data).isExcluded(1))
  }

  @Test func `a cell is not excluded where its attainable reference is as good as its rival`() {
    let data = losses([0, 0.1], seeds: 10, deviation: 0.001)
    let guarded = SequentialRow(
      cells: [
        SequentialCell(lnLosses: data[0]), SequentialCell(lnLosses: data[1], lnReferences: data[0].map { $0 - 0.01 }),
      ], confidence: 0.95, tieMargin: 0.01, horizon: 40)
    #expect(!guarded.isExcluded(1))
    #expect(guarded.p(0, beats: 1) <= 0.05)
  }

  @Test func `seeds without a result are no evidence`() {
    var data: [[Double?]] = losses([0, 0.1], seeds: 16, deviation: 0.001)
    for seed in stride(from: 0, to: 16, by: 2) { data[1][seed] = nil }
    let halved = SequentialRow(
      cells: data.map { SequentialCell(lnLosses: $0) }, confidence: 0.95, tieMargin: 0.01, horizon: 40)
    let eight = SequentialRow(
      cells: data.map { row in SequentialCell(lnLosses: stride(from: 1, to: 16, by: 2).map { row[$0] }) },
      confidence: 0.95, tieMargin: 0.01, horizon: 40)
    #expect(halved.evidence[1] == eight.evidence[1])
  }

  @Test func `every cell first gets the smallest number of seeds`() {
    let steps = settings.nextSeeds(row(losses([0, 1], seeds: 8, deviation: 0.01), counts: [0, 5]))
    #expect(steps == [.init(seeds: 8, reason: .belowMinimum), .init(seeds: 3, reason: .belowMinimum)])
  }

  @Test func `only the leader and its unresolved rivals go on, by a quarter more each time`() throws {
    let data = losses([0, 0.001, 0.3], seeds: 40, deviation: 0.02, simulation: 1)
    let steps = settings.nextSeeds(row(data, counts: [8, 8, 8], margin: 0.001))
    #expect(steps.map(\.seeds) == [2, 2, 0])
    guard case .excluded(let p) = steps[2].reason else {
      Issue.record("the third cell is \(steps[2].reason)")
      return
    }
    #expect(p <= 0.05)
    #expect(Set(steps.prefix(2).map(\.reason)).count == 2)
    #expect(settings.nextSeeds(row(data, counts: [20, 20, 8], margin: 0.001)).map(\.seeds) == [5, 5, 0])
    // One that was left behind first catches up.
    #expect(settings.nextSeeds(row(data, counts: [20, 10, 8], margin: 0.001)).map(\.seeds) == [0, 10, 0])
  }

  @Test func `cells within the margin are tied, and the row is decided`() {
    let steps = settings.nextSeeds(row(losses([0, 0.001], seeds: 12, deviation: 0.001)))
    #expect(Set(steps.map(\.reason)) == [.decided, .tied])
    #expect(steps.allSatisfy { $0.seeds == 0 })
  }

  @Test func `the budget ends what is not decided`() {
    let steps = settings.nextSeeds(row(losses([0, 0.001], seeds: 40, deviation: 0.1, simulation: 1)))
    #expect(steps == Array(repeating: .init(seeds: 0, reason: .budgetSpent), count: 2))
  }

  @Test func `a row without results in common asks for nothing`() {
    let empty = SequentialRow(
      cells: [
        SequentialCell(lnLosses: Array(repeating: nil, count: 8)),
        SequentialCell(lnLosses: Array(repeating: 1, count: 8)),
      ],
      confidence: 0.95, tieMargin: 0.01, horizon: 40)
    #expect(settings.nextSeeds(empty).allSatisfy { $0.seeds == 0 && $0.reason == .incomparable })
  }
}
