// The kernels' random draws: the counters behind them, their distributions, and that a prompt is the same whoever its
// neighbours are and whichever build of the kernels draws it.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing

@Suite struct DrawTests {
  static let settings: [DrawSetting] = [
    DrawSetting(), DrawSetting(labels: .relu), DrawSetting(labels: .exponential),
    DrawSetting(labels: .relu, inputs: .gaussian, noise: 0.3), DrawSetting(labels: .exponential, inputs: .cube),
    DrawSetting(labels: .relu, dimension: 1, context: 40), DrawSetting(labels: .relu, dimension: 2, context: 9),
    DrawSetting(labels: .relu, dimension: 20, context: 3), DrawSetting(labels: .relu, context: 1),
    DrawSetting(labels: .relu, context: 2), DrawSetting(labels: .exponential, dimension: 1, context: 17),
    DrawSetting(labels: .exponential, dimension: 7, context: 1, noise: 1, kernelOnX: true),
    DrawSetting(labels: .linear, inputs: .gaussian, dimension: 8, context: 6, noise: 0.5),
    DrawSetting(labels: .linear, dimension: 1, context: 1),
    // More than two panels of the Cholesky factor, and not a whole number of its tiles.
    DrawSetting(labels: .exponential, context: 70), DrawSetting(labels: .relu, context: 70),
  ]

  @Test(.enabled(if: LaneTests.hasBoth, "this processor has no AVX-512"), arguments: settings)
  func `both instruction sets draw the same bits`(setting: DrawSetting) {
    #expect(
      Draw(setting, InstructionSet.avx2.kernels, count: 150).bits
        == Draw(setting, InstructionSet.avx512.kernels, count: 150).bits)
  }

  @Test(arguments: settings)
  func `every number is finite and the query's y is zero`(setting: DrawSetting) throws {
    let draw = Draw(setting, try #require(InstructionSet.best?.kernels), count: 4096)
    #expect((draw.prompts + draw.targets + draw.latent).allSatisfy { $0.isFinite })
    #expect((0..<4096).allSatisfy { draw.y($0, setting.context) == 0 })
  }

  @Test(arguments: settings)
  func `a larger batch extends a smaller one, and a prompt does not depend on its neighbours`(
    setting: DrawSetting
  ) throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let whole = Draw(setting, kernels, count: 130), part = Draw(setting, kernels, count: 33)
    // Another order, in which every prompt has other neighbours: the eigenvalues' sweeps must not leak between lanes.
    let order = (0..<130).map { UInt32($0 * 37 % 130) }
    let shuffled = Draw(setting, kernels, indices: order)
    for i in 0..<33 {
      #expect(part.labels(i).map(\.bitPattern) == whole.labels(i).map(\.bitPattern))
      for t in 0...setting.context {
        #expect((0..<setting.dimension).allSatisfy { part.x(i, t, $0) == whole.x(i, t, $0) })
      }
    }
    for (place, i) in order.enumerated() { #expect(shuffled.labels(place) == whole.labels(Int(i))) }
  }

  @Test(arguments: settings)
  func `lanes past the last prompt hold zeros`(setting: DrawSetting) throws {
    let draw = Draw(setting, try #require(InstructionSet.best?.kernels), count: 33)
    for lane in 33..<48 {
      #expect(draw.labels(lane).allSatisfy { $0.bitPattern == 0 })
      for t in 0...setting.context {
        #expect((0..<setting.dimension).allSatisfy { draw.x(lane, t, $0) == 0 && draw.xi(lane, t, $0) == 0 })
      }
    }
    #expect(draw.labels(32).contains { $0 != 0 })
  }

  @Test(arguments: [LabelCode.linear, .relu, .exponential], [14, 1024])
  func `drawing needs room for one block's kernel matrices and little more`(labels: LabelCode, context: Int) throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let N = context + 1, d = 5
    let matrix = KernelBuffer<Float>(count: d * d)
    let recipe = DataRecipe(
      dimension: d, context: context, inputs: .sphere, labels: labels, kernelScale: 0.5, kernelOnX: false, noise: 0,
      transform: matrix.pointer, seed: 1, inputStream: 1, labelStream: 2, noiseStream: 3)
    #expect(kernels.dataScratch(recipe) <= ((labels == .linear ? 0 : N * N) + (d + 24) * (N + 3)) * lanesPerBlock)
    withExtendedLifetime(matrix) {}
  }

  @Test func `inputs depend on the seed and the batch, not on the task or its noise`() throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    let base = Draw(DrawSetting(), kernels, count: 16)
    for labels in [LabelCode.relu, .exponential] {
      #expect(Draw(DrawSetting(labels: labels, noise: 0.2), kernels, count: 16).latent == base.latent)
    }
    #expect(Draw(DrawSetting(seed: 8), kernels, count: 16).latent != base.latent)
    #expect(Draw(DrawSetting(), kernels, batch: 4, indices: (0..<16).map { $0 }).latent != base.latent)
    // A shorter context is the beginning of a longer one.
    let short = Draw(DrawSetting(context: 3), kernels, count: 16)
    for t in 0..<3 { #expect((0..<5).allSatisfy { short.xi(9, t, $0) == base.xi(9, t, $0) }) }
  }

  /// Uniform inputs are exact functions of the generator's words: (2·(word >> 9) + 1)·2⁻²³ − 1.
  @Test(arguments: supportedInstructionSets)
  func `the lanes' generator is the scalar one`(instructionSet: InstructionSet) {
    let setting = DrawSetting(inputs: .cube, dimension: 7, context: 3, seed: 0xFFFF_FFF0)
    let indices: [UInt32] = (0..<32).map { $0 &* 0x0909_0911 }
    let draw = Draw(setting, instructionSet.kernels, batch: 0x8000_0001, indices: indices)
    for (i, prompt) in indices.enumerated() {
      for t in 0...3 {
        for k in 0..<7 {
          let words = philox4x32(
            counter: SIMD4(0x8000_0001, prompt, UInt32(t), UInt32(k / 4)),
            key: SIMD2(setting.seed, StreamCode.trainInputs.rawValue))
          #expect(draw.xi(i, t, k) == Float(2 * (words[k % 4] >> 9) + 1) / 8_388_608 - 1)
        }
      }
    }
  }

  /// Box and Muller's transform of the same words in double precision.
  @Test(arguments: supportedInstructionSets)
  func `normal draws are the transform of the generator's words`(instructionSet: InstructionSet) {
    let setting = DrawSetting(inputs: .gaussian, dimension: 4, context: 9)
    let draw = Draw(setting, instructionSet.kernels, count: 512)
    for i in 0..<512 {
      for t in 0...9 {
        let words = philox4x32(
          counter: SIMD4(3, UInt32(i), UInt32(t), 0), key: SIMD2(setting.seed, StreamCode.trainInputs.rawValue))
        for half in 0..<2 {
          let u = (Double(words[2 * half] >> 9) + 0.5) / 8_388_608
          let fraction = Double((words[2 * half + 1] << 2) >> 9) / 8_388_608 - 0.5
          let angle = Double.pi / 2 * (Double(words[2 * half + 1] >> 30) + fraction)
          let radius = (-2 * log(u)).squareRoot()
          // Absolute errors of 1e-7 in the logarithm, the sine and the cosine, and rounding.
          #expect(abs(Double(draw.xi(i, t, 2 * half)) - radius * cos(angle)) < 1e-6)
          #expect(abs(Double(draw.xi(i, t, 2 * half + 1)) - radius * sin(angle)) < 1e-6)
        }
      }
    }
  }

  /// Kolmogorov and Smirnov at the 1 % level, and moments within 4 standard errors; the seed is fixed, so is the outcome.
  @Test func `normal draws are normal`() throws {
    let draw = Draw(
      DrawSetting(inputs: .gaussian, dimension: 8, context: 6), try #require(InstructionSet.best?.kernels), count: 1024)
    var values = draw.latent.map(Double.init)
    let count = Double(values.count)
    func moment(_ power: Int) -> Double { values.reduce(0) { $0 + pow($1, Double(power)) } / count }
    #expect(abs(moment(1)) < 4 / count.squareRoot())
    #expect(abs(moment(2) - 1) < 4 * (2 / count).squareRoot())
    #expect(abs(moment(3)) < 4 * (15 / count).squareRoot())
    #expect(abs(moment(4) - 3) < 4 * (96 / count).squareRoot())
    values.sort()
    var distance = 0.0
    for (i, x) in values.enumerated() {
      let expected = 0.5 * erfc(-x / 2.0.squareRoot())
      distance = max(distance, abs(expected - Double(i) / count), abs(expected - Double(i + 1) / count))
    }
    #expect(distance < 1.63 / count.squareRoot())
    #expect((values.last ?? 0) > 3.7 && (values.first ?? 0) < -3.7)
  }

  @Test(arguments: [1, 2, 5, 20])
  func `inputs on the sphere have length one and no direction`(dimension: Int) throws {
    let draw = Draw(
      DrawSetting(dimension: dimension, context: 3), try #require(InstructionSet.best?.kernels), count: 1024)
    var sum = [Double](repeating: 0, count: dimension)
    for i in 0..<1024 {
      for t in 0...3 {
        let xi = (0..<dimension).map { Double(draw.xi(i, t, $0)) }
        #expect(abs(xi.reduce(0) { $0 + $1 * $1 } - 1) < 1e-6)
        for k in 0..<dimension { sum[k] += xi[k] }
      }
    }
    // The mean of a coordinate has variance 1/(d · 4096).
    for k in 0..<dimension { #expect(abs(sum[k] / 4096) < 4 / (Double(dimension) * 4096).squareRoot()) }
  }

  @Test func `x is the transform of ξ`() throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    var random = SplitMix(5)
    let matrix = (0..<9).map { _ in random.symmetric() }
    let draw = Draw(
      DrawSetting(inputs: .cube, dimension: 3, context: 4), kernels, indices: (0..<20).map { $0 }, transform: matrix)
    for i in 0..<20 {
      for t in 0...4 {
        for row in 0..<3 {
          let expected = (0..<3).reduce(0.0) { $0 + Double(matrix[3 * row + $1]) * Double(draw.xi(i, t, $1)) }
          #expect(abs(Double(draw.x(i, t, row)) - expected) < 1e-6)
        }
      }
    }
  }

  @Test func `noise is added to the context's labels only, with its standard deviation`() throws {
    let kernels = try #require(InstructionSet.best?.kernels)
    for labels in [LabelCode.linear, .relu, .exponential] {
      let clean = Draw(DrawSetting(labels: labels, context: 7), kernels, count: 2048)
      let noisy = Draw(DrawSetting(labels: labels, context: 7, noise: 0.25), kernels, count: 2048)
      #expect(clean.targets == noisy.targets)
      var square = 0.0, sum = 0.0
      for i in 0..<2048 {
        for t in 0..<7 {
          let difference = Double(noisy.y(i, t)) - Double(clean.y(i, t))
          sum += difference
          square += difference * difference
        }
      }
      let count = 2048.0 * 7
      #expect(abs(sum / count) < 4 * 0.25 / count.squareRoot())
      #expect(abs(square / count - 0.0625) < 4 * 0.0625 * (2 / count).squareRoot())
    }
  }
}
