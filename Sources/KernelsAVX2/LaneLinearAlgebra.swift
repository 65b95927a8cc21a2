// Square roots of 16 kernel matrices at once, one per lane, each applied to one vector: Cholesky where they are positive
// semi-definite, that of |K| where they are not. Every lane runs the same operations, so lanes never mix.

enum LaneLinearAlgebra {
  /// y = L z for the lower Cholesky factor L of K, in place of z. K [N][N] is overwritten by L (lower triangle).
  /// A pivot that rounding has made non-positive gives a zero column, as exact semi-definiteness would.
  /// Source: Golub & Van Loan 2013, Matrix Computations, algorithm 4.2.1.
  static func multiplyByCholeskyFactor(_ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>) {
    for j in 0..<N {
      let row = K + j * N
      var pivot = row[j]
      for k in 0..<j { pivot = fnma(row[k], row[k], pivot) }
      // Relative to the diagonal: what is below its rounding is zero.
      let positive = pivot .> row[j] * broadcast(1e-6)
      let root = squareRoot(pivot.replacing(with: Lanes.zero, where: .!positive))
      let inverse = Lanes.zero.replacing(with: broadcast(1) / root, where: positive)
      row[j] = root
      for i in j + 1..<max(N, j + 1) {
        let other = K + i * N
        var sum = other[j]
        for k in 0..<j { sum = fnma(other[k], row[k], sum) }
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

  /// y = H |T|^½ z for K = H T Hᵀ, in place of z: a draw of N(0, |K|) for standard normal z. K [N][N] is overwritten;
  /// only its lower triangle is read.
  static func multiplyByAbsoluteSquareRoot(
    _ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) {
    let diagonal = scratch, offDiagonal = scratch + N, factor = scratch + 2 * N, work = scratch + 3 * N
    LaneTridiagonal.reduce(K, N, diagonal, offDiagonal, factor, work: work)
    LaneAbsoluteRoot.apply(diagonal, offDiagonal, N, z, work: work)
    LaneTridiagonal.reflect(K, N, factor, z)
  }

  /// Vectors of scratch for `multiplyByAbsoluteSquareRoot`.
  static func absoluteRootScratch(_ N: Int) -> Int {
    3 * N + max(LaneTridiagonal.workVectors(N), LaneAbsoluteRoot.workVectors(N))
  }
}
