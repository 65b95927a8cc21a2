// Linear attention where sums over sources come first: Σ_s a_st z_s = (Σ_s z_s x_sᵀ) M x_t, so that a head costs n·d²
// instead of n²·d. With G = Σ_s z_s x_sᵀ [d+1][d], K = G M and W = [P K_x; ρ K_y], the head adds W x_t to target t; of
// the last layer's query only the row of y is needed. Formulas: docs/science.md §1, re-associated and differentiated by
// hand: dW = Σ_t g_t x_tᵀ, dK = [Pᵀ dW_x; ρ dW_y], dG = dK Mᵀ.

/// G takes the place of `weighted`, K that of `projected`, which hold them where n ≥ d; with fewer sources sums over
/// sources come last, which then needs fewer operations (`HeadDispatch`). `attention` is not used.
enum AssociatedLinear<Product: LinearProduct>: HeadKernel {
  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    let d = Product.dimension(head), f = d + 1
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let base = Strips(base, strip: part), output = Strips(output, strip: part)
      let z = strips.z, G = strips.weighted, K = strips.projected, W = strips.tile, M = strips.keyQuery
      Product.add(f, inner: strips.n, columns: d, { z[$0 * f + $1] }, { z[$0 * f + $1] }, { _, _ in .zero }, into: G, d)
      Product.add(f, inner: d, columns: d, { G[$1 * d + $0] }, { strip(M[$0 * d + $1]) }, { _, _ in .zero }, into: K, d)
      multiplyValues(strips, d, W)
      Product.add(
        strips.n + 1, inner: d, columns: f, { z[$1 * f + $0] }, { W[$1 * d + $0] }, { base[$0 * f + $1] },
        into: output, f)
    }
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = Product.dimension(head), f = d + 1
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let g = Strips(g, strip: part), z = strips.z, tokens = strips.n + 1
      let G = strips.weighted, K = strips.projected, dW = strips.weightedGradient, dK = strips.projectedGradient
      let M = strips.keyQuery, P = strips.value, dM = strips.keyQueryGradient, dP = strips.valueGradient
      Product.add(f, inner: tokens, columns: d, { g[$0 * f + $1] }, { z[$0 * f + $1] }, { _, _ in .zero }, into: dW, d)
      Product.add(d, inner: d, columns: d, { dW[$1 * d + $0] }, { K[$1 * d + $0] }, { dP[$0 * d + $1] }, into: dP, d)
      var residual = strips.residualGradient[0]
      for k in 0..<d { residual = fma(dW[d * d + k], K[d * d + k], residual) }
      strips.residualGradient[0] = residual
      Product.add(
        d, inner: d, columns: d, { strip(P[$0 * d + $1]) }, { dW[$0 * d + $1] }, { _, _ in .zero }, into: dK, d)
      for k in 0..<d { dK[d * d + k] = dW[d * d + k] * strip(strips.residual) }
      Product.add(d, inner: f, columns: d, { G[$0 * d + $1] }, { dK[$0 * d + $1] }, { dM[$0 * d + $1] }, into: dM, d)
      guard let inputGradient else { continue }
      let gi = Strips(inputGradient, strip: part), W = strips.tile, S = strips.tile + f * d
      multiplyValues(strips, d, W)
      Product.add(
        tokens, inner: f, columns: d, { g[$1 * f + $0] }, { W[$0 * d + $1] }, { gi[$0 * f + $1] }, into: gi, f)
      // dG, and what z_s is multiplied by: dG + dGᵀ, whose corner is 0, since no y meets a y.
      Product.add(
        f, inner: d, columns: d, { dK[$1 * d + $0] }, { strip(M[$1 * d + $0]) }, { _, _ in .zero }, into: dW, d)
      for i in 0..<d {
        for k in 0..<d { S[i * f + k] = dW[i * d + k] + dW[k * d + i] }
        S[i * f + d] = dW[d * d + i]
        S[d * f + i] = dW[d * d + i]
      }
      S[d * f + d] = .zero
      Product.add(
        strips.n, inner: f, columns: f, { z[$1 * f + $0] }, { S[$0 * f + $1] }, { gi[$0 * f + $1] }, into: gi, f)
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let d = Product.dimension(head), f = d + 1
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let n = strips.n, z = strips.z, sums = strips.weighted, u = strips.projected, M = strips.keyQuery
      Product.add(
        1, inner: n, columns: d, { s, _ in z[s * f + d] }, { z[$0 * f + $1] }, { _, _ in .zero }, into: sums, d)
      Product.add(
        1, inner: d, columns: d, { k, _ in z[n * f + k] }, { strip(M[$1 * d + $0]) }, { _, _ in .zero }, into: u, d)
      var wy = Strip.zero
      for k in 0..<d { wy = fma(sums[k], u[k], wy) }
      sums[d] = wy
    }
    return head.weighted[d] * broadcast(head.residual)
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = Product.dimension(head), f = d + 1
    // The tile's first vector hands the gradient over strip by strip.
    head.tile[0] = queryGradient
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let n = strips.n, z = strips.z, sums = strips.weighted, u = strips.projected, M = strips.keyQuery
      let dSums = strips.weightedGradient, du = strips.projectedGradient, dM = strips.keyQueryGradient
      let gy = strips.tile[0], dwy = gy * strip(strips.residual)
      strips.residualGradient[0] = fma(gy, sums[d], strips.residualGradient[0])
      for k in 0..<d {
        dSums[k] = dwy * u[k]
        du[k] = dwy * sums[k]
      }
      let query = z + n * f
      Product.add(d, inner: 1, columns: d, { du[$1] }, { query[$1] }, { dM[$0 * d + $1] }, into: dM, d)
      guard let inputGradient else { continue }
      let gi = Strips(inputGradient, strip: part), gq = gi + n * f
      Product.add(1, inner: d, columns: d, { j, _ in du[j] }, { strip(M[$0 * d + $1]) }, { gq[$1] }, into: gq, f)
      for s in 0..<n {
        let x = z + s * f, gs = gi + s * f, y = x[d]
        var sum = gs[d]
        for k in 0..<d {
          gs[k] = fma(y, dSums[k], gs[k])
          sum = fma(x[k], dSums[k], sum)
        }
        gs[d] = sum
      }
    }
  }

  /// W = [P K_x; ρ K_y]
  @inline(__always)
  private static func multiplyValues(_ head: HeadStrips, _ d: Int, _ W: Strips) {
    let P = head.value, K = head.projected
    Product.add(d, inner: d, columns: d, { strip(P[$1 * d + $0]) }, { K[$0 * d + $1] }, { _, _ in .zero }, into: W, d)
    for k in 0..<d { W[d * d + k] = K[d * d + k] * strip(head.residual) }
  }
}
