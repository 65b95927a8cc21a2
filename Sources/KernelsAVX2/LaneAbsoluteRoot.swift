// A draw of N(0, |T|) for 16 symmetric tridiagonal matrices at once, without their eigenvalues: f(T) z for a rational f
// with f(x)² ≈ |x|. No iteration and no branch: every lane, every matrix takes the same operations.

/// f(x) = f_∞ − Σ_j w_j β_j / (x² + β_j²), for which |f(x)² − |x|| ≤ 5.7e-7 on −1 ≤ x ≤ 1: T is scaled there by its
/// largest row sum, so that the draw's covariance is |T| to 6e-7 of that norm, singular or not.
///
/// Source of the method: a function of a matrix as a sum of shifted systems (Hale, Higham & Trefethen 2008, Computing
/// A^α, log(A) and related matrix functions by contour integrals). A function with m poles in x² reaches
/// 8 exp(−π √(2m)), as fast as the best rational approximation to |x| (Stahl 1993). The constants are minimax in the
/// error of f², by Remez' exchange over the logarithms of zeros and poles, extrema equal to four digits.
/// Each system (T + iβ) u = z is solved by Givens rotations: elimination without exchanges would grow as 1/β where a
/// leading minor is nearly zero, as those of indefinite matrices are.
enum LaneAbsoluteRoot {
  private static let poles = 14
  private static let constant: Float = 2.1481094547
  /// Pairs (β, w), ascending.
  @inline(__always) private static var table: InlineArray<28, Float> {
    [
      4.056419336e-6, 9.737976537e-9, 3.179489672e-5, 1.366041465e-7, 0.0001424346773, 1.030124111e-6,
      0.0004927479814, 5.668659478e-6, 0.001455169177, 2.554191801e-5, 0.003850669528, 9.988273232e-5,
      0.009388480323, 0.000350859159, 0.02147007706, 0.001132365033, 0.04662976029, 0.003413927748,
      0.09714356775, 0.009764915836, 0.1962729595, 0.02713618697, 0.3926403117, 0.07776104217,
      0.827109609, 0.2781479949, 2.448809074, 2.79658503,
    ]
  }
  /// Numbers kept of each row of a system between elimination and substitution.
  private static let kept = 6
  /// Far below the square of the smallest pivot that a system can have: what rounding alone leaves of one is not divided by.
  private static let tiny: Float = 1e-18

  /// Vectors of `work`.
  static func workVectors(_ N: Int) -> Int { (2 * kept + 1) * N }

  /// z ← |T|^½ z up to the approximation above. T is overwritten: `diagonal` [N], `offDiagonal` [N] with 0 at the end.
  static func apply(
    _ diagonal: UnsafeMutablePointer<Lanes>, _ offDiagonal: UnsafeMutablePointer<Lanes>, _ N: Int,
    _ z: UnsafeMutablePointer<Lanes>, work: UnsafeMutablePointer<Lanes>
  ) {
    var norm = broadcast(1e-30)
    var before = Lanes.zero
    for i in 0..<N {
      let after = magnitude(offDiagonal[i])
      let sum = magnitude(diagonal[i]) + (before + after)
      norm = select(greater(sum, norm), sum, norm)
      before = after
    }
    let inverse = broadcast(1) / norm, root = squareRoot(norm)
    for i in 0..<N {
      diagonal[i] *= inverse
      offDiagonal[i] *= inverse
      z[i] *= root
    }
    let sums = work + 2 * kept * N
    for i in 0..<N { sums[i] = z[i] * broadcast(constant) }
    let table = Self.table
    var j = 0
    while j < poles {
      addPair(
        diagonal, offDiagonal, N, z, (table[2 * j], table[2 * j + 2]), (table[2 * j + 1], table[2 * j + 3]), sums, work)
      j += 2
    }
    for i in 0..<N { z[i] = sums[i] }
  }

  /// The row of a system that is being rotated: its diagonal element a, the next one b, its right side g.
  private struct Row {
    var aReal: Lanes, aImaginary: Lanes
    var bReal: Lanes, bImaginary = Lanes.zero
    var gReal: Lanes, gImaginary = Lanes.zero
  }
  private struct Solution {
    var real = Lanes.zero, imaginary = Lanes.zero
    var nextReal = Lanes.zero, nextImaginary = Lanes.zero
  }

  /// sums += w Im u for two poles at once: each one's rows wait for each other, the poles do not.
  @inline(__always)
  private static func addPair(
    _ t: UnsafePointer<Lanes>, _ e: UnsafePointer<Lanes>, _ N: Int, _ z: UnsafePointer<Lanes>,
    _ shifts: (Float, Float), _ weights: (Float, Float), _ sums: UnsafeMutablePointer<Lanes>,
    _ work: UnsafeMutablePointer<Lanes>
  ) {
    let beta0 = broadcast(shifts.0), beta1 = broadcast(shifts.1)
    var row0 = Row(aReal: t[0], aImaginary: beta0, bReal: e[0], gReal: z[0])
    var row1 = Row(aReal: t[0], aImaginary: beta1, bReal: e[0], gReal: z[0])
    var k = 0
    while k < N - 1 {
      let place = work + 2 * kept * k
      rotate(&row0, t[k + 1], beta0, e[k], e[k + 1], z[k + 1], place)
      rotate(&row1, t[k + 1], beta1, e[k], e[k + 1], z[k + 1], place + kept)
      k += 1
    }
    var u0 = last(row0), u1 = last(row1)
    let weight0 = broadcast(weights.0), weight1 = broadcast(weights.1)
    sums[k] = fma(weight1, u1.imaginary, fma(weight0, u0.imaginary, sums[k]))
    k -= 1
    while k >= 0 {
      let place = work + 2 * kept * k
      substitute(&u0, place)
      substitute(&u1, place + kept)
      sums[k] = fma(weight1, u1.imaginary, fma(weight0, u0.imaginary, sums[k]))
      k -= 1
    }
  }

  /// Rotates the next row (e, t + iβ, e') with right side z into `row`, leaves the finished row in `place`, and the other
  /// in `row`. Rotations are unitary up to a factor near one: that scales a row of the system, which changes no solution.
  @inline(__always)
  private static func rotate(
    _ row: inout Row, _ t: Lanes, _ beta: Lanes, _ e: Lanes, _ eNext: Lanes, _ z: Lanes,
    _ place: UnsafeMutablePointer<Lanes>
  ) {
    let square = fma(row.aReal, row.aReal, fma(row.aImaginary, row.aImaginary, fma(e, e, broadcast(tiny))))
    let q = roughInverseRoot(square)
    let c = row.aReal * q, d = row.aImaginary * q, s = e * q
    place[0] = broadcast(1) / (square * q)
    place[1] = fma(c, row.bReal, fma(d, row.bImaginary, s * t))
    place[2] = fma(c, row.bImaginary, fnma(d, row.bReal, s * beta))
    place[3] = s * eNext
    place[4] = fma(c, row.gReal, fma(d, row.gImaginary, s * z))
    place[5] = fms(c, row.gImaginary, d * row.gReal)
    row.aReal = fms(c, t, fma(d, beta, s * row.bReal))
    row.aImaginary = fma(d, t, fms(c, beta, s * row.bImaginary))
    row.bReal = c * eNext
    row.bImaginary = d * eNext
    row.gReal = fms(c, z, s * row.gReal)
    row.gImaginary = fms(d, z, s * row.gImaginary)
  }

  @inline(__always)
  private static func last(_ row: Row) -> Solution {
    let square = fma(row.aReal, row.aReal, fma(row.aImaginary, row.aImaginary, broadcast(tiny)))
    let inverse = broadcast(1) / square
    return Solution(
      real: fma(row.gReal, row.aReal, row.gImaginary * row.aImaginary) * inverse,
      imaginary: fms(row.gImaginary, row.aReal, row.gReal * row.aImaginary) * inverse)
  }

  @inline(__always)
  private static func substitute(_ u: inout Solution, _ place: UnsafePointer<Lanes>) {
    let real = fnma(place[3], u.nextReal, fma(place[2], u.imaginary, fnma(place[1], u.real, place[4])))
    let imaginary = fnma(place[3], u.nextImaginary, fnma(place[2], u.real, fnma(place[1], u.imaginary, place[5])))
    u.nextReal = u.real
    u.nextImaginary = u.imaginary
    u.real = real * place[0]
    u.imaginary = imaginary * place[0]
  }

  /// 1/√x to 1.8e-3, for a scale rather than a value: exponent and mantissa halved as one integer, then one step of
  /// Newton's. Source: Lomont 2003, Fast inverse square root.
  @inline(__always)
  private static func roughInverseRoot(_ x: Lanes) -> Lanes {
    let bits = LaneBits(repeating: 0x5F37_5A86) &- (unsafeBitCast(x, to: LaneBits.self) &>> LaneBits(repeating: 1))
    let y = unsafeBitCast(bits, to: Lanes.self)
    return y * fnma(broadcast(0.5) * x, y * y, broadcast(1.5))
  }
}
