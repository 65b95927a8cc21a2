// Eigenvalues and eigenvectors of one symmetric matrix in double precision, for baselines.
// The kernels' 16-lane form in single precision is tested against this one.

/// A = V diag(values) Vᵀ for symmetric `matrix` [N][N]; `vectors` [N][N] holds eigenvectors as columns.
/// Source: Householder tridiagonalisation and implicit QL with Wilkinson's shift (Golub & Van Loan 2013, §8.3; EISPACK
/// tred2 and tql2).
package func symmetricEigen(_ matrix: [Double], _ N: Int) -> (values: [Double], vectors: [Double]) {
  var A = matrix
  var d = [Double](repeating: 0, count: N), e = d
  var V = [Double](repeating: 0, count: N * N)
  for i in 0..<N { V[i * N + i] = 1 }
  var v = d, p = d
  for k in 0..<max(0, N - 2) {
    var square = 0.0
    for i in k + 1..<N { square += A[i * N + k] * A[i * N + k] }
    let first = A[(k + 1) * N + k]
    let alpha = first > 0 ? -square.squareRoot() : square.squareRoot()
    let norm = square - alpha * first
    guard norm > 0 else { continue }
    for i in k + 1..<N { v[i] = A[i * N + k] }
    v[k + 1] -= alpha
    let beta = 1 / norm
    var product = 0.0
    for i in k + 1..<N {
      var sum = 0.0
      for j in k + 1..<N { sum += A[i * N + j] * v[j] }
      p[i] = beta * sum
      product += p[i] * v[i]
    }
    let half = 0.5 * beta * product
    for i in k + 1..<N { p[i] -= half * v[i] }
    for i in k + 1..<N { for j in k + 1..<N { A[i * N + j] -= v[i] * p[j] + p[i] * v[j] } }
    for i in k + 1..<N { (A[i * N + k], A[k * N + i]) = (0, 0) }
    (A[(k + 1) * N + k], A[k * N + k + 1]) = (alpha, alpha)
    // V ← V (I − β v vᵀ)
    for i in 0..<N {
      var sum = 0.0
      for j in k + 1..<N { sum += V[i * N + j] * v[j] }
      for j in k + 1..<N { V[i * N + j] -= beta * sum * v[j] }
    }
  }
  for i in 0..<N {
    d[i] = A[i * N + i]
    if i + 1 < N { e[i] = A[(i + 1) * N + i] }
  }
  implicitQL(&d, &e, &V, N)
  return (d, V)
}

private func implicitQL(_ d: inout [Double], _ e: inout [Double], _ V: inout [Double], _ N: Int) {
  for l in 0..<N {
    for _ in 0..<60 {
      var m = l
      while m < N - 1, abs(e[m]) > 2.2e-16 * (abs(d[m]) + abs(d[m + 1])) { m += 1 }
      if m == l { break }
      var g = (d[l + 1] - d[l]) / (2 * e[l])
      let root = (g * g + 1).squareRoot()
      g = d[m] - d[l] + e[l] / (g + (g < 0 ? -root : root))
      var s = 1.0, c = 1.0, p = 0.0
      var i = m - 1
      while i >= l {
        let f = s * e[i], b = c * e[i]
        let r = (f * f + g * g).squareRoot()
        e[i + 1] = r
        (s, c) = r > 0 ? (f / r, g / r) : (0, 1)
        g = d[i + 1] - p
        let t = (d[i] - g) * s + 2 * c * b
        p = s * t
        d[i + 1] = g + p
        g = c * t - b
        for k in 0..<N {
          let right = V[k * N + i + 1], left = V[k * N + i]
          V[k * N + i + 1] = s * left + c * right
          V[k * N + i] = c * left - s * right
        }
        i -= 1
      }
      d[l] -= p
      e[l] = g
      e[m] = 0
    }
  }
}
