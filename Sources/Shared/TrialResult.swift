// What a finished trial reports. All losses are means over prompts of squared errors; NaN stands for "not measured".
// The store keeps bit patterns, so nothing here may be rounded on its way.

package enum TrialOutcome: String, CaseIterable, Hashable, Codable, Sendable {
  case finite
  /// A loss left the finite numbers; scores as the zero predictor (docs/science.md §8.6).
  case diverged
  /// Stopped at the step that its grant named, with finite losses; goes on if it is promoted (docs/search.md).
  case paused
}

/// Final numbers of one trial.
package struct FinalMetrics: Equatable, Sendable {
  /// Mean training loss over the last batch.
  package var trainLoss = Double.nan
  package var validationLoss = Double.nan
  /// The remaining fields are measured on the reporting seeds' test prompts only.
  package var testLoss = Double.nan
  /// Standard error over the test prompts of `testLoss`.
  package var testLossStandardError = Double.nan
  /// E(ŷ − m_Bayes)² and its standard error over prompts.
  package var excess = Double.nan
  package var excessStandardError = Double.nan
  /// Losses of the Bayes and the zero predictor on the same prompts.
  package var bayesLoss = Double.nan
  package var zeroLoss = Double.nan
  /// Test loss of the cell's attainable reference on the same prompts.
  package var referenceLoss = Double.nan
  /// (L − L_Bayes − E(ŷ − m_Bayes)²) in units of its standard error: within ±4 if data and baselines are right.
  package var bayesIdentityZ = Double.nan
  package init() {}
}

package struct TrialResult: Equatable, Sendable {
  package var outcome: TrialOutcome
  package var metrics: FinalMetrics
  /// The safetensors file of the trained network.
  package var checkpoint: BlobDigest
  /// Optimiser steps actually taken.
  package var steps: Int
  /// Worker's time on this attempt, seconds. Not part of the digest.
  package var seconds: Double
  /// Every evaluation of a paused trial, which is judged by them; empty for all others. Not kept with the result.
  package var curve: [MetricPoint]

  package init(
    outcome: TrialOutcome, metrics: FinalMetrics, checkpoint: BlobDigest, steps: Int, seconds: Double,
    curve: [MetricPoint] = []
  ) {
    self.outcome = outcome
    self.metrics = metrics
    self.checkpoint = checkpoint
    self.steps = steps
    self.seconds = seconds
    self.curve = curve
  }
}

/// One point of a trial's learning curve.
package struct MetricPoint: Equatable, Codable, Sendable {
  package var step: Int
  /// Training loss of the batch before this step's update.
  package var trainLoss: Double
  package var validationLoss: Double
  package var learningRate: Double
  package init(step: Int, trainLoss: Double, validationLoss: Double, learningRate: Double) {
    self.step = step
    self.trainLoss = trainLoss
    self.validationLoss = validationLoss
    self.learningRate = learningRate
  }
}
