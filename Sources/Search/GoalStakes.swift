// How much to bet on the next seed when wealth has to reach a goal by a known number of seeds: an optimal strategy, worked
// out once by dynamic programming and kept as a table.
import Shared

/// The share of its wealth that a bettor with one goal and a deadline stakes on the sign of the next difference, having seen
/// its size. The strategy maximises P(goal reached) − cost · seeds used where differences are normal with mean `effect`
/// standard deviations; under the hypothesis any of its bets is fair, so validity depends on nothing of this.
///
/// A test of a fixed number of seeds N corresponds to a martingale, P₀(reject at N | data so far) / α (Doob; Koning & van
/// Meer 2025), whose stakes follow from Φ. That diffusion wastes a third of α on what the last seeds cannot decide any more,
/// as their sizes are not known beforehand; Bellman's equation over (seeds left, wealth) does not:
///   V₀(w) = [w = 1],  Vₙ(w) = E_a max_x { p(a) Vₙ₋₁(w + x) + (1 − p(a)) Vₙ₋₁(w − x) } − cost,  Vₙ(1) = 1,
/// w in units of the goal, a the size of the difference, p(a) = 1 / (1 + e^(−2a·effect)) that it is positive.
/// Source: Bellman 1957; betting for a goal by a deadline is Browne 1999's.
struct GoalStakes: Sendable {
  /// Shared by all processes: nothing in it depends on the data, the level or the deadline.
  static let standard = GoalStakes(effect: 0.5, cost: 0.008)

  /// Wealth is a whole number of this many parts of the goal.
  private static let levels = 400
  /// Sizes of differences, in the middle of equal steps from 0 to four deviations beyond the effect.
  private static let sizes = 24
  /// With more seeds left stakes hardly change.
  private static let deadline = 48

  /// [seeds left − 1][wealth][size]: levels to stake.
  private let table: [UInt16]
  /// Of a size, in units of the root of the mean square.
  private let step: Double

  private init(effect: Double, cost: Double) {
    let levels = Self.levels, sizes = Self.sizes
    let width = (effect + 4) / Double(sizes)
    step = width / (1 + effect * effect).squareRoot()
    let laws = (0..<sizes).map { index -> (weight: Double, win: Double) in
      let a = (Double(index) + 0.5) * width
      let win = deterministicExponential(-0.5 * (a - effect) * (a - effect))
      let loss = deterministicExponential(-0.5 * (a + effect) * (a + effect))
      return (win + loss, win / (win + loss))
    }
    let total = laws.reduce(0) { $0 + $1.weight }
    var value = [Double](repeating: 0, count: levels + 1)
    value[levels] = 1
    var table: [UInt16] = []
    table.reserveCapacity(Self.deadline * levels * sizes)
    for _ in 0..<Self.deadline {
      var next = value
      for wealth in 0..<levels {
        var expected = -cost, stake = 0
        for law in laws {
          var best = -Double.infinity
          // Larger differences deserve no smaller stakes, as V grows with w (Topkis 1978).
          for x in stake...min(wealth, levels - wealth) {
            let reached = law.win * value[wealth + x] + (1 - law.win) * value[wealth - x]
            // Of equal ones the smallest, whatever the last bits are.
            if reached > best + 1e-12 { (best, stake) = (reached, x) }
          }
          expected += law.weight / total * best
          table.append(UInt16(stake))
        }
        next[wealth] = expected
      }
      value = next
    }
    self.table = table
  }

  /// Between 0 and 1.
  /// - wealth: above 0 and below 1, a share of the goal.
  /// - left: seeds up to the deadline, this one included, at least 1.
  /// - size: of the difference, in units of the root of the mean square so far.
  func stake(wealth: Double, left: Int, size: Double) -> Double {
    let level = min(max(Int(wealth * Double(Self.levels)), 1), Self.levels - 1)
    let row = ((min(left, Self.deadline) - 1) * Self.levels + level) * Self.sizes
    let place = min(max(size / step - 0.5, 0), Double(Self.sizes - 1))
    let lower = Int(place), upper = min(lower + 1, Self.sizes - 1)
    let part = place - Double(lower)
    return ((1 - part) * Double(table[row + lower]) + part * Double(table[row + upper])) / Double(level)
  }
}
