// Eigenvalues of 16 symmetric matrices at once and the plane rotations that lead to them.
// Tridiagonal form by Householder reflections, then implicit QL; lanes that have converged rotate by nothing.

/// The rotations of a diagonalisation, in the order they were made: (c, s) and the upper of the two rows.
struct LaneRotations {
  /// Sweeps per eigenvalue at most; Wilkinson's shift needs two or three, and what is left after twelve is rounding.
  static let maximumSweeps = 12
  let pairs: UnsafeMutablePointer<Lanes>
  let rows: UnsafeMutablePointer<Int32>

  init(_ start: UnsafeMutablePointer<Lanes>, dimension N: Int) {
    pairs = start
    rows = UnsafeMutableRawPointer(start + 2 * Self.capacity(N)).assumingMemoryBound(to: Int32.self)
  }

  private static func capacity(_ N: Int) -> Int { N * (N - 1) / 2 * maximumSweeps }
  static func vectors(dimension N: Int) -> Int { 2 * capacity(N) + capacity(N) / 16 + 1 }
}

@inline(__always) func magnitude(_ x: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(x, to: LaneBits.self) & LaneBits(repeating: 0x7FFF_FFFF), to: Lanes.self)
}

/// |x| with the sign of `sign`.
@inline(__always) func copySign(_ x: Lanes, _ sign: Lanes) -> Lanes {
  let bits = unsafeBitCast(sign, to: LaneBits.self) & LaneBits(repeating: 0x8000_0000)
  return unsafeBitCast(unsafeBitCast(magnitude(x), to: LaneBits.self) | bits, to: Lanes.self)
}

/// All ones in the lanes where a > b, zero elsewhere, from the sign of b − a; neither is NaN. Masks are bits here: Swift's
/// own comparisons and replacements are at times taken apart lane by lane (6.3), which cost a factor of three.
@inline(__always) func greater(_ a: Lanes, _ b: Lanes) -> LaneBits {
  unsafeBitCast(unsafeBitCast(b - a, to: SIMD16<Int32>.self) &>> SIMD16<Int32>(repeating: 31), to: LaneBits.self)
}

/// `yes` in the lanes of the mask, `no` in the others.
@inline(__always) func select(_ mask: LaneBits, _ yes: Lanes, _ no: Lanes) -> Lanes {
  let chosen = (unsafeBitCast(yes, to: LaneBits.self) & mask) | (unsafeBitCast(no, to: LaneBits.self) & ~mask)
  return unsafeBitCast(chosen, to: Lanes.self)
}

@inline(__always) func anyLane(_ mask: LaneBits) -> Bool {
  let eight = unsafeBitCast(mask, to: SIMD8<UInt64>.self)
  let four = eight.lowHalf | eight.highHalf
  let two = four.lowHalf | four.highHalf
  return two[0] | two[1] != 0
}

enum LaneEigen {
  /// A = H T Hᵀ with H = H₀ H₁ … H_{N−3}, H_k = I − factor_k v_k v_kᵀ. Leaves v_k in column k below the diagonal of A;
  /// T in `diagonal` [N] and `offDiagonal` [N] (the last entry 0). `work` [N].
  static func tridiagonalize(
    _ A: UnsafeMutablePointer<Lanes>, _ N: Int, _ diagonal: UnsafeMutablePointer<Lanes>,
    _ offDiagonal: UnsafeMutablePointer<Lanes>, _ factor: UnsafeMutablePointer<Lanes>,
    work p: UnsafeMutablePointer<Lanes>
  ) {
    // A column below the rounding of the largest diagonal element is what is left of a lower rank: it counts as zero, and
    // its square never comes to be divided by.
    var scale = Lanes.zero
    for i in 0..<N { scale = select(greater(A[i * N + i], scale), A[i * N + i], scale) }
    let negligible = fma(scale * broadcast(1e-9), scale * broadcast(1e-9), broadcast(1e-36))
    var k = 0
    while k < N - 2 {
      diagonal[k] = A[k * N + k]
      var square = Lanes.zero
      for i in k + 1..<N { square = fma(A[i * N + k], A[i * N + k], square) }
      let first = A[(k + 1) * N + k]
      let reflects = greater(square, negligible)
      let alpha = select(reflects, -copySign(squareRoot(square), first), first)
      offDiagonal[k] = alpha
      // v = x − α e₁, vᵀv = 2(α² − α x₁); a zero column is left alone.
      A[(k + 1) * N + k] = first - alpha
      let beta = select(reflects, broadcast(1) / fma(-alpha, first, square), Lanes.zero)
      factor[k] = beta
      // p = β A v over the lower triangle's symmetric matrix, then w = p − (β/2)(pᵀv) v.
      for i in k + 1..<N { p[i] = .zero }
      for i in k + 1..<N {
        let vi = A[i * N + k]
        var sum = fma(A[i * N + i], vi, p[i])
        for j in k + 1..<max(i, k + 1) {
          let a = A[i * N + j]
          sum = fma(a, A[j * N + k], sum)
          p[j] = fma(a, vi, p[j])
        }
        p[i] = sum
      }
      var product = Lanes.zero
      for i in k + 1..<N {
        p[i] *= beta
        product = fma(p[i], A[i * N + k], product)
      }
      let half = broadcast(0.5) * beta * product
      for i in k + 1..<N { p[i] = fma(-half, A[i * N + k], p[i]) }
      for i in k + 1..<N {
        let vi = A[i * N + k], wi = p[i]
        for j in k + 1...i {
          A[i * N + j] = fma(-vi, p[j], fma(-wi, A[j * N + k], A[i * N + j]))
        }
      }
      k += 1
    }
    if N >= 2 {
      diagonal[N - 2] = A[(N - 2) * N + N - 2]
      offDiagonal[N - 2] = A[(N - 1) * N + N - 2]
    }
    diagonal[N - 1] = A[(N - 1) * N + N - 1]
    offDiagonal[N - 1] = .zero
  }

  /// Eigenvalues of T into `diagonal`, and its rotations in order; returns how many.
  /// An off-diagonal element below the rounding of ‖T‖ counts as zero and splits the lane's problem there.
  static func diagonalize(
    _ d: UnsafeMutablePointer<Lanes>, _ e: UnsafeMutablePointer<Lanes>, _ N: Int, _ rotations: LaneRotations
  ) -> Int {
    var norm = Lanes.zero
    for i in 0..<N {
      var sum = magnitude(d[i]) + magnitude(e[i])
      if i > 0 { sum += magnitude(e[i - 1]) }
      norm = select(greater(sum, norm), sum, norm)
    }
    let tolerance = norm * broadcast(1.2e-7)
    var count = 0
    for l in 0..<max(N - 1, 0) {
      var sweep = 0
      while sweep < LaneRotations.maximumSweeps {
        // The lane's block ends at the first negligible element from l on. Row numbers are floats, to be
        // compared like the rest.
        var end = broadcast(Float(N - 1))
        var endDiagonal = d[N - 1]
        var i = N - 2
        while i >= l {
          let small = ~greater(magnitude(e[i]), tolerance)
          end = select(small, broadcast(Float(i)), end)
          endDiagonal = select(small, d[i], endDiagonal)
          i -= 1
        }
        let active = greater(end, broadcast(Float(l)))
        if !anyLane(active) { break }
        sweepOnce(d, e, N, l, end: end, endDiagonal: endDiagonal, active: active, rotations, &count)
        sweep += 1
      }
    }
    return count
  }

  /// One implicit QL sweep of rows l…end of every active lane.
  @inline(__always)
  private static func sweepOnce(
    _ d: UnsafeMutablePointer<Lanes>, _ e: UnsafeMutablePointer<Lanes>, _ N: Int, _ l: Int,
    end: Lanes, endDiagonal: Lanes, active: LaneBits, _ rotations: LaneRotations,
    _ count: inout Int
  ) {
    let one = broadcast(1)
    let el = select(active, e[l], one)
    var g = (d[l + 1] - d[l]) / (broadcast(2) * el)
    let r0 = squareRoot(fma(g, g, one))
    g = endDiagonal - d[l] + el / (g + copySign(r0, g))
    var s = one, c = one, p = Lanes.zero
    var i = N - 2
    while i >= l {
      let rotate = active & greater(end, broadcast(Float(i)))
      let f = s * e[i], b = c * e[i]
      let r = squareRoot(fma(f, f, g * g))
      let inside = rotate & greater(end, broadcast(Float(i + 1)))
      e[i + 1] = select(inside, r, e[i + 1])
      let positive = greater(r, Lanes.zero)
      let inverse = one / select(positive, r, one)
      let sine = select(positive, f * inverse, Lanes.zero)
      let cosine = select(positive, g * inverse, one)
      let shifted = d[i + 1] - p
      let t = fma(d[i] - shifted, sine, broadcast(2) * cosine * b)
      let step = sine * t
      d[i + 1] = select(rotate, shifted + step, d[i + 1])
      g = select(rotate, fma(cosine, t, -b), g)
      p = select(rotate, step, p)
      s = select(rotate, sine, s)
      c = select(rotate, cosine, c)
      rotations.pairs[2 * count] = select(rotate, cosine, one)
      rotations.pairs[2 * count + 1] = select(rotate, sine, Lanes.zero)
      rotations.rows[count] = Int32(i)
      count += 1
      i -= 1
    }
    d[l] = select(active, d[l] - p, d[l])
    e[l] = select(active, g, e[l])
  }
}
