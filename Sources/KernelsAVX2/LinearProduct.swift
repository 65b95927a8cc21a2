// The matrix products of associated linear attention, on strips, blocked so that sums stay in registers: for a dimension
// known at compile time all columns at once, else a few. Each result is one chain of multiply-adds in index order.

/// What a product reads, by row and column. Types, since closures that are not inlined stay calls.
protocol StripMatrix {
  func element(_ row: Int, _ column: Int) -> Strip
}

/// One strip of a matrix of vectors.
struct LaneMatrix: StripMatrix {
  let strips: Strips
  let row: Int
  let column: Int

  @inline(__always) init(_ strips: Strips, row: Int, column: Int = 1) {
    (self.strips, self.row, self.column) = (strips, row, column)
  }
  @inline(__always) func element(_ i: Int, _ k: Int) -> Strip { strips[i * row + k * column] }
  @inline(__always) func replace(_ i: Int, _ k: Int, with value: Strip) { strips[i * row + k * column] = value }
  @inline(__always) var transposed: LaneMatrix { LaneMatrix(strips, row: column, column: row) }
}

/// A matrix that all prompts share.
struct SharedMatrix: StripMatrix {
  let start: UnsafePointer<Float>
  let row: Int
  let column: Int

  @inline(__always) init(_ start: UnsafePointer<Float>, row: Int, column: Int = 1) {
    (self.start, self.row, self.column) = (start, row, column)
  }
  @inline(__always) func element(_ i: Int, _ k: Int) -> Strip { strip(start[i * row + k * column]) }
  @inline(__always) var transposed: SharedMatrix { SharedMatrix(start, row: column, column: row) }
}

protocol LinearProduct {
  static func dimension(_ head: borrowing HeadBuffers) -> Int
  /// c_ik = start_ik + Σ_m a_im b_mk for `rows` rows i, `inner` indices m and d or d + 1 columns k; start is 0 if nil.
  static func multiply<A: StripMatrix, B: StripMatrix>(
    _ a: A, _ b: B, rows: Int, inner: Int, columns: Int, addingTo start: LaneMatrix?, into c: LaneMatrix)
}

/// f = d + 1
enum FixedProduct<let d: Int, let f: Int>: LinearProduct {
  @inline(__always) static func dimension(_ head: borrowing HeadBuffers) -> Int { d }

  @inline(__always)
  static func multiply<A: StripMatrix, B: StripMatrix>(
    _ a: A, _ b: B, rows: Int, inner: Int, columns: Int, addingTo start: LaneMatrix?, into c: LaneMatrix
  ) {
    if columns == d {
      productColumns(a, b, rows, inner, 0, start, c, InlineArray<d, Strip>.self)
    } else {
      productColumns(a, b, rows, inner, 0, start, c, InlineArray<f, Strip>.self)
    }
  }
}

enum AnyProduct: LinearProduct {
  @inline(__always) static func dimension(_ head: borrowing HeadBuffers) -> Int { head.dimension }

  @inline(__always)
  static func multiply<A: StripMatrix, B: StripMatrix>(
    _ a: A, _ b: B, rows: Int, inner: Int, columns: Int, addingTo start: LaneMatrix?, into c: LaneMatrix
  ) {
    var k = 0
    while k + 5 <= columns {
      productColumns(a, b, rows, inner, k, start, c, InlineArray<5, Strip>.self)
      k += 5
    }
    if k + 3 <= columns {
      productColumns(a, b, rows, inner, k, start, c, InlineArray<3, Strip>.self)
      k += 3
    }
    while k < columns {
      productColumns(a, b, rows, inner, k, start, c, InlineArray<1, Strip>.self)
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
private func productColumns<A: StripMatrix, B: StripMatrix, let C: Int>(
  _ a: A, _ b: B, _ rows: Int, _ inner: Int, _ first: Int, _ start: LaneMatrix?, _ c: LaneMatrix,
  _ columns: InlineArray<C, Strip>.Type
) {
  var i = 0
  while i + LinearRows.count <= rows {
    productBlock(a, b, i, inner, first, start, c, columns, LinearRows.self)
    i += LinearRows.count
  }
  while i < rows {
    productBlock(a, b, i, inner, first, start, c, columns, InlineArray<1, Strip>.self)
    i += 1
  }
}

@inline(__always)
private func productBlock<A: StripMatrix, B: StripMatrix, let C: Int, let R: Int>(
  _ a: A, _ b: B, _ i: Int, _ inner: Int, _ first: Int, _ start: LaneMatrix?, _ c: LaneMatrix,
  _: InlineArray<C, Strip>.Type, _: InlineArray<R, Strip>.Type
) {
  var sums = InlineArray<R, InlineArray<C, Strip>>(repeating: InlineArray<C, Strip>(repeating: .zero))
  if let start {
    for j in 0..<R { for k in 0..<C { sums[j][k] = start.element(i + j, first + k) } }
  }
  for m in 0..<inner {
    var row = InlineArray<C, Strip>(repeating: .zero)
    for k in 0..<C { row[k] = b.element(m, first + k) }
    for j in 0..<R {
      let factor = a.element(i + j, m)
      for k in 0..<C { sums[j][k] = fma(factor, row[k], sums[j][k]) }
    }
  }
  for j in 0..<R { for k in 0..<C { c.replace(i + j, first + k, with: sums[j][k]) } }
}
