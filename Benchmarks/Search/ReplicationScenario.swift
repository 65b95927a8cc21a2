// Rows of four simulated cells whose truth is known: how often adaptive replication keeps the true best, how often it
// excludes the others, and how many seeds it takes, beside fixed numbers of seeds with sign-flip tests.
import Foundation
import Search
import Shared

struct ReplicationScenario: Sendable {
  let name: String
  /// True ln losses; the smallest are the best.
  let means: [Double]
  /// Standard deviation of a cell's ln loss about its mean, besides what all cells of a seed share.
  let deviation: Double
  /// In so many of its seeds a cell gets stuck, half a nat higher.
  let stuckShare: Double

  static let all = [
    ReplicationScenario(name: "four tied cells", means: [0, 0, 0, 0], deviation: 0.005, stuckShare: 0),
    ReplicationScenario(
      name: "four tied cells, noise beyond the margin", means: [0, 0, 0, 0], deviation: 0.05, stuckShare: 0),
    ReplicationScenario(
      name: "near-tie, 0.7 deviations", means: [0, 0.018, 0.036, 0.06], deviation: 0.018, stuckShare: 0),
    ReplicationScenario(
      name: "near-tie, 0.6 deviations", means: [0, 0.0153, 0.036, 0.06], deviation: 0.018, stuckShare: 0),
    ReplicationScenario(
      name: "near-tie, 0.5 deviations", means: [0, 0.01273, 0.036, 0.06], deviation: 0.018, stuckShare: 0),
    ReplicationScenario(
      name: "near-tie, 0.4 deviations", means: [0, 0.01018, 0.036, 0.06], deviation: 0.018, stuckShare: 0),
    ReplicationScenario(name: "clear", means: [0, 0.06, 0.3, 1], deviation: 0.005, stuckShare: 0),
    ReplicationScenario(
      name: "stuck in 10 % of seeds", means: [0, 0.03, 0.06, 0.1], deviation: 0.005, stuckShare: 0.1),
    ReplicationScenario(name: "tied, stuck in 10 % of seeds", means: [0, 0, 0, 0], deviation: 0.005, stuckShare: 0.1),
  ]
  static let settings = Replication(minimum: 8, maximum: 40)
  static let confidence = 0.95
  /// Normalised excesses are taken for as large as differences of ln loss.
  static let tieMargin = 0.01

  func losses(simulation: Int) -> [[Double]] {
    means.enumerated().map { cell, mean in
      (0..<Self.settings.maximum).map { seed in
        let draw = UInt32(simulation * 64 + seed)
        var own = DrawStream(seed: UInt64(cell), draw: draw, parameter: name)
        var shared = DrawStream(seed: 1 << 32, draw: draw, parameter: name)
        let stuck = own.nextUniform() < stuckShare ? 0.5 : 0
        return mean + stuck + deviation * normalQuantile(own.nextUniform())
          + 0.05 * normalQuantile(shared.nextUniform())
      }
    }
  }

  /// Which cells are excluded, which tied with the leader, and how many seeds each got.
  func adaptive(_ losses: [[Double]]) -> (excluded: [Bool], tied: [Bool], seeds: [Int]) {
    var counts = losses.map { _ in 0 }
    while true {
      let row = SequentialRow(
        cells: zip(losses, counts).map { losses, count in
          SequentialCell(lnLosses: Array(losses.prefix(count)), excesses: Array(losses.prefix(count)))
        }, confidence: Self.confidence, tieMargin: Self.tieMargin, horizon: Self.settings.horizon)
      let steps = Self.settings.nextSeeds(row)
      guard steps.contains(where: { $0.seeds > 0 }) else {
        return (counts.indices.map(row.isExcluded), counts.indices.map(row.isTied), counts)
      }
      for (cell, step) in steps.enumerated() { counts[cell] += step.seeds }
    }
  }

  func summary(simulations: Int) -> String {
    let truth = means.map { $0 == means.min() }
    let fixedSeeds = [8, 20, 40]
    let tests = fixedSeeds.map(SignFlips.init)
    var excluded = Array(repeating: Array(repeating: 0, count: means.count), count: 1 + fixedSeeds.count)
    var tied = means.map { _ in 0 }, seeds = 0
    for simulation in 0..<simulations {
      let losses = losses(simulation: simulation), outcome = adaptive(losses)
      seeds += outcome.seeds.reduce(0, +)
      for cell in means.indices {
        excluded[0][cell] += outcome.excluded[cell] ? 1 : 0
        tied[cell] += outcome.tied[cell] ? 1 : 0
        for (design, test) in tests.enumerated() {
          excluded[1 + design][cell] += test.excludes(cell, losses, confidence: Self.confidence) ? 1 : 0
        }
      }
    }
    func share(_ count: Int) -> Double { (1000 * Double(count) / Double(simulations)).rounded() / 1000 }
    let designs = ["8 to 40"] + fixedSeeds.map { "\($0)" }
    let rows = zip(designs, excluded).map { design, counts in
      let coverage = means.indices.filter { truth[$0] }.map { 1 - share(counts[$0]) }.min() ?? 1
      let power = means.indices.filter { !truth[$0] }.map { "\(share(counts[$0]))" }.joined(separator: ", ")
      let used = design == "8 to 40" ? Double(seeds) / Double(simulations * means.count) : Double(design) ?? 0
      return
        "| \(name) | \(design) | \(String(format: "%.1f", used)) | \(String(format: "%.3f", coverage)) | \(power) |"
    }
    return rows.joined(separator: "\n") + "\n  tied with the leader: \(tied.map(share))"
  }
}

/// The sign-flip test of a fixed number of seeds, Bonferroni over rivals, as Reports has it: all sign vectors, or a
/// sample of them.
struct SignFlips: Sendable {
  private let seeds: Int
  private let signs: [[Double]]

  init(seeds: Int) {
    self.seeds = seeds
    let isExact = seeds <= 10
    signs = (0..<(isExact ? 1 << seeds : 2000)).map { vector in
      var stream = DrawStream(seed: 99, draw: UInt32(vector), parameter: "signs")
      return (0..<seeds).map { isExact ? (vector >> $0 & 1 == 0 ? 1 : -1) : (stream.nextUniform() < 0.5 ? 1 : -1) }
    }
  }

  func excludes(_ loser: Int, _ losses: [[Double]], confidence: Double) -> Bool {
    losses.indices.contains { winner in
      guard winner != loser else { return false }
      let differences = (0..<seeds).map { losses[loser][$0] - losses[winner][$0] }
      let observed = differences.reduce(0, +) * (1 - 1e-12)
      guard observed > 0 else { return false }
      let limit = (1 - confidence) / Double(losses.count - 1) * Double(signs.count)
      var count = 0
      for vector in signs {
        var sum = 0.0
        for index in 0..<seeds { sum += vector[index] * differences[index] }
        if sum >= observed { count += 1 }
        if Double(count) > limit { return false }
      }
      return true
    }
  }
}
