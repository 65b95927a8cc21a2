// The posterior mean of a task: ŷ = k_qᵀ(K_c + σ²I)⁻¹ y with k_q and K_c from the full matrix (docs/science.md §7).
// One prompt at a time in double precision: the numbers everything else is measured against.
import Shared

package struct BayesPredictor: Sendable {
  package let task: TaskKernel
  package let context: Int
  package let dimension: Int
  /// Variance of the noise on context labels.
  package let noiseVariance: Double
  /// Added to the diagonal of the full kernel matrix before its absolute value is taken; 0 in sweeps.
  package let ridge: Double
  private let kernel: KernelMatrix?
  private let isAbsolute: Bool
  /// Share of the diagonal that labels were drawn with.
  private let nugget: Double
  /// Labels are draws of |K| as single precision has it, whose eigenvalues near 0 are rounding: below this share of a diagonal entry
  /// a pivot says nothing. Where points are all at acute angles, K is a Gram matrix and |K| singular but for rounding.
  private static let absoluteRounding = 1e-9
  /// Of a mixture: the predictor of each task.
  private let parts: [BayesPredictor]

  package init(task: TaskKernel, context: Int, dimension: Int, noiseVariance: Double = 0, ridge: Double = 0) {
    var parameters = TrialParameters()
    (parameters.task, parameters.context, parameters.dimension) = (task, context, dimension)
    self.init(parameters, noiseVariance: noiseVariance, ridge: ridge)
  }

  private init(_ parameters: TrialParameters, noiseVariance: Double, ridge: Double) {
    (task, context, dimension) = (parameters.task, parameters.context, parameters.dimension)
    (self.noiseVariance, self.ridge) = (noiseVariance, ridge)
    parts =
      if case .mixture = parameters.task {
        parameters.unmixed.map { BayesPredictor($0, noiseVariance: $0.contextNoiseVariance, ridge: ridge) }
      } else { [] }
    if case .kernel(let task) = parameters.task {
      kernel = KernelMatrix(task.expression)
      isAbsolute = parameters.usesAbsoluteKernel
      nugget = isAbsolute ? 0 : labelNugget(context: parameters.context)
    } else {
      (kernel, isAbsolute, nugget) = (nil, parameters.task == .relu, 0)
    }
  }

  /// Of a trial's task; nil where nobody knows the posterior mean, or it would take too long: of relu networks, decision
  /// trees, sparse linear functions with more than 128 ways to choose their coordinates, and mixtures with function tasks but
  /// noisy linear and quadratic ones.
  package init?(_ parameters: TrialParameters) {
    if case .mixture(let mixture) = parameters.task, !mixture.isGaussian { return nil }
    if case .function(let function) = parameters.task {
      switch function {
      case .reluNetwork, .decisionTree: return nil
      case .sparseLinear(let nonzero):
        guard SparseLinearPosterior.choices(parameters.dimension, nonzero) <= 128 else { return nil }
      case .quadratic, .noisyLinear: break
      }
    }
    self.init(parameters, noiseVariance: parameters.contextNoiseVariance, ridge: 0)
  }

  /// - points: [n+1][d], the query last; labels: [n].
  package func predict(points: [Double], labels: [Double]) -> Double {
    switch task {
    case .linear, .function(.noisyLinear): return linear(points: points, labels: labels)
    case .function(.quadratic):
      // Linear in the squares.
      return linear(points: points.map { $0 * $0 * 0.5773502691896258 }, labels: labels)
    case .function(.sparseLinear(let nonzero)):
      return SparseLinearPosterior(
        nonzero: nonzero, context: context, dimension: dimension, noiseVariance: noiseVariance
      ).mean(points: points, labels: labels)
    case .mixture: return mixture(points: points, labels: labels)
    case .relu, .exponential, .kernel, .function: return gaussianProcess(points: points, labels: labels)
    }
  }

  /// Every task's mean, weighted by its evidence: tasks are equally likely before the labels are seen.
  private func mixture(points: [Double], labels: [Double]) -> Double {
    let evidence = parts.map { $0.logEvidence(points: points, labels: labels) }
    guard let most = evidence.max(), most.isFinite else { return .nan }
    var sum = 0.0, total = 0.0
    for (part, evidence) in zip(parts, evidence) {
      let weight = deterministicExponential(evidence - most)
      total += weight
      // Where a task cannot have given the labels, its mean may be far out.
      if weight > 0 { sum += weight * part.predict(points: points, labels: labels) }
    }
    return sum / total
  }

  /// ln of the density of the labels, up to a constant that all tasks share. Covariances of smooth kernels and of linear
  /// functions are singular to rounding, and labels are rounded: a share of the diagonal that is added, that of `labelNugget`,
  /// decides what counts as impossible.
  private func logEvidence(points: [Double], labels: [Double]) -> Double {
    let N = context + 1, n = context
    var K: [Double]
    if case .function(.quadratic) = task {
      K = matrix(points.map { $0 * $0 * 0.5773502691896258 })
    } else {
      K = matrix(points)
    }
    if isAbsolute { K = absolute(K, N) }
    var factor = [Double](repeating: 0, count: n * n), residual = labels, logEvidence = 0.0
    for i in 0..<n {
      for j in 0...i {
        var sum = K[i * N + j]
        if i == j { sum += noiseVariance + labelNugget(context: n) * K[i * N + i] }
        for k in 0..<j { sum -= factor[i * n + k] * factor[j * n + k] }
        factor[i * n + j] = i == j ? max(sum, .leastNormalMagnitude).squareRoot() : sum / factor[j * n + j]
      }
      for k in 0..<i { residual[i] -= factor[i * n + k] * residual[k] }
      residual[i] /= factor[i * n + i]
      logEvidence -= deterministicLogarithm(factor[i * n + i]) + 0.5 * residual[i] * residual[i]
    }
    return logEvidence
  }

  private func linear(points: [Double], labels: [Double]) -> Double {
    ridge == 0 && context >= dimension
      ? leastSquares(points: points, labels: labels) : gaussianProcess(points: points, labels: labels)
  }

  private func gaussianProcess(points: [Double], labels: [Double]) -> Double {
    let N = context + 1
    var K = matrix(points)
    for i in 0..<N { K[i * N + i] += ridge }
    if isAbsolute { K = absolute(K, N) }
    var covariance = [Double](repeating: 0, count: context * context)
    for i in 0..<context {
      for j in 0..<context { covariance[i * context + j] = K[i * N + j] }
      covariance[i * context + i] += noiseVariance + nugget * K[i * N + i]
    }
    let weights = solve(&covariance, context, labels, dropping: isAbsolute ? Self.absoluteRounding : 1e-14)
    var prediction = 0.0
    for i in 0..<context { prediction += K[context * N + i] * weights[i] }
    return prediction
  }

  /// K_ij = κ(p_i, p_j), [N][N].
  private func matrix(_ points: [Double]) -> [Double] {
    let N = context + 1
    if let kernel { return kernel(points, count: N, dimension: dimension) }
    var K = [Double](repeating: 0, count: N * N)
    for i in 0..<N {
      for j in 0...i {
        var product = 0.0
        for k in 0..<dimension { product += points[i * dimension + k] * points[j * dimension + k] }
        let value = value(product)
        K[i * N + j] = value
        K[j * N + i] = value
      }
    }
    return K
  }

  private func value(_ product: Double) -> Double {
    switch task {
    case .relu: max(0, product)
    case .exponential(let scale): deterministicExponential(scale * product)
    case .linear, .kernel, .function, .mixture: product
    }
  }

  /// |K| = Q |Λ| Qᵀ
  private func absolute(_ K: [Double], _ N: Int) -> [Double] {
    let (values, Q) = symmetricEigen(K, N)
    var result = [Double](repeating: 0, count: N * N)
    for i in 0..<N {
      for j in 0...i {
        var sum = 0.0
        for k in 0..<N { sum += Q[i * N + k] * abs(values[k]) * Q[j * N + k] }
        result[i * N + j] = sum
        result[j * N + i] = sum
      }
    }
    return result
  }

  /// The linear kernel has rank d, so with n ≥ d its posterior mean is (XᵀX + σ²I)⁻¹Xᵀy taken at the query.
  private func leastSquares(points: [Double], labels: [Double]) -> Double {
    let d = dimension
    var gram = [Double](repeating: 0, count: d * d)
    var moment = [Double](repeating: 0, count: d)
    for s in 0..<context {
      for i in 0..<d {
        moment[i] += points[s * d + i] * labels[s]
        for j in 0..<d { gram[i * d + j] += points[s * d + i] * points[s * d + j] }
      }
    }
    for i in 0..<d { gram[i * d + i] += noiseVariance }
    let weights = solve(&gram, d, moment)
    var prediction = 0.0
    for i in 0..<d { prediction += points[context * d + i] * weights[i] }
    return prediction
  }
}

/// x of A x = b for symmetric positive semi-definite A [N][N], which is overwritten by its Cholesky factor. A pivot below
/// `dropping` times its diagonal entry drops its direction. Source: Golub & Van Loan 2013, algorithm 4.2.1.
func solve(_ A: inout [Double], _ N: Int, _ b: [Double], dropping: Double = 1e-14) -> [Double] {
  var x = b
  for j in 0..<N {
    let original = A[j * N + j]
    var pivot = original
    for k in 0..<j { pivot -= A[j * N + k] * A[j * N + k] }
    let root = pivot > dropping * original ? pivot.squareRoot() : 0
    A[j * N + j] = root
    for i in j + 1..<max(N, j + 1) {
      var sum = A[i * N + j]
      for k in 0..<j { sum -= A[i * N + k] * A[j * N + k] }
      A[i * N + j] = root > 0 ? sum / root : 0
    }
    var sum = x[j]
    for k in 0..<j { sum -= A[j * N + k] * x[k] }
    x[j] = root > 0 ? sum / root : 0
  }
  var j = N - 1
  while j >= 0 {
    var sum = x[j]
    for k in j + 1..<max(N, j + 1) { sum -= A[k * N + j] * x[k] }
    x[j] = A[j * N + j] > 0 ? sum / A[j * N + j] : 0
    j -= 1
  }
  return x
}
