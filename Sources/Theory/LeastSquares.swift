// Linear regression on a few features, in double precision.

/// Coefficients c of the smallest Σ_i (targets_i − Σ_j c_j features_j_i)²; a feature that the earlier ones span to
/// rounding gets 0.
/// - features: [k][count].
/// Source: modified Gram–Schmidt (Golub & Van Loan 2013, algorithm 5.2.6), twice for orthogonality to rounding.
package func leastSquares(_ features: [[Double]], _ targets: [Double]) -> [Double] {
  let k = features.count
  var basis: [[Double]] = []
  // features_j = Σ_i R_ij basis_i
  var R = [[Double]](repeating: [Double](repeating: 0, count: k), count: k)
  for j in 0..<k {
    var column = features[j]
    let full = length(column)
    for _ in 0..<2 {
      for (i, direction) in basis.enumerated() {
        let product = inner(direction, column)
        R[i][j] += product
        for s in column.indices { column[s] -= product * direction[s] }
      }
    }
    let rest = length(column)
    R[j][j] = rest > 1e-10 * full ? rest : 0
    basis.append(R[j][j] > 0 ? column.map { $0 / rest } : [Double](repeating: 0, count: column.count))
  }
  var coefficients = [Double](repeating: 0, count: k)
  for j in (0..<k).reversed() where R[j][j] > 0 {
    var sum = inner(basis[j], targets)
    for i in j + 1..<max(k, j + 1) { sum -= R[j][i] * coefficients[i] }
    coefficients[j] = sum / R[j][j]
  }
  return coefficients
}

func inner(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}

func length(_ a: [Double]) -> Double { inner(a, a).squareRoot() }
