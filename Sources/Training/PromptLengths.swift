// Training prompts of several lengths: how many context pairs each prompt of a batch has, and the chunks in which prompts of one
// length stand together, since the kernels take blocks of equal prompts.
import KernelTypes
import Shared

/// Streams of draws that the host alone makes, beside those of `StreamCode`, whose numbers they keep clear of.
enum HostStreamCode: UInt32 {
  case trainLengths = 20
  case trainMixture = 21
  case validationMixture = 35
  case testMixture = 51
}

package struct PromptLengths {
  package struct Chunk {
    package let context: Int
    /// Numbers within the batch, in order; at most `promptsPerChunk`.
    package let prompts: [UInt32]
  }

  package let contexts: ClosedRange<Int>
  private let seed: Seed
  private let batch: Int

  /// Nil where all prompts have the same length.
  package init?(_ parameters: TrialParameters, seed: Seed) {
    guard let least = parameters.contextMin else { return nil }
    (contexts, self.seed, batch) = (least...parameters.context, seed, parameters.batch)
  }

  /// No batch has more.
  package var mostChunks: Int { batch / promptsPerChunk + contexts.count }

  /// Of prompt `index` in batch number `batch`: uniform, from the seed and these numbers alone.
  package func context(batch: Int, index: Int) -> Int {
    let word = philox4x32(
      counter: SIMD4(UInt32(truncatingIfNeeded: batch), UInt32(truncatingIfNeeded: index), 0, 0),
      key: SIMD2(seed.rawValue, HostStreamCode.trainLengths.rawValue))[0]
    return contexts.lowerBound + Int((UInt64(word) * UInt64(contexts.count)) >> 32)
  }

  /// The prompts of a batch, those of the shortest context first.
  package func chunks(batch number: Int) -> [Chunk] {
    var byContext = [[UInt32]](repeating: [], count: contexts.count)
    for index in 0..<batch {
      byContext[context(batch: number, index: index) - contexts.lowerBound].append(UInt32(index))
    }
    return zip(contexts, byContext).flatMap { context, prompts in
      stride(from: 0, to: prompts.count, by: promptsPerChunk).map { first in
        Chunk(context: context, prompts: Array(prompts[first..<min(prompts.count, first + promptsPerChunk)]))
      }
    }
  }
}

extension TrialParameters {
  /// The same with `context` pairs in every prompt.
  package func withContext(_ context: Int) -> TrialParameters {
    var parameters = self
    (parameters.context, parameters.contextMin) = (context, nil)
    return parameters
  }

  /// Factors before the sum over sources, per head, of every length of training prompts; nil where there is but one.
  var lengthScales: LengthScales? {
    contextMin.map { least in
      let heads = heads.activations.indices
      return LengthScales(
        contexts: least...context,
        scales: (least...context).map { n in heads.map { withContext(n).scale(ofHead: $0) } })
    }
  }
}

/// `attention_scale` of every head at several lengths of the context.
package struct LengthScales: Sendable {
  let contexts: ClosedRange<Int>
  /// [contexts][H]
  let scales: [[Float]]
}
