// The network of docs/science.md §1 in double precision, written as its formulas are: one prompt, plain loops, nothing shared
// with the fast kernels. Tests trust this and measure the kernels against it.
import Foundation

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

/// h of a head, as the formulas have it.
package struct ReferenceActivation: Sendable {
  /// h of the score, or of |B x_s − C x_t|² where `usesDistance`.
  package var value: @Sendable (Double) -> Double
  package var normalises: Bool
  package var usesDistance: Bool
  /// Of softmax alone: scores are taken from their maximum down, which changes nothing but the range.
  private var isSoftmax = false
  package init(
    normalises: Bool = false, usesDistance: Bool = false, _ value: @escaping @Sendable (Double) -> Double
  ) {
    (self.value, self.normalises, self.usesDistance) = (value, normalises, usesDistance)
  }

  package static let linear = ReferenceActivation { $0 }
  package static let relu = ReferenceActivation { max(0, $0) }
  package static let exp = ReferenceActivation { Foundation.exp($0) }
  package static let softmax = {
    var activation = ReferenceActivation(normalises: true) { Foundation.exp($0) }
    activation.isSoftmax = true
    return activation
  }()

  /// a_st from the scores S_st of one target over its sources. The sum of a normalised activation counts as none below
  /// 1e-30.
  func apply(_ scores: [Double]) -> [Double] {
    let largest = isSoftmax ? scores.max() ?? 0 : 0
    let values = scores.map { value($0 - largest) }
    guard normalises else { return values }
    let sum = values.reduce(0, +)
    return values.map { abs(sum) < 1e-30 ? 0 : $0 / sum }
  }
}

/// One head of one layer: V = blockdiag(A, r), scores <B x_s, C x_t>. A, B, C: [d][d].
package struct ReferenceHead: Sendable {
  package var activation: ReferenceActivation
  /// The factor before the sum over sources.
  package var scale: Double
  package var A: [[Double]]
  package var r: Double
  package var B: [[Double]]
  package var C: [[Double]]
  package init(
    activation: ReferenceActivation, scale: Double, A: [[Double]], r: Double, B: [[Double]], C: [[Double]]
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
        let attention = head.activation.apply(
          keys.map { head.activation.usesDistance ? squaredDistance($0, query) : inner($0, query) })
        for s in 0..<n {
          for i in query.indices { output.x[t][i] += head.scale * attention[s] * moves[s][i] }
          output.y[t] += head.scale * attention[s] * head.r * input.y[s]
        }
      }
    }
    return output
  }

  private static func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    var sum = 0.0
    for i in a.indices { sum += (a[i] - b[i]) * (a[i] - b[i]) }
    return sum
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
