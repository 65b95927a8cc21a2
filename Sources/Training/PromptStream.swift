// Streams of prompts: training batches, validation and test prompts, each with its own random streams.
// What a prompt holds depends on seed, shape, stream, batch and prompt index alone, never on who asks.
import KernelTypes
import Kernels
import Shared

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
    var scale: Float = 0
    switch parameters.task {
    case .linear: labels = .linear
    case .relu: labels = .relu
    case .exponential(let s): (labels, scale) = (.exponential, Float(s))
    }
    let inputs: InputCode =
      switch parameters.inputs {
      case .sphere: .sphere
      case .gaussian: .gaussian
      case .cube: .cube
      }
    recipe = DataRecipe(
      dimension: parameters.dimension, context: parameters.context, inputs: inputs, labels: labels, kernelScale: scale,
      kernelOnX: parameters.kernelOn == .x, noise: Float(parameters.labelNoise), transform: transform.pointer,
      seed: seed.rawValue, inputStream: purpose.streams.inputs.rawValue, labelStream: purpose.streams.labels.rawValue,
      noiseStream: purpose.streams.noise.rawValue)
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
