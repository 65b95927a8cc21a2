// One attention head of one layer on one block of prompts: its inputs, what the forward pass keeps for the backward
// pass, and where gradients go. All buffers hold vectors of 16 prompts, 64-byte aligned.

struct HeadBuffers {
  var dimension: Int
  var context: Int
  /// The layer's input, [n+1][d+1].
  var input: UnsafePointer<Lanes>
  /// a_st, [n+1][n] by target then source; for a normalised activation before division.
  var attention: UnsafeMutablePointer<Lanes>
  /// 1 / Σ_s a_st of a normalised activation, [n+1].
  var inverseSum: UnsafeMutablePointer<Lanes>
  /// Σ_s a_st z_s, [n+1][d+1], divided where the activation is normalised.
  var weighted: UnsafeMutablePointer<Lanes>
  /// u_t = M x_t, [n+1][d]
  var projected: UnsafeMutablePointer<Lanes>
  /// dL/du_t, [n+1][d]; the backward pass's own.
  var projectedGradient: UnsafeMutablePointer<Lanes>
  /// Gradients of a tile of targets while they are worked on: [tile][d+1], then [tile][n]; the general kernel's own.
  var tile: UnsafeMutablePointer<Lanes>
  /// M = BᵀC and P = scale · A, [d][d]; ρ = scale · r.
  var keyQuery: UnsafePointer<Float>
  var value: UnsafePointer<Float>
  var residual: Float
  /// Added to, one sum per lane: [d][d], [d][d], [1].
  var keyQueryGradient: UnsafeMutablePointer<Lanes>
  var valueGradient: UnsafeMutablePointer<Lanes>
  var residualGradient: UnsafeMutablePointer<Lanes>
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
