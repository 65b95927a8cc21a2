// Losses on prompts that training never sees, and the baselines on the same prompts (docs/science.md §4, §7).
import Foundation
import KernelTypes
import Kernels
import Shared

/// The validation prompts of one trial or gang, drawn once and kept.
final class ValidationSet: @unchecked Sendable {
  private let kernels: KernelTable
  private let count: Int
  private let chunks: Int
  private let floatsPerChunk: Int
  private let prompts: AlignedFloats
  private let targets: AlignedFloats
  private let predictions: AlignedFloats

  init(_ parameters: TrialParameters, seed: Seed, pool: WorkerPool, kernels: KernelTable) {
    self.kernels = kernels
    count = parameters.validationPrompts
    chunks = (count + promptsPerChunk - 1) / promptsPerChunk
    let stream = PromptStream(parameters, seed: seed, purpose: .validation, kernels: kernels)
    floatsPerChunk = blocksPerChunk * stream.floatsPerBlock
    prompts = AlignedFloats(count: chunks * floatsPerChunk)
    targets = AlignedFloats(count: chunks * promptsPerChunk)
    predictions = AlignedFloats(count: chunks * promptsPerChunk)
    let scratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: stream.scratchCount) }
    pool.run(count: chunks) { [self] chunk, thread in
      let first = chunk * promptsPerChunk
      stream.generate(
        batch: 0, first: first, count: min(promptsPerChunk, count - first), scratch: scratch[thread].pointer,
        prompts: prompts.pointer + chunk * floatsPerChunk, targets: targets.pointer + first)
    }
  }

  /// Mean squared error of `network`.
  func loss(_ network: PreparedNetwork, pool: WorkerPool) -> Double {
    let scratchCount = kernels.networkScratch(network.pass)
    let scratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: scratchCount) }
    pool.run(count: chunks) { [self] chunk, thread in
      kernels.predict(
        network.pass, prompts.pointer + chunk * floatsPerChunk, blocksPerChunk, scratch[thread].pointer,
        predictions.pointer + chunk * promptsPerChunk)
    }
    var sum = 0.0
    for i in 0..<count {
      let error = Double(predictions.pointer[i]) - Double(targets.pointer[i])
      sum += error * error
    }
    return sum / Double(count)
  }
}

/// Where trials of the same prompts are evaluated: on which validation prompts, and by which threads.
struct Validation {
  let set: ValidationSet
  let pool: WorkerPool
  let kernels: KernelTable

  func loss(_ network: PreparedNetwork) -> Double { set.loss(network, pool: pool) }
}

/// Predictions and targets on a trial's test prompts, in prompt order.
package struct TestPredictions: Sendable {
  package var network: [Float]
  package var reference: [Float]?
  package var bayes: [Double]
  package var targets: [Float]
}

/// Evaluates networks on the test prompts of (parameters, seed). Prompts are drawn chunk by chunk and not kept.
package func predictTestPrompts(
  _ parameters: TrialParameters, seed: Seed, network: PreparedNetwork, reference: PreparedNetwork?, pool: WorkerPool,
  kernels: KernelTable, cache: BayesCache
) -> TestPredictions {
  let count = parameters.testPrompts
  let chunks = (count + promptsPerChunk - 1) / promptsPerChunk
  let stream = PromptStream(parameters, seed: seed, purpose: .test, kernels: kernels)
  let out = AlignedFloats(count: chunks * promptsPerChunk)
  let referenceOut = AlignedFloats(count: reference == nil ? 0 : chunks * promptsPerChunk)
  let targets = AlignedFloats(count: chunks * promptsPerChunk)
  let known = cache.predictions(parameters, seed: seed)
  let bayes = BayesBuffer(count: known == nil ? count : 0)
  let predictor = BayesPredictor(parameters)
  let scratchCount = max(
    stream.scratchCount, kernels.networkScratch(network.pass),
    reference.map { kernels.networkScratch($0.pass) } ?? 0)
  let buffers = (0..<pool.threadCount).map { _ in
    (
      scratch: AlignedFloats(count: scratchCount),
      prompts: AlignedFloats(count: blocksPerChunk * stream.floatsPerBlock),
      latent: AlignedFloats(count: blocksPerChunk * stream.latentFloatsPerBlock)
    )
  }
  pool.run(count: chunks) { chunk, thread in
    let buffer = buffers[thread]
    let first = chunk * promptsPerChunk
    let size = min(promptsPerChunk, count - first)
    stream.generate(
      batch: 0, first: first, count: size, scratch: buffer.scratch.pointer, prompts: buffer.prompts.pointer,
      targets: targets.pointer + first, latent: buffer.latent.pointer)
    kernels.predict(network.pass, buffer.prompts.pointer, blocksPerChunk, buffer.scratch.pointer, out.pointer + first)
    if let reference {
      kernels.predict(
        reference.pass, buffer.prompts.pointer, blocksPerChunk, buffer.scratch.pointer, referenceOut.pointer + first)
    }
    if known == nil {
      for i in 0..<size {
        let prompt = LanePrompt(stream.recipe, prompts: buffer.prompts.pointer, latent: buffer.latent.pointer, index: i)
        // Not a number where nobody knows the posterior mean: what rests on it is then reported as absent.
        bayes.pointer[first + i] =
          predictor.map { $0.predict(points: prompt.kernelPoints, labels: prompt.labels) } ?? .nan
      }
    }
  }
  let posterior = known ?? Array(UnsafeBufferPointer(start: bayes.pointer, count: count))
  if known == nil { cache.keep(posterior, parameters, seed: seed) }
  func floats(_ buffer: AlignedFloats) -> [Float] { Array(UnsafeBufferPointer(start: buffer.pointer, count: count)) }
  return TestPredictions(
    network: floats(out), reference: reference == nil ? nil : floats(referenceOut), bayes: posterior,
    targets: floats(targets))
}

/// One prompt read out of its lane.
package struct LanePrompt {
  /// Where the task's kernel is taken: ξ or x, [n+1][d].
  package var kernelPoints: [Double]
  /// x, [n+1][d]
  package var x: [Float]
  /// [n]
  package var labels: [Double]

  /// - prompts: blocks of [n+1][d+1] vectors; latent: of [n+1][d]; index: of the prompt within them.
  package init(
    _ recipe: DataRecipe, prompts: UnsafePointer<Float>, latent: UnsafePointer<Float>?, index: Int
  ) {
    let N = recipe.context + 1, d = recipe.dimension, f = d + 1
    let block = index / lanesPerBlock, lane = index % lanesPerBlock
    let z = prompts + block * N * f * lanesPerBlock + lane
    x = []
    labels = []
    for t in 0..<N {
      for k in 0..<d { x.append(z[(t * f + k) * lanesPerBlock]) }
      if t < N - 1 { labels.append(Double(z[(t * f + d) * lanesPerBlock])) }
    }
    if let latent, !recipe.kernelOnX {
      let xi = latent + block * N * d * lanesPerBlock + lane
      kernelPoints = (0..<N * d).map { Double(xi[$0 * lanesPerBlock]) }
    } else {
      kernelPoints = x.map(Double.init)
    }
  }
}

private final class BayesBuffer: @unchecked Sendable {
  let pointer: UnsafeMutablePointer<Double>
  init(count: Int) {
    pointer = .allocate(capacity: max(1, count))
    pointer.initialize(repeating: 0, count: max(1, count))
  }
  deinit { pointer.deallocate() }
}

/// Posterior means of recent (task, shape, seed) triples: the activations of a row share them. A few megabytes at most.
package final class BayesCache: @unchecked Sendable {
  private struct Key: Hashable {
    let task: TaskKernel
    let context: Int
    let dimension: Int
    let covariance: [Double]?
    let inputs: InputDistribution
    let kernelOn: KernelArgument
    let labelNoise: Double
    let count: Int
    let seed: Seed
  }

  private let lock = NSLock()
  private var entries: [(key: Key, values: [Double])] = []
  private let capacity: Int

  /// - capacity: prompts kept in all.
  package init(capacity: Int = 2_000_000) { self.capacity = capacity }

  private func key(_ p: TrialParameters, _ seed: Seed) -> Key {
    Key(
      task: p.task, context: p.context, dimension: p.dimension, covariance: p.covariance, inputs: p.inputs,
      kernelOn: p.kernelOn, labelNoise: p.labelNoise, count: p.testPrompts, seed: seed)
  }

  func predictions(_ parameters: TrialParameters, seed: Seed) -> [Double]? {
    lock.withLock { entries.first { $0.key == key(parameters, seed) }?.values }
  }

  func keep(_ values: [Double], _ parameters: TrialParameters, seed: Seed) {
    lock.withLock {
      entries.append((key(parameters, seed), values))
      while entries.count > 1, entries.reduce(0, { $0 + $1.values.count }) > capacity { entries.removeFirst() }
    }
  }
}
