// The one place where this module asks what a task's kernel is: its value of two points, its matrix of a prompt, and the
// posterior mean.
import Shared
import Training

/// κ of points in double precision.
package struct PointKernel: Sendable {
  private let task: TaskKernel
  private let dimension: Int

  /// Nil for a task that is no Gaussian process.
  package init?(_ parameters: TrialParameters) {
    (task, dimension) = (parameters.task, parameters.dimension)
  }

  /// κ of all pairs, [N][N] for points [N][d]; not |K|.
  package func gram(_ points: [Double]) -> [Double] {
    let N = points.count / dimension
    var matrix = [Double](repeating: 0, count: N * N)
    for i in 0..<N {
      for j in 0...i {
        var product = 0.0
        for k in 0..<dimension { product += points[i * dimension + k] * points[j * dimension + k] }
        let value = value(product)
        (matrix[i * N + j], matrix[j * N + i]) = (value, value)
      }
    }
    return matrix
  }

  private func value(_ product: Double) -> Double {
    switch task {
    case .linear: product
    case .relu: max(0, product)
    case .exponential(let scale): deterministicExponential(scale * product)
    }
  }
}

/// The posterior mean of every prompt; nil where a task has none in closed form.
package func bayesPredictions(on prompts: PromptSet) -> [Double]? {
  let p = prompts.parameters
  let predictor = BayesPredictor(
    task: p.task, context: p.context, dimension: p.dimension, noiseVariance: p.labelNoise * p.labelNoise)
  return prompts.map { predictor.predict(points: $0.kernelPoints, labels: $0.labels) }
}
