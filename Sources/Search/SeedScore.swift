// What one reporting seed contributes to its cell, and how the cell's seeds are read from the trials.
// Diverged runs score the zero predictor and stay in; trials without a result are missing and named.
import Shared

package struct SeedScore: Sendable {
  package let seed: Seed
  package let trial: TrialID
  package let isDiverged: Bool
  /// Test loss; the zero predictor's where the run diverged.
  package let testLoss: Double
  package var lnTestLoss: Double { naturalLogarithm(ofLoss: testLoss) }
  package let bayesLoss: Double
  package let zeroLoss: Double
  /// E(ŷ − m_Bayes)²; zero loss − Bayes loss where the run diverged. NaN if not measured.
  package let excess: Double
  /// excess / (zero loss − Bayes loss); NaN where that is not above 0.
  package let normalisedExcess: Double
  /// ln test loss of the cell's attainable reference on this seed's prompts; nil if there is none.
  package let lnReference: Double?
  /// (L − L_Bayes − excess) in units of its standard error; NaN if not measured.
  package let bayesIdentityZ: Double
}

/// A reporting trial that ended without a result.
package struct MissingTrial: Sendable {
  package let seed: Seed
  package let state: TrialState
  package let reason: String
}

/// The reporting trials of one cell, seed by seed.
package struct CellScores {
  /// One entry per reporting seed of the plan, in its order.
  package private(set) var scores: [SeedScore?] = []
  package private(set) var missing: [MissingTrial] = []
  /// Reporting trials not yet ended.
  package private(set) var pending = 0

  /// - selected: the configuration that tuning chose; trials of other configurations are left over from earlier edits of
  ///   the manifest and do not count.
  /// - fallback: baselines on the same prompts, from any cell of the row with the same problem, for diverged runs that
  ///   measured none.
  package init(
    seeds: [Seed], trials: [TrialRecord], selected: ConfigurationID?, fallback: [Seed: FinalMetrics]
  ) {
    var bySeed: [Seed: TrialRecord] = [:]
    for trial in trials where trial.stage == .reporting && trial.configuration == selected {
      bySeed[trial.seed] = trial
    }
    for seed in seeds {
      guard let trial = bySeed[seed], trial.state.isTerminal else {
        pending += 1
        scores.append(nil)
        continue
      }
      if trial.state == .succeeded, let result = trial.result,
        let score = SeedScore(seed: seed, trial: trial.id, result: result, fallback: fallback[seed])
      {
        scores.append(score)
      } else {
        let reason = trial.reason ?? (trial.state == .succeeded ? "its result has no test loss" : "")
        missing.append(MissingTrial(seed: seed, state: trial.state, reason: reason))
        scores.append(nil)
      }
    }
  }
}

extension SeedScore {
  /// Nil where the result has no test loss and no zero loss to stand for it.
  init?(seed: Seed, trial: TrialID, result: TrialResult, fallback: FinalMetrics?) {
    let metrics = result.metrics
    let zero = metrics.zeroLoss.isFinite ? metrics.zeroLoss : fallback?.zeroLoss ?? .nan
    let bayes = metrics.bayesLoss.isFinite ? metrics.bayesLoss : fallback?.bayesLoss ?? .nan
    let diverged = result.outcome == .diverged || !metrics.testLoss.isFinite
    let loss = diverged ? zero : metrics.testLoss
    guard loss.isFinite, loss >= 0 else { return nil }
    let range = zero - bayes
    // Without a Bayes predictor there is no excess, of a diverged run neither.
    let excess = diverged ? (range.isNaN ? .nan : max(0, range)) : metrics.excess
    self.init(
      seed: seed, trial: trial, isDiverged: diverged, testLoss: loss, bayesLoss: bayes, zeroLoss: zero, excess: excess,
      normalisedExcess: range > 0 ? excess / range : .nan,
      lnReference: metrics.referenceLoss.isFinite && metrics.referenceLoss >= 0
        ? naturalLogarithm(ofLoss: metrics.referenceLoss) : nil,
      bayesIdentityZ: diverged ? .nan : metrics.bayesIdentityZ)
  }
}

/// Baselines on the prompts of a seed, from whichever cell of a row measured them: the same prompts serve every cell with the
/// same problem.
/// - trials: of one row.
package func rowBaselines(_ trials: some Sequence<TrialRecord>) -> [Problem: [Seed: FinalMetrics]] {
  var found: [Problem: [Seed: FinalMetrics]] = [:]
  for trial in trials where trial.stage == .reporting {
    guard let metrics = trial.result?.metrics, metrics.zeroLoss.isFinite else { continue }
    let problem = Problem(trial.parameters)
    if found[problem]?[trial.seed] == nil { found[problem, default: [:]][trial.seed] = metrics }
  }
  return found
}

extension SequentialCell {
  package init(_ scores: [SeedScore?]) {
    self.init(
      lnLosses: scores.map { $0?.lnTestLoss }, lnReferences: scores.map { $0?.lnReference },
      excesses: scores.map { $0.flatMap { $0.normalisedExcess.isFinite ? $0.normalisedExcess : nil } })
  }
}
