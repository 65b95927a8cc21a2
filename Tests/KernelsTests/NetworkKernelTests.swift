// Forward and backward passes against the double-precision reference on awkward shapes: predictions, losses, and
// gradients against central differences of the reference's loss.
import Foundation
import KernelTypes
import Kernels
import Testing

@Suite struct NetworkKernelTests {
  @Test(arguments: NetworkShape.awkward, supportedInstructionSets)
  func `predictions and loss are those of the reference`(shape: NetworkShape, instructionSet: InstructionSet) {
    let fixture = KernelFixture(shape, seed: 1)
    let network = fixture.referenceNetwork
    let expected = fixture.referencePrompts.map(network.prediction)
    let found = fixture.predictions(instructionSet.kernels)
    // Rounding: 6e-8 per operation, some tens of operations deep, numbers of order one.
    for i in expected.indices { #expect(abs(Double(found[i]) - expected[i]) < 5e-6 * max(1, abs(expected[i]))) }
    let loss = Double(fixture.lossAndGradient(instructionSet.kernels).loss) / Double(shape.batch)
    let reference = network.loss(fixture.referencePrompts)
    #expect(abs(loss - reference) < 1e-5 * reference + 1e-7)
  }

  /// Norm-wise 1e-4 is the project's bound for gradients in single precision; central differences in double precision
  /// with a step of 1e-5 are exact to about 1e-9 beside it.
  @Test(arguments: NetworkShape.awkward, supportedInstructionSets)
  func `the gradient is that of central differences`(shape: NetworkShape, instructionSet: InstructionSet) {
    let fixture = KernelFixture(shape, seed: 2)
    let gradient = fixture.lossAndGradient(instructionSet.kernels, scale: 2 / Float(shape.batch)).gradient
    let differences = CentralDifferences(fixture)
    for part in GradientPart.allCases {
      var difference = 0.0, norm = 0.0
      for (index, expected) in differences.partials(part, atMost: 48) {
        difference += (Double(gradient[index]) - expected) * (Double(gradient[index]) - expected)
        norm += expected * expected
      }
      #expect(difference.squareRoot() <= 1e-4 * norm.squareRoot() + 1e-9, "\(part)")
      // One layer reads no P, and softmax over one source knows no score.
      let constant = part == .value && shape.layers == 1 || shape.heads == [.softmax] && shape.context == 1
      #expect((norm > 0) == !constant || part == .residual, "\(part)")
    }
  }

  @Test(arguments: NetworkShape.awkward)
  func `the last layer's P is not read and its gradient is exactly zero`(shape: NetworkShape) throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let fixture = KernelFixture(shape, seed: 3)
    let square = shape.dimension * shape.dimension, perHead = 2 * square + 1
    let before = fixture.lossAndGradient(kernels)
    let lastHeads = (shape.layers - 1) * shape.heads.count..<shape.layers * shape.heads.count
    for head in lastHeads {
      for i in 0..<square {
        #expect(before.gradient[head * perHead + square + i] == 0)
        fixture.value.pointer[head * square + i] = 1e3
      }
    }
    let after = fixture.lossAndGradient(kernels)
    #expect(after.loss == before.loss && after.gradient == before.gradient)
  }

  @Test func `what lies past the last head is zero`() throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let shape = NetworkShape(3, 4, 2, [.relu], 5)
    let gradient = KernelFixture(shape, seed: 4).lossAndGradient(kernels).gradient
    #expect(gradient.count == 48)
    #expect(gradient[38...].allSatisfy { $0.bitPattern == 0 })
    #expect(gradient[..<38].contains { $0 != 0 })
  }

  @Test(arguments: [ActivationCode.linear, .relu, .exp, .softmax], [5, 7])
  func `the gradient of relu at a score of exactly zero is zero, and no activation divides by it`(
    activation: ActivationCode, dimension: Int
  ) throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let fixture = KernelFixture(NetworkShape(dimension, 3, 2, [activation], 16), seed: 5)
    for i in 0..<fixture.keyQuery.count { fixture.keyQuery.pointer[i] = 0 }
    let (loss, gradient) = fixture.lossAndGradient(kernels)
    #expect(loss.isFinite && gradient.allSatisfy { $0.isFinite })
    let square = dimension * dimension
    if activation == .relu { #expect(gradient[..<square].allSatisfy { $0 == 0 }) }
    if activation == .linear { #expect(gradient[..<square].contains { $0 != 0 }) }
  }

  @Test(arguments: supportedInstructionSets)
  func `a network that is not a number gives a loss that is not a number`(instructionSet: InstructionSet) {
    for shape in NetworkShape.awkward {
      let fixture = KernelFixture(shape, seed: 6)
      fixture.residual.pointer[0] = .nan
      let (loss, gradient) = fixture.lossAndGradient(instructionSet.kernels)
      #expect(loss.isNaN, "\(shape.testDescription)")
      #expect(gradient.contains { $0.isNaN })
    }
  }

  /// One layer, one source, d = 1: with M = 1, ρ = −1, y = 1 and x = 1 of the source, ŷ = h(x of the query).
  @Test(arguments: supportedInstructionSets)
  func `the exponential keeps its promised accuracy and limits`(instructionSet: InstructionSet) {
    let count = 4096
    let fixture = KernelFixture(NetworkShape(1, 1, 1, [.exp], count), seed: 7)
    fixture.keyQuery.pointer[0] = 1
    fixture.residual.pointer[0] = -1
    func evaluate(_ arguments: [Float]) -> [Float] {
      for (i, x) in arguments.enumerated() {
        let z = fixture.prompts.pointer + i / lanesPerBlock * 4 * lanesPerBlock + i % lanesPerBlock
        (z[0], z[lanesPerBlock], z[2 * lanesPerBlock], z[3 * lanesPerBlock]) = (1, 1, x, 0)
      }
      return fixture.predictions(instructionSet.kernels)
    }
    let arguments = (0..<count).map { -87 + 175 * Float($0) / Float(count - 1) }
    for (x, found) in zip(arguments, evaluate(arguments)) {
      #expect(abs(Double(found) / exp(Double(x)) - 1) < (abs(x) <= 20 ? 1.2e-7 : 3.1e-7), "e^\(x)")
    }
    let limits = evaluate([-.infinity, -1000, -87, 88, 1000, .infinity, .nan, 0])
    #expect(limits[0] == limits[2] && limits[1] == limits[2] && limits[2] > 0)
    #expect(limits[4] == limits[3] && limits[5] == limits[3] && limits[3].isFinite)
    #expect(limits[6].isNaN)
    #expect(limits[7] == 1)
  }

  @Test(arguments: [5, 7], supportedInstructionSets)
  func `softmax of scores far apart is the nearest source's, without overflow`(
    dimension: Int, instructionSet: InstructionSet
  ) {
    let fixture = KernelFixture(NetworkShape(dimension, 3, 1, [.softmax], 16), seed: 8)
    let width = (dimension + 1) * lanesPerBlock
    for i in 0..<fixture.keyQuery.count { fixture.keyQuery.pointer[i] = i % (dimension + 1) == 0 ? 1000 : 0 }
    fixture.residual.pointer[0] = -1
    for lane in 0..<lanesPerBlock {
      // The query is along the first axis, and so is source `lane % 3`; the others point the other way.
      for t in 0...3 {
        for k in 0..<dimension { fixture.prompts.pointer[t * width + k * lanesPerBlock + lane] = 0 }
        fixture.prompts.pointer[t * width + lane] = t == 3 || t == lane % 3 ? 1 : -1
      }
    }
    let found = fixture.predictions(instructionSet.kernels)
    for lane in 0..<lanesPerBlock {
      #expect(found[lane] == fixture.prompts.pointer[lane % 3 * width + dimension * lanesPerBlock + lane])
    }
    #expect(fixture.lossAndGradient(instructionSet.kernels).gradient.allSatisfy { $0.isFinite })
  }
}
