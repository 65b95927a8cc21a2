// Which numbers of a network are trained, in what order, and how their gradient follows from the kernels'.
// Full networks train A (unless sparse), r, B and C; isotropic ones A = a·I, r and C = c·I with B = I. Both train what their
// activations have of coefficients.
import KernelTypes
import Shared

/// One tensor of the trained vector.
package struct TrainableBlock {
  package enum Kind: Sendable { case value, residual, key, query, coefficients }
  package let kind: Kind
  package let layer: Int
  package let head: Int
  package let offset: Int
  package let count: Int
  /// `layers.0.heads.0.A`, as in checkpoints; coefficients are those of all layers, `heads.0.c`, and stand with layer 0.
  package let name: String
  package let shape: [Int]
  package var range: Range<Int> { offset..<offset + count }

  fileprivate var part: FrozenParts {
    switch kind {
    case .value: .value
    case .residual: .residual
    case .key: .key
    case .query: .query
    case .coefficients: .coefficients
    }
  }
}

package struct TrainableLayout {
  package let parameters: TrialParameters
  package let blocks: [TrainableBlock]
  /// Those that keep their initial numbers.
  package let frozenBlocks: [TrainableBlock]
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
        // Of an isotropic network's BᵀC one factor is enough, of its distances it is not.
        if !isotropic || parameters.heads.activations[head].usesDistance { add(.key, "B", square: true) }
        add(.query, "C", square: true)
      }
    }
    for (head, activation) in parameters.heads.activations.enumerated() where !activation.coefficients.isEmpty {
      let count = activation.coefficients.count
      blocks.append(
        TrainableBlock(
          kind: .coefficients, layer: 0, head: head, offset: offset, count: count, name: "heads.\(head).c",
          shape: [count])
      )
      offset += count
    }
    self.blocks = blocks
    frozenBlocks = blocks.filter { parameters.frozen.contains($0.part) }
    count = offset
  }

  /// The network that the trained vector `packed` stands for.
  package func expand(_ packed: [Float]) -> Network {
    var network = Network(parameters)
    if parameters.network == .isotropic { network.setIdentityKeys() }
    expand(packed, into: &network)
    return network
  }

  /// The same into a network that `expand` has made: a step of a small batch is no place to allocate.
  package func expand(_ packed: [Float], into network: inout Network) {
    for block in blocks {
      for layer in parameters.tiedLayers ? 0..<parameters.layers : block.layer..<block.layer + 1 {
        let index = network.index(layer: layer, head: block.head)
        switch block.kind {
        case .coefficients: for i in 0..<block.count { network.coefficients[block.head][i] = packed[block.offset + i] }
        case .residual: network.r[index] = packed[block.offset]
        case .value: copy(block, of: packed, to: &network.A, index)
        case .key: copy(block, of: packed, to: &network.B, index)
        case .query: copy(block, of: packed, to: &network.C, index)
        }
      }
    }
  }

  /// A matrix of a full network, or the diagonal of an isotropic one.
  private func copy(_ block: TrainableBlock, of packed: [Float], to matrices: inout [Float], _ index: Int) {
    let d = parameters.dimension, first = index * d * d
    if parameters.network == .full {
      for i in 0..<d * d { matrices[first + i] = packed[block.offset + i] }
    } else {
      for i in 0..<d { matrices[first + i * d + i] = packed[block.offset] }
    }
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
          case .coefficients: network.coefficients[block.head][i]
          }
      }
    }
    return packed
  }

  /// The gradient of the trained vector from the kernels' [L][H][dM, dP, dρ] (docs/science.md §1: S = xᵀBᵀC x, so
  /// dB = C dMᵀ, dC = B dM; P = scale·A, ρ = scale·r). Where heads are of distances BᵀB and CᵀC have gradients besides:
  /// dB += 2 B d(BᵀB), dC += 2 C d(CᵀC), both symmetric. That of coefficients is left 0: see `CoefficientTangents`.
  package func pullBack(_ gradient: UnsafePointer<Float>, _ network: borrowing Network, into packed: inout [Float]) {
    let count = count
    packed.withUnsafeMutableBufferPointer { packed in
      network.B.withUnsafeBufferPointer { B in
        network.C.withUnsafeBufferPointer { C in
          let packed = packed.baseAddress!
          packed.update(repeating: 0, count: count)
          pullBack(gradient, keys: B.baseAddress!, queries: C.baseAddress!, into: packed)
        }
      }
    }
  }

  private func pullBack(
    _ gradient: UnsafePointer<Float>, keys: UnsafePointer<Float>, queries: UnsafePointer<Float>,
    into packed: UnsafeMutablePointer<Float>
  ) {
    let d = parameters.dimension, square = d * d
    let full = parameters.network == .full
    let hasDistances = parameters.heads.activations.contains { $0.usesDistance }
    let perHead = (hasDistances ? 4 : 2) * square + 1
    withUnsafeTemporaryAllocation(of: Float.self, capacity: square + d) { scratch in
      let turned = scratch.baseAddress!, row = turned + square
      for block in blocks {
        let scale = parameters.scale(ofHead: block.head), head = parameters.heads.activations[block.head]
        for layer in parameters.tiedLayers ? 0..<parameters.layers : block.layer..<block.layer + 1 {
          let index = layer * parameters.heads.activations.count + block.head
          let dM = gradient + index * perHead, dP = dM + square, dKeys = dP + square + 1, dQueries = dKeys + square
          let target = packed + block.offset, keys = keys + index * square, queries = queries + index * square
          switch block.kind {
          case .coefficients: break
          case .residual: target[0] += scale * dP[square]
          case .value where full: for i in 0..<square { target[i] += scale * dP[i] }
          case .value: for i in 0..<d { target[0] += scale * dP[i * d + i] }
          case .key where full:
            for j in 0..<d { for k in 0..<d { turned[k * d + j] = dM[j * d + k] } }
            addProduct(queries, turned, scale: head.scoreScale, to: target, row)
            if head.usesDistance { addProduct(keys, dKeys, scale: 2, to: target, row) }
          case .key:
            for i in 0..<d { target[0] += queries[i * d + i] * dM[i * d + i] + 2 * keys[i * d + i] * dKeys[i * d + i] }
          case .query where full:
            addProduct(keys, dM, scale: head.scoreScale, to: target, row)
            if head.usesDistance { addProduct(queries, dQueries, scale: 2, to: target, row) }
          case .query where head.usesDistance:
            for i in 0..<d {
              target[0] += keys[i * d + i] * dM[i * d + i] + 2 * queries[i * d + i] * dQueries[i * d + i]
            }
          case .query: for i in 0..<d { target[0] += head.scoreScale * dM[i * d + i] }
          }
        }
      }
    }
  }

  /// target += scale · left · right, all [d][d]; a row of the product is summed before it is added, as tied layers add
  /// several. A scale of 1 changes no bit.
  private func addProduct(
    _ left: UnsafePointer<Float>, _ right: UnsafePointer<Float>, scale: Float, to target: UnsafeMutablePointer<Float>,
    _ row: UnsafeMutablePointer<Float>
  ) {
    let d = parameters.dimension
    for i in 0..<d {
      multiplyRow(left + i * d, stride: 1, right, into: row, d)
      for j in 0..<d { target[i * d + j] += scale * row[j] }
    }
  }
}
