// The constructions of this module are what they are said to be: the network of P1 is descent in the task's kernel, also
// where Σ ≠ I, and the mixed network is the optimal polynomial of its definition.
import Shared
import Testing
import Theory
import Training

@Suite struct ConstructionTests {
  /// Activation, kernel and the factor that both have on the inner product.
  static let matched: [(Activation, TaskKernel, Double)] = [
    (.linear, .linear, 1), (.relu, .relu, 1), (.exp, .exponential(scale: 1), 1), (.exp, .exponential(scale: 0.5), 0.5),
  ]

  @Test(arguments: matched.indices, [nil, [1, 1, 0.25, 2.25, 1]])
  func `the construction is descent in the task's kernel, whatever the covariance of the inputs`(
    index: Int, covariance: [Double]?
  ) throws {
    let (activation, task, scale) = Self.matched[index]
    var parameters = configuration(task, [activation])
    parameters.covariance = covariance
    let prompts = try promptSet(parameters, seed: 3, count: 200)
    let kernel = try #require(PointKernel(parameters))
    for steps in [1, 4] {
      let network = Network(
        descent: parameters, seed: prompts.seed, heads: [DescentHead(scale: scale, step: 0.8)], layers: steps)
      let expected = prompts.map {
        kernelDescent(gram: kernel.gram($0.kernelPoints), labels: $0.labels, steps: steps, step: 0.8)
      }
      #expect(relativeDistance(prompts.predictions(network), expected) < 1e-5)
    }
  }

  @Test func `a polynomial's mixture is the regression on powers of the score matrix`() throws {
    let parameters = configuration(.relu, [.relu])
    let prompts = try promptSet(parameters, purpose: .validation, count: 2000)
    let fit = tunePolynomialDescent(parameters, on: prompts, steps: 3)
    let kernel = try #require(PointKernel(parameters))
    // h is homogeneous, so the inner scale changes nothing and the features can be written down.
    let features = (0..<3).map { power in
      prompts.map { prompt in
        let n = prompt.labels.count, gram = kernel.gram(prompt.kernelPoints)
        var v = prompt.labels
        for _ in 0..<power {
          v = (0..<n).map { t in
            (0..<n).reduce(0) { $0 + gram[t * (n + 1) + $1] * v[$1] } / Double(n)
          }
        }
        return (0..<n).reduce(0) { $0 + gram[n * (n + 1) + $1] * v[$1] } / Double(n)
      }
    }
    let weights = leastSquares(features, prompts.targets)
    let expected = prompts.targets.indices.map { i in
      weights[0] * features[0][i] + weights[1] * features[1][i] + weights[2] * features[2][i]
    }
    #expect(relativeDistance(fit.predictions(on: prompts), expected) < 1e-3)
  }

  @Test func `what has more freedom is never worse where it is tuned`() throws {
    let parameters = configuration(.relu, [.exp], layers: 2)
    let prompts = try promptSet(parameters, purpose: .validation, count: 1000)
    let plain = tuneDescent(parameters, on: prompts, steps: 2)
    let shifted = tuneShiftedDescent(on: prompts, from: plain)
    let polynomial = tunePolynomialDescent(parameters, on: prompts, steps: 2)
    #expect(shifted.tuningLoss <= plain.tuningLoss && polynomial.tuningLoss <= plain.tuningLoss * 1.001)
    #expect(plain.tuningLoss < prompts.loss(Array(repeating: 0, count: prompts.count)))
    #expect(abs(prompts.loss(shifted.predictions(on: prompts)) - shifted.tuningLoss) < 1e-12)
  }

  @Test func `predictors that are no networks`() throws {
    let linear = try promptSet(configuration(.linear), count: 500)
    // Noiseless linear labels with n > d: least squares is exact, and so is the posterior mean.
    let least = linear.map { RidgeSpectrum($0, dimension: 5).prediction(penalty: 0) }
    #expect(relativeDistance(least, linear.targets) < 1e-4)
    let bayes = try #require(bayesPredictions(on: linear))
    #expect(relativeDistance(bayes, linear.targets) < 1e-4)
    let heavy = linear.map { RidgeSpectrum($0, dimension: 5).prediction(penalty: 1e9) }
    #expect(heavy.allSatisfy { abs($0) < 1e-6 })
    // A wide window and all neighbours are the context's mean; a narrow window is the nearest neighbour.
    let mean = linear.map(contextMean)
    #expect(relativeDistance(linear.map { kernelSmoother($0, dimension: 5, bandwidth: 1e4) }, mean) < 1e-6)
    #expect(relativeDistance(linear.map { nearestNeighbours($0, dimension: 5, neighbours: 14) }, mean) < 1e-12)
    let nearest = linear.map { nearestNeighbours($0, dimension: 5, neighbours: 1) }
    #expect(relativeDistance(linear.map { kernelSmoother($0, dimension: 5, bandwidth: 1e-4) }, nearest) < 1e-6)
  }

  @Test func `with fewer pairs than dimensions least squares goes through every context point`() throws {
    var parameters = configuration(.linear)
    parameters.context = 3
    let prompts = try promptSet(parameters, count: 20)
    for i in 0..<20 {
      var prompt = prompts.prompt(i)
      for t in 0..<3 {
        prompt.x.replaceSubrange(15..<20, with: Array(prompt.x[t * 5..<(t + 1) * 5]))
        #expect(abs(RidgeSpectrum(prompt, dimension: 5).prediction(penalty: 0) - prompt.labels[t]) < 1e-5)
      }
    }
  }

  /// Source of the function: Rosenbrock 1960.
  @Test func `a quasi-Newton search finds the end of a curved valley, and a search without gradients comes near`() {
    func valley(_ p: [Double]) -> Double { 100 * (p[1] - p[0] * p[0]) * (p[1] - p[0] * p[0]) + (1 - p[0]) * (1 - p[0]) }
    let found = minimise(from: [-1.2, 1], iterations: 200) { p in
      let rise = p[1] - p[0] * p[0]
      return (valley(p), [-400 * rise * p[0] - 2 * (1 - p[0]), 200 * rise])
    }
    #expect(abs(found.point[0] - 1) < 1e-5 && abs(found.point[1] - 1) < 1e-5 && found.value < 1e-10)
    let bowl = coordinateSearch(starts: [[3, 3], [9, 9]], step: [1, 1]) { ($0[0] - 1) * ($0[0] - 1) + abs($0[1]) + 1 }
    #expect(abs(bowl.point[0] - 1) < 0.05 && abs(bowl.point[1]) < 0.05)
    // What is no number is never chosen, however low the values beside it.
    let edge = coordinateSearch(starts: [[-1], [1]], step: [0.5]) { $0[0] < 0.9 ? .nan : $0[0] }
    #expect(edge.point[0] >= 0.9 && edge.point[0] < 0.93)
  }

  @Test func `numbers are shown with three digits`() {
    #expect([0.012345, 1, 14.04, 1234.5, -0.5].map(shortText) == ["0.0123", "1", "14", "1230", "-0.5"])
  }
}
