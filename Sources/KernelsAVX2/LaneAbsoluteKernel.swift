// A draw of N(0, |K|) for 16 indefinite kernel matrices at once, one per lane: tridiagonal form, then its square root.
// Every lane runs the same operations, so lanes never mix.

enum LaneAbsoluteKernel {
  /// y = H |T|^½ z for K = H T Hᵀ, in place of z: a draw of N(0, |K|) for standard normal z. K [N][N] is overwritten;
  /// only its lower triangle is read.
  static func multiplyBySquareRoot(
    _ K: UnsafeMutablePointer<Lanes>, _ N: Int, _ z: UnsafeMutablePointer<Lanes>,
    scratch: UnsafeMutablePointer<Lanes>
  ) {
    let diagonal = scratch, offDiagonal = scratch + N, factor = scratch + 2 * N, work = scratch + 3 * N
    LaneTridiagonal.reduce(K, N, diagonal, offDiagonal, factor, work: work)
    LaneAbsoluteRoot.apply(diagonal, offDiagonal, N, z, work: work)
    LaneTridiagonal.reflect(K, N, factor, z)
  }

  /// Vectors of scratch for `multiplyBySquareRoot`.
  static func scratchVectors(_ N: Int) -> Int {
    3 * N + max(LaneTridiagonal.workVectors(N), LaneAbsoluteRoot.workVectors(N))
  }
}
