// Evidence against hypotheses that is valid at any time: one may look after every seed, stop or go on for any reason, and
// still declare a true hypothesis false with a probability of at most α.
import Shared

/// Bets against "no rival beats this cell": with losses of pairs as stakes. Under the hypothesis every paired difference
/// d = ln loss of the cell − ln loss of a rival is symmetric about zero or below it, the null of the sign-flip test, so a
/// bet of b on the sign of d, where b depends on the past and on |d| only, multiplies the wealth by 1 ± b and is fair at
/// best. Wealth is a test supermartingale; that it ever reaches 1/α has probability at most α (Ville 1939).
/// Bets b·tanh(η d / s), s² the mean of d² so far, for several b and η, on every rival: a bettor spreads what it has over
/// them in proportion to the 1.5th power of what each would have earned, which soon follows the rival that wins.
/// Sources: Ramdas, Ruf, Larsson & Koolen 2020 (symmetric distributions: 1 + tanh(λd) = e^λd / cosh λd), Waudby-Smith &
/// Ramdas 2024 (betting), Vovk & Wang 2021 (combining under any dependence); a mixture of fair bets on dependent pairs is
/// fair whatever the dependence.
struct EvidenceProcess: Sendable {
  /// The largest wealth so far, from 1: an anytime-valid p is 1 / this.
  private(set) var evidence = 1.0
  private var wealth = 1.0
  /// [rival][bet]: what each bet alone would have earned; only shares depend on it.
  private var earned: [[Double]]
  /// Sum of squares and number of differences, per rival.
  private var squares: [Double]
  private var counts: [Double]

  /// (b, η): η nil bets on the sign alone.
  private static let bets: [(size: Double, slope: Double?)] = [
    (0.5, 0.6), (0.5, 2), (0.9, 0.6), (0.9, 2), (1, 0.6), (1, 2), (1, nil), (0.6, nil),
  ]
  /// Evidence beyond this is not counted: wealth stays a number.
  private static let certainty = 1e12

  init(rivals: Int) {
    earned = Array(repeating: Array(repeating: 1, count: Self.bets.count), count: rivals)
    squares = Array(repeating: 0, count: rivals)
    counts = squares
  }

  /// Takes one seed.
  /// - differences: one per rival; nil where the seed is missing, which is no bet.
  mutating func observe(_ differences: [Double?]) {
    guard evidence < Self.certainty else { return }
    var gained = 0.0, total = 0.0
    for (rival, difference) in differences.enumerated() {
      let returns = returns(of: difference, from: rival)
      for (bet, factor) in returns.enumerated() {
        let share = earned[rival][bet] * earned[rival][bet].squareRoot()
        total += share
        gained += share * factor
        earned[rival][bet] = min(max(earned[rival][bet] * factor, 1e-100), 1e100)
      }
    }
    guard total > 0 else { return }
    wealth *= gained / total
    evidence = max(evidence, wealth)
  }

  /// 1 ± b of every bet.
  private mutating func returns(of difference: Double?, from rival: Int) -> [Double] {
    guard let difference, difference.isFinite, difference != 0 else {
      return Array(repeating: 1, count: Self.bets.count)
    }
    squares[rival] += difference * difference
    counts[rival] += 1
    let scaled = difference / (squares[rival] / counts[rival]).squareRoot()
    return Self.bets.map { size, slope in
      1 + size * (slope.map { deterministicTanh($0 * scaled) } ?? (scaled > 0 ? 1 : -1))
    }
  }
}
