// Activations of attention are kept between the passes where they are few and computed again where they are many:
// memory grows with n·d, and no bit shows which was done.
import KernelTypes
import Kernels
import Testing

@Suite struct RecomputationTests {
  /// Shapes with several heads and layers, and targets and sources that fill no tile.
  static let shapes: [NetworkShape] =
    NetworkShape.awkward + [
      .init(9, 17, 4, [.softmax, .exp], 3), .init(10, 41, 3, [.exp, .softmax, .relu, .linear], 20),
      .init(16, 65, 3, [.softmax], 1), .init(20, 40, 3, [.exp], 1), .init(32, 30, 2, [.relu, .softmax], 1),
    ]

  @Test(arguments: shapes, supportedInstructionSets)
  func `activations computed again give the bits of those that were kept`(
    shape: NetworkShape, instructionSet: InstructionSet
  ) {
    let kernels = instructionSet.kernels
    let kept = KernelFixture(shape, seed: 21), again = KernelFixture(shape, seed: 21)
    kept.pass.keptAttention = .max
    again.pass.keptAttention = -1
    let a = kept.lossAndGradient(kernels), b = again.lossAndGradient(kernels)
    #expect(a.loss.bitPattern == b.loss.bitPattern)
    #expect(a.gradient.map(\.bitPattern) == b.gradient.map(\.bitPattern))
    #expect(kept.predictions(kernels).map(\.bitPattern) == again.predictions(kernels).map(\.bitPattern))
  }

  @Test(arguments: supportedInstructionSets)
  func `scratch grows with the product of context and dimension, not with the context's square`(
    instructionSet: InstructionSet
  ) {
    func bytes(_ dimension: Int, _ context: Int, _ layers: Int, _ heads: Int) -> Int {
      let heads = [ActivationCode](repeating: .exp, count: heads)
      return 4
        * instructionSet.kernels.networkScratch(
          KernelFixture(NetworkShape(dimension, context, layers, heads, 1), seed: 22).pass)
    }
    let short = bytes(16, 256, 3, 1), long = bytes(16, 1024, 3, 1)
    #expect(long < 5 * short)
    #expect(long < 20 << 20)
    #expect(bytes(128, 14, 3, 1) < 40 << 20)
    #expect(bytes(16, 64, 32, 1) < 32 << 20)
    #expect(bytes(16, 64, 3, 16) < 32 << 20)
  }
}
