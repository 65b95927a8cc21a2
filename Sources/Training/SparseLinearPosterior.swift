// The posterior mean of a linear function of a few unknown coordinates: the mean over all choices of coordinates, weighted
// by how well each explains the labels. Double precision, one prompt at a time.
import Shared

struct SparseLinearPosterior {
  let nonzero: Int
  let context: Int
  let dimension: Int
  let noiseVariance: Double

  /// How many ways there are to choose `count` of `dimension` coordinates; Int.max stands for too many to count.
  static func choices(_ dimension: Int, _ count: Int) -> Int {
    var result = 1
    for k in 0..<min(count, dimension) {
      let next = result.multipliedReportingOverflow(by: dimension - k)
      guard !next.overflow else { return .max }
      result = next.partialValue / (k + 1)
    }
    return result
  }

  /// Labels of exactly the coordinates' span would have a singular covariance; this much noise is below single
  /// precision's own.
  private static let smallestVariance = 1e-12

  /// Σ_S p(y | S) m_S / Σ_S p(y | S), m_S the ridge prediction from the coordinates S. Each S is a draw of `nonzero` of
  /// all coordinates with equal probability; p(y | S) = N(y; 0, X_S X_Sᵀ + σ²I).
  /// - points: [n+1][d], the query last; labels: [n].
  func mean(points: [Double], labels: [Double]) -> Double {
    let variance = max(noiseVariance, Self.smallestVariance)
    var evidence: [Double] = [], means: [Double] = []
    var chosen = Array(0..<min(nonzero, dimension))
    while true {
      let (logarithm, mean) = explained(chosen, points, labels, variance)
      evidence.append(logarithm)
      means.append(mean)
      guard Self.advance(&chosen, below: dimension) else { break }
    }
    let best = evidence.max() ?? 0
    var sum = 0.0, weighted = 0.0
    for (logarithm, mean) in zip(evidence, means) {
      let weight = deterministicExponential(logarithm - best)
      sum += weight
      weighted += weight * mean
    }
    return weighted / sum
  }

  /// ln p(y | S) up to a constant, and m_S, by the Woodbury identity in the k coordinates of S.
  private func explained(
    _ S: [Int], _ points: [Double], _ labels: [Double], _ variance: Double
  ) -> (Double, Double) {
    let k = S.count, d = dimension
    var gram = [Double](repeating: 0, count: k * k), moment = [Double](repeating: 0, count: k), square = 0.0
    for s in 0..<context {
      for i in 0..<k {
        let x = points[s * d + S[i]]
        moment[i] += x * labels[s]
        for j in 0..<k { gram[i * k + j] += x * points[s * d + S[j]] }
      }
      square += labels[s] * labels[s]
    }
    for i in 0..<k { gram[i * k + i] += variance }
    var factor = gram
    let weights = solve(&factor, k, moment)
    // |X Xᵀ + σ²I| = σ^(2(n−k)) |XᵀX + σ²I|; the residual is summed directly, since Σ y² less the rest would cancel.
    var logarithm = 0.0
    for i in 0..<k { logarithm -= deterministicLogarithm(max(factor[i * k + i], 1e-150)) }
    logarithm -= 0.5 * Double(context - k) * deterministicLogarithm(variance)
    var residual = 0.0, prior = 0.0
    for s in 0..<context {
      var error = labels[s]
      for i in 0..<k { error -= points[s * d + S[i]] * weights[i] }
      residual += error * error
    }
    for weight in weights { prior += weight * weight }
    var mean = 0.0
    for i in 0..<k { mean += points[context * d + S[i]] * weights[i] }
    return (logarithm - 0.5 * (residual / variance + prior), mean)
  }

  /// The next choice in lexicographic order; false after the last.
  private static func advance(_ chosen: inout [Int], below limit: Int) -> Bool {
    var i = chosen.count - 1
    while i >= 0, chosen[i] == limit - chosen.count + i { i -= 1 }
    guard i >= 0 else { return false }
    chosen[i] += 1
    for j in i + 1..<max(chosen.count, i + 1) { chosen[j] = chosen[j - 1] + 1 }
    return true
  }
}
