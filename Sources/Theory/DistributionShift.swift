// A trained network on other prompts than it was trained on: longer contexts, other inputs, other labels.
import KernelTypes
import Kernels
import Shared
import Training

/// What is changed; nil or 1 leaves it as it was in training.
package struct DistributionShift: Sendable {
  package var task: String?
  package var context: Int?
  /// Factor on x: Σ becomes its square times Σ. Labels follow where the task's kernel is taken on x.
  package var inputScale = 1.0
  package var covariance: [Double]?
  package var inputs: InputDistribution?
  /// Factor on all labels, noise included.
  package var labelScale = 1.0
  package var labelNoise: Double?
  package init() {}

  /// The configuration whose prompts are drawn.
  package func applied(to parameters: TrialParameters) throws(ParameterError) -> TrialParameters {
    var shifted = parameters
    if let task { try shifted.apply(.task, .text(task)) }
    if let context { try shifted.apply(.context, .integer(context)) }
    if let inputs { shifted.inputs = inputs }
    if let labelNoise { try shifted.apply(.labelNoise, .number(labelNoise)) }
    var sigma = covariance ?? shifted.covariance ?? Array(repeating: 1, count: shifted.dimension)
    guard sigma.count == shifted.dimension else {
      throw ParameterError(
        name: "covariance", found: "\(sigma.count) values", remedy: "write \(shifted.dimension), one per dimension")
    }
    sigma = sigma.map { $0 * inputScale * inputScale }
    try shifted.apply(.covariance, .list(sigma.map { .number($0) }))
    return shifted
  }
}

extension Network {
  /// The same weights for the prompts of `parameters`: a factor of 1/n follows the new n.
  package func adapted(to parameters: TrialParameters) -> Network {
    var network = Network(parameters)
    (network.A, network.r, network.B, network.C) = (A, r, B, C)
    return network
  }
}

/// Errors of one network on one set of prompts.
package struct ShiftedErrors: Sendable {
  package var predictions: [Double]
  package var mse: Double
  package var standardError: Double
  /// Mean of (ŷ − m_Bayes)²; nil where there is no m_Bayes.
  package var excess: Double?
}

/// - network: as trained; parameters: its own with the shift applied; bayes: posterior means of the same prompts.
package func shiftedErrors(
  _ network: Network, _ parameters: TrialParameters, on prompts: PromptSet, bayes: [Double]?
) -> ShiftedErrors {
  let predictions = prompts.predictions(network.adapted(to: parameters))
  let (mse, error) = meanAndStandardError(predictions.indices.map { square(predictions[$0] - prompts.targets[$0]) })
  let excess = bayes.map { bayes in
    meanAndStandardError(bayes.indices.map { square(predictions[$0] - bayes[$0]) }).mean
  }
  return ShiftedErrors(predictions: predictions, mse: mse, standardError: error, excess: excess)
}
