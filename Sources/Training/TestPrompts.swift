// The test prompts of a trial as plain arrays, for programs that do not know lanes and blocks.
import KernelTypes
import Kernels
import Shared

/// All test prompts of (parameters, seed), row-major. N prompts, n context pairs, dimension d.
package struct TestPrompts {
  private let parameters: TrialParameters
  private let seed: Seed
  /// [N][n+1][d], the query last.
  package private(set) var x: [Float] = []
  /// [N][n]
  package private(set) var labels: [Float] = []
  /// [N]: the query's labels.
  package private(set) var targets: [Float] = []

  package init(_ parameters: TrialParameters, seed: Seed, on instructionSet: InstructionSet) {
    (self.parameters, self.seed) = (parameters, seed)
    let count = parameters.testPrompts
    let stream = PromptStream(parameters, seed: seed, purpose: .test, kernels: instructionSet.kernels)
    let scratch = AlignedFloats(count: stream.scratchCount)
    let lanes = AlignedFloats(count: blocksPerChunk * stream.floatsPerBlock)
    let chunkTargets = AlignedFloats(count: promptsPerChunk)
    x.reserveCapacity(count * (parameters.context + 1) * parameters.dimension)
    labels.reserveCapacity(count * parameters.context)
    targets.reserveCapacity(count)
    for first in stride(from: 0, to: count, by: promptsPerChunk) {
      let size = min(promptsPerChunk, count - first)
      stream.generate(
        batch: 0, first: first, count: size, scratch: scratch.pointer, prompts: lanes.pointer,
        targets: chunkTargets.pointer)
      for index in 0..<size {
        let prompt = LanePrompt(stream.recipe, prompts: lanes.pointer, latent: nil, index: index)
        x += prompt.x
        // Labels are single precision; only the predictors on the host want them wider.
        labels += prompt.labels.map { Float($0) }
        targets.append(chunkTargets.pointer[index])
      }
    }
  }

  /// Tensors X, y and target, with the configuration and the seed that they follow from.
  package var file: Safetensors {
    let count = parameters.testPrompts, context = parameters.context
    return Safetensors(
      metadata: ["configuration": parameters.canonicalJSON, "seed": "\(seed)"],
      tensors: [
        .init(name: "X", shape: [count, context + 1, parameters.dimension], values: x),
        .init(name: "y", shape: [count, context], values: labels),
        .init(name: "target", shape: [count], values: targets),
      ])
  }
}
