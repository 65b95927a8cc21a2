// The head kernel for any dimension: every product is blocked for registers, targets by targets' partners, and every
// number is one sum in index order, so that blocking changes no bit. Notation and shapes: HeadBuffers.
// Formulas: docs/science.md §1, differentiated by hand.

#if WIDE_REGISTERS
  /// 4 × 4 sums and their operands fill the 32 registers of AVX-512.
  typealias HeadTile = InlineArray<4, Lanes>
#else
  /// A vector of 16 prompts is two registers of AVX2, which has 16.
  typealias HeadTile = InlineArray<2, Lanes>
#endif
typealias SingleTile = InlineArray<1, Lanes>

enum GeneralHead<Head: HeadActivation>: HeadKernel {
  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    let tokens = head.context + 1
    var t = 0
    while t + HeadTile.count <= tokens {
      forwardTile(head, t, base, output, HeadTile.self)
      t += HeadTile.count
    }
    while t < tokens {
      forwardTile(head, t, base, output, SingleTile.self)
      t += 1
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let n = head.context, f = head.dimension + 1
    weigh(head, n, SingleTile.self)
    return head.weighted[n * f + head.dimension] * broadcast(head.residual)
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = head.dimension, f = d + 1, tokens = head.context + 1
    var t = 0
    while t + HeadTile.count <= tokens {
      backwardTile(head, t, g, inputGradient, HeadTile.self)
      t += HeadTile.count
    }
    while t < tokens {
      backwardTile(head, t, g, inputGradient, SingleTile.self)
      t += 1
    }
    if let gi = inputGradient { for t in 0..<tokens { addToTargets(head, t, gi, SingleTile.self) } }
    var residual = head.residualGradient[0]
    for t in 0..<tokens { residual = fma(g[t * f + d], head.weighted[t * f + d], residual) }
    head.residualGradient[0] = residual
    addOuterProducts(head.projectedGradient, d, head.input, f, d, tokens, head.keyQueryGradient)
    addOuterProducts(g, f, head.weighted, f, d, tokens, head.valueGradient)
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient gy: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, d = head.dimension, f = d + 1
    head.residualGradient[0] = fma(gy, head.weighted[n * f + d], head.residualGradient[0])
    for k in 0..<d { head.tile[k] = .zero }
    head.tile[d] = gy * broadcast(head.residual)
    scatter(head, n, inputGradient, SingleTile.self)
    if let gi = inputGradient { addToTargets(head, n, gi, SingleTile.self) }
    addOuterProducts(head.projectedGradient + n * d, d, head.input + n * f, f, d, 1, head.keyQueryGradient)
  }

  @inline(__always)
  private static func forwardTile<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ base: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>,
    _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1
    weigh(head, t, tile)
    let w = head.weighted + t * f
    multiply(head.value, row: d, column: 1, UnsafePointer(w), f, d, tile) { i, k, sum in
      output[(t + i) * f + k] = base[(t + i) * f + k] + sum
    }
    for i in 0..<T { output[(t + i) * f + d] = fma(w[i * f + d], head.residual, base[(t + i) * f + d]) }
  }

  /// u, activations and weighted sums of T targets.
  @inline(__always)
  private static func weigh<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let n = head.context, d = head.dimension, f = d + 1, z = head.input
    let u = head.projected + t * d, rows = head.attention + t * n, w = head.weighted + t * f
    multiply(head.keyQuery, row: d, column: 1, z + t * f, f, d, tile) { i, k, sum in u[i * d + k] = sum }
    pairwise(UnsafePointer(u), d, z, f, d, n, tile) { i, s, score in
      rows[i * n + s] = Head.normalises ? score : Head.value(score)
    }
    if Head.normalises {
      for i in 0..<T { head.inverseSum[t + i] = exponentiate(rows + i * n, n) }
    }
    let inverse = head.inverseSum + t
    combine(UnsafePointer(rows), n, z, f, n, f, tile) { i, k, sum in
      w[i * f + k] = Head.normalises ? sum * inverse[i] : sum
    }
  }

  /// Replaces scores by e^(s − max); returns one over their sum.
  @inline(__always)
  private static func exponentiate(_ row: UnsafeMutablePointer<Lanes>, _ n: Int) -> Lanes {
    var maximum = broadcast(-.infinity)
    for s in 0..<n { maximum.replace(with: row[s], where: row[s] .> maximum) }
    var sum = Lanes.zero
    for s in 0..<n {
      let e = Head.value(row[s] - maximum)
      row[s] = e
      sum += e
    }
    return broadcast(1) / sum
  }

  @inline(__always)
  private static func backwardTile<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ g: UnsafePointer<Lanes>,
    _ inputGradient: UnsafeMutablePointer<Lanes>?, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1
    let dw = head.tile
    multiply(head.value, row: 1, column: d, g + t * f, f, d, tile) { i, k, sum in dw[i * f + k] = sum }
    for i in 0..<T { dw[i * f + d] = g[(t + i) * f + d] * broadcast(head.residual) }
    scatter(head, t, inputGradient, tile)
  }

  /// From the gradients of T targets' weighted sums, in `head.tile`, to those of scores, sources and u.
  @inline(__always)
  private static func scatter<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ inputGradient: UnsafeMutablePointer<Lanes>?,
    _ tile: InlineArray<T, Lanes>.Type
  ) {
    let n = head.context, d = head.dimension, f = d + 1, z = head.input
    let rows = head.attention + t * n, du = head.projectedGradient + t * d
    let dw = head.tile, ds = head.tile + T * f
    var centre = InlineArray<T, Lanes>(repeating: .zero)
    if Head.normalises {
      for i in 0..<T {
        for k in 0..<f { centre[i] = fma(head.weighted[(t + i) * f + k], dw[i * f + k], centre[i]) }
        let inverse = head.inverseSum[t + i]
        for s in 0..<n { rows[i * n + s] *= inverse }
      }
    }
    pairwise(UnsafePointer(dw), f, z, f, f, n, tile) { i, s, da in
      ds[i * n + s] = Head.scoreGradient(rows[i * n + s], Head.normalises ? da - centre[i] : da)
    }
    combine(UnsafePointer(ds), n, z, f, n, d, tile) { i, k, sum in du[i * d + k] = sum }
    guard let gi = inputGradient else { return }
    addToSources(head, t, gi, tile)
  }

  /// gi_t += Mᵀ du_t, after all sources have theirs: the order of additions must not depend on the size of a tile.
  @inline(__always)
  private static func addToTargets<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ gi: UnsafeMutablePointer<Lanes>, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1
    multiply(head.keyQuery, row: 1, column: d, UnsafePointer(head.projectedGradient + t * d), d, d, tile) { i, k, sum in
      gi[(t + i) * f + k] += sum
    }
  }

  /// gi_s += Σ_t a_st dw_t, and dS_st u_t for its x.
  @inline(__always)
  private static func addToSources<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ gi: UnsafeMutablePointer<Lanes>, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let n = head.context, d = head.dimension, f = d + 1
    let a = head.attention + t * n, u = head.projected + t * d, dw = head.tile, ds = head.tile + T * f
    for s in 0..<n {
      var k = 0
      while k + HeadTile.count <= d {
        var sums = HeadTile(repeating: .zero)
        for j in 0..<HeadTile.count { sums[j] = gi[s * f + k + j] }
        for i in 0..<T {
          let weight = a[i * n + s], score = ds[i * n + s]
          for j in 0..<HeadTile.count {
            sums[j] = fma(weight, dw[i * f + k + j], fma(score, u[i * d + k + j], sums[j]))
          }
        }
        for j in 0..<HeadTile.count { gi[s * f + k + j] = sums[j] }
        k += HeadTile.count
      }
      while k < d {
        var sum = gi[s * f + k]
        for i in 0..<T { sum = fma(a[i * n + s], dw[i * f + k], fma(ds[i * n + s], u[i * d + k], sum)) }
        gi[s * f + k] = sum
        k += 1
      }
      var sum = gi[s * f + d]
      for i in 0..<T { sum = fma(a[i * n + s], dw[i * f + d], sum) }
      gi[s * f + d] = sum
    }
  }
}
