// Gradient clipping and the update rules, in single precision and a fixed order, and the learning rate of a step.
// All of it runs on the host: a network has a few hundred numbers.
import Shared

/// m and v of Adam, or the momentum of SGD in `mean`; [trained count].
package struct OptimizerState: Equatable, Sendable {
  package var mean: [Float]
  package var variance: [Float]

  package init(count: Int) {
    mean = Array(repeating: 0, count: count)
    variance = mean
  }

  /// Applies one update to `weights`, in place. A non-finite gradient leaves non-finite weights; the caller stops then.
  /// - step: starts at 1.
  /// Source: Kingma & Ba 2015, algorithm 1 (adam, with L2 decay added to the gradient); Loshchilov & Hutter 2019,
  /// algorithm 2 (adamw); Polyak 1964 (sgd with beta1 as momentum).
  package mutating func update(
    _ weights: inout [Float], gradient: [Float], step: Int, learningRate: Double, _ parameters: TrialParameters
  ) {
    let beta1 = Float(parameters.beta1), beta2 = Float(parameters.beta2)
    let rest1 = Float(1 - parameters.beta1), rest2 = Float(1 - parameters.beta2)
    let decay = Float(parameters.weightDecay), epsilon = Float(parameters.epsilon)
    switch parameters.optimizer {
    case .sgd:
      let rate = Float(learningRate)
      for i in weights.indices {
        mean[i] = beta1 * mean[i] + (gradient[i] + decay * weights[i])
        weights[i] -= rate * mean[i]
      }
    case .adam, .adamw:
      let decoupled = parameters.optimizer == .adamw
      let correction1 = 1 - power(parameters.beta1, step), correction2 = 1 - power(parameters.beta2, step)
      let rate = Float(learningRate / correction1)
      let root2 = Float(correction2.squareRoot())
      let shrink = Float(learningRate) * decay
      for i in weights.indices {
        var g = gradient[i]
        if decoupled { weights[i] -= shrink * weights[i] } else { g += decay * weights[i] }
        mean[i] = beta1 * mean[i] + rest1 * g
        variance[i] = beta2 * variance[i] + rest2 * g * g
        weights[i] -= rate * mean[i] / (variance[i].squareRoot() / root2 + epsilon)
      }
    }
  }
}

/// base^exponent by repeated squaring: the same bits everywhere, unlike a C library's pow.
func power(_ base: Double, _ exponent: Int) -> Double {
  var result = 1.0, square = base, remaining = exponent
  while remaining > 0 {
    if remaining & 1 == 1 { result *= square }
    square *= square
    remaining >>= 1
  }
  return result
}

/// Scales `gradient` in place: first each layer to the norm of `layer_clip`, then the whole to `clip_norm`.
/// Both only lower a norm that is above its bound, as torch.nn.utils.clip_grad_norm_ does.
/// - layerSquares: squared norms of the layers' gradients, where they count more than `gradient` holds.
package func clip(
  _ gradient: inout [Float], _ layout: TrainableLayout, step: Int, layerSquares: [Double]? = nil
) {
  let parameters = layout.parameters
  if let clip = parameters.layerClip {
    let scale = step < clip.switchStep ? clip.scale : clip.scaleAfter
    for layer in 0..<(parameters.tiedLayers ? 1 : parameters.layers) {
      let blocks = layout.blocks.filter { $0.layer == layer }
      var square = layerSquares?[layer] ?? 0
      for block in blocks where layerSquares == nil {
        for i in block.offset..<block.offset + block.count { square += Double(gradient[i]) * Double(gradient[i]) }
      }
      let distance = Double(clip.base - layer)
      let bound = scale / (distance * distance)
      let factor = Float(min(1, bound / square.squareRoot()))
      for block in blocks { for i in block.offset..<block.offset + block.count { gradient[i] *= factor } }
    }
  }
  if let bound = parameters.clipNorm {
    var square = 0.0
    for value in gradient { square += Double(value) * Double(value) }
    let factor = Float(bound / square.squareRoot())
    if factor < 1 { for i in gradient.indices { gradient[i] *= factor } }
  }
}

/// The learning rate of step `step` (from 0): linear warm-up, then the schedule over the remaining steps.
/// `step` is a tenth after half and a hundredth after three quarters of the steps. Source: Loshchilov & Hutter 2017
/// (cosine, without restarts).
package func learningRate(_ parameters: TrialParameters, step: Int) -> Double {
  let base = parameters.learningRate
  if step < parameters.warmupSteps { return base * Double(step + 1) / Double(parameters.warmupSteps) }
  let progress = Double(step - parameters.warmupSteps) / Double(max(1, parameters.steps - parameters.warmupSteps))
  switch parameters.schedule {
  case .constant: return base
  case .cosine: return base * 0.5 * (1 + deterministicCosine(ofPiTimes: progress))
  case .step: return progress < 0.5 ? base : progress < 0.75 ? base * 0.1 : base * 0.01
  }
}
