// One row of cells compared while their seeds come in: which are excluded from the best, which are tied with the leader,
// at any time. The scheduler asks it for seeds, the report for verdicts; both see the same.
import Shared

/// What one cell of a row has measured, by reporting seed in the order of the plan; as many entries as the cell was given
/// seeds, nil where one has no result.
package struct SequentialCell: Sendable {
  /// ln test loss; that of the zero predictor where the run diverged.
  package var lnLosses: [Double?]
  /// ln test loss of the attainable reference on the same prompts; nil where there is none.
  package var lnReferences: [Double?]
  /// Normalised excess; nil where it is not defined.
  package var excesses: [Double?]
  package init(lnLosses: [Double?], lnReferences: [Double?]? = nil, excesses: [Double?]? = nil) {
    let none = [Double?](repeating: nil, count: lnLosses.count)
    (self.lnLosses, self.lnReferences, self.excesses) = (lnLosses, lnReferences ?? none, excesses ?? none)
  }
}

/// Verdicts that hold at any time and with any rule of stopping. For every truly best cell the probability ever to be
/// excluded is at most α, for every pair that differs by more than the margin the probability ever to be called tied is
/// at most α.
package struct SequentialRow: Sendable {
  package let cells: [SequentialCell]
  package let alpha: Double
  /// Per cell: the evidence that some rival beats it, and that the rival would beat its attainable reference as well.
  package let evidence: [Double]
  /// The cell with the smallest loss among those that are not excluded; nil where no two have a seed in common.
  package let leader: Int?
  private let tieMargin: Double
  private let bettor: Bettor

  /// - horizon: the number of seeds that bets are made towards.
  package init(cells: [SequentialCell], confidence: Double, tieMargin: Double, horizon: Int) {
    self.cells = cells
    alpha = 1 - confidence
    self.tieMargin = tieMargin
    let bettor = Bettor(alpha: 1 - confidence, horizon: horizon)
    self.bettor = bettor
    let evidence = cells.indices.map { loser in
      bettor.evidence(cells, loser: loser, winners: cells.indices.filter { $0 != loser }, isGuarded: true)
    }
    self.evidence = evidence
    let threshold = 1 / (1 - confidence)
    leader = Self.leader(cells, among: cells.indices.filter { evidence[$0] < threshold })
  }

  package func isExcluded(_ cell: Int) -> Bool { evidence[cell] >= 1 / alpha }

  /// Whether some rival beats the cell as it was trained, whatever its attainable reference.
  package func isExcludedAsTrained(_ cell: Int) -> Bool { trainedP(cell) <= alpha }

  /// Anytime-valid p that some rival beats the cell as it was trained.
  package func trainedP(_ cell: Int) -> Double {
    1 / bettor.evidence(cells, loser: cell, winners: cells.indices.filter { $0 != cell }, isGuarded: false)
  }

  /// Seeds below which nothing can be excluded: one rival of several wins each by as much.
  /// - rivals: at least one.
  package func seedsNeeded(rivals: Int) -> Int {
    var process = bettor.process(rivals: rivals), seeds = 0
    while process.evidence * alpha < 1 {
      process.observe([1] + Array(repeating: nil, count: rivals - 1))
      seeds += 1
    }
    return seeds
  }

  /// Anytime-valid p that some rival beats the cell.
  package func p(_ cell: Int) -> Double { 1 / evidence[cell] }

  /// Anytime-valid p that this rival beats the cell, as trained or `guarded` by its attainable reference; not corrected
  /// for the number of rivals.
  package func p(_ winner: Int, beats loser: Int, guarded: Bool = false) -> Double {
    1 / bettor.evidence(cells, loser: loser, winners: [winner], isGuarded: guarded)
  }

  /// Whether the normalised excesses of a cell and the leader differ by less than the margin: evidence against both
  /// larger and smaller differences, which are symmetric about a centre beyond the margin (two one-sided tests,
  /// Schuirmann 1987).
  package func isTied(_ cell: Int) -> Bool {
    guard let leader, cell != leader, !isExcluded(cell) else { return false }
    return p(ofTie: cell, leader) <= alpha
  }

  /// Anytime-valid p that the normalised excesses of two cells differ by the margin or more.
  package func p(ofTie a: Int, _ b: Int) -> Double {
    var above = bettor.process(rivals: 1), below = bettor.process(rivals: 1)
    for (first, second) in zip(cells[a].excesses, cells[b].excesses) {
      guard let first, let second else { continue }
      above.observe([tieMargin - (first - second)])
      below.observe([tieMargin + (first - second)])
    }
    return 1 / min(above.evidence, below.evidence)
  }

  /// The cell whose largest mean difference to another, on the seeds both have, is smallest: with equal seeds that of the
  /// smallest mean.
  private static func leader(_ cells: [SequentialCell], among candidates: [Int]) -> Int? {
    let regrets = candidates.map { cell -> Double in
      let differences = candidates.filter { $0 != cell }.compactMap { rival -> Double? in
        let both = zip(cells[cell].lnLosses, cells[rival].lnLosses).compactMap { own, other in
          own.flatMap { own in other.map { own - $0 } }
        }
        return both.isEmpty ? nil : both.reduce(0, +) / Double(both.count)
      }
      return differences.max() ?? .infinity
    }
    if candidates.count == 1 { return candidates[0] }
    guard let best = regrets.indices.min(by: { regrets[$0] < regrets[$1] }), regrets[best] < .infinity else {
      return nil
    }
    return candidates[best]
  }
}

/// What all processes of a row aim at.
private struct Bettor {
  let alpha: Double
  let horizon: Int

  func process(rivals: Int) -> EvidenceProcess { EvidenceProcess(rivals: rivals, alpha: alpha, horizon: horizon) }

  func evidence(_ cells: [SequentialCell], loser: Int, winners: [Int], isGuarded: Bool) -> Double {
    var process = process(rivals: winners.count)
    for (seed, loss) in cells[loser].lnLosses.enumerated() {
      guard let loss else { continue }
      let standard = isGuarded ? min(loss, cells[loser].lnReferences[seed] ?? loss) : loss
      process.observe(
        winners.map { winner in
          cells[winner].lnLosses.indices.contains(seed) ? cells[winner].lnLosses[seed].map { standard - $0 } : nil
        })
    }
    return process.evidence
  }
}
