// The science at small size: training learns, the matched activation is ahead where the paper says so, and nothing beats
// the posterior mean. A few seconds of training in all; seeds are fixed.
import Foundation
import Shared
import Testing
import Training

@Suite struct LearningTests {
  /// 300 steps of a batch of 128 at science.md §8's shape.
  private func train(_ task: TaskKernel, _ activation: Activation, seed: UInt32 = 0) throws -> FinalMetrics {
    var parameters = TrialParameters()
    (parameters.task, parameters.heads) = (task, Heads([activation]))
    (parameters.batch, parameters.steps, parameters.warmupSteps) = (128, 300, 15)
    (parameters.learningRate, parameters.validationPrompts, parameters.testPrompts) = (0.02, 512, 4096)
    (parameters.evaluateEvery, parameters.checkpointEvery) = (100, 300)
    return try finish(parameters, seed: seed).result.metrics
  }

  @Test func `a relu network learns relu labels far beyond the zero predictor, and stays behind the posterior mean`()
    throws
  {
    let metrics = try train(.relu, .relu)
    #expect(metrics.testLoss < 0.6 && metrics.zeroLoss > 0.9)
    #expect(metrics.testLoss > metrics.bayesLoss && metrics.bayesLoss < 0.25)
    #expect(abs(metrics.validationLoss - metrics.testLoss) < 0.2)
  }

  @Test func `the matched activation wins on linear and on relu labels`() throws {
    let linear = try train(.linear, .linear).testLoss
    let relu = try train(.relu, .relu).testLoss
    #expect(linear < 0.25)
    for rival in [Activation.relu, .exp, .softmax] { #expect(try train(.linear, rival).testLoss > 1.3 * linear) }
    #expect(try train(.relu, .linear).testLoss > 1.3 * relu)
  }

  @Test func `softmax and exp are ahead of linear on exp labels`() throws {
    let linear = try train(.exponential(scale: 0.5), .linear).testLoss
    for activation in [Activation.exp, .softmax] {
      #expect(try train(.exponential(scale: 0.5), activation).testLoss < 0.5 * linear)
    }
  }

  /// The attainable reference is a network with few numbers; it must be close to what full training finds.
  @Test func `the isotropic network does about as well as the full one on isotropic inputs`() throws {
    let full = try train(.relu, .relu)
    var parameters = TrialParameters()
    (parameters.task, parameters.heads) = (.relu, Heads([.relu]))
    var reference = parameters.reference
    (reference.steps, reference.batch, reference.restarts, reference.warmupSteps) = (150, 128, 2, 10)
    let isotropic = try finish(reference, stage: .reference).result.metrics
    #expect(isotropic.validationLoss < full.testLoss + 0.05)
  }
}
