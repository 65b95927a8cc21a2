// One attention head of one layer on one block of prompts: its inputs, what the forward pass keeps for the backward
// pass, and where gradients go. All buffers hold vectors of 16 prompts, 64-byte aligned.

struct HeadBuffers {
  var dimension: Int
  var context: Int
  /// The layer's input, [n+1][d+1].
  var input: UnsafePointer<Lanes>
  /// Whether `attention` holds all targets until the backward pass. Else it is room for the few targets at work, shared
  /// by all heads, and the backward pass computes their scores and activations again, to the same bits.
  var keepsAttention: Bool
  /// a_st, [n+1][n] by target then source, or [HeadTile.count][n] of the targets at work; in the last layer [n] of the
  /// query, kept always. The general kernel transposes what belongs to targets that it takes together. For a normalised
  /// activation before division.
  var attention: UnsafeMutablePointer<Lanes>
  /// The maximum that was subtracted from a target's scores, and 1 / Σ_s a_st, of a normalised activation: [n+1] each.
  var maximum: UnsafeMutablePointer<Lanes>
  var inverseSum: UnsafeMutablePointer<Lanes>
  /// Σ_s a_st z_s, [n+1][d+1], divided where the activation is normalised.
  var weighted: UnsafeMutablePointer<Lanes>
  /// u_t = M x_t, [n+1][d]
  var projected: UnsafeMutablePointer<Lanes>
  /// dL/du_t, [n+1][d]; the backward pass's own.
  var projectedGradient: UnsafeMutablePointer<Lanes>
  /// The backward pass's own: dL/d weighted, [n+1][d+1]; of a normalised activation its product with `weighted`, [n+1];
  /// and dL/dS of the targets at work and `sourcesAtOnce` sources, of all sources for small dimensions.
  var weightedGradient: UnsafeMutablePointer<Lanes>
  var centre: UnsafeMutablePointer<Lanes>
  var tile: UnsafeMutablePointer<Lanes>
  /// M = BᵀC and P = scale · A, [d][d]; ρ = scale · r.
  var keyQuery: UnsafePointer<Float>
  var value: UnsafePointer<Float>
  var residual: Float
  /// Added to, one sum per lane: [d][d], [d][d], [1].
  var keyQueryGradient: UnsafeMutablePointer<Lanes>
  var valueGradient: UnsafeMutablePointer<Lanes>
  var residualGradient: UnsafeMutablePointer<Lanes>
  /// What a head with a compiled formula needs besides; nil for the others. By pointer: the others copy it as well.
  var program: UnsafePointer<ProgramBuffers>?

  /// Where the activations of target t lie, or of the first of a few targets from t on.
  @inline(__always) func attentionRow(_ t: Int) -> UnsafeMutablePointer<Lanes> {
    attention + rowOffset(t)
  }
  /// The same as a number of vectors after `attention`, and after the slopes of `program`.
  @inline(__always) func rowOffset(_ t: Int) -> Int { keepsAttention ? t * context : 0 }
}

/// The passes of one head. `base + head's update` goes to `output`, which may be `base`. The last layer's only target is
/// the query, and only its y is read, so P and the weighted x are left out of it.
protocol HeadKernel {
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>)
  /// Returns the head's contribution to the query's y.
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes
  /// - outputGradient: dL/d output, [n+1][d+1]. Adds to `inputGradient` unless nil (the first layer needs none).
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?)
  /// - queryGradient: dL/d(query's y) at the output.
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?)
}
