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
  let still = TrainableLayout(isotropic)
  var best = search(still, prompts, from: starts(descent, layers: layers, heads: heads).map(still.packed))
  if parameters.value == .free {
    isotropic.value = .free
    let free = TrainableLayout(isotropic)
    let moved = [0, 0.1, -0.1].map { shift in
      var packed = free.pack(best.network).map(Double.init)
      for block in free.blocks where block.kind == .value { packed[block.offset] = shift }
      return packed
    }
    let freed = search(free, prompts, from: moved)
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

extension TrainableLayout {
  /// Of an isotropic network, with A = 0 and coefficients of activations as written. Where an activation is of distances, B = c I
  /// and C = I are two numbers, else c is one.
  fileprivate func packed(_ start: Start) -> [Double] {
    var packed = [Double](repeating: 0, count: count)
    for block in blocks {
      let (c, r) = start[block.layer][block.head], activation = parameters.heads.activations[block.head]
      switch block.kind {
      case .value: break
      case .residual: packed[block.offset] = r
      case .key: packed[block.offset] = c
      case .query: packed[block.offset] = activation.usesDistance ? 1 : c
      case .coefficients: packed.replaceSubrange(block.range, with: activation.coefficients)
      }
    }
    return packed
  }
}

private func search(
  _ layout: TrainableLayout, _ prompts: PromptSet, from packed: [[Double]]
) -> (network: Network, loss: Double) {
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
