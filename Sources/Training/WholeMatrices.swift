// Gradients of whole matrices V, B and C, (d+1)×(d+1), of which training holds most entries of the last row and column at 0:
// the authors take the norm that they clip over all of them (docs/science.md §5).
//
// Tokens with y as coordinate d of x turn the network into one of dimension d+1 with V = blockdiag(A, r) as its A, which the
// kernels differentiate as they do any other; the prediction is then the query's coordinate d after the last layer.
import Kernels
import KernelTypes
import Shared

package final class WholeMatrices {
  private let parameters: TrialParameters
  private let layout: TrainableLayout
  private var network: Network
  private var gradient: [Float]
  /// For tokens with y as a coordinate; gradients of `BatchGradient` for it are what `squares` takes.
  package let prepared: PreparedNetwork

  package init(_ network: Network, _ parameters: TrialParameters) {
    self.parameters = parameters
    var whole = parameters
    whole.dimension += 1
    // The layer after the last computes nothing: from its input the prediction is read.
    whole.layers += 1
    whole.value = .free
    layout = TrainableLayout(whole)
    self.network = Network(whole)
    gradient = Array(repeating: 0, count: layout.count)
    Self.embed(network, into: &self.network)
    prepared = PreparedNetwork(self.network, readsLastCoordinate: true)
  }

  /// Takes the numbers of a network of the same shape.
  func update(_ network: Network) {
    Self.embed(network, into: &self.network)
    prepared.update(self.network)
  }

  /// Writes the gradient of what is trained.
  /// - raw: the kernels' gradient of `prepared`.
  /// - Returns: the squared norm of the gradient of V, B and C of all heads, per layer; of tied layers one.
  package func pullBack(_ raw: UnsafePointer<Float>, trained: TrainableLayout, into packed: inout [Float]) -> [Double] {
    layout.pullBack(raw, network, into: &gradient)
    let d = parameters.dimension, f = d + 1
    var squares = [Double](repeating: 0, count: parameters.tiedLayers ? 1 : parameters.layers)
    for block in layout.blocks where block.kind != .residual && block.layer < squares.count {
      for i in block.offset..<block.offset + block.count {
        squares[block.layer] += Double(gradient[i]) * Double(gradient[i])
      }
    }
    for block in trained.blocks {
      // r is the last entry of V.
      let kind = block.kind == .residual ? .value : block.kind
      guard
        let whole = layout.blocks.first(where: { ($0.kind, $0.layer, $0.head) == (kind, block.layer, block.head) })
      else { continue }
      if block.kind == .residual {
        packed[block.offset] = gradient[whole.offset + f * f - 1]
      } else {
        for i in 0..<d {
          for j in 0..<d { packed[block.offset + i * d + j] = gradient[whole.offset + i * f + j] }
        }
      }
    }
    return squares
  }

  /// Into the upper left of whole matrices, r last; what is outside stays 0.
  private static func embed(_ network: Network, into whole: inout Network) {
    let d = network.dimension, f = d + 1
    for index in network.r.indices {
      for i in 0..<d {
        for j in 0..<d {
          let (from, to) = (index * d * d + i * d + j, index * f * f + i * f + j)
          whole.A[to] = network.A[from]
          whole.B[to] = network.B[from]
          whole.C[to] = network.C[from]
        }
      }
      whole.A[index * f * f + f * f - 1] = network.r[index]
    }
  }

  /// Copies blocks of prompts [n+1][d+1] to tokens with y as a coordinate, [n+1][d+2], whose own y is 0.
  package static func embed(
    _ prompts: UnsafePointer<Float>, blocks: Int, _ pass: borrowing NetworkPass, into whole: UnsafeMutablePointer<Float>
  ) {
    // `pass` is of dimension d+1: a token has its features in front of one more.
    let features = pass.dimension * lanesPerBlock
    for token in 0..<blocks * pass.tokens {
      let target = whole + token * (features + lanesPerBlock)
      target.update(from: prompts + token * features, count: features)
      (target + features).update(repeating: 0, count: lanesPerBlock)
    }
  }
}
