// Predictors that are no networks, one prompt at a time in double precision (docs/science.md §7).
import Foundation
import Shared
import Training

/// What a predictor may know of a prompt: x of the context and the query, and the context's labels.
private struct Points {
  let x: [Double]
  let labels: [Double]
  let dimension: Int
  var context: Int { labels.count }

  init(_ prompt: LanePrompt, dimension: Int) {
    (x, labels, self.dimension) = (prompt.x.map(Double.init), prompt.labels, dimension)
  }

  /// |x_i − x_q|²
  func squaredDistance(_ i: Int) -> Double {
    var sum = 0.0
    for k in 0..<dimension {
      let difference = x[i * dimension + k] - x[context * dimension + k]
      sum += difference * difference
    }
    return sum
  }
}

/// The context's mean label.
package func contextMean(_ prompt: LanePrompt) -> Double {
  prompt.labels.reduce(0, +) / Double(prompt.labels.count)
}

/// ŷ = x_qᵀ(XᵀX + λI)⁻¹Xᵀy, without intercept, of one prompt for any λ. Source: Hoerl & Kennard 1970.
package struct RidgeSpectrum: Sendable {
  /// Eigenvalues of XᵀX that are above rounding, and what their directions give the query.
  private var terms: [(value: Double, product: Double)] = []

  package init(_ prompt: LanePrompt, dimension d: Int) {
    let points = Points(prompt, dimension: d)
    var gram = [Double](repeating: 0, count: d * d)
    var moment = [Double](repeating: 0, count: d)
    for s in 0..<points.context {
      for i in 0..<d {
        moment[i] += points.x[s * d + i] * points.labels[s]
        for j in 0..<d { gram[i * d + j] += points.x[s * d + i] * points.x[s * d + j] }
      }
    }
    let (values, vectors) = symmetricEigen(gram, d)
    let largest = values.reduce(0) { max($0, abs($1)) }
    for j in 0..<d where values[j] > 1e-7 * largest {
      var atQuery = 0.0, label = 0.0
      for i in 0..<d {
        atQuery += points.x[points.context * d + i] * vectors[i * d + j]
        label += moment[i] * vectors[i * d + j]
      }
      terms.append((values[j], atQuery * label))
    }
  }

  /// With penalty 0 that of the least-squares solution of smallest norm.
  package func prediction(penalty: Double) -> Double {
    terms.reduce(0) { $0 + $1.product / ($1.value + penalty) }
  }
}

/// ŷ = Σ_i w_i y_i / Σ_i w_i with w_i = exp(−|x_i − x_q|²/2h²). Source: Nadaraya 1964; Watson 1964.
package func kernelSmoother(_ prompt: LanePrompt, dimension: Int, bandwidth: Double) -> Double {
  let points = Points(prompt, dimension: dimension)
  let distances = (0..<points.context).map { points.squaredDistance($0) }
  // From the nearest down, so that a narrow window is not 0/0.
  let nearest = distances.min() ?? 0
  var sum = 0.0, total = 0.0
  for i in distances.indices {
    let weight = deterministicExponential(max(-700, (nearest - distances[i]) / (2 * bandwidth * bandwidth)))
    sum += weight * points.labels[i]
    total += weight
  }
  return sum / total
}

/// The mean label of the `neighbours` nearest context points; of equally near ones the earlier.
/// Source: Cover & Hart 1967.
package func nearestNeighbours(_ prompt: LanePrompt, dimension: Int, neighbours: Int) -> Double {
  let points = Points(prompt, dimension: dimension)
  let order = (0..<points.context).map { (distance: points.squaredDistance($0), index: $0) }.sorted {
    ($0.distance, $0.index) < ($1.distance, $1.index)
  }
  return order.prefix(neighbours).reduce(0) { $0 + points.labels[$1.index] } / Double(min(neighbours, points.context))
}

/// `steps` steps of gradient descent in the task's own kernel with step η from f = 0, at the query:
/// f ← f + (η/n) Σ_i (y_i − f(x_i)) κ(·, x_i). What P1 says that a network of `steps` layers with h = κ computes.
package func kernelDescent(
  gram: [Double], labels: [Double], steps: Int, step: Double
) -> Double {
  let n = labels.count, N = n + 1
  var residual = labels
  var prediction = 0.0
  for _ in 0..<steps {
    var next = residual
    for t in 0..<N {
      var sum = 0.0
      for i in 0..<n { sum += gram[t * N + i] * residual[i] }
      if t < n { next[t] -= step / Double(n) * sum } else { prediction += step / Double(n) * sum }
    }
    residual = next
  }
  return prediction
}
