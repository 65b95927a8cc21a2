// Cholesky factors of 16 kernel matrices at once, one per lane, each applied to one vector.
// Blocked twice: tiles of 4 × 4 sums for the registers, panels of 32 columns for the second cache.

enum LaneCholesky {
  private static let tile = 4
  private static let panel = 32

  /// Vectors from one row of K to the next: rows and columns are whole tiles.
  static func stride(_ N: Int) -> Int { (N + tile - 1) / tile * tile }

  /// Vectors of K with its padding and of what the factorisation keeps of each row.
  static func vectors(_ N: Int) -> Int { (stride(N) + 2) * stride(N) }

  /// z ← L z for the lower Cholesky factor L of K, whose lower triangle is given in rows `stride(N)` apart and is
  /// overwritten; K has room for `vectors(N)`.
  /// A pivot that rounding has made non-positive gives a zero column, as exact semi-definiteness would.
  /// Every element is one sum over its row in order, whatever the blocks. Source: Golub & Van Loan 2013, Matrix
  /// Computations, algorithm 4.2.2 and §4.2.6.
  static func multiplyByFactor(_ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>) {
    let S = stride(N)
    let diagonal = K + S * S, inverses = diagonal + S
    // Rows of padding come out as zeros and are read by no other.
    for i in N * S..<S * S { K[i] = .zero }
    for i in 0..<S { diagonal[i] = K[i * S + i] }
    var start = 0
    while start < S {
      let end = min(start + panel, S)
      var j = start
      while j < end {
        var i = j
        while i < S {
          subtractProducts(K, S, i, j, start, j)
          if i == j {
            factor(K + j * S + j, S, diagonal + j, inverses + j)
          } else {
            solve(K + i * S + j, K + j * S + j, S, inverses + j)
          }
          i += tile
        }
        j += tile
      }
      var i = end
      while i < S {
        var j = end
        while j <= i {
          subtractProducts(K, S, i, j, start, end)
          j += tile
        }
        i += tile
      }
      start = end
    }
    var i = N - 1
    while i >= 0 {
      let row = K + i * S
      var sum = row[0] * z[0]
      var k = 1
      while k <= i {
        sum = fma(row[k], z[k], sum)
        k += 1
      }
      z[i] = sum
      i -= 1
    }
  }

  /// K_ij −= Σ L_ik L_jk over start ≤ k < end, for the tile whose first element is (i, j).
  @inline(__always)
  private static func subtractProducts(
    _ K: UnsafeMutablePointer<Lanes>, _ S: Int, _ i: Int, _ j: Int, _ start: Int, _ end: Int
  ) {
    if start == end { return }
    for half in 0..<2 {
      let x = K + (i + 2 * half) * S
      #if WIDE_REGISTERS
        subtractTwoByFour(x, K + j * S, S, j, start, end)
      #else
        subtractTwoByTwo(x, K + j * S, S, j, start, end)
        subtractTwoByTwo(x, K + (j + 2) * S, S, j + 2, start, end)
      #endif
    }
  }

  @inline(__always)
  private static func subtractTwoByFour(
    _ x: UnsafeMutablePointer<Lanes>, _ y: UnsafePointer<Lanes>, _ S: Int, _ j: Int, _ start: Int, _ end: Int
  ) {
    let below = x + S
    let second = y + S, third = y + 2 * S, fourth = y + 3 * S
    var a0 = x[j], a1 = x[j + 1], a2 = x[j + 2], a3 = x[j + 3]
    var b0 = below[j], b1 = below[j + 1], b2 = below[j + 2], b3 = below[j + 3]
    var k = start
    while k < end {
      let p = x[k], q = below[k], y0 = y[k], y1 = second[k], y2 = third[k], y3 = fourth[k]
      a0 = fnma(p, y0, a0)
      a1 = fnma(p, y1, a1)
      a2 = fnma(p, y2, a2)
      a3 = fnma(p, y3, a3)
      b0 = fnma(q, y0, b0)
      b1 = fnma(q, y1, b1)
      b2 = fnma(q, y2, b2)
      b3 = fnma(q, y3, b3)
      k += 1
    }
    (x[j], x[j + 1], x[j + 2], x[j + 3]) = (a0, a1, a2, a3)
    (below[j], below[j + 1], below[j + 2], below[j + 3]) = (b0, b1, b2, b3)
  }

  @inline(__always)
  private static func subtractTwoByTwo(
    _ x: UnsafeMutablePointer<Lanes>, _ y: UnsafePointer<Lanes>, _ S: Int, _ j: Int, _ start: Int, _ end: Int
  ) {
    let below = x + S, second = y + S
    var a0 = x[j], a1 = x[j + 1], b0 = below[j], b1 = below[j + 1]
    var k = start
    while k < end {
      let p = x[k], q = below[k], y0 = y[k], y1 = second[k]
      a0 = fnma(p, y0, a0)
      a1 = fnma(p, y1, a1)
      b0 = fnma(q, y0, b0)
      b1 = fnma(q, y1, b1)
      k += 1
    }
    (x[j], x[j + 1]) = (a0, a1)
    (below[j], below[j + 1]) = (b0, b1)
  }

  /// The factor of a tile on the diagonal, and the inverses of its pivots.
  @inline(__always)
  private static func factor(
    _ L: UnsafeMutablePointer<Lanes>, _ S: Int, _ diagonal: UnsafePointer<Lanes>,
    _ inverses: UnsafeMutablePointer<Lanes>
  ) {
    for c in 0..<tile {
      var pivot = L[c * S + c]
      for k in 0..<c { pivot = fnma(L[c * S + k], L[c * S + k], pivot) }
      // Relative to the matrix's own diagonal: what is below its rounding is zero.
      let positive = greater(pivot, diagonal[c] * broadcast(1e-6))
      let root = squareRoot(select(positive, pivot, broadcast(1)))
      inverses[c] = select(positive, broadcast(1) / root, Lanes.zero)
      L[c * S + c] = select(positive, root, Lanes.zero)
      var r = c + 1
      while r < tile {
        var sum = L[r * S + c]
        for k in 0..<c { sum = fnma(L[r * S + k], L[c * S + k], sum) }
        L[r * S + c] = sum * inverses[c]
        r += 1
      }
    }
  }

  /// X ← X L⁻ᵀ for a tile X below the tile L on the diagonal.
  @inline(__always)
  private static func solve(
    _ X: UnsafeMutablePointer<Lanes>, _ L: UnsafePointer<Lanes>, _ S: Int, _ inverses: UnsafePointer<Lanes>
  ) {
    for r in 0..<tile {
      for c in 0..<tile {
        var sum = X[r * S + c]
        for k in 0..<c { sum = fnma(X[r * S + k], L[c * S + k], sum) }
        X[r * S + c] = sum * inverses[c]
      }
    }
  }
}
