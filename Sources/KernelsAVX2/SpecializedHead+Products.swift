// Products of the head kernel for a dimension known at compile time: Mᵀ du, and the gradients of M and P.

extension SpecializedHead {
  @inline(__always)
  static func load(_ x: Strips) -> Vector {
    var vector = Vector(repeating: .zero)
    for k in 0..<d { vector[k] = x[k] }
    return vector
  }

  @inline(__always)
  static func load<let T: Int>(
    _ x: Strips, _ stride: Int, _: InlineArray<T, Strip>.Type
  ) -> InlineArray<T, Vector> {
    var vectors = InlineArray<T, Vector>(repeating: Vector(repeating: .zero))
    for i in 0..<T { for k in 0..<d { vectors[i][k] = x[i * stride + k] } }
    return vectors
  }

  /// g_t += Mᵀ du_t, after all sources have theirs: the order of additions must not depend on the size of a tile.
  @inline(__always)
  static func addTransposed(_ head: HeadStrips, _ t: Int, _ gradient: Strips) {
    let M = head.keyQuery, du = load(head.projectedGradient + t * d), g = gradient + t * features
    for k in 0..<d {
      var sum = g[k]
      for j in 0..<d { sum = fma(du[j], M[j * d + k], sum) }
      g[k] = sum
    }
  }

  /// c_ik += Σ_t a_ti b_tk, rows of c in blocks that stay in registers.
  @inline(__always)
  static func addOuterProducts(
    _ a: Strips, _ strideA: Int, _ b: Strips, _ strideB: Int, _ c: Strips, count: Int
  ) {
    var i = 0
    while i + OuterRows.count <= d {
      addOuterRows(a + i, strideA, b, strideB, c + i * d, count, OuterRows.self)
      i += OuterRows.count
    }
    while i < d {
      addOuterRows(a + i, strideA, b, strideB, c + i * d, count, Single.self)
      i += 1
    }
  }

  @inline(__always)
  private static func addOuterRows<let R: Int>(
    _ a: Strips, _ strideA: Int, _ b: Strips, _ strideB: Int, _ c: Strips, _ count: Int,
    _: InlineArray<R, Strip>.Type
  ) {
    var sums = InlineArray<R, Vector>(repeating: Vector(repeating: .zero))
    for i in 0..<R { sums[i] = load(c + i * d) }
    for t in 0..<count {
      let right = load(b + t * strideB)
      for i in 0..<R {
        let left = a[t * strideA + i]
        for k in 0..<d { sums[i][k] = fma(left, right[k], sums[i][k]) }
      }
    }
    for i in 0..<R { for k in 0..<d { c[i * d + k] = sums[i][k] } }
  }
}

#if WIDE_REGISTERS
  private typealias OuterRows = InlineArray<3, Strip>
#else
  private typealias OuterRows = InlineArray<2, Strip>
#endif
