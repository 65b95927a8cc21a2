// One configuration: everything that decides a trained network except the seed. Defaults are those of docs/design.md and
// are frozen, because a configuration's identity leaves them out.

package enum Optimizer: String, CaseIterable, Hashable, Sendable { case adam, adamw, sgd }
package enum Schedule: String, CaseIterable, Hashable, Sendable { case cosine, constant, step }
/// `free` trains A (the authors' code), `sparse` keeps A = 0 (the theory's case).
package enum ValueMatrix: String, CaseIterable, Hashable, Sendable { case free, sparse }
package enum InputDistribution: String, CaseIterable, Hashable, Sendable { case sphere, gaussian, cube }
/// Where the task's kernel is taken: on ξ, or on x = U diag(√σ) ξ.
package enum KernelArgument: String, CaseIterable, Hashable, Sendable { case xi, x }
package enum Recipe: String, CaseIterable, Hashable, Sendable {
  case standard = "default"
  case cheng2024
}
/// The factor before the sum over sources. `auto` is 1/n for unnormalised activations and 1 for normalised ones, per head.
package enum AttentionScale: String, CaseIterable, Hashable, Sendable {
  case auto
  case oneOverN = "1/n"
  case one = "1"
}

/// Clips the gradient of layer i (from 0; all heads and blocks together) to norm scale/(base − i)², with `scaleAfter`
/// from step `switchStep` on (docs/science.md §5). At most `base` layers.
package struct LayerClip: Hashable, Sendable {
  /// What the norm counts: what is trained, or all of the matrices V, B and C, (d+1)×(d+1), with the entries that are held
  /// at 0, as the authors' code does.
  package enum Entries: String, CaseIterable, Hashable, Sendable { case trained, all }
  package var scale: Double
  package var base: Int
  package var switchStep: Int
  package var scaleAfter: Double
  package var entries = Entries.trained
  package init(scale: Double, base: Int, switchStep: Int, scaleAfter: Double) {
    (self.scale, self.base, self.switchStep, self.scaleAfter) = (scale, base, switchStep, scaleAfter)
  }
}

/// Parts of every head that keep their initial numbers.
package struct FrozenParts: OptionSet, Hashable, Sendable {
  package let rawValue: UInt8
  package init(rawValue: UInt8) { self.rawValue = rawValue }
  package static let value = FrozenParts(rawValue: 1), residual = FrozenParts(rawValue: 2)
  package static let key = FrozenParts(rawValue: 4), query = FrozenParts(rawValue: 8)
  /// Of activations.
  package static let coefficients = FrozenParts(rawValue: 16)
  /// As manifests name them, in this order.
  package static let named: [(name: String, part: FrozenParts)] = [
    ("A", .value), ("r", .residual), ("B", .key), ("C", .query), ("c", .coefficients),
  ]
}

/// Whether the network is free or the attainable reference: A = a·I, BᵀC = b·I, r per layer and head (docs/science.md §7).
package enum NetworkKind: String, CaseIterable, Hashable, Sendable { case full, isotropic }

package struct TrialParameters: Hashable, Sendable {
  package var task = TaskKernel.linear
  package var heads = Heads([.linear])
  package var layers = 3
  package var context = 14
  /// Least context pairs of a training prompt, which has from so many to `context`; nil is `context` in all.
  package var contextMin: Int?
  package var dimension = 5
  package var batch = 512
  package var steps = 2000
  /// A new batch every so many steps.
  package var resampleEvery = 1
  /// Draw batches from this many fixed prompts; 0 is always fresh.
  package var pool = 0
  package var learningRate = 0.01
  package var beta1 = 0.9
  package var beta2 = 0.99
  package var epsilon = 1e-8
  package var weightDecay = 0.0
  package var warmupSteps = 100
  /// Global gradient norm bound; nil is none.
  package var clipNorm: Double? = 1
  package var layerClip: LayerClip?
  package var initialization = Initialization.identity
  /// Standard deviation of the initial draws.
  package var initScale = 0.1
  /// Best of so many initialisations by validation loss.
  package var restarts = 1
  /// σ of x = U diag(√σ) ξ, `dimension` values above 0; nil is all ones.
  package var covariance: [Double]?
  /// Standard deviation of the noise on the context's labels; targets have none.
  package var labelNoise = 0.0
  package var validationPrompts = 4096
  package var testPrompts = 30_000
  package var evaluateEvery = 100
  package var checkpointEvery = 200

  // Bytes last, without holes between: a sweep may have a million configurations.
  package var network = NetworkKind.full
  package var optimizer = Optimizer.adam
  package var schedule = Schedule.cosine
  package var frozen: FrozenParts = []
  package var value = ValueMatrix.free
  package var attentionScale = AttentionScale.auto
  package var tiedLayers = false
  package var inputs = InputDistribution.sphere
  package var kernelOn = KernelArgument.xi
  package var recipe = Recipe.standard

  package init() {}

  /// `attention_scale` of one head as a number.
  package func scale(ofHead head: Int) -> Float {
    switch attentionScale {
    case .one: 1
    case .oneOverN: 1 / Float(context)
    case .auto: heads.activations[head].isNormalised ? 1 : 1 / Float(context)
    }
  }

  /// The parameters of this configuration's attainable reference: the same network and data, made isotropic, with
  /// everything that only concerns training at the reference's own fixed recipe.
  package var reference: TrialParameters {
    var reference = TrialParameters()
    reference.network = .isotropic
    (reference.task, reference.heads, reference.layers) = (task, heads, layers)
    (reference.context, reference.dimension) = (context, dimension)
    (reference.value, reference.attentionScale, reference.tiedLayers) = (value, attentionScale, tiedLayers)
    (reference.covariance, reference.inputs) = (covariance, inputs)
    (reference.kernelOn, reference.labelNoise) = (kernelOn, labelNoise)
    reference.batch = 512
    reference.steps = 1000
    reference.learningRate = 0.3
    reference.restarts = 4
    (reference.warmupSteps, reference.evaluateEvery, reference.checkpointEvery) = (50, 100, 1000)
    return reference
  }
}
