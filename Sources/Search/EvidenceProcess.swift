// Evidence against hypotheses that is valid at any time: one may look after every seed, stop or go on for any reason, and
// still declare a true hypothesis false with a probability of at most α.
import Shared

/// Bets against "no rival beats this cell": with losses of pairs as stakes. Under the hypothesis every paired difference
/// d = ln loss of the cell − ln loss of a rival is symmetric about zero or below it, the null of the sign-flip test, so a
/// bet of b ≥ 0 on the sign of d, where b depends on the past and on |d| only and falls with |d| nowhere, multiplies the
/// wealth by 1 ± b and is fair at best. Wealth is a test supermartingale; that it ever reaches 1/α has probability at most α
/// (Ville 1939).
///
/// Most of the wealth bets for a goal: that all wealth together reaches 1/α by the seed `horizon` (`GoalStakes`), as a fixed
/// test of so many seeds would, but over as soon as it is sure. The rest makes bets that know no deadline and keep what they
/// earn: on tanh(d / 2s), s² the mean of d² so far, and on the sign alone, for rivals that win nearly all seeds or all of
/// them, whatever the sizes; after the horizon they go on alone. Both parts follow the rivals that have earned most: wealth
/// is spread over them in proportion to the 8th power of what the bets on each would have earned. On the first seed of
/// several rivals nothing is bet, since it tells them apart: a third on each loses to two what it wins from one.
/// Sources: Ramdas, Ruf, Larsson & Koolen 2020 (symmetric distributions: 1 + tanh(λd) = e^λd / cosh λd), Waudby-Smith &
/// Ramdas 2024 (betting), Vovk & Wang 2021 (combining under any dependence); a mixture of fair bets on dependent pairs is
/// fair whatever the dependence.
package struct EvidenceProcess: Sendable {
  /// The largest wealth so far, from 1: an anytime-valid p is 1 / this.
  package private(set) var evidence = 1.0
  package var wealth: Double { Self.goalShare * goalWealth + (1 - Self.goalShare) * freeWealth }
  /// Of the part that bets for the goal, and of the other, both from 1.
  private var goalWealth = 1.0
  private var freeWealth = 1.0
  private let goal: Double
  private let horizon: Int
  private var seeds = 0
  /// [rival]: what bets for the goal on this rival alone would have earned; only shares depend on it.
  private var earnedForGoal: [Double]
  /// [rival][bet]: what each free bet alone would have earned, from its weight.
  private var earned: [[Double]]
  /// Sum of squares and number of differences, per rival.
  private var squares: [Double]
  private var counts: [Double]

  private static let goalShare = 0.77
  /// b = size · tanh(slope · d / s); without a slope size · sign d.
  private static let bets: [(weight: Double, size: Double, slope: Double?)] = [
    (0.2, 1, 0.5), (0.65, 0.8, nil), (0.15, 1, nil),
  ]
  /// Evidence beyond this is not counted: wealth stays a number.
  private static let certainty = 1e12

  /// - rivals: at least one.
  /// - alpha: the level that the bets aim at; evidence is valid at every level.
  /// - horizon: the seed by which they aim to reach it.
  package init(rivals: Int, alpha: Double, horizon: Int) {
    // A little more, since what reaches 1/α up to rounding would not.
    goal = (1 + 1e-9) / alpha
    self.horizon = horizon
    earnedForGoal = Array(repeating: 1, count: rivals)
    earned = Array(repeating: Self.bets.map(\.weight), count: rivals)
    squares = Array(repeating: 0, count: rivals)
    counts = squares
  }

  /// Takes one seed.
  /// - differences: one per rival; nil where the seed is missing, which is no bet.
  package mutating func observe(_ differences: [Double?]) {
    guard evidence < Self.certainty else { return }
    let sizes = differences.indices.map { scaled(differences[$0], from: $0) }
    let isBet = seeds > 0 || differences.count == 1
    let goalShares = Self.shares(earnedForGoal), freeShares = Self.shares(earned.map { $0.reduce(0, +) })
    let needed = (goal - (1 - Self.goalShare) * freeWealth) / Self.goalShare
    var goalGain = 0.0, freeGain = 0.0
    for (rival, scaled) in sizes.enumerated() {
      let goalReturn = goalReturn(of: scaled, needed: needed)
      goalGain += goalShares[rival] * goalReturn
      earnedForGoal[rival] = Self.bounded(earnedForGoal[rival] * goalReturn)
      let total = earned[rival].reduce(0, +)
      var kept = 0.0
      for (bet, factor) in freeReturns(of: scaled).enumerated() {
        kept += earned[rival][bet] * factor
        earned[rival][bet] = Self.bounded(earned[rival][bet] * factor)
      }
      freeGain += freeShares[rival] * kept / total
    }
    seeds += 1
    guard isBet else { return }
    goalWealth *= goalGain
    freeWealth *= freeGain
    evidence = max(evidence, wealth)
  }

  /// d / s, with d among what s is of; nil where there is nothing to bet on.
  private mutating func scaled(_ difference: Double?, from rival: Int) -> Double? {
    guard let difference, difference.isFinite, difference != 0 else { return nil }
    squares[rival] += difference * difference
    counts[rival] += 1
    return difference / (squares[rival] / counts[rival]).squareRoot()
  }

  /// 1 ± b of the bet for the goal: no more than reaches it.
  private func goalReturn(of scaled: Double?, needed: Double) -> Double {
    guard let scaled, seeds < horizon, goalWealth > 0, goalWealth < needed else { return 1 }
    let stake = GoalStakes.standard.stake(
      wealth: goalWealth / needed, left: horizon - seeds, size: abs(scaled))
    let b = min(stake, needed / goalWealth - 1)
    return scaled > 0 ? 1 + b : 1 - b
  }

  /// 1 ± b of every other bet.
  private func freeReturns(of scaled: Double?) -> [Double] {
    guard let scaled else { return Array(repeating: 1, count: Self.bets.count) }
    return Self.bets.map { bet in
      1 + bet.size * (bet.slope.map { deterministicTanh($0 * scaled) } ?? (scaled > 0 ? 1 : -1))
    }
  }

  /// In proportion to the 8th power; they sum to 1.
  private static func shares(_ earned: [Double]) -> [Double] {
    guard let largest = earned.max() else { return [] }
    let powers = earned.map { earned -> Double in
      let square = earned / largest * (earned / largest), fourth = square * square
      return fourth * fourth
    }
    let total = powers.reduce(0, +)
    return powers.map { $0 / total }
  }

  private static func bounded(_ earned: Double) -> Double { min(max(earned, 1e-100), 1e100) }
}
