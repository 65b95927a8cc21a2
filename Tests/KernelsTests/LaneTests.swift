// Lanes do not mix, padding adds nothing, sums follow their fixed tree, and both builds of the kernels give the same bits.
import KernelTypes
import Kernels
import Testing

@Suite struct LaneTests {
  static let hasBoth = InstructionSet.allCases.allSatisfy(\.isSupported)

  @Test(.enabled(if: hasBoth, "this processor has no AVX-512"), arguments: NetworkShape.awkward)
  func `both instruction sets give the same bits`(shape: NetworkShape) {
    let fixture = KernelFixture(shape, seed: 11)
    let a = fixture.lossAndGradient(InstructionSet.avx2.kernels),
      b = fixture.lossAndGradient(InstructionSet.avx512.kernels)
    #expect(a.loss.bitPattern == b.loss.bitPattern)
    #expect(a.gradient.map(\.bitPattern) == b.gradient.map(\.bitPattern))
    #expect(
      fixture.predictions(InstructionSet.avx2.kernels).map(\.bitPattern)
        == fixture.predictions(InstructionSet.avx512.kernels).map(\.bitPattern))
  }

  @Test(arguments: NetworkShape.awkward, supportedInstructionSets)
  func `a block of padding adds exactly nothing`(shape: NetworkShape, instructionSet: InstructionSet) {
    let shape = NetworkShape(shape.dimension, shape.context, shape.layers, shape.heads, 16)
    let kernels = instructionSet.kernels
    let alone = KernelFixture(shape, seed: 12)
    var padded = shape
    padded.batch = 48
    let fixture = KernelFixture(padded, seed: 12)
    let perBlock = fixture.pass.vectorsPerBlock * lanesPerBlock
    for i in 0..<3 * perBlock { fixture.prompts.pointer[i] = i < perBlock ? alone.prompts.pointer[i] : 0 }
    for i in 0..<48 { fixture.targets.pointer[i] = i < 16 ? alone.targets.pointer[i] : 0 }
    let a = alone.lossAndGradient(kernels), b = fixture.lossAndGradient(kernels)
    #expect(a.loss.bitPattern == b.loss.bitPattern)
    #expect(a.gradient == b.gradient)
  }

  @Test(arguments: [NetworkShape(5, 6, 3, [.softmax], 48), NetworkShape(7, 6, 2, [.exp, .relu], 48)])
  func `a prompt's prediction does not depend on its neighbours or its lane`(shape: NetworkShape) throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let fixture = KernelFixture(shape, seed: 13)
    let before = fixture.predictions(kernels)
    // Reverses the order of the prompts, and with it every lane.
    let width = fixture.pass.vectorsPerBlock
    let old = fixture.prompts.values
    for i in 0..<48 {
      let from = (47 - i) / 16 * width * 16 + (47 - i) % 16, to = i / 16 * width * 16 + i % 16
      for k in 0..<width { fixture.prompts.pointer[to + 16 * k] = old[from + 16 * k] }
    }
    #expect(fixture.predictions(kernels).map(\.bitPattern) == before.reversed().map(\.bitPattern))
  }

  @Test(arguments: [1, 2, 3, 7, 8, 13, 64], supportedInstructionSets)
  func `rows are summed in the tree over their indices`(rowCount: Int, instructionSet: InstructionSet) {
    let count = 48
    var draw = SplitMix(14)
    let rows = KernelBuffer<Float>(count: rowCount * count)
    for i in 0..<rows.count { rows.pointer[i] = draw.symmetric() * (i % 3 == 0 ? 1e6 : 1) }
    /// The sum of rows `first ..< last` of the aligned subtree of `width` rows at `first`.
    func tree(_ values: [Float], _ column: Int, _ first: Int, _ width: Int) -> Float {
      if width == 1 { return values[first * count + column] }
      let left = tree(values, column, first, width / 2)
      return first + width / 2 < rowCount ? left + tree(values, column, first + width / 2, width / 2) : left
    }
    let values = rows.values
    instructionSet.kernels.sumRows(rows.pointer, rowCount, count)
    for column in 0..<count {
      #expect(rows.pointer[column].bitPattern == tree(values, column, 0, 64).bitPattern)
    }
  }

  @Test func `the widest supported build is the best one, and each names itself`() {
    for instructionSet in supportedInstructionSets {
      #expect(instructionSet.kernels.instructionSet == instructionSet.rawValue)
    }
    #expect(InstructionSet.best == supportedInstructionSets.last)
    if InstructionSet.avx512.isSupported { #expect(InstructionSet.avx2.isSupported) }
  }
}
