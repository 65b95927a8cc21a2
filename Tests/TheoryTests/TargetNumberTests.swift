// The figures that a correct implementation must give at d = 5, n = 14, k = 3: ln of the mean squared error of baselines
// on the tasks of the paper, each within 0.05 of what was computed independently.
import Shared
import Testing
import Theory
import Training

@Suite struct TargetNumberTests {
  struct Target: Sendable, CustomTestStringConvertible {
    var task: TaskKernel
    var activation: Activation
    var ln: Double
    var testDescription: String { "\(task) labels, \(activation)" }
  }

  /// ln of the mean squared error; the standard error must leave the tolerance its meaning.
  private func logarithm(_ predictions: [Double], on prompts: PromptSet) -> Double {
    let errors = predictions.indices.map {
      (predictions[$0] - prompts.targets[$0]) * (predictions[$0] - prompts.targets[$0])
    }
    let (mean, error) = meanAndStandardError(errors)
    #expect(error < 0.025 * mean)
    return deterministicLogarithm(mean)
  }

  @Test(arguments: [(TaskKernel.relu, -1.71), (.exponential(scale: 0.5), -2.14), (.exponential(scale: 1), -0.54)])
  func `the posterior mean`(task: TaskKernel, expected: Double) throws {
    let prompts = try promptSet(configuration(task), count: 16_384)
    let bayes = try #require(bayesPredictions(on: prompts))
    #expect(abs(logarithm(bayes, on: prompts) - expected) < 0.05)
  }

  @Test(arguments: [
    Target(task: .linear, activation: .linear, ln: -3.7),
    Target(task: .relu, activation: .relu, ln: -1.14),
    Target(task: .exponential(scale: 0.5), activation: .exp, ln: -1.54),
    Target(task: .exponential(scale: 0.5), activation: .softmax, ln: -1.78),
  ])
  func `three steps of the optimal polynomial`(target: Target) throws {
    let parameters = configuration(target.task, [target.activation])
    let tuning = try promptSet(parameters, purpose: .validation, count: 16_384)
    let test = try promptSet(parameters, count: 32_768)
    let fit = tunePolynomialDescent(parameters, on: tuning, steps: 3)
    let found = logarithm(fit.predictions(on: test), on: test)
    #expect(abs(found - target.ln) < 0.05, "ln mse \(found), \(fit.text)")
  }

  /// The figures asked for were −1.85, −3.05 and −1.58, which are not the lowest: the objective has several minima (−1.77,
  /// −1.82 and −1.90 were found for the first). The search must find the lowest known (docs/science.md §10).
  @Test(arguments: [
    Target(task: .exponential(scale: 0.5), activation: .softmax, ln: -1.90),
    Target(task: .linear, activation: .softmax, ln: -3.16),
    Target(task: .exponential(scale: 0.5), activation: .exp, ln: -1.64),
  ])
  func `the attainable reference without moves of x`(target: Target) throws {
    var parameters = configuration(target.task, [target.activation])
    parameters.value = .sparse
    let tuning = try promptSet(parameters, purpose: .validation, count: 8192)
    let descent = tuneDescent(parameters, on: tuning, steps: 3)
    let network = attainableReference(parameters, on: tuning, descent: descent).network
    #expect(network.A.allSatisfy { $0 == 0 })
    let test = try promptSet(parameters, count: 32_768)
    let found = logarithm(test.predictions(network), on: test)
    #expect(abs(found - target.ln) < 0.05, "ln mse \(found)")
  }

  /// Of a task whose kernel it is, and an activation that training shapes: whatever the layout of their numbers.
  @Test(arguments: ["gaussian", "expression(relu(s) + c0 * s; c0 = 0.5)"])
  func `the attainable reference is no worse than descent where it is tuned`(activation: String) throws {
    var parameters = configuration(try TaskKernel("gaussian"), [try Activation(activation), .linear], layers: 2)
    let tuning = try promptSet(parameters, purpose: .validation, count: 1024)
    let descent = tuneDescent(parameters, on: tuning, steps: 2)
    for value in [ValueMatrix.sparse, .free] {
      parameters.value = value
      let found = attainableReference(parameters, on: tuning, descent: descent)
      #expect(found.loss.isFinite && found.loss <= descent.tuningLoss)
    }
  }

  @Test func `moving x makes the attainable reference no worse where it is tuned`() throws {
    var parameters = configuration(.relu, [.relu], layers: 2)
    let tuning = try promptSet(parameters, purpose: .validation, count: 2048)
    let descent = tuneDescent(parameters, on: tuning, steps: 2)
    let free = attainableReference(parameters, on: tuning, descent: descent)
    parameters.value = .sparse
    let sparse = attainableReference(parameters, on: tuning, descent: descent)
    #expect(free.loss <= sparse.loss && sparse.loss <= descent.tuningLoss)
    #expect(abs(tuning.loss(tuning.predictions(free.network)) - free.loss) < 1e-5)
  }
}
