// What a kernel needs to know of a network and where its numbers lie, as plain pointers and counts: the border between
// the kernel modules, which are built once per instruction set, and everything else.

/// Prompts per SIMD vector: lane p of block b is prompt 16·b + p.
package let lanesPerBlock = 16
/// Blocks per chunk. A chunk of 64 prompts is the unit of work and of the fixed summation order.
package let blocksPerChunk = 4
package let promptsPerChunk = lanesPerBlock * blocksPerChunk
/// Alignment of every buffer that kernels read: Swift assumes 16 bytes for SIMD16, and a vector that straddles two
/// cache lines halves the speed.
package let kernelAlignment = 64

/// Activations as kernels know them: those with loops of their own, and programs.
package enum ActivationCode: UInt8, Sendable {
  case linear, relu, exp, softmax, program
  package static let classic: [ActivationCode] = [.linear, .relu, .exp, .softmax]
}

/// One network, ready for forward and backward passes. Notation: d dimension, n context, L layers, H heads.
/// The scale of attention is already in `value` and `residual`: P = scale · A, ρ = scale · r.
package struct NetworkPass {
  package var dimension: Int
  package var context: Int
  package var layers: Int
  package var heads: Int
  /// [H]
  package var activations: UnsafePointer<ActivationCode>
  /// M = BᵀC, [L][H][d][d]
  package var keyQuery: UnsafePointer<Float>
  /// P = scale · A, [L][H][d][d]
  package var value: UnsafePointer<Float>
  /// ρ = scale · r, [L][H]
  package var residual: UnsafePointer<Float>
  /// Of the heads whose activation is `program`, [H]; nil where none is.
  package var programs: UnsafePointer<HeadProgram>?
  /// BᵀB and CᵀC, [L][H][d][d], where some head is of distances; else nil.
  package var keySquare: UnsafePointer<Float>?
  package var querySquare: UnsafePointer<Float>?
  /// The prediction is minus the query's last coordinate of x at the input of the last layer, which then computes nothing
  /// and has gradients of 0. With y as that coordinate, gradients are those of whole (d+1)×(d+1) matrices V, B and C.
  package var readsLastCoordinate = false
  /// Activations are kept between the passes where they are at most this many vectors, and computed again elsewhere; no
  /// bit depends on it. By default 3 MiB: up to there keeping was faster (docs/performance.md).
  package var keptAttention = 3 << 14

  package init(
    dimension: Int, context: Int, layers: Int, heads: Int, activations: UnsafePointer<ActivationCode>,
    keyQuery: UnsafePointer<Float>, value: UnsafePointer<Float>, residual: UnsafePointer<Float>
  ) {
    self.dimension = dimension
    self.context = context
    self.layers = layers
    self.heads = heads
    self.activations = activations
    self.keyQuery = keyQuery
    self.value = value
    self.residual = residual
  }

  /// Features of a token: x and y.
  package var features: Int { dimension + 1 }
  package var tokens: Int { context + 1 }
  /// Vectors of one block of prompts: [n+1][d+1], the query last with y = 0.
  package var vectorsPerBlock: Int { tokens * features }
  /// Vectors of a_st of all layers but the last, which has one target: [L−1][H][n+1][n].
  package var attentionVectors: Int { (layers - 1) * heads * tokens * context }
  package var keepsAttention: Bool { attentionVectors * (programs == nil ? 1 : 2) <= keptAttention }
  package var hasDistances: Bool { keySquare != nil }
  /// Gradients of one head: dM [d][d], dP [d][d], dρ [1]; where some head is of distances also those of BᵀB and CᵀC.
  package var gradientPerHead: Int { (hasDistances ? 4 : 2) * dimension * dimension + 1 }
  /// Vectors of scratch that programs need.
  package var programVectors: Int {
    guard let programs else { return 0 }
    var most = 0
    for head in 0..<heads {
      if case .program = activations[head] {
        most = max(most, programs[head].value.scratchVectors, programs[head].valueAndSlope.scratchVectors)
      }
    }
    return most
  }
  /// Vectors of a block's sums per lane: gradients [L][H][gradientPerHead], then squared errors.
  package var laneSumVectors: Int { layers * heads * gradientPerHead + 1 }
  /// Floats of one chunk's gradient: [L][H][gradientPerHead], rounded up to whole vectors so that sums over chunks run
  /// over vectors. What lies past the last head is zero.
  package var gradientCount: Int {
    (layers * heads * gradientPerHead + lanesPerBlock - 1) / lanesPerBlock * lanesPerBlock
  }
}
