// The network of docs/science.md §1 in double precision, written as its formulas are: one prompt, plain loops, nothing shared
// with the fast kernels. Tests trust this and measure the kernels against it.
import Foundation
package import KernelTypes

/// One prompt with its query. x: [n+1][d], the query last; y: [n].
package struct ReferencePrompt: Sendable {
  package var x: [[Double]]
  package var y: [Double]
  package var target: Double
  package init(x: [[Double]], y: [Double], target: Double) { (self.x, self.y, self.target) = (x, y, target) }
  package var context: Int { y.count }
}

/// The tokens after a layer. x: [n+1][d]; y: [n+1], the query last.
package struct ReferenceState: Sendable {
  package var x: [[Double]]
  package var y: [Double]
}

/// One head of one layer: V = blockdiag(A, r), scores <B x_s, C x_t>. A, B, C: [d][d].
package struct ReferenceHead: Sendable {
  package var activation: ActivationCode
  /// The factor before the sum over sources.
  package var scale: Double
  package var A: [[Double]]
  package var r: Double
  package var B: [[Double]]
  package var C: [[Double]]
  package init(
    activation: ActivationCode, scale: Double, A: [[Double]], r: Double, B: [[Double]], C: [[Double]]
  ) {
    (self.activation, self.scale) = (activation, scale)
    (self.A, self.r, self.B, self.C) = (A, r, B, C)
  }
}

/// - layers: [L][H]; at least one layer with one head. Shapes must agree; nothing is checked.
package struct ReferenceNetwork: Sendable {
  package var layers: [[ReferenceHead]]
  package init(layers: [[ReferenceHead]]) { self.layers = layers }

  /// Z_0, then the tokens after each layer: L + 1 states.
  package func states(_ prompt: ReferencePrompt) -> [ReferenceState] {
    var states = [ReferenceState(x: prompt.x, y: prompt.y + [0])]
    for layer in layers { states.append(Self.apply(layer, to: states[states.count - 1])) }
    return states
  }

  /// ŷ = −y of the query after the last layer.
  package func prediction(_ prompt: ReferencePrompt) -> Double {
    -states(prompt)[layers.count].y[prompt.context]
  }

  /// Mean over prompts of (ŷ − target)².
  package func loss(_ prompts: [ReferencePrompt]) -> Double {
    var sum = 0.0
    for prompt in prompts {
      let error = prediction(prompt) - prompt.target
      sum += error * error
    }
    return sum / Double(prompts.count)
  }

  /// Every head reads the layer's input; sources are the context tokens, targets are all tokens.
  private static func apply(_ heads: [ReferenceHead], to input: ReferenceState) -> ReferenceState {
    let n = input.y.count - 1
    var output = input
    for head in heads {
      let keys = (0..<n).map { product(head.B, input.x[$0]) }
      let moves = (0..<n).map { product(head.A, input.x[$0]) }
      for t in 0...n {
        let query = product(head.C, input.x[t])
        let attention = activate(head.activation, keys.map { inner($0, query) })
        for s in 0..<n {
          for i in query.indices { output.x[t][i] += head.scale * attention[s] * moves[s][i] }
          output.y[t] += head.scale * attention[s] * head.r * input.y[s]
        }
      }
    }
    return output
  }

  /// a_st from the scores S_st of one target over its sources.
  private static func activate(_ activation: ActivationCode, _ scores: [Double]) -> [Double] {
    switch activation {
    case .linear: return scores
    case .relu: return scores.map { max(0, $0) }
    case .exp: return scores.map { exp($0) }
    case .softmax:
      let largest = scores.max() ?? 0
      let powers = scores.map { exp($0 - largest) }
      let sum = powers.reduce(0, +)
      return powers.map { $0 / sum }
    }
  }

  private static func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] {
    matrix.map { inner($0, vector) }
  }

  private static func inner(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += a[i] * b[i] }
    return sum
  }
}
