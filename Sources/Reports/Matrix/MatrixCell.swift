// One cell of the matrix: an activation on a task (at one value of every further axis), with what its seeds scored and
// what the tests of its row decided about it.
import Search
import Shared

/// What the row's tests say of a cell against the row's leader (docs/science.md §8.5).
package enum Verdict: String, CaseIterable, Sendable {
  /// The smallest mean ln test loss of the row.
  case leader
  /// It beats the leader on the seeds both have. Only possible where the leader's mean rests on other seeds, because
  /// trials are missing.
  case better
  /// Equivalent to the leader: two one-sided tests at α put the difference of normalised excess within the tie margin,
  /// even if the sign-flip test calls the difference significant.
  case tied
  /// Neither equivalent nor worse, or not decidable (yet).
  case unresolved
  /// The leader beats it at p ≤ α/(K − 1), and would beat its attainable reference as well.
  case worse
}

/// Whether a cell's numbers can be trusted; the first that applies.
package enum CellStatus: String, CaseIterable, Sendable {
  /// Trials of this cell are still to be run: nothing in its row is decided.
  case pending
  /// A reporting run diverged and scored the zero predictor's loss.
  case diverged
  /// With the seeds it has in common with its rivals no p could exclude anything.
  case tooFewSeeds = "too-few-seeds"
  /// Worse than its attainable reference, or kept in the best set only by it: better training may change the answer.
  case optimiserLimited = "optimiser-limited"
  case ok
}

/// An axis and its value.
package struct Coordinate: Hashable, Sendable {
  package let axis: ParameterName
  package let role: AxisRole
  package let value: ParameterValue
  /// As tables write it: by the manifest's own names.
  package let text: String
}

/// What one cell measured, before anything is compared.
package struct CellMeasurement: Sendable {
  package let id: CellID
  /// One per axis of the plan, in its order.
  package let coordinates: [Coordinate]
  /// Of the selected configuration, or of the first candidate while none is.
  package let parameters: TrialParameters
  package let task: TaskKernel
  package let heads: Heads
  /// As tables write them.
  package let taskText: String
  package let headsText: String
  /// What the selected configuration learns and is measured on; nil while none is selected.
  package let problem: Problem?
  package let tuning: TuningOutcome
  /// One per reporting seed of the plan, in its order; nil where the trial is pending or missing.
  package let scores: [SeedScore?]
  package let missing: [MissingTrial]
  /// Trials of this cell that are not yet ended, of any stage.
  package let pending: Int

  /// The one head equals the task's kernel: the winner by the paper's claim.
  package var isMatched: Bool { task.matchedActivation.map { heads.activations == [$0] } ?? false }
  package var present: [SeedScore] { scores.compactMap { $0 } }
  package var divergedCount: Int { present.count(where: \.isDiverged) }
  /// ln test loss over the seeds present; nil without any.
  package var lnTestLoss: SampleSummary? { SampleSummary(present.map(\.lnTestLoss)) }
  package var contender: Contender {
    Contender(lnLosses: scores.map { $0?.lnTestLoss }, lnReferences: scores.map { $0?.lnReference })
  }
  package var optimiserLimit: OptimiserLimit? {
    let contender = contender
    return OptimiserLimit(lnLosses: contender.lnLosses, lnReferences: contender.lnReferences)
  }
  /// Means over seeds; NaN where nothing was measured.
  package var bayesLoss: Double { meanOfFinite(present.map(\.bayesLoss)) }
  package var zeroLoss: Double { meanOfFinite(present.map(\.zeroLoss)) }
  package var excess: Double { meanOfFinite(present.map(\.excess)) }
  package var normalisedExcess: Double { meanOfFinite(present.map(\.normalisedExcess)) }
  package var lnReference: Double { meanOfFinite(present.compactMap(\.lnReference)) }

  package func value(of axis: ParameterName) -> ParameterValue? { coordinates.first { $0.axis == axis }?.value }
}

package struct MatrixCell: Sendable {
  package let measured: CellMeasurement
  package let isLeader: Bool
  /// No rival excludes it. True while trials of the row are pending; false for a cell that ended without any result.
  package let inBestSet: Bool
  /// In the best set by tests that could have excluded it: what tables and pictures mark. A cell with too few seeds is in
  /// the best set for want of evidence and looks like no winner.
  package let isMarkedBest: Bool
  /// No pair with this cell has seeds enough for any p to exclude, whatever `status` puts first.
  package let hasTooFewSeeds: Bool
  package let verdict: Verdict
  package let status: CellStatus
  /// The rival that beats this cell with the smallest p; nil where there is nothing to compare.
  package let strongestRival: PairTest?
  package let pRaw: Double?
  /// min(1, pRaw·(K − 1))
  package let pAdjusted: Double?
  /// Of the normalised excess against the leader's; nil for the leader, or where it cannot be computed.
  package let equivalence: EquivalenceTest?
}

/// Mean of the finite values; NaN if there are none.
func meanOfFinite(_ values: some Sequence<Double>) -> Double {
  SampleSummary(values.filter(\.isFinite))?.mean ?? .nan
}
