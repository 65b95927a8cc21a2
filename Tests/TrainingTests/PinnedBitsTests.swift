// The bits of small trials, pinned: they must be the same on every machine. Where a change of the arithmetic is meant,
// `arithmeticVersion` changes with these numbers, or stored trials of other bits would count as the same.
import Kernels
import Shared
import Testing
import Training

@Suite struct PinnedBitsTests {
  /// For arithmetic version 1: configuration, the final checkpoint's digest, and the bits of its test loss.
  static let pinned: [(TrialParameters, digest: String, testLoss: UInt64)] = [
    (
      tinyParameters { ($0.task, $0.heads) = (.linear, Heads([.linear])) },
      "4e8638794c99ad413e71979da7107852f89db0daf253bddc24d745b8b2fb0ca1", 0x3fe5_4807_ec4d_6fe0
    ),
    (
      tinyParameters { ($0.task, $0.heads) = (.relu, Heads([.relu, .softmax])) },
      "2b8e8e3340a3b7de97d502b605c90a2f349442e24a6a0285d4a4531528ac801c", 0x3fe4_d138_c61e_8b7a
    ),
    (
      tinyParameters { ($0.task, $0.heads, $0.dimension) = (.exponential(scale: 0.5), Heads([.exp]), 7) },
      "6671ee9a8aae7f1b76174b97298affe9513fea53e0eaf6d371de6ef14261c600", 0x3FE6_CC5B_8FBB_0233
    ),
  ]

  @Test(arguments: pinned.indices, Golden.instructionSets)
  func `a trial's bits are the pinned ones`(trial: Int, instructionSet: InstructionSet) throws {
    let (parameters, digest, testLoss) = Self.pinned[trial]
    let result = try finish(parameters, seed: 7, on: instructionSet).result
    #expect(arithmeticVersion == 1)
    #expect(result.checkpoint.rawValue == digest)
    #expect(result.metrics.testLoss.bitPattern == testLoss, "\(hexadecimal(result.metrics.testLoss.bitPattern))")
  }
}
