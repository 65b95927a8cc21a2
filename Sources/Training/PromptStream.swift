// Streams of prompts: training batches, validation and test prompts, each with its own random streams.
// What a prompt holds depends on seed, shape, stream, batch and prompt index alone, never on who asks.
import KernelTypes
import Kernels
import Shared

/// Share of a kernel's diagonal that is added to it before labels are drawn by a Cholesky factor in single precision: 4 to
/// 64 times what rounding takes away there, so that every pivot stays positive. It belongs to the task: predictors know it.
/// The exponential kernel has none; it drops pivots below 1e-6 instead, as its stored trials have done.
func labelNugget(context: Int) -> Double { 0x1p-18 * max(1, Double(context + 1) / 64) }

extension TrialParameters {
  /// Variance of the noise on the context's labels.
  var contextNoiseVariance: Double {
    let own = labelNoise * labelNoise
    if case .function(.noisyLinear(let noise)) = task { return own + noise * noise }
    return own
  }
}

package final class PromptStream: @unchecked Sendable {
  package enum Purpose: Sendable {
    case training, validation, test

    fileprivate var mixture: HostStreamCode {
      switch self {
      case .training: .trainMixture
      case .validation: .validationMixture
      case .test: .testMixture
      }
    }

    fileprivate var streams: (inputs: StreamCode, labels: StreamCode, noise: StreamCode) {
      switch self {
      case .training: (.trainInputs, .trainLabels, .trainNoise)
      case .validation: (.validationInputs, .validationLabels, .validationNoise)
      case .test: (.testInputs, .testLabels, .testNoise)
      }
    }
  }

  private let kernels: KernelTable
  private let transform: AlignedFloats
  private let tasks: [DrawnTask]
  /// Of a mixture: the draws that choose among `tasks`.
  private let mixture: HostStreamCode
  private let pool: Int
  private let seed: Seed
  /// Of the first task; those of a mixture differ in nothing but how labels are drawn.
  package var recipe: DataRecipe { tasks[0].recipe }
  /// Floats of scratch per thread: what drawing takes, and for mixtures a chunk of prompts, targets and points.
  package var scratchCount: Int {
    guard tasks.count > 1 else { return kernels.dataScratch(recipe) }
    return drawingScratch + blocksPerChunk * (floatsPerBlock + latentFloatsPerBlock) + promptsPerChunk
  }
  /// Of any task, in whole vectors.
  private var drawingScratch: Int {
    let most = tasks.map { kernels.dataScratch($0.recipe) }.max() ?? 0
    return (most + lanesPerBlock - 1) / lanesPerBlock * lanesPerBlock
  }
  /// Floats of one block's prompts.
  package var floatsPerBlock: Int { (recipe.context + 1) * (recipe.dimension + 1) * lanesPerBlock }
  package var latentFloatsPerBlock: Int { (recipe.context + 1) * recipe.dimension * lanesPerBlock }

  package init(_ parameters: TrialParameters, seed: Seed, purpose: Purpose, kernels: KernelTable) {
    self.kernels = kernels
    self.seed = seed
    pool = purpose == .training ? parameters.pool : 0
    let matrix = inputTransform(parameters, seed: seed)
    transform = AlignedFloats(count: matrix.count)
    for (i, value) in matrix.enumerated() { transform.pointer[i] = value }
    let transform = transform
    tasks = parameters.unmixed.map { DrawnTask($0, seed: seed, purpose: purpose, transform: transform) }
    mixture = purpose.mixture
  }

  /// Which of a mixture's tasks a prompt is: each as likely, from the seed and its numbers alone.
  package func task(batch: UInt32, index: UInt32) -> Int {
    guard tasks.count > 1 else { return 0 }
    let word = philox4x32(counter: SIMD4(batch, index, 0, 0), key: SIMD2(seed.rawValue, mixture.rawValue))[0]
    return Int((UInt64(word) * UInt64(tasks.count)) >> 32)
  }

  /// Draws prompts by their numbers. Of a mixture every task draws whole blocks, of which the lanes that are its own are kept:
  /// inputs are the same for all.
  private func draw(
    _ batch: UInt32, _ indices: UnsafePointer<UInt32>, _ count: Int, _ scratch: UnsafeMutablePointer<Float>,
    _ prompts: UnsafeMutablePointer<Float>, _ targets: UnsafeMutablePointer<Float>,
    _ latent: UnsafeMutablePointer<Float>?
  ) {
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    kernels.generate(recipe, batch, indices, count, blocks, scratch, prompts, targets, latent)
    guard tasks.count > 1 else { return }
    let ownPrompts = scratch + drawingScratch
    let ownLatent = ownPrompts + blocksPerChunk * floatsPerBlock
    let ownTargets = ownLatent + blocksPerChunk * latentFloatsPerBlock
    for task in 1..<tasks.count {
      let lanes = (0..<count).filter { self.task(batch: batch, index: indices[$0]) == task }
      guard !lanes.isEmpty else { continue }
      kernels.generate(
        tasks[task].recipe, batch, indices, count, blocks, scratch, ownPrompts, ownTargets,
        latent == nil ? nil : ownLatent)
      for lane in lanes {
        Self.copyLane(lane, of: ownPrompts, to: prompts, perBlock: floatsPerBlock)
        if let latent { Self.copyLane(lane, of: ownLatent, to: latent, perBlock: latentFloatsPerBlock) }
        targets[lane] = ownTargets[lane]
      }
    }
  }

  private static func copyLane(
    _ lane: Int, of source: UnsafePointer<Float>, to target: UnsafeMutablePointer<Float>, perBlock: Int
  ) {
    let first = lane / lanesPerBlock * perBlock + lane % lanesPerBlock
    for at in stride(from: first, to: first + perBlock, by: lanesPerBlock) { target[at] = source[at] }
  }

  /// Draws some prompts of batch `batch` into whole blocks, for streams without a pool.
  /// - indices: at most one chunk.
  func generate(
    batch: Int, indices: [UInt32], scratch: UnsafeMutablePointer<Float>, prompts: UnsafeMutablePointer<Float>,
    targets: UnsafeMutablePointer<Float>
  ) {
    let padded = indices + Array(repeating: 0, count: promptsPerChunk - indices.count)
    draw(UInt32(truncatingIfNeeded: batch), padded, indices.count, scratch, prompts, targets, nil)
  }

  /// Draws the prompts `first ..< first + count` of batch `batch` into whole blocks; see `KernelTable.generate`.
  /// `count` is at most one chunk.
  package func generate(
    batch: Int, first: Int, count: Int, scratch: UnsafeMutablePointer<Float>, prompts: UnsafeMutablePointer<Float>,
    targets: UnsafeMutablePointer<Float>, latent: UnsafeMutablePointer<Float>? = nil
  ) {
    withUnsafeTemporaryAllocation(
      byteCount: promptsPerChunk * MemoryLayout<UInt32>.stride, alignment: kernelAlignment
    ) { buffer in
      let indices = buffer.bindMemory(to: UInt32.self)
      for i in 0..<promptsPerChunk { indices[i] = UInt32(truncatingIfNeeded: first + i) }
      guard pool > 0 else {
        draw(UInt32(truncatingIfNeeded: batch), indices.baseAddress!, count, scratch, prompts, targets, latent)
        return
      }
      // A prompt of the pool is drawn again where it is needed: which one, is itself a counted draw.
      for i in 0..<promptsPerChunk {
        let word = philox4x32(
          counter: SIMD4(UInt32(truncatingIfNeeded: batch), UInt32(truncatingIfNeeded: first + i), 0, 0),
          key: SIMD2(seed.rawValue, StreamCode.trainPool.rawValue))[0]
        indices[i] = UInt32((UInt64(word) * UInt64(pool)) >> 32)
      }
      draw(0, indices.baseAddress!, count, scratch, prompts, targets, latent)
    }
  }
}

/// One task in the form the kernels draw.
private struct DrawnTask {
  /// Held for `recipe`.
  private let kernel: CompiledKernel?
  let recipe: DataRecipe

  init(_ parameters: TrialParameters, seed: Seed, purpose: PromptStream.Purpose, transform: AlignedFloats) {
    let labels: LabelCode
    var scale: Float = 0, noise = parameters.labelNoise, size = 0, kernel: CompiledKernel?
    switch parameters.task {
    case .linear: labels = .linear
    case .relu: labels = .relu
    case .exponential(let s): (labels, scale) = (.exponential, Float(s))
    case .kernel(let task):
      kernel = CompiledKernel(task.expression, dimension: parameters.dimension)
      labels = parameters.usesAbsoluteKernel ? .absoluteProgram : .program
    case .function(.sparseLinear(let nonzero)): (labels, size) = (.sparseLinear, nonzero)
    case .function(.reluNetwork(let hidden)): (labels, size) = (.reluNetwork, hidden)
    case .function(.decisionTree(let depth)): (labels, size) = (.decisionTree, depth)
    case .function(.quadratic): labels = .quadratic
    case .function(.noisyLinear):
      labels = .linear
      noise = parameters.contextNoiseVariance.squareRoot()
    case .mixture: preconditionFailure("a mixture's tasks are drawn one by one")
    }
    self.kernel = kernel
    let inputs: InputCode =
      switch parameters.inputs {
      case .sphere: .sphere
      case .gaussian: .gaussian
      case .cube: .cube
      }
    let streams = purpose.streams
    var recipe = DataRecipe(
      dimension: parameters.dimension, context: parameters.context, inputs: inputs, labels: labels, kernelScale: scale,
      kernelOnX: parameters.kernelOn == .x, noise: Float(noise), transform: transform.pointer,
      seed: seed.rawValue, inputStream: streams.inputs.rawValue, labelStream: streams.labels.rawValue,
      noiseStream: streams.noise.rawValue)
    (recipe.kernel, recipe.size) = (kernel?.program, size)
    if labels == .program { recipe.nugget = Float(labelNugget(context: parameters.context)) }
    self.recipe = recipe
  }
}
