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
      let z = LaneMatrix(strips.z, row: f), W = LaneMatrix(strips.tile, row: d)
      let G = LaneMatrix(strips.weighted, row: d), K = LaneMatrix(strips.projected, row: d)
      let M = SharedMatrix(strips.keyQuery, row: d)
      let base = LaneMatrix(Strips(base, strip: part), row: f)
      let output = LaneMatrix(Strips(output, strip: part), row: f)
      Product.multiply(z.transposed, z, rows: f, inner: strips.n, columns: d, addingTo: nil, into: G)
      Product.multiply(G, M, rows: f, inner: d, columns: d, addingTo: nil, into: K)
      multiplyValues(strips, K, into: W)
      Product.multiply(z, W.transposed, rows: strips.n + 1, inner: d, columns: f, addingTo: base, into: output)
    }
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = Product.dimension(head), f = d + 1
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part), tokens = strips.n + 1
      let z = LaneMatrix(strips.z, row: f), g = LaneMatrix(Strips(g, strip: part), row: f)
      let G = LaneMatrix(strips.weighted, row: d), K = LaneMatrix(strips.projected, row: d)
      let dW = LaneMatrix(strips.weightedGradient, row: d), dK = LaneMatrix(strips.projectedGradient, row: d)
      let M = SharedMatrix(strips.keyQuery, row: d), P = SharedMatrix(strips.value, row: d)
      let dM = LaneMatrix(strips.keyQueryGradient, row: d), dP = LaneMatrix(strips.valueGradient, row: d)
      Product.multiply(g.transposed, z, rows: f, inner: tokens, columns: d, addingTo: nil, into: dW)
      Product.multiply(dW, K.transposed, rows: d, inner: d, columns: d, addingTo: dP, into: dP)
      var residual = strips.residualGradient[0]
      for k in 0..<d { residual = fma(dW.element(d, k), K.element(d, k), residual) }
      strips.residualGradient[0] = residual
      Product.multiply(P.transposed, dW, rows: d, inner: d, columns: d, addingTo: nil, into: dK)
      for k in 0..<d { dK.replace(d, k, with: dW.element(d, k) * strip(strips.residual)) }
      Product.multiply(G.transposed, dK, rows: d, inner: f, columns: d, addingTo: dM, into: dM)
      guard let inputGradient else { continue }
      let gi = LaneMatrix(Strips(inputGradient, strip: part), row: f)
      let W = LaneMatrix(strips.tile, row: d), S = LaneMatrix(strips.tile + f * d, row: f)
      multiplyValues(strips, K, into: W)
      Product.multiply(g, W, rows: tokens, inner: f, columns: d, addingTo: gi, into: gi)
      // dG, and what z_s is multiplied by: dG + dGᵀ, whose corner is 0, since no y meets a y.
      let dG = dW
      Product.multiply(dK, M.transposed, rows: f, inner: d, columns: d, addingTo: nil, into: dG)
      for i in 0..<d {
        for k in 0..<d { S.replace(i, k, with: dG.element(i, k) + dG.element(k, i)) }
        S.replace(i, d, with: dG.element(d, i))
        S.replace(d, i, with: dG.element(d, i))
      }
      S.replace(d, d, with: .zero)
      Product.multiply(z, S, rows: strips.n, inner: f, columns: f, addingTo: gi, into: gi)
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let d = Product.dimension(head), f = d + 1
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let n = strips.n, sums = strips.weighted, u = strips.projected
      let z = LaneMatrix(strips.z, row: f), M = SharedMatrix(strips.keyQuery, row: d)
      let y = LaneMatrix(strips.z + d, row: 0, column: f), query = LaneMatrix(strips.z + n * f, row: f)
      Product.multiply(y, z, rows: 1, inner: n, columns: d, addingTo: nil, into: LaneMatrix(sums, row: d))
      Product.multiply(query, M.transposed, rows: 1, inner: d, columns: d, addingTo: nil, into: LaneMatrix(u, row: d))
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
      let n = strips.n, sums = strips.weighted, u = strips.projected
      let dSums = strips.weightedGradient, du = strips.projectedGradient
      let gy = strips.tile[0], dwy = gy * strip(strips.residual)
      strips.residualGradient[0] = fma(gy, sums[d], strips.residualGradient[0])
      for k in 0..<d {
        dSums[k] = dwy * u[k]
        du[k] = dwy * sums[k]
      }
      let query = LaneMatrix(strips.z + n * f, row: f), dM = LaneMatrix(strips.keyQueryGradient, row: d)
      let column = LaneMatrix(du, row: 1)
      Product.multiply(column, query, rows: d, inner: 1, columns: d, addingTo: dM, into: dM)
      guard let inputGradient else { continue }
      let gi = Strips(inputGradient, strip: part), gq = LaneMatrix(gi + n * f, row: f)
      let M = SharedMatrix(strips.keyQuery, row: d)
      Product.multiply(column.transposed, M, rows: 1, inner: d, columns: d, addingTo: gq, into: gq)
      for s in 0..<n {
        let x = strips.z + s * f, gs = gi + s * f, y = x[d]
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
  private static func multiplyValues(_ head: HeadStrips, _ K: LaneMatrix, into W: LaneMatrix) {
    let d = W.row, P = SharedMatrix(head.value, row: d)
    Product.multiply(P, K, rows: d, inner: d, columns: d, addingTo: nil, into: W)
    for k in 0..<d { W.replace(d, k, with: K.element(d, k) * strip(head.residual)) }
  }
}
