// What a task's prompts must look like: moments, the covariance of labels given the inputs, Σ, and the losses that
// follow from them (docs/science.md §2, §4). Seeds are fixed, so outcomes are; bounds are in standard errors.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

@Suite struct GeneratorTests {
  private func parameters(_ task: TaskKernel, context: Int = 14, dimension: Int = 5) -> TrialParameters {
    var parameters = TrialParameters()
    (parameters.task, parameters.context, parameters.dimension) = (task, context, dimension)
    return parameters
  }

  /// E y² at n = 14, d = 5: 1 linear, 1.032 relu (by |K|, whose trace exceeds K's), e^½ for exp(½).
  @Test(arguments: [(TaskKernel.linear, 1.0), (.relu, 1.032), (.exponential(scale: 0.5), 1.6487)])
  func `labels have the task's second moment`(task: TaskKernel, expected: Double) throws {
    let sample = try PromptSample(parameters(task), count: 20_000)
    let targets = sample.targets
    let (mean, error) = meanAndError(
      targets.indices.map { i in
        let labels = sample.prompt(i).labels
        return (labels.reduce(targets[i] * targets[i]) { $0 + $1 * $1 }) / 15
      })
    // Half a unit of the last digit given.
    #expect(abs(mean - expected) < 3 * error + 0.0005)
    #expect(error < 0.012)
    let first = meanAndError(targets)
    #expect(abs(first.mean) < 3 * first.error)
  }

  /// The covariance of all n+1 labels over 3,000 draws for the same inputs, entry by entry, against |K| in double
  /// precision. Of 2,160 entries the largest deviation of a right generator is about 3.5 standard errors.
  @Test(
    arguments: [
      "linear", "relu", "exp", "gaussian(0.5)", "laplace(0.5)", "matern32(0.5)", "polynomial(1,3)", "cosine(2)",
      "arccosine1", "kernel(0.5 * gaussian(0.4) + relu(dot) * dot[1..<5])",
      "kernel(exp(-2 * sqdist[(1, 0, 0.5, 0, 0; 0, 1, 0, -1, 0; 0, 0, 0, 0, 2)]) + 0.2 * matern52(0.3))",
    ])
  func `labels given the inputs have covariance |K|`(text: String) throws {
    let task = try TaskKernel(text)
    let n = 8, N = 9, draws = 3000
    let kernels = try #require(InstructionSet.best?.kernels)
    let sample = try PromptSample(parameters(task, context: n), count: 16)
    var recipe = sample.stream.recipe
    let scratch = AlignedFloats(count: kernels.dataScratch(recipe))
    let prompts = AlignedFloats(count: sample.stream.floatsPerBlock)
    let targets = AlignedFloats(count: lanesPerBlock)
    let indices = AlignedFloats(count: lanesPerBlock)
    let numbers = UnsafeRawPointer(indices.pointer).assumingMemoryBound(to: UInt32.self)
    for i in 0..<16 { indices.pointer[i] = Float(bitPattern: UInt32(i)) }
    var products = [Double](repeating: 0, count: 16 * N * N)
    var labels = [Double](repeating: 0, count: N)
    for draw in 0..<draws {
      // Another stream of labels for the same stream of inputs.
      recipe.labelStream = 1000 + UInt32(draw)
      kernels.generate(recipe, 0, numbers, 16, 1, scratch.pointer, prompts.pointer, targets.pointer, nil)
      for lane in 0..<16 {
        for t in 0..<n { labels[t] = Double(prompts.pointer[(t * 6 + 5) * lanesPerBlock + lane]) }
        labels[n] = Double(targets.pointer[lane])
        for i in 0..<N { for j in 0...i { products[lane * N * N + i * N + j] += labels[i] * labels[j] } }
      }
    }
    var worst = 0.0, whitened = 0.0
    for lane in 0..<16 {
      let K = absoluteKernel(task, sample.points(lane))
      let (values, Q) = symmetricEigen(K, N)
      for i in 0..<N {
        for j in 0...i {
          let variance = (K[i * N + i] * K[j * N + j] + K[i * N + j] * K[i * N + j]) / Double(draws)
          let z = (products[lane * N * N + i * N + j] / Double(draws) - K[i * N + j]) / variance.squareRoot()
          worst = max(worst, abs(z))
        }
      }
      // Along every eigenvector the mean square is its eigenvalue.
      for k in 0..<N {
        var square = 0.0
        for i in 0..<N {
          for j in 0..<N {
            square += Q[i * N + k] * products[lane * N * N + max(i, j) * N + min(i, j)] * Q[j * N + k]
          }
        }
        whitened += square / Double(draws) / values[k] / Double(16 * N)
      }
    }
    #expect(worst < 4.5)
    // Of rank five, the linear kernel has directions without variance. Else χ² with 16·9·3,000 degrees of freedom, and a
    // hundredth for eigenvalues near single precision's rounding.
    if task != .linear { #expect(abs(whitened - 1) < 4 * (2.0 / Double(16 * N * draws)).squareRoot() + 0.01) }
  }

  /// |K| = Q|Λ|Qᵀ of the full matrix, [N][N].
  private func absoluteKernel(_ task: TaskKernel, _ points: [[Double]]) -> [Double] {
    let N = points.count
    var K: [Double] = []
    for a in points {
      for b in points {
        K.append(task.kernel?.value { $0.value(a, b, dimension: a.count) } ?? .nan)
      }
    }
    let (values, Q) = symmetricEigen(K, N)
    let rows = (0..<N).map { Array(Q[$0 * N..<($0 + 1) * N]) }
    return rows.flatMap { a in
      let weighted = zip(a, values).map { $0 * abs($1) }
      return rows.map { dot(weighted, $0) }
    }
  }

  /// One layer, A = 0, BᵀC ∝ I: the loss is a parabola in the step, with minimum E t² − (E t g)²/E g².
  @Test(arguments: [
    (TaskKernel.linear, Activation.linear, Float(1), 14, 5, 4.0 / 18), (.linear, .linear, 1, 6, 3, 2.0 / 8),
    (.relu, .relu, 1, 14, 5, 0.518), (.exponential(scale: 0.5), .exp, 0.5, 14, 5, 0.576),
  ])
  func `the best one-layer step has the loss of theory`(
    task: TaskKernel, activation: Activation, key: Float, context: Int, dimension: Int, expected: Double
  ) throws {
    var parameters = parameters(task, context: context, dimension: dimension)
    (parameters.layers, parameters.heads) = (1, Heads([activation]))
    let sample = try PromptSample(parameters, count: 40_000)
    let unit = sample.predictions(Network(descent: parameters, key: key, r: -1)), targets = sample.targets
    var cross = 0.0, square = 0.0
    for i in unit.indices {
      cross += unit[i] * targets[i]
      square += unit[i] * unit[i]
    }
    let step = cross / square
    let (mean, error) = meanAndError(unit.indices.map { pow(targets[$0] - step * unit[$0], 2) })
    #expect(abs(mean - expected) < 3 * error + 0.0005)
    #expect(error < 0.008)
  }

  /// docs/science.md §8: .181 for relu, .117 for exp(½); linear labels are known after d examples.
  @Test(arguments: [(TaskKernel.linear, 0.0), (.relu, 0.181), (.exponential(scale: 0.5), 0.117)])
  func `the posterior mean has the loss of theory`(task: TaskKernel, expected: Double) throws {
    let sample = try PromptSample(parameters(task), count: 6000)
    let bayes = BayesPredictor(task: task, context: 14, dimension: 5), targets = sample.targets
    let (mean, error) = meanAndError(
      targets.indices.map {
        let prompt = sample.prompt($0)
        return pow(bayes.predict(points: prompt.kernelPoints, labels: prompt.labels) - targets[$0], 2)
      })
    #expect(abs(mean - expected) < 3 * error + 0.0005)
  }

  /// Figure 1's prompt of points at acute angles: |K| is singular but for rounding, and a predictor that trusts its smallest
  /// eigenvalue (1.5e-12) answers −199 where .8 is right.
  @Test func `where |K| is singular but for rounding the posterior mean stays within reason`() throws {
    let sample = try PromptSample(parameters(.relu, context: 12), seed: 5, count: 8192)
    let prompt = sample.prompt(8184)
    let found = BayesPredictor(task: .relu, context: 12, dimension: 5)
      .predict(points: prompt.kernelPoints, labels: prompt.labels)
    #expect(abs(found - sample.targets[8184]) < 1, "it answers \(found)")
  }

  /// Risk of the posterior mean with noise σ²: k_qq − k_qᵀ(K_c + σ²I)⁻¹k_q, by the predictor itself on labels k_q.
  @Test func `with noisy labels the posterior mean takes the noise into account`() throws {
    for (task, context) in [(TaskKernel.linear, 14), (.linear, 3), (.exponential(scale: 0.5), 14)] {
      var parameters = parameters(task, context: context)
      parameters.labelNoise = 0.5
      let sample = try PromptSample(parameters, count: 4000)
      let aware = BayesPredictor(task: task, context: context, dimension: 5, noiseVariance: 0.25)
      let unaware = BayesPredictor(task: task, context: context, dimension: 5)
      let targets = sample.targets
      var losses: [Double] = [], differences: [Double] = [], naive: [Double] = []
      for i in targets.indices {
        let prompt = sample.prompt(i), points = sample.points(i)
        let K = absoluteKernel(task, points), N = context + 1
        let atQuery = (0..<context).map { K[context * N + $0] }
        let risk = K[N * N - 1] - aware.predict(points: prompt.kernelPoints, labels: atQuery)
        losses.append(pow(aware.predict(points: prompt.kernelPoints, labels: prompt.labels) - targets[i], 2))
        naive.append(pow(unaware.predict(points: prompt.kernelPoints, labels: prompt.labels) - targets[i], 2))
        differences.append(losses[i] - risk)
      }
      let difference = meanAndError(differences)
      #expect(abs(difference.mean) < 4 * difference.error, "\(task) at n = \(context)")
      let gain = meanAndError(zip(naive, losses).map { $0 - $1 })
      #expect(gain.mean > 4 * gain.error, "\(task) at n = \(context)")
    }
  }

  @Test func `x is U diag(√σ) ξ with a rotation U of the seed`() throws {
    let sigma = [1, 1, 0.25, 2.25, 1.5]
    var parameters = parameters(.linear)
    parameters.covariance = sigma
    for seed in 0..<4 {
      let transform = inputTransform(parameters, seed: Seed(rawValue: UInt32(seed))).map(Double.init)
      let rows = (0..<5).map { Array(transform[$0 * 5..<$0 * 5 + 5]) }
      let (values, _) = symmetricEigen(rows.flatMap { a in rows.map { dot(a, $0) } }, 5)
      for (found, expected) in zip(values.sorted(), sigma.sorted()) { #expect(abs(found - expected) < 1e-6) }
      // Columns are orthogonal, of lengths √σ.
      let columns = (0..<5).map { j in rows.map { $0[j] } }
      for j in 0..<5 {
        for k in 0...j { #expect(abs(dot(columns[j], columns[k]) - (j == k ? sigma[j] : 0)) < 1e-6) }
      }
    }
    // The covariance of x over many prompts is Σ/d.
    let transform = inputTransform(parameters, seed: Seed(rawValue: 0)).map(Double.init)
    let sample = try PromptSample(parameters, count: 4000)
    for (i, j) in [(0, 0), (1, 0), (2, 2), (4, 3)] {
      let (mean, error) = meanAndError(
        (0..<4000).map { index in
          let x = sample.reference(index).x
          return dot(x.map { $0[i] }, x.map { $0[j] }) / 15
        })
      let expected = dot(Array(transform[i * 5..<i * 5 + 5]), Array(transform[j * 5..<j * 5 + 5])) / 5
      #expect(abs(mean - expected) < 4 * error)
    }
  }

  /// Over seeds U is Haar-distributed: entries have mean 0 and mean square 1/d.
  @Test func `rotations have no preferred direction`() {
    let parameters = parameters(.linear, dimension: 3)
    var entries = [[Double]](repeating: [], count: 9)
    for seed in 0..<2000 {
      let transform = inputTransform(parameters, seed: Seed(rawValue: UInt32(seed)))
      for i in 0..<9 { entries[i].append(Double(transform[i])) }
    }
    for values in entries {
      let first = meanAndError(values), second = meanAndError(values.map { $0 * $0 })
      #expect(abs(first.mean) < 4 * first.error)
      #expect(abs(second.mean - 1.0 / 3) < 4 * second.error)
    }
  }

  @Test func `training, validation and test prompts are different, and shared by all activations`() throws {
    let a = try PromptSample(parameters(.relu), purpose: .training, count: 8)
    let b = try PromptSample(parameters(.relu), purpose: .validation, count: 8)
    let c = try PromptSample(parameters(.relu), purpose: .test, count: 8)
    #expect(Set([a.targets, b.targets, c.targets]).count == 3)
    #expect(a.prompt(3).x != b.prompt(3).x && b.prompt(3).x != c.prompt(3).x)
    var other = parameters(.relu)
    (other.heads, other.layers, other.learningRate) = (Heads([.softmax]), 7, 1)
    #expect(try PromptSample(other, purpose: .test, count: 8).targets == c.targets)
    #expect(try PromptSample(parameters(.relu), seed: 1, purpose: .test, count: 8).targets != c.targets)
  }

  /// Ten batches of 400 from a pool of 100 prompts: every prompt of the pool comes, about equally often.
  @Test func `a pool's batches are draws of all its prompts`() throws {
    var parameters = parameters(.linear, context: 3)
    parameters.pool = 100
    var counts: [Double: Int] = [:]
    for batch in 0..<10 {
      let sample = try PromptSample(parameters, purpose: .training, batch: batch, count: 400)
      for target in sample.targets { counts[target, default: 0] += 1 }
    }
    #expect(counts.count == 100)
    // χ² with 99 degrees of freedom has mean 99 and standard deviation 14.
    let statistic = counts.values.reduce(0.0) { $0 + pow(Double($1) - 40, 2) / 40 }
    #expect(statistic < 99 + 4 * 14.1)
    let first = try PromptSample(parameters, purpose: .training, batch: 0, count: 400)
    #expect(try PromptSample(parameters, purpose: .training, batch: 1, count: 400).targets != first.targets)
    #expect(
      try PromptSample(parameters, purpose: .training, batch: 0, count: 33).targets == Array(first.targets[..<33]))
    // Validation and test prompts stay fresh.
    #expect(Set(try PromptSample(parameters, purpose: .validation, count: 400).targets).count == 400)
  }

  @Test func `the reference's eigenvalues and vectors are those of the matrix`() {
    for N in [1, 2, 3, 15, 41] {
      // Low rank and repeated eigenvalues beside a generic matrix.
      for kind in 0..<3 {
        var A = [Double](repeating: 0, count: N * N)
        for i in 0..<N {
          for j in 0...i {
            let value =
              switch kind {
              case 0: sin(Double(i * i + 3 * j + 1))
              case 1: i % 2 == j % 2 ? 1.0 : 0
              default: i == j ? 2.0 : 0
              }
            (A[i * N + j], A[j * N + i]) = (value, value)
          }
        }
        let (values, V) = symmetricEigen(A, N)
        let rows = (0..<N).map { Array(V[$0 * N..<($0 + 1) * N]) }
        let columns = (0..<N).map { j in rows.map { $0[j] } }
        for i in 0..<N {
          let weighted = zip(rows[i], values).map { $0 * $1 }
          for j in 0..<N {
            #expect(abs(dot(weighted, rows[j]) - A[i * N + j]) < 1e-12)
            #expect(abs(dot(columns[i], columns[j]) - (i == j ? 1 : 0)) < 1e-12)
          }
        }
      }
    }
  }
}
