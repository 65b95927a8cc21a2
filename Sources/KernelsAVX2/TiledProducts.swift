// Small matrix products of vectors, blocked so that sums stay in registers: T rows by as many columns as a tile has.
// Each result is one chain of fused multiply-adds in index order, whatever the blocking.

/// Σ_k x_tk m(i, k) for T rows x_t and `count` indices i and k, m(i, k) = matrix[i·row + k·column].
@inline(__always)
func multiply<let T: Int>(
  _ matrix: UnsafePointer<Float>, row: Int, column: Int, _ x: UnsafePointer<Lanes>, _ strideX: Int, _ count: Int,
  _: InlineArray<T, Lanes>.Type, _ store: (_ t: Int, _ i: Int, _ sum: Lanes) -> Void
) {
  var i = 0
  while i + HeadTile.count <= count {
    var sums = InlineArray<T, HeadTile>(repeating: HeadTile(repeating: .zero))
    for k in 0..<count {
      for j in 0..<HeadTile.count {
        let m = broadcast(matrix[(i + j) * row + k * column])
        for t in 0..<T { sums[t][j] = fma(x[t * strideX + k], m, sums[t][j]) }
      }
    }
    for t in 0..<T { for j in 0..<HeadTile.count { store(t, i + j, sums[t][j]) } }
    i += HeadTile.count
  }
  while i < count {
    var sums = InlineArray<T, Lanes>(repeating: .zero)
    for k in 0..<count {
      let m = broadcast(matrix[i * row + k * column])
      for t in 0..<T { sums[t] = fma(x[t * strideX + k], m, sums[t]) }
    }
    for t in 0..<T { store(t, i, sums[t]) }
    i += 1
  }
}

/// Σ_k a_tk b_sk for T rows a_t and `rows` rows b_s of `count` vectors.
@inline(__always)
func pairwise<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int, _ rows: Int,
  _: InlineArray<T, Lanes>.Type, _ store: (_ t: Int, _ s: Int, _ sum: Lanes) -> Void
) {
  var s = 0
  while s + HeadTile.count <= rows {
    var sums = InlineArray<T, HeadTile>(repeating: HeadTile(repeating: .zero))
    for k in 0..<count {
      for j in 0..<HeadTile.count {
        let right = b[(s + j) * strideB + k]
        for t in 0..<T { sums[t][j] = fma(a[t * strideA + k], right, sums[t][j]) }
      }
    }
    for t in 0..<T { for j in 0..<HeadTile.count { store(t, s + j, sums[t][j]) } }
    s += HeadTile.count
  }
  while s < rows {
    var sums = InlineArray<T, Lanes>(repeating: .zero)
    for k in 0..<count {
      let right = b[s * strideB + k]
      for t in 0..<T { sums[t] = fma(a[t * strideA + k], right, sums[t]) }
    }
    for t in 0..<T { store(t, s, sums[t]) }
    s += 1
  }
}

/// Σ_s a_ts b_sk for T rows a_t, `count` sources s and `columns` indices k.
@inline(__always)
func combine<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int, _ columns: Int,
  _: InlineArray<T, Lanes>.Type, _ store: (_ t: Int, _ k: Int, _ sum: Lanes) -> Void
) {
  var k = 0
  while k + HeadTile.count <= columns {
    var sums = InlineArray<T, HeadTile>(repeating: HeadTile(repeating: .zero))
    for s in 0..<count {
      for j in 0..<HeadTile.count {
        let right = b[s * strideB + k + j]
        for t in 0..<T { sums[t][j] = fma(a[t * strideA + s], right, sums[t][j]) }
      }
    }
    for t in 0..<T { for j in 0..<HeadTile.count { store(t, k + j, sums[t][j]) } }
    k += HeadTile.count
  }
  while k < columns {
    var sums = InlineArray<T, Lanes>(repeating: .zero)
    for s in 0..<count {
      let right = b[s * strideB + k]
      for t in 0..<T { sums[t] = fma(a[t * strideA + s], right, sums[t]) }
    }
    for t in 0..<T { store(t, k, sums[t]) }
    k += 1
  }
}

/// c_ik += Σ_t a_ti b_tk for i, k below `d` and `count` rows t.
@inline(__always)
func addOuterProducts(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ d: Int, _ count: Int,
  _ c: UnsafeMutablePointer<Lanes>
) {
  var i = 0
  while i < d {
    if i + HeadTile.count <= d {
      addOuterRows(a + i, strideA, b, strideB, d, count, c + i * d, HeadTile.self)
      i += HeadTile.count
    } else {
      addOuterRows(a + i, strideA, b, strideB, d, count, c + i * d, SingleTile.self)
      i += 1
    }
  }
}

@inline(__always)
private func addOuterRows<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ d: Int, _ count: Int,
  _ c: UnsafeMutablePointer<Lanes>, _: InlineArray<T, Lanes>.Type
) {
  var k = 0
  while k + HeadTile.count <= d {
    var sums = InlineArray<T, HeadTile>(repeating: HeadTile(repeating: .zero))
    for i in 0..<T { for j in 0..<HeadTile.count { sums[i][j] = c[i * d + k + j] } }
    for t in 0..<count {
      for j in 0..<HeadTile.count {
        let right = b[t * strideB + k + j]
        for i in 0..<T { sums[i][j] = fma(a[t * strideA + i], right, sums[i][j]) }
      }
    }
    for i in 0..<T { for j in 0..<HeadTile.count { c[i * d + k + j] = sums[i][j] } }
    k += HeadTile.count
  }
  while k < d {
    var sums = InlineArray<T, Lanes>(repeating: .zero)
    for i in 0..<T { sums[i] = c[i * d + k] }
    for t in 0..<count {
      let right = b[t * strideB + k]
      for i in 0..<T { sums[i] = fma(a[t * strideA + i], right, sums[i]) }
    }
    for i in 0..<T { c[i * d + k] = sums[i] }
    k += 1
  }
}
