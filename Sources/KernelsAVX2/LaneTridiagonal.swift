// Symmetric matrices of 16 prompts at once to tridiagonal form, one per lane, by Householder reflections.
// Every lane runs the same operations; a lane whose column is already zero reflects by nothing.

@inline(__always) func magnitude(_ x: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(x, to: LaneBits.self) & LaneBits(repeating: 0x7FFF_FFFF), to: Lanes.self)
}

/// |x| with the sign of `sign`.
@inline(__always) func copySign(_ x: Lanes, _ sign: Lanes) -> Lanes {
  let bits = unsafeBitCast(sign, to: LaneBits.self) & LaneBits(repeating: 0x8000_0000)
  return unsafeBitCast(unsafeBitCast(magnitude(x), to: LaneBits.self) | bits, to: Lanes.self)
}

/// −x by its sign bit. Swift's own minus is 0 − x, which no compiler may fuse into a multiply-add (6.3).
@inline(__always) func negated(_ x: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(x, to: LaneBits.self) ^ LaneBits(repeating: 0x8000_0000), to: Lanes.self)
}

/// c − a·b with one rounding.
@inline(__always) func fnma(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { c.addingProduct(negated(a), b) }

/// a·b − c with one rounding.
@inline(__always) func fms(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes { negated(c).addingProduct(a, b) }

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

/// Σ a_i b_i over `count` numbers, `strideA` apart in a, in four sums, so that no addition waits for the one before.
@inline(__always) func innerProduct(
  _ a: UnsafePointer<Lanes>, stride: Int = 1, _ b: UnsafePointer<Lanes>, count: Int
) -> Lanes {
  var first = Lanes.zero, second = Lanes.zero, third = Lanes.zero, fourth = Lanes.zero
  var i = 0
  while i + 4 <= count {
    first = fma(a[i * stride], b[i], first)
    second = fma(a[(i + 1) * stride], b[i + 1], second)
    third = fma(a[(i + 2) * stride], b[i + 2], third)
    fourth = fma(a[(i + 3) * stride], b[i + 3], fourth)
    i += 4
  }
  while i < count {
    first = fma(a[i * stride], b[i], first)
    i += 1
  }
  return (first + second) + (third + fourth)
}

/// A = H T Hᵀ with H = H₀ H₁ … H_{N−3}, H_k = I − factor_k v_k v_kᵀ.
/// Source: Golub & Van Loan 2013, Matrix Computations, algorithm 8.3.1, with the update of one step and the product with
/// the next step's vector in one pass over the matrix.
enum LaneTridiagonal {
  /// Vectors of `work`.
  static func workVectors(_ N: Int) -> Int { 4 * N }

  /// Leaves v_k in column k below the diagonal of A [N][N], of which only the lower triangle is read; T in `diagonal` [N]
  /// and `offDiagonal` [N] (the last entry 0); `factor` [N].
  static func reduce(
    _ A: UnsafeMutablePointer<Lanes>, _ N: Int, _ diagonal: UnsafeMutablePointer<Lanes>,
    _ offDiagonal: UnsafeMutablePointer<Lanes>, _ factor: UnsafeMutablePointer<Lanes>,
    work: UnsafeMutablePointer<Lanes>
  ) {
    // A column below the rounding of the largest diagonal element is what is left of a lower rank: it counts as zero, and
    // its square never comes to be divided by.
    var scale = Lanes.zero
    for i in 0..<N { scale = select(greater(A[i * N + i], scale), A[i * N + i], scale) }
    let negligible = fma(scale * broadcast(1e-9), scale * broadcast(1e-9), broadcast(1e-36))
    // A − v wᵀ − w vᵀ of the step before is still to be formed: of nothing at first.
    var v = work, w = work + N, nextV = work + 2 * N, nextW = work + 3 * N
    for i in 0..<2 * N { work[i] = .zero }
    var k = 0
    while k < N - 2 {
      let vk = v[k], wk = w[k]
      diagonal[k] = fnma(vk, wk, fnma(wk, vk, A[k * N + k]))
      for i in k + 1..<N {
        nextV[i] = fnma(v[i], wk, fnma(w[i], vk, A[i * N + k]))
        nextW[i] = .zero
      }
      let square = innerProduct(nextV + k + 1, nextV + k + 1, count: N - k - 1)
      let first = nextV[k + 1]
      let reflects = greater(square, negligible)
      let alpha = select(reflects, negated(copySign(squareRoot(square), first)), first)
      offDiagonal[k] = alpha
      // v = x − α e₁, vᵀv = 2(α² − α x₁); a zero column is left alone.
      nextV[k + 1] = first - alpha
      for i in k + 1..<N { A[i * N + k] = nextV[i] }
      let beta = select(reflects, broadcast(1) / fnma(alpha, first, square), Lanes.zero)
      factor[k] = beta
      updateAndMultiply(A, N, from: k + 1, v, w, nextV, nextW)
      // w = p − (β/2)(pᵀv) v with p = β A v.
      let half = broadcast(0.5) * beta * beta * innerProduct(nextW + k + 1, nextV + k + 1, count: N - k - 1)
      for i in k + 1..<N { nextW[i] = fnma(half, nextV[i], beta * nextW[i]) }
      (v, w, nextV, nextW) = (nextV, nextW, v, w)
      k += 1
    }
    while k < N {
      diagonal[k] = fnma(v[k], w[k], fnma(w[k], v[k], A[k * N + k]))
      offDiagonal[k] = .zero
      if k + 1 < N { offDiagonal[k] = fnma(v[k + 1], w[k], fnma(w[k + 1], v[k], A[(k + 1) * N + k])) }
      k += 1
    }
  }

  /// A −= v wᵀ + w vᵀ and product += A x, for rows and columns from `start` on; two rows at a time.
  /// Every number is the same sum in the same order however many rows go together.
  @inline(__always)
  private static func updateAndMultiply(
    _ A: UnsafeMutablePointer<Lanes>, _ N: Int, from start: Int, _ v: UnsafePointer<Lanes>, _ w: UnsafePointer<Lanes>,
    _ x: UnsafePointer<Lanes>, _ product: UnsafeMutablePointer<Lanes>
  ) {
    var i = start
    while i + 1 < N {
      let upper = A + i * N, lower = upper + N
      let v0 = v[i], w0 = w[i], x0 = x[i], v1 = v[i + 1], w1 = w[i + 1], x1 = x[i + 1]
      var sum0 = Lanes.zero, sum1 = Lanes.zero
      var j = start
      while j < i {
        let vj = v[j], wj = w[j], xj = x[j]
        let a0 = fnma(v0, wj, fnma(w0, vj, upper[j]))
        let a1 = fnma(v1, wj, fnma(w1, vj, lower[j]))
        upper[j] = a0
        lower[j] = a1
        sum0 = fma(a0, xj, sum0)
        sum1 = fma(a1, xj, sum1)
        product[j] = fma(a1, x1, fma(a0, x0, product[j]))
        j += 1
      }
      let corner = fnma(v0, w0, fnma(w0, v0, upper[i]))
      let side = fnma(v1, w0, fnma(w1, v0, lower[i]))
      let end = fnma(v1, w1, fnma(w1, v1, lower[i + 1]))
      upper[i] = corner
      lower[i] = side
      lower[i + 1] = end
      product[i] = fma(side, x1, fma(corner, x0, sum0))
      product[i + 1] = fma(end, x1, fma(side, x0, sum1))
      i += 2
    }
    if i < N {
      let row = A + i * N
      let vi = v[i], wi = w[i], xi = x[i]
      var sum = Lanes.zero
      var j = start
      while j < i {
        let a = fnma(vi, w[j], fnma(wi, v[j], row[j]))
        row[j] = a
        sum = fma(a, x[j], sum)
        product[j] = fma(a, xi, product[j])
        j += 1
      }
      let corner = fnma(vi, wi, fnma(wi, vi, row[i]))
      row[i] = corner
      product[i] = fma(corner, xi, sum)
    }
  }

  /// z ← H z, from what `reduce` has left in A and `factor`.
  static func reflect(
    _ A: UnsafePointer<Lanes>, _ N: Int, _ factor: UnsafePointer<Lanes>, _ z: UnsafeMutablePointer<Lanes>
  ) {
    var k = N - 3
    while k >= 0 {
      let column = A + (k + 1) * N + k
      let product = factor[k] * innerProduct(column, stride: N, z + k + 1, count: N - k - 1)
      for i in 0..<N - k - 1 { z[k + 1 + i] = fnma(product, column[i * N], z[k + 1 + i]) }
      k -= 1
    }
  }
}
