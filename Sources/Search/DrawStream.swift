// The draws of random search: any draw of any configuration without those before it, the same on every machine.
// The generator is Shared's Philox; here is what its counter counts.
import Shared

/// The draws of one parameter in one configuration. Counter: (block, draw, parameter, 0); a parameter's draws do not
/// depend on which other parameters are searched.
package struct DrawStream {
  private let key: SIMD2<UInt32>
  private let draw: UInt32
  private let parameter: UInt32
  private var block: UInt32 = 0
  private var spare: UInt64?

  package init(seed: UInt64, draw: UInt32, parameter: String) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    self.draw = draw
    self.parameter = fnv1a(parameter)
  }

  package mutating func nextBits() -> UInt64 {
    if let bits = spare {
      spare = nil
      return bits
    }
    let words = philox4x32(counter: SIMD4(block, draw, parameter, 0), key: key)
    block &+= 1
    spare = UInt64(words[3]) << 32 | UInt64(words[2])
    return UInt64(words[1]) << 32 | UInt64(words[0])
  }

  /// Uniform over 2^52 equally spaced numbers strictly between 0 and 1.
  package mutating func nextUniform() -> Double { (Double(nextBits() >> 12) + 0.5) * 0x1p-52 }

  /// Uniform over 0..<count; the bias is below count / 2^64.
  package mutating func nextIndex(below count: UInt64) -> UInt64 { nextBits().multipliedFullWidth(by: count).high }
}

/// Names a parameter by 32 bits. Source: Fowler, Noll & Vo, FNV-1a.
func fnv1a(_ text: String) -> UInt32 {
  text.utf8.reduce(2_166_136_261) { ($0 ^ UInt32($1)) &* 16_777_619 }
}
