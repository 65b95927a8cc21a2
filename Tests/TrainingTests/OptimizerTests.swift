// Update rules on a quadratic by values computed by hand, clipping, and the learning rate of each step.
import Foundation
import Kernels
import Shared
import Testing
import Training

@Suite struct OptimizerTests {
  private func parameters(_ optimizer: Optimizer) -> TrialParameters {
    var parameters = TrialParameters()
    parameters.optimizer = optimizer
    (parameters.beta1, parameters.beta2, parameters.epsilon) = (0.5, 0.75, 1e-8)
    return parameters
  }

  /// Minimises ½w² from w = 1, so that the gradient is w; the weights after each step.
  private func descend(_ parameters: TrialParameters, rate: Double, steps: Int) -> [Float] {
    var state = OptimizerState(count: 1), weights: [Float] = [1], path: [Float] = []
    for step in 1...steps {
      state.update(&weights, gradient: weights, step: step, learningRate: rate, parameters)
      path.append(weights[0])
    }
    return path
  }

  private func expectClose(_ found: [Float], _ expected: [Double]) {
    #expect(found.count == expected.count)
    for (a, b) in zip(found, expected) { #expect(abs(Double(a) - b) < 2e-7, "\(found), not \(expected)") }
  }

  /// m: ½, then ½·½ + ½·0.9 = 0.7; v: ¼, then ¾·¼ + ¼·0.81 = 0.39. Corrected: 0.7/0.75 and 0.39/(7/16).
  @Test func `adam's first steps are those of its algorithm`() {
    expectClose(
      descend(parameters(.adam), rate: 0.1, steps: 2), [0.9, 0.9 - 0.1 * (0.7 / 0.75) / (0.39 / 0.4375).squareRoot()])
  }

  /// Decay as part of the gradient: g = 1.2 at first; the step's size does not see it.
  @Test func `adam adds its decay to the gradient`() {
    var parameters = parameters(.adam)
    parameters.weightDecay = 0.2
    let second = 1.2 * 0.9
    let m = 0.5 * 0.6 + 0.5 * second, v = 0.75 * 0.25 * 1.44 + 0.25 * second * second
    expectClose(
      descend(parameters, rate: 0.1, steps: 2), [0.9, 0.9 - 0.1 * (m / 0.75) / (v / 0.4375).squareRoot()])
  }

  /// Decay shrinks the weight by rate · decay before the step, outside the moments.
  @Test func `adamw shrinks the weight beside its step`() {
    var parameters = parameters(.adamw)
    parameters.weightDecay = 0.2
    // The first gradient is 1, the second the weight 0.98 − 0.1.
    let m = 0.25 + 0.5 * 0.88, v = 0.75 * 0.25 + 0.25 * 0.88 * 0.88
    expectClose(
      descend(parameters, rate: 0.1, steps: 2),
      [0.88, 0.88 * 0.98 - 0.1 * (m / 0.75) / (v / 0.4375).squareRoot()])
  }

  /// Momentum ½: 1, then ½ + 0.9 = 1.4, then 0.7 + 0.76 = 1.46.
  @Test func `sgd follows its momentum`() {
    expectClose(descend(parameters(.sgd), rate: 0.1, steps: 3), [0.9, 0.76, 0.614])
    var decayed = parameters(.sgd)
    decayed.weightDecay = 0.2
    expectClose(descend(decayed, rate: 0.1, steps: 1), [0.88])
  }

  @Test func `epsilon is added to the corrected root`() {
    var parameters = parameters(.adam)
    parameters.epsilon = 1
    expectClose(descend(parameters, rate: 0.1, steps: 1), [0.95])
  }

  @Test(arguments: [Optimizer.adam, .adamw, .sgd], [Float.nan, .infinity])
  func `a gradient that is not finite leaves weights that are not, without a trap`(optimizer: Optimizer, value: Float) {
    var state = OptimizerState(count: 2), weights: [Float] = [1, 2]
    state.update(&weights, gradient: [value, 0], step: 1, learningRate: 0.1, parameters(optimizer))
    #expect(!weights[0].isFinite)
    #expect(weights[1].isFinite)
  }

  @Test func `adam's moments at a zero gradient stay zero`() {
    var state = OptimizerState(count: 1), weights: [Float] = [1]
    for step in 1...5 { state.update(&weights, gradient: [0], step: step, learningRate: 0.1, parameters(.adam)) }
    #expect(weights == [1] && state.mean == [0] && state.variance == [0])
  }

  @Test func `the learning rate warms up, then follows its schedule`() {
    var parameters = TrialParameters()
    (parameters.learningRate, parameters.steps, parameters.warmupSteps) = (0.8, 108, 8)
    func rates(_ schedule: Schedule, _ steps: [Int]) -> [Double] {
      parameters.schedule = schedule
      return steps.map { learningRate(parameters, step: $0) }
    }
    for schedule in Schedule.allCases { #expect(rates(schedule, [0, 3, 7]) == [0.1, 0.4, 0.8]) }
    #expect(rates(.constant, [8, 50, 107]) == [0.8, 0.8, 0.8])
    let cosine = rates(.cosine, [8, 33, 58, 83, 107])
    let expected = [0, 0.25, 0.5, 0.75, 0.99].map { 0.4 * (1 + cos(.pi * $0)) }
    for (a, b) in zip(cosine, expected) { #expect(abs(a - b) < 1e-15) }
    #expect(rates(.step, [8, 57, 58, 82, 83, 107]) == [0.8, 0.8, 0.8 * 0.1, 0.8 * 0.1, 0.8 * 0.01, 0.8 * 0.01])
    parameters.warmupSteps = 0
    #expect(rates(.cosine, [0]) == [0.8])
    (parameters.warmupSteps, parameters.steps) = (5, 5)
    #expect(rates(.cosine, [4]) == [0.8])
  }

  private func clipped(_ gradient: [Float], _ parameters: TrialParameters, step: Int = 0) -> [Float] {
    var gradient = gradient
    clip(&gradient, TrainableLayout(parameters), step: step)
    return gradient
  }

  private func norm(_ values: some Sequence<Float>) -> Double {
    values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
  }

  @Test func `the global clip lowers a norm above its bound and leaves others alone`() {
    var parameters = TrialParameters()
    (parameters.layers, parameters.dimension, parameters.clipNorm) = (1, 1, 1)
    // A, r, B, C of one number each.
    #expect(clipped([3, 0, 4, 0], parameters) == [0.6, 0, 0.8, 0])
    #expect(clipped([0.3, 0, 0.4, 0], parameters) == [0.3, 0, 0.4, 0])
    #expect(clipped([0, 0, 0, 0], parameters) == [0, 0, 0, 0])
    #expect(clipped([.nan, 0, 4, 0], parameters).contains { $0.isNaN })
    parameters.clipNorm = nil
    #expect(clipped([3, 0, 4, 0], parameters) == [3, 0, 4, 0])
  }

  @Test func `layers are clipped one by one, all their heads together, to scale over the squared distance`() {
    var parameters = TrialParameters()
    (parameters.layers, parameters.dimension, parameters.clipNorm) = (3, 2, nil)
    parameters.heads = Heads([.relu, .exp])
    parameters.layerClip = LayerClip(scale: 1e-2, base: 9, switchStep: 10, scaleAfter: 1e-1)
    let layout = TrainableLayout(parameters)
    #expect(layout.count == 3 * 2 * 13)
    let gradient = (0..<layout.count).map { Float($0 % 7) - 3.25 }
    for (step, scale) in [(0, 1e-2), (9, 1e-2), (10, 1e-1)] {
      let result = clipped(gradient, parameters, step: step)
      for layer in 0..<3 {
        let range = layer * 26..<(layer + 1) * 26
        let bound = scale / Double((9 - layer) * (9 - layer))
        #expect(abs(norm(result[range]) / bound - 1) < 1e-6)
        // The direction stays.
        let factor = result[range.lowerBound] / gradient[range.lowerBound]
        for i in range { #expect(abs(result[i] - factor * gradient[i]) <= 1e-6 * abs(result[i])) }
      }
    }
    let small = gradient.map { $0 * 1e-6 }
    #expect(clipped(small, parameters) == small)
    #expect(clipped([Float](repeating: 0, count: layout.count), parameters).allSatisfy { $0 == 0 })
  }
}
