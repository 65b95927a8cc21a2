// What theory has to say beside a sweep's networks: Theory computes it, the coordinator keeps it, the report shows it.

package struct TheoryFindings: Codable, Equatable, Sendable {
  /// What one predictor reaches on the test prompts of one reporting seed.
  package struct Baseline: Codable, Equatable, Sendable {
    /// Canonical form of `TrialParameters.problem`.
    package var problem: String
    /// `bayes`, `polygd`, …
    package var name: String
    /// Of predictors with attention: heads, and steps of descent or layers.
    package var heads: String?
    package var steps: Int?
    /// What was tuned: `scale 1.2, step 0.8`.
    package var tuned: String?
    /// ln of the mean squared error and its standard error over prompts; nil where the error is 0.
    package var lnLoss: Double?
    package var standardError: Double?
    /// Mean squared distance from the posterior mean; nil where nobody knows it.
    package var excess: Double?

    package init(
      problem: String, name: String, heads: String? = nil, steps: Int? = nil, tuned: String? = nil,
      lnLoss: Double?, standardError: Double?, excess: Double?
    ) {
      (self.problem, self.name, self.heads, self.steps, self.tuned) = (problem, name, heads, steps, tuned)
      (self.lnLoss, self.standardError, self.excess) = (lnLoss, standardError, excess)
    }
  }

  /// How near a trial's network is to theory's form, in the end or along its training.
  package struct Structure: Codable, Equatable, Sendable {
    package var trial: Int64
    package var points: [Point]
    package init(trial: Int64, points: [Point]) { (self.trial, self.points) = (trial, points) }
  }

  package struct Point: Codable, Equatable, Sendable {
    package var step: Int
    /// Of the loss on validation prompts.
    package var gradientNorm: Double
    /// min_c ‖BᵀC − cΣ⁻¹‖_F / ‖BᵀC‖_F, [L][H]; nil where BᵀC is 0.
    package var scores: [[Double?]]
    /// min_a ‖A − aI‖_F / ‖A‖_F, [L][H]; nil where A is 0.
    package var shifts: [[Double?]]
    package init(step: Int, gradientNorm: Double, scores: [[Double?]], shifts: [[Double?]]) {
      (self.step, self.gradientNorm, self.scores, self.shifts) = (step, gradientNorm, scores, shifts)
    }
  }

  package var baselines: [Baseline]
  package var structures: [Structure]
  package init(baselines: [Baseline] = [], structures: [Structure] = []) {
    (self.baselines, self.structures) = (baselines, structures)
  }
}

extension TrialParameters {
  /// The same with everything at its default that does not decide the problem, nor the factor of attention.
  package var problem: TrialParameters {
    var problem = TrialParameters()
    (problem.task, problem.context, problem.dimension) = (task, context, dimension)
    (problem.covariance, problem.inputs) = (covariance, inputs)
    (problem.kernelOn, problem.labelNoise) = (kernelOn, labelNoise)
    problem.attentionScale = attentionScale
    return problem
  }
}
