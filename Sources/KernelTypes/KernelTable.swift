// The entry points of one build of the kernels. Two modules export the same table for two instruction sets; the process
// picks one at its start and both give the same bits.

package struct KernelTable: Sendable {
  /// `avx2` or `avx512`.
  package let instructionSet: String

  /// Floats of scratch that `lossAndGradient` and `predict` need per thread.
  package let networkScratch: @Sendable (_ pass: borrowing NetworkPass) -> Int

  /// Sums over the prompts of `blocks` blocks: gradient of Σ (ŷ − target)² · ½ · `gradientScale`, as
  /// [L][H][dM, dP, dρ] (`NetworkPass.gradientCount` floats, written, not added), and Σ (ŷ − target)², one float.
  /// A chunk is summed per lane over its blocks in the binary tree (b0 + b1) + (b2 + b3), then over lanes; if there are
  /// more blocks than a chunk's, chunks are added in turn.
  /// - prompts: [blocks][n+1][d+1] vectors; targets: [blocks] vectors. Lanes past the batch hold zeros and add nothing.
  package let lossAndGradient:
    @Sendable (
      _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ targets: UnsafePointer<Float>, _ blocks: Int,
      _ gradientScale: Float, _ scratch: UnsafeMutablePointer<Float>, _ gradient: UnsafeMutablePointer<Float>,
      _ loss: UnsafeMutablePointer<Float>
    ) -> Void

  /// One block's share of `lossAndGradient`, per lane: `NetworkPass.laneSumVectors` vectors, written. So several threads
  /// may share a chunk; `sumBlocks` gives it the same bits.
  package let blockSums:
    @Sendable (
      _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ target: UnsafePointer<Float>,
      _ gradientScale: Float, _ scratch: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
    ) -> Void

  /// A chunk's gradient and loss, as `lossAndGradient` writes them, from the sums of its `blocks` blocks.
  package let sumBlocks:
    @Sendable (
      _ pass: borrowing NetworkPass, _ sums: UnsafePointer<Float>, _ blocks: Int,
      _ gradient: UnsafeMutablePointer<Float>, _ loss: UnsafeMutablePointer<Float>
    ) -> Void

  /// ŷ of every prompt of `blocks` blocks: [blocks·16] floats.
  package let predict:
    @Sendable (
      _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ blocks: Int,
      _ scratch: UnsafeMutablePointer<Float>, _ predictions: UnsafeMutablePointer<Float>
    ) -> Void

  /// Floats of scratch that `generate` needs per thread.
  package let dataScratch: @Sendable (_ recipe: borrowing DataRecipe) -> Int

  /// Draws `blocks` blocks: prompt indices [blocks·16] name the prompts of batch `batch`; `count` of them are real and
  /// the lanes after them are filled with zeros. Writes prompts [blocks][n+1][d+1] vectors (the query's y is 0), targets
  /// [blocks] vectors and, where `latent` is not nil, ξ as [blocks][n+1][d] vectors.
  package let generate:
    @Sendable (
      _ recipe: borrowing DataRecipe, _ batch: UInt32, _ indices: UnsafePointer<UInt32>, _ count: Int, _ blocks: Int,
      _ scratch: UnsafeMutablePointer<Float>, _ prompts: UnsafeMutablePointer<Float>,
      _ targets: UnsafeMutablePointer<Float>, _ latent: UnsafeMutablePointer<Float>?
    ) -> Void

  /// Sums `rows` rows of `count` floats (a multiple of 16) into row 0 by the fixed binary tree over row indices:
  /// distance 1, then 2, 4, … The other rows are overwritten.
  package let sumRows: @Sendable (_ rows: UnsafeMutablePointer<Float>, _ rowCount: Int, _ count: Int) -> Void

  /// Floating-point operations of `iterations` rounds of independent fused multiply-adds in registers; the time they take
  /// gives the thread's peak. `wide` uses more registers, as AVX-512 has; the faster of both counts. The result is to be
  /// used, so that nothing is optimised away.
  package let multiplyAddRounds: @Sendable (_ iterations: Int, _ wide: Bool) -> (operations: Double, sink: Float)

  package init(
    instructionSet: String, networkScratch: @escaping @Sendable (_ pass: borrowing NetworkPass) -> Int,
    lossAndGradient:
      @escaping @Sendable (
        _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ targets: UnsafePointer<Float>,
        _ blocks: Int, _ gradientScale: Float, _ scratch: UnsafeMutablePointer<Float>,
        _ gradient: UnsafeMutablePointer<Float>, _ loss: UnsafeMutablePointer<Float>
      ) -> Void,
    blockSums:
      @escaping @Sendable (
        _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ target: UnsafePointer<Float>,
        _ gradientScale: Float, _ scratch: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Float>
      ) -> Void,
    sumBlocks:
      @escaping @Sendable (
        _ pass: borrowing NetworkPass, _ sums: UnsafePointer<Float>, _ blocks: Int,
        _ gradient: UnsafeMutablePointer<Float>, _ loss: UnsafeMutablePointer<Float>
      ) -> Void,
    predict:
      @escaping @Sendable (
        _ pass: borrowing NetworkPass, _ prompts: UnsafePointer<Float>, _ blocks: Int,
        _ scratch: UnsafeMutablePointer<Float>, _ predictions: UnsafeMutablePointer<Float>
      ) -> Void, dataScratch: @escaping @Sendable (_ recipe: borrowing DataRecipe) -> Int,
    generate:
      @escaping @Sendable (
        _ recipe: borrowing DataRecipe, _ batch: UInt32, _ indices: UnsafePointer<UInt32>, _ count: Int,
        _ blocks: Int, _ scratch: UnsafeMutablePointer<Float>, _ prompts: UnsafeMutablePointer<Float>,
        _ targets: UnsafeMutablePointer<Float>, _ latent: UnsafeMutablePointer<Float>?
      ) -> Void,
    sumRows: @escaping @Sendable (_ rows: UnsafeMutablePointer<Float>, _ rowCount: Int, _ count: Int) -> Void,
    multiplyAddRounds: @escaping @Sendable (_ iterations: Int, _ wide: Bool) -> (operations: Double, sink: Float)
  ) {
    self.instructionSet = instructionSet
    self.networkScratch = networkScratch
    self.lossAndGradient = lossAndGradient
    self.blockSums = blockSums
    self.sumBlocks = sumBlocks
    self.predict = predict
    self.dataScratch = dataScratch
    self.generate = generate
    self.sumRows = sumRows
    self.multiplyAddRounds = multiplyAddRounds
  }
}
