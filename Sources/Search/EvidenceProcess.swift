// Evidence against hypotheses that is valid at any time: one may look after every seed, stop or go on for any reason, and
// still declare a true hypothesis false with a probability of at most α.
import Shared

/// Bets against "no rival beats this cell": with losses of pairs as stakes. Under the hypothesis every paired difference
/// d = ln loss of the cell − ln loss of a rival is symmetric about zero or below it, the null of the sign-flip test, so a
/// bet of b on the sign of d, where b depends on the past and on |d| only, multiplies the wealth by 1 ± b and is fair at
/// best. Wealth is a test supermartingale; that it ever reaches 1/α has probability at most α (Ville 1939).
/// Against each rival three bets with weights, each of which keeps what it earns: most on tanh(d / 2s), s² the mean of d²
/// so far, which is within a few percent of the best there is for normal differences of 0.4 to 0.8 deviations, those that
/// take 10 to 40 seeds; and a little on the sign alone, for rivals that win nearly all seeds or all of them, whatever the
/// sizes. The bettor follows the rivals that have earned most: its wealth is spread over them in proportion to the 8th power
/// of what the bets on each would have earned.
/// Sources: Ramdas, Ruf, Larsson & Koolen 2020 (symmetric distributions: 1 + tanh(λd) = e^λd / cosh λd), Waudby-Smith &
/// Ramdas 2024 (betting), Vovk & Wang 2021 (combining under any dependence); a mixture of fair bets on dependent pairs is
/// fair whatever the dependence.
struct EvidenceProcess: Sendable {
  /// The largest wealth so far, from 1: an anytime-valid p is 1 / this.
  private(set) var evidence = 1.0
  private var wealth = 1.0
  /// [rival][bet]: what each bet alone would have earned, from its weight; only shares depend on it.
  private var earned: [[Double]]
  /// Sum of squares and number of differences, per rival.
  private var squares: [Double]
  private var counts: [Double]

  /// b = size · tanh(slope · d / s); without a slope size · sign d.
  private static let bets: [(weight: Double, size: Double, slope: Double?)] = [
    (0.84, 1, 0.5), (0.1, 0.8, nil), (0.06, 1, nil),
  ]
  /// Evidence beyond this is not counted: wealth stays a number.
  private static let certainty = 1e12

  init(rivals: Int) {
    earned = Array(repeating: Self.bets.map(\.weight), count: rivals)
    squares = Array(repeating: 0, count: rivals)
    counts = squares
  }

  /// Takes one seed.
  /// - differences: one per rival; nil where the seed is missing, which is no bet.
  mutating func observe(_ differences: [Double?]) {
    guard evidence < Self.certainty else { return }
    let totals = earned.map { $0.reduce(0, +) }
    guard let largest = totals.max() else { return }
    var gained = 0.0, spread = 0.0
    for (rival, difference) in differences.enumerated() {
      let square = totals[rival] / largest * (totals[rival] / largest), fourth = square * square
      let share = fourth * fourth
      spread += share
      var kept = 0.0
      for (bet, factor) in returns(of: difference, from: rival).enumerated() {
        kept += earned[rival][bet] * factor
        earned[rival][bet] = min(max(earned[rival][bet] * factor, 1e-100), 1e100)
      }
      gained += share * kept / totals[rival]
    }
    wealth *= gained / spread
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
    return Self.bets.map { bet in
      1 + bet.size * (bet.slope.map { deterministicTanh($0 * scaled) } ?? (scaled > 0 ? 1 : -1))
    }
  }
}
