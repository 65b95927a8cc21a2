// Prompts to judge predictors on: the very test or validation prompts of (parameters, seed), kept in lanes for networks
// and handed out one by one to what is computed in double precision.
import KernelTypes
import Kernels
import Shared
import Synchronization
import Training

package final class PromptSet: @unchecked Sendable {
  package let parameters: TrialParameters
  package let seed: Seed
  package let count: Int
  private let kernels: KernelTable
  private let pool: WorkerPool
  private let stream: PromptStream
  private let chunks: Int
  private let prompts: AlignedFloats
  private let latent: AlignedFloats
  private let targetFloats: AlignedFloats
  /// The queries' labels, [count].
  package let targets: [Double]

  /// Bytes that one set may take.
  package static let mostBytes = 4 << 30

  /// Draws the first `count` prompts.
  /// - labelScale: factor on all labels, noise included.
  package init(
    _ parameters: TrialParameters, seed: Seed, purpose: PromptStream.Purpose, count: Int, labelScale: Double = 1,
    pool: WorkerPool, kernels: KernelTable
  ) throws(TheoryError) {
    (self.parameters, self.seed, self.count) = (parameters, seed, count)
    (self.kernels, self.pool) = (kernels, pool)
    chunks = (count + promptsPerChunk - 1) / promptsPerChunk
    stream = PromptStream(parameters, seed: seed, purpose: purpose, kernels: kernels)
    let bytes = 4 * chunks * blocksPerChunk * (stream.floatsPerBlock + stream.latentFloatsPerBlock)
    guard bytes <= Self.mostBytes else { throw .tooManyPrompts(count: count, bytes: bytes) }
    prompts = AlignedFloats(count: chunks * blocksPerChunk * stream.floatsPerBlock)
    latent = AlignedFloats(count: chunks * blocksPerChunk * stream.latentFloatsPerBlock)
    targetFloats = AlignedFloats(count: chunks * promptsPerChunk)
    let scratch = (0..<pool.threadCount).map { [stream] _ in AlignedFloats(count: stream.scratchCount) }
    pool.run(count: chunks) { [stream, prompts, latent, targetFloats] chunk, thread in
      let first = chunk * promptsPerChunk
      stream.generate(
        batch: 0, first: first, count: min(promptsPerChunk, count - first), scratch: scratch[thread].pointer,
        prompts: prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock,
        targets: targetFloats.pointer + first,
        latent: latent.pointer + chunk * blocksPerChunk * stream.latentFloatsPerBlock)
    }
    Self.scaleLabels(of: prompts, parameters.dimension + 1, by: Float(labelScale))
    for i in 0..<count { targetFloats.pointer[i] *= Float(labelScale) }
    targets = (0..<count).map { [targetFloats] in Double(targetFloats.pointer[$0]) }
  }

  /// - features: vectors per token, the label last.
  private static func scaleLabels(of prompts: AlignedFloats, _ features: Int, by factor: Float) {
    guard factor != 1 else { return }
    for token in 0..<prompts.count / (features * lanesPerBlock) {
      let label = prompts.pointer + (token * features + features - 1) * lanesPerBlock
      for lane in 0..<lanesPerBlock { label[lane] *= factor }
    }
  }

  /// ŷ of `network` on every prompt, by the kernels that train: single precision.
  package func predictions(_ network: Network) -> [Double] {
    let prepared = PreparedNetwork(network)
    let out = AlignedFloats(count: chunks * promptsPerChunk)
    let scratchCount = kernels.networkScratch(prepared.pass)
    let scratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: scratchCount) }
    pool.run(count: chunks) { [kernels, prompts, stream] chunk, thread in
      kernels.predict(
        prepared.pass, prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock, blocksPerChunk,
        scratch[thread].pointer, out.pointer + chunk * promptsPerChunk)
    }
    return (0..<count).map { Double(out.pointer[$0]) }
  }

  /// `body` of every prompt, on all threads.
  package func map<Value: Sendable>(_ body: @escaping @Sendable (LanePrompt) -> Value) -> [Value] {
    let found = Mutex<[Int: [Value]]>([:])
    pool.run(count: chunks) { [self] chunk, _ in
      let range = chunk * promptsPerChunk..<min(count, (chunk + 1) * promptsPerChunk)
      let values = range.map { body(prompt($0)) }
      found.withLock { $0[chunk] = values }
    }
    return found.withLock { found in (0..<chunks).flatMap { found[$0] ?? [] } }
  }

  package func prompt(_ index: Int) -> LanePrompt {
    LanePrompt(stream.recipe, prompts: prompts.pointer, latent: latent.pointer, index: index)
  }

  /// Loss of `network` over all prompts and its gradient in the numbers that `layout` trains, summed in double precision
  /// over chunks.
  package func gradient(_ network: Network, _ layout: TrainableLayout) -> (loss: Double, gradient: [Double]) {
    let tangents = CoefficientTangents(network, layout)
    let prepared = tangents?.prepared ?? PreparedNetwork(network)
    let size = prepared.pass.gradientCount
    let rows = AlignedFloats(count: chunks * size), losses = AlignedFloats(count: chunks)
    let scratchCount = kernels.networkScratch(prepared.pass)
    let scratch = (0..<pool.threadCount).map { _ in AlignedFloats(count: scratchCount) }
    pool.run(count: chunks) { [kernels, prompts, targetFloats, stream] chunk, thread in
      kernels.lossAndGradient(
        prepared.pass, prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock,
        targetFloats.pointer + chunk * promptsPerChunk, blocksPerChunk, 2, scratch[thread].pointer,
        rows.pointer + chunk * size, losses.pointer + chunk)
    }
    var loss = 0.0
    var gradient = [Double](repeating: 0, count: layout.count), row = [Float](repeating: 0, count: layout.count)
    for chunk in 0..<chunks {
      if let tangents {
        tangents.pullBack(rows.pointer + chunk * size, of: network, into: &row)
      } else {
        layout.pullBack(rows.pointer + chunk * size, network, into: &row)
      }
      for i in row.indices { gradient[i] += Double(row[i]) / Double(count) }
      loss += Double(losses.pointer[chunk]) / Double(count)
    }
    return (loss, gradient)
  }

  /// Mean squared error of `predictions` on the targets; infinite where one is not a number.
  package func loss(_ predictions: [Double]) -> Double {
    var sum = 0.0
    for i in 0..<count { sum += (predictions[i] - targets[i]) * (predictions[i] - targets[i]) }
    return sum.isFinite ? sum / Double(count) : .infinity
  }
}

/// Mean and its standard error; NaN for the error of a single value.
package func meanAndStandardError(_ values: [Double]) -> (mean: Double, error: Double) {
  let count = Double(values.count)
  let mean = values.reduce(0, +) / count
  guard values.count > 1 else { return (mean, .nan) }
  let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
  return (mean, (variance / count).squareRoot())
}
