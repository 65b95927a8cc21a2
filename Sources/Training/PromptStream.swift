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
  private let kernel: CompiledKernel?
  private let pool: Int
  private let seed: Seed
  package let recipe: DataRecipe
  /// Floats of scratch per thread.
  package var scratchCount: Int { kernels.dataScratch(recipe) }
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
    }
    self.kernel = kernel
    let inputs: InputCode =
      switch parameters.inputs {
      case .sphere: .sphere
      case .gaussian: .gaussian
      case .cube: .cube
      }
    var recipe = DataRecipe(
      dimension: parameters.dimension, context: parameters.context, inputs: inputs, labels: labels, kernelScale: scale,
      kernelOnX: parameters.kernelOn == .x, noise: Float(noise), transform: transform.pointer,
      seed: seed.rawValue, inputStream: purpose.streams.inputs.rawValue, labelStream: purpose.streams.labels.rawValue,
      noiseStream: purpose.streams.noise.rawValue)
    (recipe.kernel, recipe.size) = (kernel?.program, size)
    if labels == .program { recipe.nugget = Float(labelNugget(context: parameters.context)) }
    self.recipe = recipe
  }

  /// Draws the prompts `first ..< first + count` of batch `batch` into whole blocks; see `KernelTable.generate`.
  /// `count` is at most one chunk.
  package func generate(
    batch: Int, first: Int, count: Int, scratch: UnsafeMutablePointer<Float>, prompts: UnsafeMutablePointer<Float>,
    targets: UnsafeMutablePointer<Float>, latent: UnsafeMutablePointer<Float>? = nil
  ) {
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    withUnsafeTemporaryAllocation(
      byteCount: promptsPerChunk * MemoryLayout<UInt32>.stride, alignment: kernelAlignment
    ) { buffer in
      let indices = buffer.bindMemory(to: UInt32.self)
      for i in 0..<promptsPerChunk { indices[i] = UInt32(truncatingIfNeeded: first + i) }
      guard pool > 0 else {
        kernels.generate(
          recipe, UInt32(truncatingIfNeeded: batch), indices.baseAddress!, count, blocks, scratch, prompts, targets,
          latent)
        return
      }
      // A prompt of the pool is drawn again where it is needed: which one, is itself a counted draw.
      for i in 0..<promptsPerChunk {
        let word = philox4x32(
          counter: SIMD4(UInt32(truncatingIfNeeded: batch), UInt32(truncatingIfNeeded: first + i), 0, 0),
          key: SIMD2(seed.rawValue, StreamCode.trainPool.rawValue))[0]
        indices[i] = UInt32((UInt64(word) * UInt64(pool)) >> 32)
      }
      kernels.generate(recipe, 0, indices.baseAddress!, count, blocks, scratch, prompts, targets, latent)
    }
  }
}
