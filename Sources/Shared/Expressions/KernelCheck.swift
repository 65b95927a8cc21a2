// What a kernel must be (finite and symmetric) and what decides how its labels are drawn (positive semi-definite or not),
// found out on points drawn like the inputs. The points follow from the parameters alone, so every machine decides alike.

extension TrialParameters {
  /// Whether labels, or some of a mixture's, are drawn from |K|: the kernel has matrices with negative eigenvalues.
  package var usesAbsoluteKernel: Bool {
    switch task {
    case .relu: true
    case .kernel(let task): KernelCheck(task.expression, self).isIndefinite
    case .linear, .exponential, .function: false
    case .mixture: unmixed.contains(where: \.usesAbsoluteKernel)
    }
  }
}

package struct KernelCheck {
  private static let points = 40
  private static let sets = 4
  private let kernel: Expression
  private let dimension: Int
  private let parameters: TrialParameters

  package init(_ kernel: Expression, _ parameters: TrialParameters) {
    (self.kernel, dimension, self.parameters) = (kernel, parameters.dimension, parameters)
  }

  private func sample(_ set: Int) -> [[Double]] {
    (0..<Self.points).map { Self.point(parameters, set: UInt32(set), index: UInt32($0)) }
  }

  /// κ(u, v)
  private func value(_ u: [Double], _ v: [Double]) -> Double {
    kernel.value { variable in variable.value(u, v, dimension: dimension) }
  }

  /// A kernel matrix that stays indefinite with 1e-9 of its largest entry added to the diagonal is so beyond rounding.
  package var isIndefinite: Bool {
    (0..<Self.sets).contains { set in
      let points = sample(set), N = points.count
      var K = [Double](repeating: 0, count: N * N)
      for i in 0..<N { for j in 0...i { K[i * N + j] = value(points[i], points[j]) } }
      let largest = K.reduce(0) { max($0, $1.magnitude) }
      for i in 0..<N { K[i * N + i] += 1e-9 * largest }
      return !isPositiveDefinite(&K, N)
    }
  }

  /// Why the kernel can be none, with a pair of points that shows it; nil for a right one.
  package var counterexample: String? {
    let points = sample(0)
    for i in points.indices {
      let u = points[i], v = points[(i + 1) % points.count]
      let (a, b, own) = (value(u, v), value(v, u), value(u, u))
      func shown(_ x: Double) -> String { "\((x * 1e6).rounded() / 1e6)" }
      func place(_ quantity: ExpressionVariable.Quantity) -> String {
        shown(ExpressionVariable(quantity).value(u, v, dimension: dimension))
      }
      let pair =
        "dot \(place(.dot)), norm_u \(place(.normU)), norm_v \(place(.normV)), sqdist \(place(.squaredDistance))"
      guard a.isFinite, b.isFinite, own.isFinite, Float(a).isFinite, Float(own).isFinite else {
        return "it is not finite at \(pair)"
      }
      guard (a - b).magnitude <= 1e-9 * max(a.magnitude, b.magnitude, 1e-30) else {
        return "it is not symmetric: kernel(u, v) is \(shown(a)) and kernel(v, u) is \(shown(b)) at \(pair)"
      }
    }
    return nil
  }

  private static func point(_ parameters: TrialParameters, set: UInt32, index: UInt32) -> [Double] {
    let d = parameters.dimension
    // A key of its own: these draws are no trial's.
    func unit(_ k: Int, _ word: Int) -> Double {
      let words = philox4x32(counter: SIMD4(set, index, 0, UInt32(k)), key: SIMD2(0x6B65_726E, 0x656C_0001))
      return (Double(words[word]) + 0.5) * 0x1p-32
    }
    var x: [Double] = (0..<d).map { k in
      if parameters.inputs == .cube { return 2 * unit(k, 0) - 1 }
      let radius = (-2 * deterministicLogarithm(unit(k, 0))).squareRoot()
      return radius * deterministicCosine(ofPiTimes: 2 * unit(k, 1))
    }
    if parameters.inputs == .sphere {
      let norm = x.reduce(0) { $0 + $1 * $1 }.squareRoot()
      x = x.map { $0 / norm }
    }
    // Without the rotation, which changes from seed to seed.
    guard parameters.kernelOn == .x, let sigma = parameters.covariance else { return x }
    return zip(x, sigma).map { $0 * $1.squareRoot() }
  }
}

extension ExpressionVariable {
  /// Of the points u and v; a range or map that does not fit them gives what is no number.
  package func value(_ u: [Double], _ v: [Double], dimension: Int) -> Double {
    guard let range = part.range(dimension: dimension) else { return .nan }
    var (a, b) = (Array(u[range]), Array(v[range]))
    if case .map(let rows) = part {
      (a, b) = (
        rows.map { row in zip(row, u).reduce(0) { $0 + $1.0 * $1.1 } },
        rows.map { row in zip(row, v).reduce(0) { $0 + $1.0 * $1.1 } }
      )
    }
    func inner(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    switch quantity {
    case .dot, .score: return inner(a, b)
    case .normU: return inner(a, a).squareRoot()
    case .normV: return inner(b, b).squareRoot()
    case .squaredDistance: return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    case .c0, .c1, .c2, .c3, .c4, .c5, .c6, .c7: return .nan
    }
  }
}

/// Whether a Cholesky factor of A [N][N], given by its lower triangle, exists. A is overwritten.
private func isPositiveDefinite(_ A: inout [Double], _ N: Int) -> Bool {
  for j in 0..<N {
    var pivot = A[j * N + j]
    for k in 0..<j { pivot -= A[j * N + k] * A[j * N + k] }
    guard pivot > 0 else { return false }
    let root = pivot.squareRoot()
    A[j * N + j] = root
    for i in (j + 1)..<max(N, j + 1) {
      var sum = A[i * N + j]
      for k in 0..<j { sum -= A[i * N + k] * A[j * N + k] }
      A[i * N + j] = sum / root
    }
  }
  return true
}
