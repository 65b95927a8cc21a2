// Which activations of a row may still be the best: all ordered pairs, sign-flip tests, Bonferroni over a cell's rivals
// (docs/science.md §8.4), with the guard against rivals that are only badly trained (§8.6). Where seeds were added while
// looking, Search's tests that are valid at any time take their place (§8.8).
import Search

/// What one activation brings into its row. Both arrays are indexed by reporting seed, the same for all activations of
/// the row; nil where the seed's trial is missing.
package struct Contender: Sendable {
  /// ln test loss; that of the zero predictor where the run diverged.
  package var lnLosses: [Double?]
  /// ln test loss of the attainable reference on the same prompts; nil where there is none.
  package var lnReferences: [Double?]
  package init(lnLosses: [Double?], lnReferences: [Double?]? = nil) {
    self.lnLosses = lnLosses
    self.lnReferences = lnReferences ?? Array(repeating: nil, count: lnLosses.count)
  }
}

/// One ordered pair: does `winner` beat `loser`, on the seeds both have?
package struct PairTest: Equatable, Sendable {
  package let winner: Int
  package let loser: Int
  /// ln loss of the loser − ln loss of the winner.
  package let difference: SampleSummary
  /// Sign-flip p on the losses as trained.
  package let p: Double
  /// Sign-flip p against the smaller of the loser's trained loss and its attainable reference, seed by seed; never below
  /// `p`. This one decides.
  package let guardedP: Double
  /// The paired t test's p: printed beside, decides nothing. Nil for a single seed.
  package let tTestP: Double?
}

package struct BestSet: Sendable {
  /// K: planned activations of the row, tested or not.
  package let contenders: Int
  /// α = 1 − confidence
  package let alpha: Double
  /// α/(K − 1); a p at or below it excludes. 1 activation has no rivals and no threshold.
  package var threshold: Double { contenders > 1 ? alpha / Double(contenders - 1) : 0 }
  /// Every ordered pair with a seed in common; none where the contenders are not comparable.
  package let pairs: [PairTest]
  package let isComparable: Bool
  /// The tests of a row whose seeds were added while looking; nil where their number was fixed beforehand.
  package let sequential: SequentialRow?

  /// - contenders: at most one per planned activation; all with as many seeds.
  /// - isComparable: false where their losses have no common scale, so that nothing may be tested.
  /// For every truly best activation the chance to be excluded is at most α (Bonferroni over its K − 1 rivals).
  /// - sequential: of the same contenders, where seeds were added while looking.
  package init(
    _ contenders: [Contender], confidence: Double, isComparable: Bool = true, sequential: SequentialRow? = nil
  ) {
    self.isComparable = isComparable
    self.sequential = isComparable ? sequential : nil
    self.contenders = contenders.count
    alpha = 1 - confidence
    var pairs: [PairTest] = []
    for loser in contenders.indices where isComparable {
      for winner in contenders.indices where winner != loser {
        if let pair = Self.test(contenders, winner: winner, loser: loser, sequential) { pairs.append(pair) }
      }
    }
    self.pairs = pairs
  }

  private static func test(
    _ contenders: [Contender], winner: Int, loser: Int, _ sequential: SequentialRow?
  ) -> PairTest? {
    var plain: [Double] = []
    var guarded: [Double] = []
    for (seed, winning) in contenders[winner].lnLosses.enumerated() {
      guard let winning, contenders[loser].lnLosses.indices.contains(seed),
        let losing = contenders[loser].lnLosses[seed]
      else { continue }
      plain.append(losing - winning)
      guarded.append(min(losing, contenders[loser].lnReferences[seed] ?? losing) - winning)
    }
    if let sequential, let difference = SampleSummary(plain) {
      return PairTest(
        winner: winner, loser: loser, difference: difference, p: sequential.p(winner, beats: loser),
        guardedP: sequential.p(winner, beats: loser, guarded: true), tTestP: difference.tTestP())
    }
    guard let difference = SampleSummary(plain), let test = SignFlipTest(differences: plain),
      let guardedTest = SignFlipTest(differences: guarded)
    else { return nil }
    return PairTest(
      winner: winner, loser: loser, difference: difference, p: test.p, guardedP: guardedTest.p,
      tTestP: difference.tTestP())
  }

  package func pair(_ winner: Int, beats loser: Int) -> PairTest? {
    pairs.first { $0.winner == winner && $0.loser == loser }
  }

  /// Whether a p excludes; rounding of α must not decide the case p = α/(K − 1).
  package func excludes(_ p: Double) -> Bool { contenders > 1 && p <= threshold * (1 + 1e-9) }

  package func isExcluded(_ contender: Int) -> Bool {
    if let sequential { return sequential.isExcluded(contender) }
    return pairs.contains { $0.loser == contender && excludes($0.guardedP) }
  }

  /// Beaten as trained, but by nobody who would also beat its attainable reference: better training might have saved it.
  package func isSavedByReference(_ contender: Int) -> Bool {
    if let sequential { return !isExcluded(contender) && sequential.isExcludedAsTrained(contender) }
    return !isExcluded(contender) && pairs.contains { $0.loser == contender && excludes($0.p) }
  }

  /// The pair with the smallest p against this contender, as trained; of equals the one with the larger difference.
  package func strongestRival(of contender: Int) -> PairTest? {
    pairs.filter { $0.loser == contender }.min { ($0.p, -$0.difference.mean) < ($1.p, -$1.difference.mean) }
  }

  /// Whether no pair with this contender has seeds enough for any p to exclude: 2^-S > α/(K − 1).
  package func hasTooFewSeeds(_ contender: Int) -> Bool {
    guard contenders > 1, isComparable else { return false }
    if sequential != nil {
      let needed = seedsNeeded
      return !pairs.contains { $0.loser == contender && $0.difference.count >= needed }
    }
    return !pairs.contains {
      $0.loser == contender && excludes(SignFlipTest.smallestP(pairs: $0.difference.count))
    }
  }

  /// The smallest number of seeds that can exclude anything.
  package var seedsNeeded: Int {
    guard contenders > 1 else { return 1 }
    if let sequential { return sequential.seedsNeeded(rivals: contenders - 1) }
    return (1...SignFlipTest.exactPairs).first { excludes(SignFlipTest.smallestP(pairs: $0)) }
      ?? SignFlipTest.exactPairs
  }

  /// Of the strongest rival, corrected for all of them; nil where there is nothing to compare.
  package func adjustedP(of contender: Int) -> Double? {
    guard let rival = strongestRival(of: contender) else { return nil }
    return sequential?.trainedP(contender) ?? adjusted(rival.p)
  }

  /// min(1, p·(K − 1))
  package func adjusted(_ p: Double) -> Double { min(1, p * Double(max(1, contenders - 1))) }
}
