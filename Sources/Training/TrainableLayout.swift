// Which numbers of a network are trained, in what order, and how their gradient follows from the kernels'.
// Full networks train A (unless sparse), r, B and C; isotropic ones A = a·I, r and C = c·I with B = I.
import KernelTypes
import Shared

/// One tensor of the trained vector.
package struct TrainableBlock {
  package enum Kind: Sendable { case value, residual, key, query }
  package let kind: Kind
  package let layer: Int
  package let head: Int
  package let offset: Int
  package let count: Int
  /// `layers.0.heads.0.A`, as in checkpoints.
  package let name: String
  package let shape: [Int]
}

package struct TrainableLayout {
  package let parameters: TrialParameters
  package let blocks: [TrainableBlock]
  package let count: Int

  package init(_ parameters: TrialParameters) {
    self.parameters = parameters
    let d = parameters.dimension
    let isotropic = parameters.network == .isotropic
    var blocks: [TrainableBlock] = []
    var offset = 0
    // Tied layers are trained once, as layer 0.
    for layer in 0..<(parameters.tiedLayers ? 1 : parameters.layers) {
      for head in parameters.heads.activations.indices {
        func add(_ kind: TrainableBlock.Kind, _ letter: String, square: Bool) {
          let count = square && !isotropic ? d * d : 1
          blocks.append(
            TrainableBlock(
              kind: kind, layer: layer, head: head, offset: offset, count: count,
              name: "layers.\(layer).heads.\(head).\(letter)", shape: square && !isotropic ? [d, d] : [1]))
          offset += count
        }
        if parameters.value == .free { add(.value, "A", square: true) }
        add(.residual, "r", square: false)
        if !isotropic { add(.key, "B", square: true) }
        add(.query, "C", square: true)
      }
    }
    self.blocks = blocks
    count = offset
  }

  /// The network that the trained vector `packed` stands for.
  package func expand(_ packed: [Float]) -> Network {
    var network = Network(parameters)
    let d = parameters.dimension
    for block in blocks {
      for layer in parameters.tiedLayers ? Array(0..<parameters.layers) : [block.layer] {
        let index = network.index(layer: layer, head: block.head)
        if block.kind == .residual {
          network.r[index] = packed[block.offset]
          continue
        }
        var matrix = [Float](repeating: 0, count: d * d)
        if block.count == d * d, parameters.network == .full {
          matrix = Array(packed[block.offset..<block.offset + d * d])
        } else {
          for i in 0..<d { matrix[i * d + i] = packed[block.offset] }
        }
        network.setMatrix(block.kind, index, matrix)
      }
    }
    if parameters.network == .isotropic { network.setIdentityKeys() }
    return network
  }

  /// The trained vector of a network that this layout can express.
  package func pack(_ network: Network) -> [Float] {
    let square = parameters.dimension * parameters.dimension
    var packed = [Float](repeating: 0, count: count)
    for block in blocks {
      let index = network.index(layer: block.layer, head: block.head)
      for i in 0..<block.count {
        packed[block.offset + i] =
          switch block.kind {
          case .value: network.A[index * square + i]
          case .residual: network.r[index]
          case .key: network.B[index * square + i]
          case .query: network.C[index * square + i]
          }
      }
    }
    return packed
  }

  /// The gradient of the trained vector from the kernels' [L][H][dM, dP, dρ] (docs/science.md §1: S = xᵀBᵀC x, so
  /// dB = C dMᵀ, dC = B dM; P = scale·A, ρ = scale·r).
  package func pullBack(_ gradient: UnsafePointer<Float>, _ network: borrowing Network, into packed: inout [Float]) {
    let d = parameters.dimension, square = d * d
    for i in packed.indices { packed[i] = 0 }
    for block in blocks {
      let scale = parameters.scale(ofHead: block.head)
      for layer in parameters.tiedLayers ? 0..<parameters.layers : block.layer..<block.layer + 1 {
        let index = network.index(layer: layer, head: block.head)
        let dM = gradient + index * (2 * square + 1), dP = dM + square
        switch block.kind {
        case .residual: packed[block.offset] += scale * dP[square]
        case .value:
          if parameters.network == .full {
            for i in 0..<square { packed[block.offset + i] += scale * dP[i] }
          } else {
            for i in 0..<d { packed[block.offset] += scale * dP[i * d + i] }
          }
        case .key:
          for i in 0..<d {
            for j in 0..<d {
              var sum: Float = 0
              for k in 0..<d { sum += network.C[index * square + i * d + k] * dM[j * d + k] }
              packed[block.offset + i * d + j] += sum
            }
          }
        case .query:
          if parameters.network == .full {
            for i in 0..<d {
              for j in 0..<d {
                var sum: Float = 0
                for k in 0..<d { sum += network.B[index * square + i * d + k] * dM[k * d + j] }
                packed[block.offset + i * d + j] += sum
              }
            }
          } else {
            for i in 0..<d { packed[block.offset] += dM[i * d + i] }
          }
        }
      }
    }
  }
}
