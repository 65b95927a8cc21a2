// Cholesky and symmetric eigendecompositions of 16 small matrices at once, one per lane, applied to one vector each.
// Every lane runs the same operations; a lane that is done keeps its values through masks, so lanes never mix.

enum LaneLinearAlgebra {
  /// y = L z for the lower Cholesky factor L of K, in place of z. K [N][N] is overwritten by L (lower triangle).
  /// A pivot that rounding has made non-positive gives a zero column, as exact semi-definiteness would.
  /// Source: Golub & Van Loan 2013, Matrix Computations, algorithm 4.2.1.
  static func multiplyByCholeskyFactor(_ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>) {
    for j in 0..<N {
      let row = K + j * N
      var pivot = row[j]
      for k in 0..<j { pivot = fma(-row[k], row[k], pivot) }
      // Relative to the diagonal: what is below its rounding is zero.
      let positive = pivot .> row[j] * broadcast(1e-6)
      let root = squareRoot(pivot.replacing(with: Lanes.zero, where: .!positive))
      let inverse = Lanes.zero.replacing(with: broadcast(1) / root, where: positive)
      row[j] = root
      for i in j + 1..<max(N, j + 1) {
        let other = K + i * N
        var sum = other[j]
        for k in 0..<j { sum = fma(-other[k], row[k], sum) }
        other[j] = sum * inverse
      }
    }
    var i = N - 1
    while i >= 0 {
      let row = K + i * N
      var sum = row[0] * z[0]
      for k in 1..<max(i + 1, 1) { sum = fma(row[k], z[k], sum) }
      z[i] = sum
      i -= 1
    }
  }

  /// y = Q |Λ|^½ z for K = Q Λ Qᵀ, in place of z: a draw of N(0, |K|) for standard normal z. K [N][N] is overwritten.
  /// Source: Householder tridiagonalisation and implicit QL with Wilkinson's shift (Golub & Van Loan 2013, §8.3;
  /// EISPACK tred2 and tql2), with Q kept as its factors, which are applied to the one vector.
  static func multiplyByAbsoluteSquareRoot(
    _ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) {
    let diagonal = scratch, offDiagonal = scratch + N, factor = scratch + 2 * N
    let rotations = LaneRotations(scratch + 4 * N, dimension: N)
    LaneEigen.tridiagonalize(K, N, diagonal, offDiagonal, factor, work: scratch + 3 * N)
    let count = LaneEigen.diagonalize(diagonal, offDiagonal, N, rotations)
    for i in 0..<N { z[i] *= squareRoot(magnitude(diagonal[i])) }
    // y = H G₁ G₂ … G_m z: the last rotation acts first.
    var index = count - 1
    while index >= 0 {
      let i = Int(rotations.rows[index])
      let c = rotations.pairs[2 * index], s = rotations.pairs[2 * index + 1]
      let a = z[i], b = z[i + 1]
      z[i] = fma(c, a, s * b)
      z[i + 1] = fma(c, b, -(s * a))
      index -= 1
    }
    var k = N - 3
    while k >= 0 {
      var product = Lanes.zero
      for i in k + 1..<N { product = fma(K[i * N + k], z[i], product) }
      product *= factor[k]
      for i in k + 1..<N { z[i] = fma(-product, K[i * N + k], z[i]) }
      k -= 1
    }
  }

  /// Vectors of scratch for `multiplyByAbsoluteSquareRoot`.
  static func eigenScratch(_ N: Int) -> Int { 4 * N + LaneRotations.vectors(dimension: N) }
}
