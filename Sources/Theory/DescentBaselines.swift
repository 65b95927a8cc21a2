// k steps of descent with a given attention activation, tuned: the constant step, the step that also moves x (GD++), and
// the optimal polynomial (docs/science.md §7). Everything is tuned on one set of prompts and judged on another.
import Shared
import Training

/// A tuned construction: what was chosen, and its predictor.
package struct DescentFit: Sendable {
  /// Activations and attention scale, and the data it was tuned on.
  package var parameters: TrialParameters
  package var seed: Seed
  /// One per head.
  package var heads: [DescentHead]
  package var steps: Int
  /// Of the optimal polynomial: how the outputs of 1 … `steps` constant steps are mixed; else nil.
  package var mixture: [Double]? = nil
  /// Mean squared error on the prompts it was tuned on.
  package var tuningLoss = Double.infinity

  package func network(steps: Int) -> Network {
    Network(descent: parameters, seed: seed, heads: heads, layers: steps)
  }

  package func predictions(on prompts: PromptSet) -> [Double] {
    guard let mixture else { return prompts.predictions(network(steps: steps)) }
    return weightedSum((1...steps).map { prompts.predictions(network(steps: $0)) }, mixture)
  }

  fileprivate func tuned(to loss: Double) -> DescentFit {
    var copy = self
    copy.tuningLoss = loss
    return copy
  }
}

/// k steps with one step η and one inner scale b per head, BᵀC = b Σ⁻¹ (P1; softmax's variant for normalised
/// activations; P3 for several heads).
package func tuneDescent(_ parameters: TrialParameters, on prompts: PromptSet, steps: Int) -> DescentFit {
  let count = parameters.heads.activations.count
  func fit(_ point: [Double]) -> DescentFit {
    DescentFit(parameters: parameters, seed: prompts.seed, heads: heads(point), steps: steps)
  }
  let starts = innerScales.flatMap { scale in
    [-2.0, -1, 0, 1, 2, 3].map { step in startPoint(count, scale: scale, logStep: step) }
  }
  let (point, loss) = coordinateSearch(starts: starts, step: Array(repeating: 0.7, count: 2 * count)) { point in
    prompts.loss(fit(point).predictions(on: prompts))
  }
  return fit(point).tuned(to: loss)
}

/// The same with A = −γ I besides, which moves x: GD++. Starts from `plain`, so on the prompts it is tuned on it is never
/// worse.
package func tuneShiftedDescent(on prompts: PromptSet, from plain: DescentFit) -> DescentFit {
  let count = plain.heads.count
  let base = plain.heads.flatMap { [deterministicLogarithm($0.scale), deterministicLogarithm($0.step)] }
  // A normalised head's sum over sources is a mean: its shift is that of a whole x, not of x/n.
  let starts = [0, 0.3, 1, -0.3].map { shift in base + Array(repeating: shift, count: count) }
  let step = Array(repeating: 0.35, count: 2 * count) + Array(repeating: 0.3, count: count)
  func fit(_ point: [Double]) -> DescentFit {
    var fit = plain
    fit.heads = zip(heads(Array(point[..<(2 * count)])), point[(2 * count)...]).map { head, shift in
      DescentHead(scale: head.scale, step: head.step, shift: shift)
    }
    return fit
  }
  let (point, loss) = coordinateSearch(starts: starts, step: step) { point in
    prompts.loss(fit(point).predictions(on: prompts))
  }
  return fit(point).tuned(to: loss)
}

/// The optimal polynomial of degree below k: y_q regressed on (h_q/n)ᵀ(H_c/n)^j y, j < k, with one inner scale tuned.
///
/// The outputs of 1, …, k constant steps span the same space as these features (f_l = η Σ_{m<l} h_qᵀ(I − ηH_c)^m y/n), so
/// they are what is regressed on; thereby it holds for every activation and any number of heads that kernels can run.
/// Of several heads the weights relative to the first are tuned too.
package func tunePolynomialDescent(_ parameters: TrialParameters, on prompts: PromptSet, steps: Int) -> DescentFit {
  let count = parameters.heads.activations.count
  func fit(_ point: [Double]) -> DescentFit {
    var fit = DescentFit(parameters: parameters, seed: prompts.seed, heads: heads(point), steps: steps)
    let outputs = (1...steps).map { prompts.predictions(fit.network(steps: $0)) }
    guard outputs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return fit.tuned(to: .infinity) }
    let mixture = leastSquares(outputs, prompts.targets)
    fit.mixture = mixture
    return fit.tuned(to: prompts.loss(weightedSum(outputs, mixture)))
  }
  // One common step is fixed: it changes the basis, not the space. The first head's weight is 1.
  let step = [0.7, 0] + [Double](repeating: 0.7, count: 2 * (count - 1))
  let starts = innerScales.map { startPoint(count, scale: $0, logStep: 0) }
  return fit(coordinateSearch(starts: starts, step: step) { fit($0).tuningLoss }.point)
}

private func weightedSum(_ outputs: [[Double]], _ weights: [Double]) -> [Double] {
  var sum = [Double](repeating: 0, count: outputs[0].count)
  for (weight, output) in zip(weights, outputs) { for i in sum.indices { sum[i] += weight * output[i] } }
  return sum
}

/// ln b of the starts.
private let innerScales = [-1.4, -0.7, 0, 0.7, 1.4]

private func startPoint(_ count: Int, scale: Double, logStep: Double) -> [Double] {
  (0..<count).flatMap { _ in [scale, logStep] }
}

/// - point: ln b and ln η of every head.
private func heads(_ point: [Double]) -> [DescentHead] {
  stride(from: 0, to: point.count, by: 2).map {
    DescentHead(scale: deterministicExponential(point[$0]), step: deterministicExponential(point[$0 + 1]))
  }
}
