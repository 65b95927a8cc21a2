// The attainable reference: the best isotropic network, A = a·I, BᵀC = c·I and r of its own for every layer and head
// (docs/science.md §7). So few numbers that they are found by a second-order method from many starts, in seconds.
import Shared
import Training

/// The best isotropic network of `parameters` on `prompts`; with `value: sparse` every a is 0.
///
/// Starts are the tuned constant-step descent with steps and inner scales spread over the layers in several ways, and
/// some fixed ones; the best after a few iterations are followed to the end. A free start is the best one with a = 0, so
/// freeing A is never worse.
/// - descent: tuned on the same prompts for as many steps as there are layers.
package func attainableReference(
  _ parameters: TrialParameters, on prompts: PromptSet, descent: DescentFit
) -> (network: Network, loss: Double) {
  var isotropic = parameters
  (isotropic.network, isotropic.value) = (.isotropic, .sparse)
  let heads = parameters.heads.activations.count, layers = parameters.layers
  let coefficients = parameters.heads.activations.flatMap(\.coefficients)
  var best = search(isotropic, prompts, from: starts(descent, layers: layers, heads: heads), coefficients)
  if parameters.value == .free {
    isotropic.value = .free
    let still = TrainableLayout(isotropic).pack(best.network).map(Double.init)
    let moved = [0, 0.1, -0.1].map { shift in
      // a, r, c of every layer and head, then coefficients of activations.
      still.indices.map { $0 % 3 == 0 && $0 < still.count - coefficients.count ? shift : still[$0] }
    }
    let freed = search(isotropic, prompts, packed: moved)
    if freed.loss < best.loss { best = freed }
  }
  return best
}

/// Inner scale c and r of every layer and head.
private typealias Start = [[(c: Double, r: Double)]]

private func starts(_ descent: DescentFit, layers: Int, heads: Int) -> [Start] {
  func spread(_ base: [DescentHead], steps: Double, scales: Double) -> Start {
    (0..<layers).map { layer in
      let place = Double(layer) - Double(layers - 1) / 2
      return base.map { ($0.scale * power(scales, place), -$0.step * power(steps, place)) }
    }
  }
  var starts = [1, 2, 0.5, 4].flatMap { steps in
    [1, 1.5, 1 / 1.5, 2.5].map { spread(descent.heads, steps: steps, scales: $0) }
  }
  for (scale, step) in [(0.5, 0.3), (1, 1.0), (2, 1), (4, 2)] {
    starts.append(spread(Array(repeating: DescentHead(scale: scale, step: step), count: heads), steps: 1, scales: 1))
  }
  return starts
}

private func search(
  _ parameters: TrialParameters, _ prompts: PromptSet, from starts: [Start], _ coefficients: [Double]
) -> (network: Network, loss: Double) {
  search(parameters, prompts, packed: starts.map { $0.flatMap { $0.flatMap { [$0.r, $0.c] } } + coefficients })
}

/// - packed: as the layout has it: [a,] r, c of every layer and head.
private func search(
  _ parameters: TrialParameters, _ prompts: PromptSet, packed: [[Double]]
) -> (network: Network, loss: Double) {
  let layout = TrainableLayout(parameters)
  func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
    let (loss, gradient) = prompts.gradient(layout.expand(point.map { Float($0) }), layout)
    return (loss, gradient)
  }
  let found = packed.map { minimise(from: $0, iterations: 25, evaluate) }.sorted { $0.value < $1.value }
  let best = found.prefix(4).map { minimise(from: $0.point, iterations: 300, evaluate) }.min { $0.value < $1.value }
  return (layout.expand((best ?? found[0]).point.map { Float($0) }), (best ?? found[0]).value)
}

private func power(_ base: Double, _ exponent: Double) -> Double {
  deterministicExponential(exponent * deterministicLogarithm(base))
}
