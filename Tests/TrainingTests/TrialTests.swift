// What a trial reports: losses that anyone can recompute from its checkpoint, divergence, refusals, and the constraints
// its network must still meet after training.
import Foundation
import Kernels
import Shared
import Testing
import Training

@Suite struct TrialTests {
  /// With the formulas of science.md §1 in double precision, as a reader of the checkpoint would.
  @Test(arguments: [Heads([.relu]), Heads([.softmax, .linear])])
  func `the reported numbers follow from the checkpoint and the test prompts`(heads: Heads) throws {
    let parameters = tinyParameters { ($0.heads, $0.labelNoise) = (heads, 0.1) }
    let reference = try finish(parameters.reference.shortened, seed: UInt32.max, stage: .reference)
    let trial = try finish(parameters, reference: reference.checkpoint.bytes)
    let metrics = trial.result.metrics
    let network = try trained(trial.checkpoint.bytes, parameters).reference
    let sample = try PromptSample(parameters, seed: 5, purpose: .test, count: parameters.testPrompts)
    let bayes = BayesPredictor(task: .relu, context: 6, dimension: 3, noiseVariance: 0.01)
    let isotropic = try trained(reference.checkpoint.bytes, parameters).reference
    var losses: [Double] = [], zero: [Double] = [], excess: [Double] = [], posterior: [Double] = []
    var rival: [Double] = []
    for i in 0..<parameters.testPrompts {
      let prompt = sample.reference(i), found = network.prediction(prompt)
      let mean = bayes.predict(points: sample.prompt(i).kernelPoints, labels: prompt.y)
      losses.append(pow(found - prompt.target, 2))
      zero.append(pow(prompt.target, 2))
      excess.append(pow(found - mean, 2))
      posterior.append(pow(mean - prompt.target, 2))
      rival.append(pow(isotropic.prediction(prompt) - prompt.target, 2))
    }
    func expect(_ found: Double, _ expected: Double) { #expect(abs(found - expected) < 2e-5 * expected) }
    expect(metrics.testLoss, meanAndError(losses).mean)
    expect(metrics.testLossStandardError, meanAndError(losses).error)
    expect(metrics.zeroLoss, meanAndError(zero).mean)
    expect(metrics.excess, meanAndError(excess).mean)
    expect(metrics.excessStandardError, meanAndError(excess).error)
    expect(metrics.bayesLoss, meanAndError(posterior).mean)
    expect(metrics.referenceLoss, meanAndError(rival).mean)
    let validation = try PromptSample(parameters, seed: 5, purpose: .validation, count: parameters.validationPrompts)
    let targets = validation.targets
    expect(
      metrics.validationLoss,
      meanAndError(targets.indices.map { pow(network.prediction(validation.reference($0)) - targets[$0], 2) }).mean)
    #expect(abs(metrics.bayesIdentityZ) < 4)
    #expect(trial.points.last?.validationLoss == metrics.validationLoss)
    #expect(trial.points.last?.trainLoss == metrics.trainLoss)
  }

  /// L − L_Bayes − E(ŷ − m)² is zero in expectation for any predictor that knows the context alone.
  @Test(arguments: [TaskKernel.linear, .relu, .exponential(scale: 0.5)])
  func `the Bayes identity holds for a trained network`(task: TaskKernel) throws {
    let parameters = tinyParameters {
      ($0.task, $0.testPrompts, $0.context, $0.dimension) = (task, 8000, 14, 5)
      $0.heads = Heads([.relu])
    }
    let metrics = try finish(parameters, seed: 1).result.metrics
    #expect(abs(metrics.bayesIdentityZ) < 4)
    let scale = 2 * (metrics.excess * metrics.bayesLoss / 8000).squareRoot()
    #expect(abs(metrics.testLoss - metrics.bayesLoss - metrics.excess) < 6 * scale + 1e-6)
    #expect(metrics.testLoss > metrics.bayesLoss)
  }

  @Test func `points, learning rates and checkpoints come when they are due`() throws {
    let parameters = tinyParameters { ($0.restarts, $0.steps) = (2, 16) }
    let trial = try finish(parameters)
    #expect(trial.points.map(\.step) == [7, 14, 16, 23, 30, 32])
    #expect(trial.checkpoints.map(\.step) == [9, 18, 27])
    for point in trial.points {
      let local = (point.step - 1) % 16
      #expect(point.learningRate == learningRate(parameters, step: local))
      #expect(point.trainLoss.isFinite && point.validationLoss.isFinite)
    }
    #expect(trial.result.steps == 32)
    #expect(trial.result.checkpoint == trial.checkpoint.digest)
    #expect(trial.checkpoint.digest == BlobDigest(of: trial.checkpoint.bytes))
    // The better of the two ends is what is reported.
    let ends = [trial.points[2].validationLoss, trial.points[5].validationLoss]
    #expect(trial.result.metrics.validationLoss == ends.min())
  }

  @Test func `tied layers stay equal, a sparse value stays zero, an isotropic network stays isotropic`() throws {
    let tied = tinyParameters { ($0.tiedLayers, $0.layers) = (true, 3) }
    let network = try trained(finish(tied).checkpoint.bytes, tied)
    for layer in 1..<3 {
      #expect(network.r[layer] == network.r[0])
      for i in 0..<9 {
        #expect(network.A[layer * 9 + i] == network.A[i] && network.B[layer * 9 + i] == network.B[i])
        #expect(network.C[layer * 9 + i] == network.C[i])
      }
    }
    #expect(network.A.contains { $0 != 0 })
    #expect(network != initialNetwork(tied, seed: Seed(rawValue: 5), restart: 0))

    let sparse = tinyParameters { $0.value = .sparse }
    let values = try trained(finish(sparse).checkpoint.bytes, sparse)
    #expect(values.A.allSatisfy { $0 == 0 })

    for value in ValueMatrix.allCases {
      let isotropic = tinyParameters { ($0.network, $0.value) = (.isotropic, value) }
      let start = initialNetwork(isotropic, seed: Seed(rawValue: 5), restart: 1)
      let network = try trained(finish(isotropic).checkpoint.bytes, isotropic)
      for layer in 0..<2 {
        for i in 0..<9 {
          let diagonal = i % 4 == 0
          #expect(network.B[layer * 9 + i] == (diagonal ? 1 : 0))
          #expect(network.C[layer * 9 + i] == (diagonal ? network.C[layer * 9] : 0))
          #expect(network.A[layer * 9 + i] == (diagonal ? network.A[layer * 9] : 0))
        }
      }
      #expect(network.C != start.C)
      #expect(network.A.allSatisfy { $0 == 0 } == (value == .sparse))
    }
  }

  static let divergent: [TrialParameters] = [1, 3].flatMap { restarts in
    [
      tinyParameters { ($0.optimizer, $0.learningRate, $0.clipNorm) = (.sgd, 1e12, nil) },
      tinyParameters { ($0.learningRate, $0.clipNorm) = (1e12, nil) },
      // One layer's loss overflows while its clipped gradient stays finite.
      tinyParameters { ($0.learningRate, $0.layers, $0.warmupSteps) = (1e7, 1, 0) },
    ].map { parameters in
      var copy = parameters
      (copy.restarts, copy.heads) = (restarts, Heads([.linear]))
      return copy
    }
  }

  /// Every number that is not one has the same bits, on both instruction sets.
  @Test(arguments: divergent.indices)
  func `a diverged trial says so and its numbers have one bit pattern`(trial: Int) throws {
    let parameters = Self.divergent[trial]
    let trials = try Golden.instructionSets.map { try finish(parameters, on: $0) }
    for trial in trials {
      #expect(trial.result.outcome == .diverged)
      let metrics = trial.result.metrics
      for value in [metrics.trainLoss, metrics.validationLoss, metrics.testLoss, metrics.excess] {
        #expect(!(value <= 1e8))
        if value.isNaN { #expect(value.bitPattern == Double.nan.bitPattern) }
      }
      #expect(metrics.zeroLoss.isFinite && metrics.bayesLoss.isFinite)
      #expect(trial.identity == trials[0].identity)
      // A worker may die between the last checkpoint and its result.
      #expect(try finish(parameters, resume: trial.checkpoint.bytes).identity == trial.identity)
    }
  }

  @Test func `a restart that diverges does not spoil the others`() throws {
    // From starts this wide some restarts explode and some do not.
    let parameters = tinyParameters {
      ($0.initialization, $0.initScale, $0.restarts, $0.steps) = (.gaussian, 0.6, 6, 12)
      ($0.heads, $0.layers, $0.learningRate) = (Heads([.exp]), 3, 0.001)
    }
    let trial = try finish(parameters)
    #expect(trial.result.outcome == .finite)
    // A restart that diverged has no point at its end.
    let ends = Set(trial.points.map(\.step).filter { $0 % 12 == 0 })
    #expect(!ends.isEmpty && ends.count < 6, "restarts that ended: \(ends.sorted())")
    #expect(try finish(parameters, stoppedAfter: [3, 5]).identity == trial.identity)
    for checkpoint in trial.checkpoints {
      #expect(try finish(parameters, resume: checkpoint.bytes).identity == trial.identity)
    }
  }

  /// science.md §5: clipped far below ε, the first steps have length 0.1/(9 − i)² in layer i.
  @Test func `the authors' recipe takes steps of its known length in every layer`() throws {
    var parameters = try TrialParameters(values: [
      .recipe: .text("cheng2024"), .task: .text("linear"), .activation: .text("linear"), .steps: .integer(3),
      .batch: .integer(128), .checkpointEvery: .integer(1), .context: .integer(8), .testPrompts: .integer(10),
      .validationPrompts: .integer(10),
    ])
    #expect(parameters.layers == 3 && parameters.resampleEvery == 10)
    parameters.evaluateEvery = 1
    let trial = try finish(parameters)
    var networks = [initialNetwork(parameters, seed: Seed(rawValue: 5), restart: 0)]
    for checkpoint in trial.checkpoints { networks.append(try trained(checkpoint.bytes, parameters)) }
    #expect(networks.count == 3)
    for layer in 0..<3 {
      let expected = 0.1 / Double((9 - layer) * (9 - layer))
      for step in 0..<2 {
        let (a, b) = (networks[step], networks[step + 1])
        func square(_ x: [Float], _ y: [Float], _ count: Int) -> Double {
          (layer * count..<(layer + 1) * count).reduce(0) { $0 + pow(Double(x[$1]) - Double(y[$1]), 2) }
        }
        let length = (square(a.A, b.A, 25) + square(a.B, b.B, 25) + square(a.C, b.C, 25) + square(a.r, b.r, 1))
          .squareRoot()
        // ε outweighs a clipped gradient by a factor of 49 at least; the second step's momentum points the same way.
        #expect(abs(length / expected - 1) < 0.03, "layer \(layer), step \(step)")
      }
    }
  }

  /// Chunks of 64 prompts are summed in waves of 512; here a second wave of a few chunks. One plain step of rate 1 shows
  /// the gradient g, and along g the loss must change by ‖g‖² per unit.
  @Test(arguments: [1, 2])
  func `a batch of several waves gives the mean loss and gradient over all its prompts`(threads: Int) throws {
    let parameters = tinyParameters {
      ($0.optimizer, $0.learningRate, $0.clipNorm, $0.warmupSteps) = (.sgd, 1, nil, 0)
      ($0.dimension, $0.context, $0.batch, $0.steps, $0.schedule) = (1, 2, 33_000, 1, .constant)
    }
    let layout = TrainableLayout(parameters)
    let start = initialNetwork(parameters, seed: Seed(rawValue: 5), restart: 0)
    let trial = try finish(parameters, threads: threads)
    let end = try trained(trial.checkpoint.bytes, parameters)
    let gradient = zip(layout.pack(start), layout.pack(end)).map { Double($0) - Double($1) }
    let square = gradient.reduce(0) { $0 + $1 * $1 }
    let sample = try PromptSample(parameters, seed: 5, purpose: .training, count: 33_000)
    let prompts = (0..<33_000).map { sample.reference($0) }
    func loss(_ distance: Double) -> Double {
      let moved = zip(layout.pack(start), gradient).map { Float(Double($0) + distance * $1) }
      return layout.expand(moved).reference.loss(prompts)
    }
    #expect(abs(trial.result.metrics.trainLoss / loss(0) - 1) < 1e-6)
    // Weights are single precision: the distance is large enough for their rounding not to matter.
    let slope = (loss(0.05) - loss(-0.05)) / 0.1
    #expect(square > 1e-3)
    #expect(abs(slope / square - 1) < 2e-3)
  }

  @Test func `what cannot fit into memory is refused in words`() throws {
    let parameters = tinyParameters { ($0.batch, $0.context, $0.dimension) = (10_000_000, 1024, 8) }
    #expect {
      try finish(parameters)
    } throws: { error in
      guard case TrainingError.tooLarge(let what, let bytes) = error else { return false }
      return what == "the batch with its states" && bytes > 16 << 30
        && "\(error)".hasSuffix("more than 16 GiB are not attempted; lower context, dimension, layers or batch")
    }
  }
}

extension TrialParameters {
  /// The same reference in a fraction of the steps.
  fileprivate var shortened: TrialParameters {
    var copy = self
    (copy.steps, copy.batch, copy.restarts, copy.validationPrompts) = (40, 64, 2, 100)
    return copy
  }
}
