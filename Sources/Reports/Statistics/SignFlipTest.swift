// The one-sided sign-flip (randomisation) test of paired differences that decides every comparison (docs/science.md §8.4).
// Exact up to 32 pairs without visiting all 2^S sign vectors; beyond, a fixed random sample of them.

/// Tests whether paired differences d_1…d_S are above zero on average: under the hypothesis that every d_s is symmetric
/// about zero, all 2^S sign vectors are equally likely, and p is the share whose sum is at least the one observed.
/// Ties count as at least, so p is never below 2^-S, and all-zero differences give 1.
/// Source: Fisher 1935, The Design of Experiments, §21; Pitman 1937; meet-in-the-middle counting after
/// Horowitz & Sahni 1974.
package struct SignFlipTest: Equatable, Sendable {
  package let p: Double
  /// S, the number of differences.
  package let pairs: Int

  /// Up to so many pairs the test is exact: two halves of 2^16 subset sums each.
  package static let exactPairs = 32
  /// Sign vectors drawn beyond `exactPairs`, besides the observed one.
  static let draws = 99_999

  /// Nil for no differences, or where one is not finite.
  package init?(differences: [Double]) {
    guard !differences.isEmpty, differences.allSatisfy(\.isFinite) else { return nil }
    pairs = differences.count
    // Sums that are equal in exact arithmetic differ by rounding, far less than this.
    let tolerance = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    p =
      differences.count <= Self.exactPairs
      ? Self.exactP(differences, tolerance) : Self.sampledP(differences, tolerance)
  }

  /// The smallest p that so many pairs can give.
  package static func smallestP(pairs: Int) -> Double {
    guard pairs <= exactPairs else { return 1 / Double(draws + 1) }
    return pairs > 0 ? 1 / Double(UInt64(1) << UInt64(pairs)) : 1
  }

  /// Flipping the signs of the subset A changes the sum by −2 Σ_A d, so a flipped sum is at least the observed one where
  /// Σ_A d ≤ 0. Subsets are pairs of one subset of each half; sorted half sums are counted with two pointers.
  private static func exactP(_ differences: [Double], _ tolerance: Double) -> Double {
    let middle = differences.count / 2
    let lower = sortedSubsetSums(differences[..<middle])
    let upper = sortedSubsetSums(differences[middle...])
    var count: UInt64 = 0
    var end = upper.count
    for sum in lower {
      while end > 0, sum + upper[end - 1] > tolerance { end -= 1 }
      count += UInt64(end)
    }
    return Double(count) / Double(UInt64(1) << UInt64(differences.count))
  }

  /// The 2^count sums over subsets of `values`, ascending: each value merges the sums without it and those with it.
  private static func sortedSubsetSums(_ values: ArraySlice<Double>) -> [Double] {
    var sums = [0.0]
    for value in values {
      var merged: [Double] = []
      merged.reserveCapacity(2 * sums.count)
      var without = 0
      var with = 0
      while without < sums.count || with < sums.count {
        if with == sums.count || (without < sums.count && sums[without] <= sums[with] + value) {
          merged.append(sums[without])
          without += 1
        } else {
          merged.append(sums[with] + value)
          with += 1
        }
      }
      sums = merged
    }
    return sums
  }

  /// (1 + count) / (1 + draws) over sign vectors that depend on nothing but their index, so the same losses give the same
  /// p on every machine. Source: Phipson & Smyth 2010 for the added one.
  private static func sampledP(_ differences: [Double], _ tolerance: Double) -> Double {
    var count = 0
    let words = (differences.count + 63) / 64
    for draw in 0..<draws {
      var flipped = 0.0
      for word in 0..<words {
        var bits = mixed(UInt64(draw * words + word))
        for index in (64 * word)..<min(64 * (word + 1), differences.count) {
          if bits & 1 == 1 { flipped += differences[index] }
          bits >>= 1
        }
      }
      if flipped <= tolerance { count += 1 }
    }
    return Double(count + 1) / Double(draws + 1)
  }

  /// 64 random bits as a function of a counter. Source: Steele, Lea & Flood 2014 (SplitMix64).
  private static func mixed(_ counter: UInt64) -> UInt64 {
    var bits = (counter &+ 1) &* 0x9E37_79B9_7F4A_7C15
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
