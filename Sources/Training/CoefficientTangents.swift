// Gradients of activations' coefficients without a kernel of their own. A head with h(S; c + ε) is the head with h beside one with
// ε ∂h/∂c and the same A, r, B and C. So beside each head stands, for each of its coefficients, one whose activation is
// ∂h/∂c and whose A and r are 0, and dL/dc is what the kernels give as the gradient of those, times the head's own A and r.
import KernelTypes
import Kernels
import Shared

package final class CoefficientTangents {
  private let trained: TrainableLayout
  private let layout: TrainableLayout
  private var network: Network
  private var gradient: [Float]
  /// Of every head beyond the trained ones: whose tangent it is, and of which coefficient.
  private let tangents: [(head: Int, coefficient: Int)]
  /// The network with its tangents; gradients of `BatchGradient` for it are what `pullBack` takes.
  package let prepared: PreparedNetwork

  /// Nil where no activation has coefficients.
  package init?(_ network: Network, _ trained: TrainableLayout) {
    var widened = trained.parameters
    let own = widened.heads.activations
    var tangents: [(head: Int, coefficient: Int)] = []
    for (head, activation) in own.enumerated() {
      tangents += activation.coefficients.indices.map { (head, $0) }
    }
    guard !tangents.isEmpty else { return nil }
    widened.heads = Heads(own + tangents.map { own[$0.head] })
    (self.trained, layout, self.tangents) = (trained, TrainableLayout(widened), tangents)
    gradient = Array(repeating: 0, count: layout.count)
    self.network = Network(widened)
    Self.widen(network, tangents, into: &self.network)
    prepared = PreparedNetwork(
      self.network, tangents: Array(repeating: nil, count: own.count) + tangents.map(\.coefficient),
      lengths: widened.lengthScales)
  }

  /// Takes the numbers of a network of the same shape.
  package func update(_ network: Network) {
    Self.widen(network, tangents, into: &self.network)
    prepared.update(self.network)
  }

  /// Writes the gradient of everything that is trained.
  /// - raw: the kernels' gradient of `prepared`.
  /// - packed: [trained count]
  package func pullBack(_ raw: UnsafePointer<Float>, of network: Network, into packed: inout [Float]) {
    layout.pullBack(raw, self.network, into: &gradient)
    let ownHeads = trained.parameters.heads.activations.count, numbers = trained.pack(network)
    for i in packed.indices { packed[i] = 0 }
    for block in layout.blocks where block.kind != .coefficients {
      let tangent = block.head < ownHeads ? nil : tangents[block.head - ownHeads]
      let head = tangent?.head ?? block.head
      guard
        let own = trained.blocks.first(where: { ($0.kind, $0.layer, $0.head) == (block.kind, block.layer, head) })
      else { continue }
      guard let tangent else {
        for i in 0..<own.count { packed[own.offset + i] = gradient[block.offset + i] }
        continue
      }
      // Scores have no part in it: with A = r = 0 they have no gradient.
      guard block.kind == .value || block.kind == .residual,
        let target = trained.blocks.first(where: { $0.kind == .coefficients && $0.head == head })
      else { continue }
      var sum: Float = 0
      for i in 0..<own.count { sum += gradient[block.offset + i] * numbers[own.offset + i] }
      packed[target.offset + tangent.coefficient] += sum
    }
  }

  /// Tangents have their head's B, C and coefficients, and no A and r.
  private static func widen(
    _ network: Network, _ tangents: [(head: Int, coefficient: Int)], into wide: inout Network
  ) {
    let square = network.dimension * network.dimension, own = network.heads.activations.count
    wide.coefficients = network.coefficients + tangents.map { network.coefficients[$0.head] }
    for layer in 0..<network.layers {
      for head in wide.heads.activations.indices {
        let source = network.index(layer: layer, head: head < own ? head : tangents[head - own].head)
        let target = wide.index(layer: layer, head: head)
        let from = source * square..<(source + 1) * square, to = target * square..<(target + 1) * square
        wide.B.replaceSubrange(to, with: network.B[from])
        wide.C.replaceSubrange(to, with: network.C[from])
        guard head < own else { continue }
        wide.A.replaceSubrange(to, with: network.A[from])
        wide.r[target] = network.r[source]
      }
    }
  }
}
