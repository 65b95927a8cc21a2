// Mixtures of tasks: which task a prompt is of, the Bayes predictor that has to find out, and trials on them.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

@Suite struct MixtureTests {
  private func mixed(_ tasks: String, _ change: (inout TrialParameters) -> Void = { _ in }) throws -> TrialParameters {
    let task = try TaskKernel("mixture(\(tasks))")
    return tinyParameters {
      ($0.task, $0.testPrompts) = (task, 200)
      change(&$0)
    }
  }

  @Test(arguments: [PromptStream.Purpose.training, .validation, .test], [0, 300])
  func `every prompt is one of a task's own, bit for bit`(purpose: PromptStream.Purpose, pool: Int) throws {
    let parameters = try mixed("linear, relu, gaussian(0.5), decision_tree(2)") {
      ($0.pool, $0.context, $0.dimension, $0.covariance) = (pool, 6, 3, [1, 2, 0.5])
    }
    let mixture = try PromptSample(parameters, seed: 3, purpose: purpose, batch: 5, count: 300)
    let parts = try parameters.unmixed.map { try PromptSample($0, seed: 3, purpose: purpose, batch: 5, count: 300) }
    #expect(parts.count == 4)
    var counts = [0, 0, 0, 0]
    for index in 0..<300 {
      let own = parts.indices.filter { task in
        parts[task].prompt(index).labels == mixture.prompt(index).labels
          && parts[task].targets[index] == mixture.targets[index]
      }
      #expect(own.count == 1)
      for part in parts { #expect(part.prompt(index).x == mixture.prompt(index).x) }
      #expect(mixture.prompt(index).kernelPoints == parts[0].prompt(index).kernelPoints)
      counts[own[0]] += 1
      if pool == 0 {
        #expect(mixture.stream.task(batch: purpose == .training ? 5 : 5, index: UInt32(index)) == own[0])
      }
    }
    // 75 expected, standard deviation 7.5; a pool of 300 repeats some.
    for count in counts { #expect(abs(count - 75) < (pool == 0 ? 38 : 55)) }
  }

  /// 0 = E (ŷ − m)(m − y) for every ŷ that sees what m sees, if m is the posterior mean: weights that were wrong would show where
  /// ŷ is the mean of one of the tasks. Few pairs leave it open which task it is.
  @Test(
    arguments: [
      ("relu, exp(1)", 3, 0.0), ("linear, gaussian(0.5)", 2, 0.0), ("linear, quadratic", 3, 0.1),
      ("noisy_linear(0.3), exp(0.5), cosine(2)", 4, 0.0), ("linear, exp", 9, 0.0),
    ])
  func `the Bayes predictor is the posterior mean over tasks`(tasks: String, context: Int, noise: Double) throws {
    let parameters = try mixed(tasks) { ($0.context, $0.dimension, $0.labelNoise) = (context, 3, noise) }
    let sample = try PromptSample(parameters, count: 6000)
    let predictor = try #require(BayesPredictor(parameters))
    let parts = try parameters.unmixed.map { try #require(BayesPredictor($0)) }
    let prompts = (0..<sample.count).map { sample.prompt($0) }, targets = sample.targets
    let bayes = prompts.map { predictor.predict(points: $0.kernelPoints, labels: $0.labels) }
    let loss = meanAndError(zip(bayes, targets).map { ($0 - $1) * ($0 - $1) })
    #expect(loss.mean.isFinite)
    for other in parts.map({ part in prompts.map { part.predict(points: $0.kernelPoints, labels: $0.labels) } })
      + [targets.map { _ in 0 }]
    {
      // A task's mean under labels that it cannot have given is beyond all bounds.
      let kept = targets.indices.filter { abs(other[$0]) < 10 }
      let identity = meanAndError(kept.map { (other[$0] - bayes[$0]) * (bayes[$0] - targets[$0]) })
      #expect(abs(identity.mean) < 4 * identity.error + 1e-9, "\(tasks): \(identity)")
      let worse = meanAndError(
        kept.map {
          (other[$0] - targets[$0]) * (other[$0] - targets[$0]) - (bayes[$0] - targets[$0]) * (bayes[$0] - targets[$0])
        })
      #expect(worse.mean > 2 * worse.error, "\(tasks)")
    }
  }

  @Test func `where the labels leave no doubt it is that of the prompt's task`() throws {
    let parameters = try mixed("linear, exp") { ($0.context, $0.dimension) = (14, 5) }
    let sample = try PromptSample(parameters, count: 300)
    let predictor = try #require(BayesPredictor(parameters))
    let parts = try parameters.unmixed.map { try #require(BayesPredictor($0)) }
    for index in 0..<300 {
      let prompt = sample.prompt(index), task = sample.stream.task(batch: 0, index: UInt32(index))
      let own = parts[task].predict(points: prompt.kernelPoints, labels: prompt.labels)
      #expect(abs(predictor.predict(points: prompt.kernelPoints, labels: prompt.labels) - own) < 1e-6)
    }
  }

  @Test func `what cannot be known of a part is not known of the mixture`() throws {
    #expect(BayesPredictor(try mixed("linear, decision_tree(2)")) == nil)
    #expect(BayesPredictor(try mixed("linear, sparse_linear(1)")) == nil)
    #expect(BayesPredictor(try mixed("noisy_linear(0.3), quadratic")) != nil)
  }

  @Test func `a trial's bits do not depend on threads, instruction sets or interruptions`() throws {
    for contextMin in [nil, 2] {
      let trial = try mixed("linear, relu, exp") { $0.contextMin = contextMin }
      let alone = try finish(trial)
      #expect(try finish(trial, threads: 2).identity == alone.identity)
      #expect(try finish(trial, on: .avx2).identity == alone.identity)
      #expect(try finish(trial, stoppedAfter: [4, 11]).identity == alone.identity)
      #expect(abs(alone.result.metrics.bayesIdentityZ) < 4 && alone.result.metrics.excess > 0)
    }
  }
}
