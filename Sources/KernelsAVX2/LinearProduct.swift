// The matrix products of associated linear attention, on strips, blocked so that sums stay in registers: for a dimension
// known at compile time all columns at once, else a few. Each result is one chain of multiply-adds in index order.

protocol LinearProduct {
  static func dimension(_ head: borrowing HeadBuffers) -> Int
  /// c_ik = start(i, k) + Σ_m left(m, i) right(m, k) for `rows` rows i and d or d + 1 columns k.
  static func add(
    _ rows: Int, inner: Int, columns: Int, _ left: (_ m: Int, _ i: Int) -> Strip,
    _ right: (_ m: Int, _ k: Int) -> Strip, _ start: (_ i: Int, _ k: Int) -> Strip, into c: Strips, _ stride: Int)
}

/// f = d + 1
enum FixedProduct<let d: Int, let f: Int>: LinearProduct {
  @inline(__always) static func dimension(_ head: borrowing HeadBuffers) -> Int { d }

  @inline(__always)
  static func add(
    _ rows: Int, inner: Int, columns: Int, _ left: (_ m: Int, _ i: Int) -> Strip,
    _ right: (_ m: Int, _ k: Int) -> Strip, _ start: (_ i: Int, _ k: Int) -> Strip, into c: Strips, _ stride: Int
  ) {
    if columns == d {
      productColumns(rows, inner, 0, InlineArray<d, Strip>.self, left, right, start, c, stride)
    } else {
      productColumns(rows, inner, 0, InlineArray<f, Strip>.self, left, right, start, c, stride)
    }
  }
}

enum AnyProduct: LinearProduct {
  @inline(__always) static func dimension(_ head: borrowing HeadBuffers) -> Int { head.dimension }

  @inline(__always)
  static func add(
    _ rows: Int, inner: Int, columns: Int, _ left: (_ m: Int, _ i: Int) -> Strip,
    _ right: (_ m: Int, _ k: Int) -> Strip, _ start: (_ i: Int, _ k: Int) -> Strip, into c: Strips, _ stride: Int
  ) {
    var k = 0
    while k + 5 <= columns {
      productColumns(rows, inner, k, InlineArray<5, Strip>.self, left, right, start, c, stride)
      k += 5
    }
    while k < columns {
      productColumns(rows, inner, k, InlineArray<1, Strip>.self, left, right, start, c, stride)
      k += 1
    }
  }
}

#if WIDE_REGISTERS
  private typealias LinearRows = InlineArray<3, Strip>
#else
  private typealias LinearRows = InlineArray<2, Strip>
#endif

/// Columns `first…` of all rows, some rows at a time.
@inline(__always)
private func productColumns<let C: Int>(
  _ rows: Int, _ inner: Int, _ first: Int, _ columns: InlineArray<C, Strip>.Type,
  _ left: (_ m: Int, _ i: Int) -> Strip, _ right: (_ m: Int, _ k: Int) -> Strip,
  _ start: (_ i: Int, _ k: Int) -> Strip, _ c: Strips, _ stride: Int
) {
  var i = 0
  while i + LinearRows.count <= rows {
    productBlock(i, inner, first, columns, LinearRows.self, left, right, start, c, stride)
    i += LinearRows.count
  }
  while i < rows {
    productBlock(i, inner, first, columns, InlineArray<1, Strip>.self, left, right, start, c, stride)
    i += 1
  }
}

@inline(__always)
private func productBlock<let C: Int, let R: Int>(
  _ i: Int, _ inner: Int, _ first: Int, _: InlineArray<C, Strip>.Type, _: InlineArray<R, Strip>.Type,
  _ left: (_ m: Int, _ i: Int) -> Strip, _ right: (_ m: Int, _ k: Int) -> Strip,
  _ start: (_ i: Int, _ k: Int) -> Strip, _ c: Strips, _ stride: Int
) {
  var sums = InlineArray<R, InlineArray<C, Strip>>(repeating: InlineArray<C, Strip>(repeating: .zero))
  for j in 0..<R { for k in 0..<C { sums[j][k] = start(i + j, first + k) } }
  for m in 0..<inner {
    var row = InlineArray<C, Strip>(repeating: .zero)
    for k in 0..<C { row[k] = right(m, first + k) }
    for j in 0..<R {
      let factor = left(m, i + j)
      for k in 0..<C { sums[j][k] = fma(factor, row[k], sums[j][k]) }
    }
  }
  for j in 0..<R { for k in 0..<C { c[(i + j) * stride + first + k] = sums[j][k] } }
}
