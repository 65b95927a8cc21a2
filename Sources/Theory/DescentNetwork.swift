// The paper's construction as a network that the kernels run: layers of attention that are steps of functional gradient
// descent (docs/science.md §4, P1 and P3), and the GD++ variant that also moves x.
// Source: Cheng, Chen & Sra 2024, arXiv 2312.06528, propositions 1 and 3; von Oswald et al. 2023, arXiv 2212.07677,
// appendix A.10 (GD++).
import Shared
import Training

/// What one head does in every layer of a construction.
package struct DescentHead: Hashable, Sendable {
  /// BᵀC = scale · Σ⁻¹, so that the scores are scale · <ξ_s, ξ_t>; scale · I where the task's kernel is taken on x.
  package var scale: Double
  /// η: r = −η.
  package var step: Double
  /// γ: A = −γ I; 0 in the theory's case, above 0 in GD++.
  package var shift: Double

  package init(scale: Double, step: Double, shift: Double = 0) {
    (self.scale, self.step, self.shift) = (scale, step, shift)
  }
}

extension Network {
  /// The network of `parameters` (activations, attention scale, context, dimension) whose layers are all equal to
  /// `heads`.
  /// - layers: instead of those of `parameters`.
  package init(descent parameters: TrialParameters, seed: Seed, heads: [DescentHead], layers: Int) {
    var parameters = parameters
    parameters.layers = layers
    self.init(parameters)
    let d = dimension
    let metric = scoreMetric(parameters, seed: seed)
    for layer in 0..<layers {
      for (head, descent) in heads.enumerated() {
        let index = index(layer: layer, head: head)
        r[index] = Float(-descent.step)
        for i in 0..<d {
          C[index * d * d + i * (d + 1)] = 1
          A[index * d * d + i * (d + 1)] = Float(-descent.shift)
          for j in 0..<d { B[index * d * d + i * d + j] = Float(descent.scale * metric[i * d + j]) }
        }
      }
    }
  }
}
