// The bits of small trials, pinned: they must be the same on every machine. Where a change of the arithmetic is meant,
// `arithmeticVersion` changes with these numbers, or stored trials of other bits would count as the same.
import Kernels
import Shared
import Testing
import Training

@Suite struct PinnedBitsTests {
  /// For arithmetic version 2: configuration, the final checkpoint's digest, and the bits of its test loss.
  static let pinned: [(TrialParameters, digest: String, testLoss: UInt64)] = [
    (
      tinyParameters { ($0.task, $0.heads) = (.linear, Heads([.linear])) },
      "c9a7a0b922d60bf11ab351fda9ae2382c0915053ea82d98c0b977b5ef54a6630", 0x3fe5_4807_eae9_bb8c
    ),
    (
      tinyParameters { ($0.task, $0.heads) = (.relu, Heads([.relu, .softmax])) },
      "abd9cdff268e5a7302768852920f78e21308e5d3c507eddbfbfa24c582c0ced7", 0x3fe4_6a15_b250_81af
    ),
    (
      tinyParameters { ($0.task, $0.heads, $0.dimension) = (.exponential(scale: 0.5), Heads([.exp]), 7) },
      "d5d5c4106f943f1866ab593d351a9685414cd237e51d6fb482a49a07574e8094", 0x3fe6_cc5b_8d65_b59a
    ),
  ]

  @Test(arguments: pinned.indices, Golden.instructionSets)
  func `a trial's bits are the pinned ones`(trial: Int, instructionSet: InstructionSet) throws {
    let (parameters, digest, testLoss) = Self.pinned[trial]
    let result = try finish(parameters, seed: 7, on: instructionSet).result
    #expect(arithmeticVersion == 2)
    #expect(result.checkpoint.rawValue == digest)
    #expect(result.metrics.testLoss.bitPattern == testLoss, "\(hexadecimal(result.metrics.testLoss.bitPattern))")
  }
}
