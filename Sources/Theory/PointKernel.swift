// The one place where this module asks what a task's kernel is: its value of two points, its matrix of a prompt, and the
// posterior mean.
import Shared
import Training

/// κ of points in double precision.
package struct PointKernel: Sendable {
  private let matrix: KernelMatrix
  private let dimension: Int

  /// Nil for a task that is no Gaussian process.
  package init?(_ parameters: TrialParameters) {
    guard let kernel = parameters.task.kernel else { return nil }
    (matrix, dimension) = (KernelMatrix(kernel), parameters.dimension)
  }

  /// κ of all pairs, [N][N] for points [N][d]; not |K|.
  package func gram(_ points: [Double]) -> [Double] {
    matrix(points, count: points.count / dimension, dimension: dimension)
  }
}

/// The posterior mean of every prompt; nil where a task has none in closed form.
package func bayesPredictions(on prompts: PromptSet) -> [Double]? {
  guard let predictor = BayesPredictor(prompts.parameters) else { return nil }
  return prompts.map { predictor.predict(points: $0.kernelPoints, labels: $0.labels) }
}
