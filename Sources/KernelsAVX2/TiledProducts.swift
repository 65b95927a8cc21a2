// Small matrix products of vectors, blocked so that sums stay in registers: T rows by as many columns as a tile has.
// Each result is one chain of fused multiply-adds in index order, whatever the blocking.

#if WIDE_REGISTERS
  /// 4 × 4 sums and their operands fill the 32 registers of AVX-512.
  typealias HeadTile = InlineArray<4, Lanes>
#else
  /// A vector of 16 prompts is two registers of AVX2, which has 16.
  typealias HeadTile = InlineArray<2, Lanes>
#endif
typealias PairTile = InlineArray<2, Lanes>
typealias SingleTile = InlineArray<1, Lanes>
/// One column more than a tile has: better than a column alone, whose few sums wait for one another.
#if WIDE_REGISTERS
  typealias WideTile = InlineArray<5, Lanes>
#else
  typealias WideTile = InlineArray<3, Lanes>
#endif

/// Sources of a chunk: their states and the gradients of these stay in the first cache.
func sourcesAtOnce(_ dimension: Int, _ context: Int) -> Int {
  sources(in: 320, dimension, context)
}

/// Sources of a block of chunks: it stays in the second cache while all targets pass by.
func sourcesPerBlock(_ dimension: Int, _ context: Int) -> Int {
  sources(in: 4096, dimension, context)
}

private func sources(in vectors: Int, _ dimension: Int, _ context: Int) -> Int {
  let fitting = vectors / (dimension + 1) / HeadTile.count * HeadTile.count
  let atOnce = fitting < 4 ? 4 : fitting
  return context <= atOnce + atOnce / 2 ? context : atOnce
}

/// out_ti = b_ti + Σ_k x_tk m(i, k), without b_ti where `b` is nil, for T rows x_t and `count` indices i and k,
/// m(i, k) = matrix[i·row + k·column]. `out` may be `b`.
@inline(__always)
func multiply<let T: Int>(
  _ matrix: UnsafePointer<Float>, row: Int, column: Int, _ x: UnsafePointer<Lanes>, _ strideX: Int, _ count: Int,
  addingTo b: UnsafePointer<Lanes>?, _ strideB: Int, _ out: UnsafeMutablePointer<Lanes>, _ strideOut: Int,
  _ tile: InlineArray<T, Lanes>.Type
) {
  var i = 0
  while i + HeadTile.count <= count {
    let base = b.map { $0 + i }
    multiplyRows(
      matrix + i * row, row, column, x, strideX, count, base, strideB, out + i, strideOut, tile, HeadTile.self)
    i += HeadTile.count
  }
  while i < count {
    let base = b.map { $0 + i }
    multiplyRows(
      matrix + i * row, row, column, x, strideX, count, base, strideB, out + i, strideOut, tile, SingleTile.self)
    i += 1
  }
}

@inline(__always)
private func multiplyRows<let T: Int, let R: Int>(
  _ matrix: UnsafePointer<Float>, _ row: Int, _ column: Int, _ x: UnsafePointer<Lanes>, _ strideX: Int, _ count: Int,
  _ b: UnsafePointer<Lanes>?, _ strideB: Int, _ out: UnsafeMutablePointer<Lanes>, _ strideOut: Int,
  _: InlineArray<T, Lanes>.Type, _: InlineArray<R, Lanes>.Type
) {
  var sums = InlineArray<R, InlineArray<T, Lanes>>(repeating: InlineArray<T, Lanes>(repeating: .zero))
  for k in 0..<count {
    for j in 0..<R {
      let m = broadcast(matrix[j * row + k * column])
      for t in 0..<T { sums[j][t] = fma(x[t * strideX + k], m, sums[j][t]) }
    }
  }
  for t in 0..<T {
    for j in 0..<R { out[t * strideOut + j] = if let b { b[t * strideB + j] + sums[j][t] } else { sums[j][t] } }
  }
}

/// out_st = Σ_k a_tk b_sk for T rows a_t and `rows` rows b_s of `count` vectors; out is [rows][T].
@inline(__always)
func pairwise<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int, _ rows: Int,
  _ out: UnsafeMutablePointer<Lanes>, _ tile: InlineArray<T, Lanes>.Type
) {
  var s = 0
  while s + HeadTile.count <= rows {
    pairwiseBlock(a, strideA, b + s * strideB, strideB, count, out + s * T, tile, HeadTile.self)
    s += HeadTile.count
  }
  if HeadTile.count > 2, s + 2 <= rows {
    pairwiseBlock(a, strideA, b + s * strideB, strideB, count, out + s * T, tile, PairTile.self)
    s += 2
  }
  if s < rows { pairwiseBlock(a, strideA, b + s * strideB, strideB, count, out + s * T, tile, SingleTile.self) }
}

@inline(__always)
private func pairwiseBlock<let T: Int, let S: Int>(
  _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int,
  _ out: UnsafeMutablePointer<Lanes>, _: InlineArray<T, Lanes>.Type, _: InlineArray<S, Lanes>.Type
) {
  var sums = InlineArray<S, InlineArray<T, Lanes>>(repeating: InlineArray<T, Lanes>(repeating: .zero))
  for k in 0..<count {
    for j in 0..<S {
      let right = b[j * strideB + k]
      for t in 0..<T { sums[j][t] = fma(a[t * strideA + k], right, sums[j][t]) }
    }
  }
  for j in 0..<S { for t in 0..<T { out[j * T + t] = sums[j][t] } }
}

/// c_tk += Σ_s a_st b_sk for T columns of a, [count][T], `count` rows s and `columns` indices k.
@inline(__always)
func combine<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int, _ columns: Int,
  _ c: UnsafeMutablePointer<Lanes>, _ strideC: Int, _ tile: InlineArray<T, Lanes>.Type
) {
  var k = 0
  let wide = columns % HeadTile.count == 1 && columns > 1 ? columns - WideTile.count : columns
  while k + HeadTile.count <= wide {
    combineColumns(a, b + k, strideB, count, c + k, strideC, tile, HeadTile.self)
    k += HeadTile.count
  }
  if wide < columns {
    combineColumns(a, b + k, strideB, count, c + k, strideC, tile, WideTile.self)
    k += WideTile.count
  }
  if HeadTile.count > 2, k + 2 <= columns {
    combineColumns(a, b + k, strideB, count, c + k, strideC, tile, PairTile.self)
    k += 2
  }
  if k < columns { combineColumns(a, b + k, strideB, count, c + k, strideC, tile, SingleTile.self) }
}

@inline(__always)
private func combineColumns<let T: Int, let C: Int>(
  _ a: UnsafePointer<Lanes>, _ b: UnsafePointer<Lanes>, _ strideB: Int, _ count: Int,
  _ c: UnsafeMutablePointer<Lanes>, _ strideC: Int, _: InlineArray<T, Lanes>.Type, _: InlineArray<C, Lanes>.Type
) {
  var sums = InlineArray<T, InlineArray<C, Lanes>>(repeating: InlineArray<C, Lanes>(repeating: .zero))
  for t in 0..<T { for j in 0..<C { sums[t][j] = c[t * strideC + j] } }
  for s in 0..<count {
    for j in 0..<C {
      let right = b[s * strideB + j]
      for t in 0..<T { sums[t][j] = fma(a[s * T + t], right, sums[t][j]) }
    }
  }
  for t in 0..<T { for j in 0..<C { c[t * strideC + j] = sums[t][j] } }
}

/// g_sk += Σ_t (a_st v_tk, after e_st u_tk where k < d), over T targets in their order, for `count` sources: a and e are
/// [count][T], v is [T][d+1], u [T][d], g [count][d+1].
@inline(__always)
func addToSources<let T: Int>(
  _ a: UnsafePointer<Lanes>, _ v: UnsafePointer<Lanes>, _ e: UnsafePointer<Lanes>, _ u: UnsafePointer<Lanes>, _ d: Int,
  _ g: UnsafeMutablePointer<Lanes>, _ count: Int, _ tile: InlineArray<T, Lanes>.Type
) {
  let f = d + 1
  var s = 0
  while s + HeadTile.count <= count {
    addToSourceRows(a + s * T, v, e + s * T, u, d, g + s * f, tile, HeadTile.self)
    s += HeadTile.count
  }
  while s < count {
    addToSourceRows(a + s * T, v, e + s * T, u, d, g + s * f, tile, SingleTile.self)
    s += 1
  }
}

@inline(__always)
private func addToSourceRows<let T: Int, let S: Int>(
  _ a: UnsafePointer<Lanes>, _ v: UnsafePointer<Lanes>, _ e: UnsafePointer<Lanes>, _ u: UnsafePointer<Lanes>, _ d: Int,
  _ g: UnsafeMutablePointer<Lanes>, _ tile: InlineArray<T, Lanes>.Type, _ rows: InlineArray<S, Lanes>.Type
) {
  var k = 0
  while k + HeadTile.count <= d {
    addToSourceBlock(a, v + k, e, u + k, d, g + k, tile, rows, HeadTile.self)
    k += HeadTile.count
  }
  while k < d {
    addToSourceBlock(a, v + k, e, u + k, d, g + k, tile, rows, SingleTile.self)
    k += 1
  }
  let f = d + 1
  for s in 0..<S {
    var sum = g[s * f + d]
    for t in 0..<T { sum = fma(a[s * T + t], v[t * f + d], sum) }
    g[s * f + d] = sum
  }
}

@inline(__always)
private func addToSourceBlock<let T: Int, let S: Int, let C: Int>(
  _ a: UnsafePointer<Lanes>, _ v: UnsafePointer<Lanes>, _ e: UnsafePointer<Lanes>, _ u: UnsafePointer<Lanes>, _ d: Int,
  _ g: UnsafeMutablePointer<Lanes>, _: InlineArray<T, Lanes>.Type, _: InlineArray<S, Lanes>.Type,
  _: InlineArray<C, Lanes>.Type
) {
  let f = d + 1
  var sums = InlineArray<S, InlineArray<C, Lanes>>(repeating: InlineArray<C, Lanes>(repeating: .zero))
  for s in 0..<S { for j in 0..<C { sums[s][j] = g[s * f + j] } }
  for t in 0..<T {
    for j in 0..<C {
      let right = u[t * d + j]
      for s in 0..<S { sums[s][j] = fma(e[s * T + t], right, sums[s][j]) }
    }
    for j in 0..<C {
      let right = v[t * f + j]
      for s in 0..<S { sums[s][j] = fma(a[s * T + t], right, sums[s][j]) }
    }
  }
  for s in 0..<S { for j in 0..<C { g[s * f + j] = sums[s][j] } }
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
