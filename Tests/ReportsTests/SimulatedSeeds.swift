// Simulated ln losses for the tests of the statistics: deterministic draws, paired through a common effect of each seed.
// The generator is the tests' own, apart from the one that the program under test uses.
import Reports

/// xorshift64*, Vigna 2016.
struct TestGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
  mutating func next() -> UInt64 {
    state ^= state >> 12
    state ^= state << 25
    state ^= state >> 27
    return state &* 0x2545_F491_4F6C_DD1D
  }

  /// A standard normal draw as a sum of twelve uniform ones: symmetric, mean 0, variance 1, tails cut at 6.
  mutating func normal() -> Double {
    (0..<12).reduce(-6) { sum, _ in sum + Double.random(in: 0..<1, using: &self) }
  }
}

/// ln losses of a row: activation i has mean `means[i]`; seeds share an effect of SD 0.05, each run has noise `noise`.
func simulatedRow(
  means: [Double], seeds: Int, noise: Double = 0.02, using generator: inout TestGenerator
) -> [Contender] {
  let effects = (0..<seeds).map { _ in 0.05 * generator.normal() }
  return means.map { mean in
    Contender(lnLosses: effects.map { mean + $0 + noise * generator.normal() })
  }
}

/// 3 binomial standard errors of a share that is expected to be `share`.
func threeStandardErrors(of share: Double, repetitions: Int) -> Double {
  3 * (share * (1 - share) / Double(repetitions)).squareRoot()
}
