// A chunk is summed per lane over its blocks in a fixed tree, then over lanes: so threads may share a chunk, and no bit
// shows which blocks were computed together.
import KernelTypes
import Kernels
import Testing

@Suite struct BlockSumTests {
  @Test(arguments: [1, 2, 3, 4], supportedInstructionSets)
  func `a chunk computed block by block has the bits of one computed at once`(
    blocks: Int, instructionSet: InstructionSet
  ) {
    let kernels = instructionSet.kernels
    for shape in [
      NetworkShape(5, 6, 3, [.exp], 64), .init(9, 5, 2, [.softmax, .relu], 64), .init(2, 3, 1, [.linear], 64),
    ] {
      let fixture = KernelFixture(shape, seed: 31)
      let pass = fixture.pass
      let width = pass.laneSumVectors * lanesPerBlock
      let sums = KernelBuffer<Float>(count: blocks * width, filledWith: .nan)
      // Last to first, with the same scratch, as threads that take blocks in any order.
      let scratch = KernelBuffer<Float>(count: kernels.networkScratch(pass))
      for block in (0..<blocks).reversed() {
        kernels.blockSums(
          pass, fixture.prompts.pointer + block * pass.vectorsPerBlock * lanesPerBlock,
          fixture.targets.pointer + block * lanesPerBlock, 2, scratch.pointer, sums.pointer + block * width)
      }
      let gradient = KernelBuffer<Float>(count: pass.gradientCount, filledWith: .nan)
      let loss = KernelBuffer<Float>(count: 1, filledWith: .nan)
      kernels.sumBlocks(pass, sums.pointer, blocks, gradient.pointer, loss.pointer)
      let whole = fixture.lossAndGradient(kernels, blocks: blocks)
      #expect(gradient.bits == whole.gradient.map(\.bitPattern), "\(shape.testDescription)")
      #expect(loss.pointer[0].bitPattern == whole.loss.bitPattern)
      #expect(gradient.values == Self.tree(sums.values, blocks: blocks, width: width, count: pass.gradientCount))
    }
  }

  /// The contract's order of additions, written out.
  private static func tree(_ sums: [Float], blocks: Int, width: Int, count: Int) -> [Float] {
    (0..<count).map { index in
      guard index < width / lanesPerBlock - 1 else { return 0 }
      var lanes = (0..<lanesPerBlock).map { lane in
        let b = (0..<blocks).map { sums[$0 * width + index * lanesPerBlock + lane] }
        return switch blocks {
        case 1: b[0]
        case 2: b[0] + b[1]
        case 3: (b[0] + b[1]) + b[2]
        default: (b[0] + b[1]) + (b[2] + b[3])
        }
      }
      for distance in [8, 4, 2, 1] { for lane in 0..<distance { lanes[lane] += lanes[lane + distance] } }
      return lanes[0]
    }
  }

  @Test func `more blocks than a chunk's are summed chunk by chunk`() throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let fixture = KernelFixture(NetworkShape(3, 4, 2, [.relu], 16 * 9), seed: 32)
    var (loss, gradient) = fixture.lossAndGradient(kernels, first: 0, blocks: 4)
    for (first, count) in [(4, 4), (8, 1)] {
      let part = fixture.lossAndGradient(kernels, first: first, blocks: count)
      loss += part.loss
      for i in gradient.indices { gradient[i] += part.gradient[i] }
    }
    let whole = fixture.lossAndGradient(kernels)
    #expect(whole.gradient == gradient && whole.loss == loss)
  }
}
