// Tasks beyond the paper's three: moments of their labels, what is known of their Bayes predictors, equal bits of the
// builds, and a trial of each.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

@Suite struct TaskTests {
  private func parameters(
    _ task: String, context: Int = 14, dimension: Int = 5, _ change: (inout TrialParameters) -> Void = { _ in }
  ) throws -> TrialParameters {
    var parameters = TrialParameters()
    (parameters.task, parameters.context, parameters.dimension) = (try TaskKernel(task), context, dimension)
    change(&parameters)
    return parameters
  }

  private func secondMoment(_ parameters: TrialParameters, count: Int = 8000) throws -> (mean: Double, error: Double) {
    let sample = try PromptSample(parameters, count: count)
    return meanAndError(sample.targets.map { $0 * $0 })
  }

  /// On the unit sphere κ(ξ, ξ) is one number, where it is not given by E.
  @Test(
    arguments: [
      ("gaussian", 1), ("gaussian(0.3)", 1), ("laplace", 1), ("laplace(0.2)", 1), ("matern32", 1), ("matern52(0.5)", 1),
      ("polynomial", 4), ("polynomial(0.5,3)", 3.375), ("polynomial(0,2)", 1), ("arccosine0", 1), ("arccosine1", 1),
      ("composite", 1.63206), ("composite(full)", 1.83206), ("kernel((1 + sqdist) ^ -1)", 1), ("exp(1)", 2.7183),
      ("kernel(0.5 * gaussian(0.3) + 2 * dot * matern32(1))", 2.5), ("kernel(3 * dot[0..<2] + laplace(1)[2..<5])", 2.2),
      ("kernel(exp(dot[(1, 0, 0, 0, 0; 0, 0, 0, 0, 2)]))", 4.2233),
      ("sparse_linear(2)", 0.4), ("relu_network", 1), ("decision_tree", 1), ("decision_tree(2)", 1),
      ("quadratic", 1.0 / 7),
      ("noisy_linear", 1),
    ] as [(String, Double)])
  func `labels have the kernel's or the function's second moment`(task: String, expected: Double) throws {
    let (mean, error) = try secondMoment(parameters(task))
    #expect(abs(mean - expected) < 3 * error + 1e-4, "\(task): \(mean) ± \(error)")
    #expect(error < 0.1 * expected)
  }

  /// E y² of the query is the last diagonal entry of |K|, averaged over the very prompts.
  @Test(arguments: ["cosine", "cosine(4)", "polynomial(-0.5,2)", "kernel(tanh(3 * dot))", "kernel(sqdist)"])
  func `labels of an indefinite kernel have the second moment of |K|`(task: String) throws {
    let parameters = try parameters(task)
    #expect(parameters.usesAbsoluteKernel)
    let sample = try PromptSample(parameters, count: 3000), kernel = try #require(parameters.task.kernel)
    let targets = sample.targets
    let (mean, error) = meanAndError(
      targets.indices.map { index in
        let points = sample.points(index), N = points.count
        let K = points.flatMap { u in points.map { v in kernel.value { $0.value(u, v, dimension: 5) } } }
        let (values, Q) = symmetricEigen(K, N)
        let last = (0..<N).reduce(0.0) { $0 + abs(values[$1]) * Q[(N - 1) * N + $1] * Q[(N - 1) * N + $1] }
        return targets[index] * targets[index] - last
      })
    #expect(abs(mean) < 3 * error, "\(task): \(mean) ± \(error)")
  }

  @Test func `kernels are taken of ξ or of x, whatever the inputs' distribution`() throws {
    let sigma = [1, 1, 0.25, 2.25, 1]
    func moment(_ change: (inout TrialParameters) -> Void) throws -> (mean: Double, error: Double) {
      try secondMoment(parameters("polynomial(0,1)", change))
    }
    for (expected, change) in [
      (1.0, { $0.covariance = sigma }), (1.1, { ($0.covariance, $0.kernelOn) = (sigma, .x) }),
      (5.0, { $0.inputs = .gaussian }), (5.0 / 3, { $0.inputs = .cube }),
      (5.5, { ($0.covariance, $0.kernelOn, $0.inputs) = (sigma, .x, .gaussian) }),
    ] as [(Double, (inout TrialParameters) -> Void)] {
      let (mean, error) = try moment(change)
      #expect(abs(mean - expected) < 3 * error + 1e-4, "\(expected): \(mean) ± \(error)")
    }
  }

  @Test func `a noisy task's context is noisy and its target is not`() throws {
    let parameters = try parameters("noisy_linear(2)") { $0.labelNoise = 1 }
    let sample = try PromptSample(parameters, count: 4000)
    let context = meanAndError((0..<4000).map { pow(sample.prompt($0).labels[3], 2) })
    let target = meanAndError(sample.targets.map { $0 * $0 })
    #expect(abs(context.mean - 6) < 3 * context.error && abs(target.mean - 1) < 3 * target.error)
  }

  @Test func `functions have the shapes of their classes`() throws {
    let tree = try PromptSample(parameters("decision_tree(3)", context: 200), count: 16)
    for index in 0..<16 {
      // A tree of depth 3 has at most eight values, and points of equal signs share one.
      let labels = tree.prompt(index).labels
      #expect(Set(labels).count <= 8 && Set(labels).count >= 2)
      var known: [[Bool]: Double] = [:]
      for (x, y) in zip(tree.points(index), labels) {
        let signs = x.map { $0 > 0 }
        #expect(known[signs].map { $0 == y } ?? true)
        known[signs] = y
      }
    }
    let quadratic = try PromptSample(parameters("quadratic", context: 9), count: 16)
    let sparse = try PromptSample(parameters("sparse_linear(2)", context: 30, dimension: 7), count: 64)
    var chosen = [Int](repeating: 0, count: 7)
    for index in 0..<64 {
      let (values, weights) = leastSquares(sparse.points(index), sparse.prompt(index).labels)
      #expect(values < 1e-10 && weights.filter { abs($0) > 1e-4 }.count == 2)
      for k in 0..<7 where abs(weights[k]) > 1e-4 { chosen[k] += 1 }
      guard index < 16 else { continue }
      let squares = quadratic.points(index).map { $0.map { $0 * $0 } }
      #expect(leastSquares(squares, quadratic.prompt(index).labels).residual < 1e-10)
    }
    #expect(chosen.allSatisfy { $0 > 4 })
  }

  /// Σ of squared errors and the weights of the least squares fit of the context.
  private func leastSquares(_ points: [[Double]], _ labels: [Double]) -> (residual: Double, weights: [Double]) {
    let d = points[0].count
    var rows = (0..<d).map { i in
      (0..<d).map { j in zip(points, labels).reduce(0.0) { $0 + $1.0[i] * $1.0[j] } }
        + [zip(points, labels).reduce(0.0) { $0 + $1.0[i] * $1.1 }]
    }
    for i in 0..<d {
      for r in 0..<d where r != i {
        let factor = rows[r][i] / rows[i][i]
        for c in i...d { rows[r][c] -= factor * rows[i][c] }
      }
    }
    let weights = (0..<d).map { rows[$0][d] / rows[$0][$0] }
    return (zip(points, labels).reduce(0.0) { $0 + pow(dot($1.0, weights) - $1.1, 2) }, weights)
  }

  static let everyTask = [
    "gaussian(0.5)", "laplace", "matern32", "matern52", "polynomial", "polynomial(0,3)", "cosine(2)", "arccosine0",
    "arccosine1", "composite", "composite(full)", "exp(1)", "kernel((1 + sqdist) ^ -1)",
    "kernel(0.5 * gaussian(0.4) + relu(dot) * dot[1..<4])", "kernel(dot[(1, 0.5, 0, 0)] + gaussian(1))",
    "sparse_linear(2)",
    "relu_network(20)", "decision_tree(3)", "quadratic", "noisy_linear(0.3)",
  ]
  static let withoutBayes = ["relu_network(20)", "decision_tree(3)"]

  private func trial(_ task: String) throws -> TrialParameters {
    try parameters(task, context: 6, dimension: 4) {
      ($0.layers, $0.batch, $0.steps, $0.warmupSteps) = (2, 48, 12, 2)
      ($0.evaluateEvery, $0.checkpointEvery, $0.validationPrompts, $0.testPrompts) = (6, 6, 100, 1000)
      $0.heads = Heads([.relu])
    }
  }

  @Test(arguments: everyTask)
  func `a trial of each task ends, and the Bayes identity holds where there is a Bayes predictor`(
    task: String
  ) throws {
    let parameters = try trial(task)
    let result = try finish(parameters, on: .avx2).result, metrics = result.metrics
    #expect(result.outcome == .finite && metrics.testLoss.isFinite && metrics.zeroLoss > 0)
    if Self.withoutBayes.contains(task) {
      #expect(metrics.bayesLoss.isNaN && metrics.excess.isNaN && metrics.bayesIdentityZ.isNaN)
    } else {
      #expect(abs(metrics.bayesIdentityZ) <= 4 && metrics.bayesLoss < metrics.zeroLoss && metrics.excess > 0, "\(task)")
    }
    guard InstructionSet.avx512.isSupported else { return }
    let other = try finish(parameters, threads: 2, on: .avx512).result
    #expect(other.checkpoint == result.checkpoint)
    #expect(other.metrics.testLoss.bitPattern == metrics.testLoss.bitPattern)
  }

  @Test(arguments: ["gelu", "normalized(relu)", "gaussian", "exp(0.5)", "expression(s * sigmoid(1.702 * s))"])
  func `a trial of an activation is the same interrupted, resumed and by its canonical text`(text: String) throws {
    var parameters = try trial("gaussian")
    parameters.heads = Heads([try Activation(text), .linear])
    let whole = try finish(parameters)
    #expect(whole.result.outcome == .finite)
    #expect(try finish(parameters, stoppedAfter: [3, 8]).checkpoint.digest == whole.checkpoint.digest)
    let read = try TrialParameters(canonicalJSON: parameters.canonicalJSON)
    #expect(read == parameters && read.id == parameters.id)
    let reference = try finish(parameters.reference, stage: .reference)
    #expect(reference.result.outcome == .finite)
    let reported = try finish(parameters, reference: reference.checkpoint.bytes)
    #expect(reported.result.metrics.referenceLoss.isFinite)
  }

  /// With every coordinate in use it is the linear task's; with few it beats that, and knows the function after n > k.
  @Test func `the posterior mean of sparse functions weighs all choices of coordinates`() throws {
    func loss(_ predictor: BayesPredictor, _ sample: PromptSample) -> (mean: Double, error: Double) {
      let targets = sample.targets
      return meanAndError(
        targets.indices.map {
          let prompt = sample.prompt($0)
          return pow(predictor.predict(points: prompt.kernelPoints, labels: prompt.labels) - targets[$0], 2)
        })
    }
    let dense = try parameters("sparse_linear(3)", context: 4, dimension: 3) { $0.labelNoise = 0.5 }
    let sample = try PromptSample(dense, count: 500)
    let linear = BayesPredictor(task: .linear, context: 4, dimension: 3, noiseVariance: 0.25)
    #expect(abs(loss(try #require(BayesPredictor(dense)), sample).mean - loss(linear, sample).mean) < 1e-9)
    let sparse = try parameters("sparse_linear(2)", context: 4, dimension: 6)
    let few = try PromptSample(sparse, count: 2000)
    let own = loss(try #require(BayesPredictor(sparse)), few)
    let ridge = loss(BayesPredictor(task: .linear, context: 4, dimension: 6, noiseVariance: 1e-6), few)
    // Four examples decide two unknown coordinates unless rounding hides them; six unknown ones they do not.
    #expect(own.mean < 1e-3 && ridge.mean > 0.05)
    #expect(BayesPredictor(try parameters("sparse_linear(6)", dimension: 20)) == nil)
    #expect(BayesPredictor(try parameters("relu_network")) == nil)
  }

  /// The predictor's kernel matrices are those of the expression's tree, by a way of their own.
  @Test func `the posterior mean interpolates where labels have no noise`() throws {
    for task in ["laplace", "matern32(0.5)", "kernel(laplace(1)[0..<3] + laplace(0.5)[(0, 0, 0, 1, 1)])"] {
      let parameters = try parameters(task, context: 8)
      let sample = try PromptSample(parameters, count: 4), predictor = try #require(BayesPredictor(parameters))
      for index in 0..<4 {
        let prompt = sample.prompt(index)
        for t in [0, 5] {
          var points = prompt.kernelPoints
          for k in 0..<5 { points[8 * 5 + k] = points[t * 5 + k] }
          // To the nugget, times the condition number of kernels this rough.
          #expect(abs(predictor.predict(points: points, labels: prompt.labels) - prompt.labels[t]) < 1e-3, "\(task)")
        }
      }
    }
  }
}
