// Gaussian-process regression over points of the unit cube: what `bayes` believes about scores it has not seen.
// n points, d coordinates. Arithmetic of additions, multiplications, divisions and roots, and Shared's exp and ln.
import Shared

/// A constant mean and a Matérn-5/2 kernel with one length per coordinate, σ²·(k(r) + λ·[same point]),
/// r² = Σ (x_i − y_i)² / ℓ_i². An unordered coordinate contributes 1 / ℓ_i² where the two differ.
/// Source: Rasmussen & Williams 2006, chapters 2 and 5; the prior on lengths grows with √d (Hvarfner et al. 2024).
struct GaussianProcess {
  /// [n][d]
  private(set) var points: [[Double]]
  private let isOrdered: [Bool]
  /// 1 / ℓ² per coordinate.
  private let precisions: [Double]
  /// λ, the noise as a share of the variance.
  private let noise: Double
  private let mean: Double
  private let variance: Double
  /// Lower triangle by rows of the factor of k + λI, packed: row i starts at i(i + 1)/2.
  private var factor: [Double]
  /// L⁻¹(y − mean)
  private var whitened: [Double]

  /// The process that fits best, by the largest posterior density of lengths and noise.
  /// - points: at least two, different; values: as many, of mean 0 and variance 1 or so.
  init(points: [[Double]], isOrdered: [Bool], values: [Double]) {
    let fit = Fit(points: points, isOrdered: isOrdered, values: values)
    let best = fit.bestParameters()
    let state = fit.state(best)
    self.points = points
    self.isOrdered = isOrdered
    precisions = best.dropLast().map { deterministicExponential(-2 * $0) }
    noise = deterministicExponential(best[best.count - 1])
    (mean, variance, factor) = (state.mean, state.variance, state.factor)
    whitened = solveLower(state.factor, values.map { $0 - state.mean })
  }

  /// The expected value at a point and the standard deviation of the noise-free function there.
  func prediction(at point: [Double]) -> (mean: Double, deviation: Double) {
    let solved = solveLower(factor, covariances(point))
    var expected = mean, explained = 0.0
    for (s, w) in zip(solved, whitened) {
      expected += s * w
      explained += s * s
    }
    return (expected, (variance * max(1 - explained, 1e-12)).squareRoot())
  }

  /// Takes the expected value at a point for an observation, so that the next proposal goes elsewhere.
  /// Source: Ginsbourger, Le Riche & Carraro 2010 ("kriging believer").
  mutating func believe(_ point: [Double]) {
    let solved = solveLower(factor, covariances(point))
    let pivot = max(1 + noise - solved.reduce(0) { $0 + $1 * $1 }, 1e-12).squareRoot()
    factor += solved + [pivot]
    // The residual of an observation that equals its expectation is 0.
    whitened.append(0)
    points.append(point)
  }

  private func covariances(_ point: [Double]) -> [Double] {
    points.map { other in
      var square = 0.0
      for (index, precision) in precisions.enumerated() {
        square += precision * squaredDistance(point[index], other[index], isOrdered[index])
      }
      return matern(square)
    }
  }
}

private func squaredDistance(_ a: Double, _ b: Double, _ isOrdered: Bool) -> Double {
  isOrdered ? (a - b) * (a - b) : a == b ? 0 : 1
}

/// (1 + √5 r + 5r²/3) e^(−√5 r), of r².
private func matern(_ square: Double) -> Double {
  let scaled = (5 * square).squareRoot()
  return (1 + scaled + scaled * scaled / 3) * deterministicExponential(-scaled)
}

/// L⁻¹b for a packed lower triangle.
private func solveLower(_ factor: [Double], _ vector: [Double]) -> [Double] {
  var solved = vector
  factor.withUnsafeBufferPointer { factor in
    solved.withUnsafeMutableBufferPointer { solved in
      var start = 0
      for i in solved.indices {
        var sum = solved[i]
        for j in 0..<i { sum -= factor[start + j] * solved[j] }
        solved[i] = sum / factor[start + i]
        start += i + 1
      }
    }
  }
  return solved
}

/// The search for lengths and noise. Parameters: ln ℓ per coordinate, then ln λ.
private struct Fit {
  /// Squared distances per coordinate, of all pairs i > j, packed by rows: [d][n(n − 1)/2].
  private let distances: [[Double]]
  private let values: [Double]
  /// Mean of the prior on ln ℓ.
  private let usualLength: Double

  struct State {
    var mean = 0.0
    var variance = 1.0
    var factor: [Double] = []
    /// − ln of the posterior density, up to a constant.
    var cost = Double.infinity
  }

  init(points: [[Double]], isOrdered: [Bool], values: [Double]) {
    self.values = values
    // A factor √d for each coordinate's length keeps typical distances the same. Source: Hvarfner et al. 2024.
    usualLength = -0.7 + 0.5 * deterministicLogarithm(Double(max(1, isOrdered.count)))
    distances = isOrdered.indices.map { coordinate in
      points.indices.flatMap { i in
        (0..<i).map { squaredDistance(points[i][coordinate], points[$0][coordinate], isOrdered[coordinate]) }
      }
    }
  }

  /// Coordinate by coordinate with shrinking steps, from two starts.
  func bestParameters() -> [Double] {
    let starts = [-1.0, 0.3].map { Array(repeating: usualLength + $0, count: distances.count) + [Self.usualNoise] }
    var best: (cost: Double, parameters: [Double])?
    for start in starts {
      var parameters = start, cost = state(start).cost
      for step in [1.2, 0.6, 0.3, 0.15] {
        var moves = true, rounds = 0
        while moves, rounds < 3 {
          moves = false
          rounds += 1
          for index in parameters.indices {
            for direction in [step, -step] {
              var other = parameters
              other[index] += direction
              let otherCost = state(other).cost
              guard otherCost < cost else { continue }
              (parameters, cost, moves) = (other, otherCost, true)
              break
            }
          }
        }
      }
      if cost < best?.cost ?? .infinity { best = (cost, parameters) }
    }
    return best?.parameters ?? starts[0]
  }

  /// ln λ that the prior expects: scores are means over paired seeds.
  private static let usualNoise = -7.0

  func state(_ parameters: [Double]) -> State {
    let count = values.count, noise = parameters[parameters.count - 1]
    guard noise > -14, noise < 1, parameters.dropLast().allSatisfy({ $0 > -4 && $0 < 5 }) else { return State() }
    var squares = [Double](repeating: 0, count: count * (count - 1) / 2)
    for (perPair, length) in zip(distances, parameters) {
      let precision = deterministicExponential(-2 * length)
      for pair in squares.indices { squares[pair] += precision * perPair[pair] }
    }
    let diagonal = 1 + deterministicExponential(noise)
    var factor = [Double](repeating: 0, count: count * (count + 1) / 2)
    var pair = 0, place = 0
    for i in 0..<count {
      for _ in 0..<i {
        factor[place] = matern(squares[pair])
        place += 1
        pair += 1
      }
      factor[place] = diagonal
      place += 1
    }
    guard let logDeterminant = factorise(&factor, count) else { return State() }
    let ones = solveLower(factor, Array(repeating: 1, count: count)), solved = solveLower(factor, values)
    let mean = zip(ones, solved).reduce(0) { $0 + $1.0 * $1.1 } / ones.reduce(0) { $0 + $1 * $1 }
    let squared = zip(ones, solved).reduce(0) { $0 + ($1.1 - mean * $1.0) * ($1.1 - mean * $1.0) }
    // The variance is maximised in closed form, under an inverse-gamma prior of shape 1 and scale 1.
    let shape = 0.5 * Double(count) + 2, variance = (0.5 * squared + 1) / shape
    var cost = shape * deterministicLogarithm(variance) + 0.5 * logDeterminant
    for length in parameters.dropLast() {
      cost += 0.5 * (length - usualLength) * (length - usualLength) / 1.5
    }
    cost += 0.5 * (noise - Self.usualNoise) * (noise - Self.usualNoise) / 4
    return State(mean: mean, variance: variance, factor: factor, cost: cost)
  }

  /// Cholesky's factor in place of a packed lower triangle; ln of the determinant, nil where it is not positive.
  private func factorise(_ matrix: inout [Double], _ count: Int) -> Double? {
    var logDeterminant = 0.0
    let isPositive = matrix.withUnsafeMutableBufferPointer { matrix in
      for i in 0..<count {
        let row = i * (i + 1) / 2
        for j in 0...i {
          let other = j * (j + 1) / 2
          var sum = matrix[row + j]
          for k in 0..<j { sum -= matrix[row + k] * matrix[other + k] }
          if i == j {
            guard sum > 1e-13 else { return false }
            logDeterminant += deterministicLogarithm(sum)
            matrix[row + j] = sum.squareRoot()
          } else {
            matrix[row + j] = sum / matrix[other + j]
          }
        }
      }
      return true
    }
    return isPositive ? logDeterminant : nil
  }
}
