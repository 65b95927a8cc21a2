// The logarithm and exponential that decide identities, against the C library's.
import Foundation
import Shared
import Testing

@Suite struct DeterministicMathTests {
  /// From 1e-300 to 1e300 in uneven steps, and the neighbourhood of 1.
  private let arguments: [Double] =
    stride(from: -300.0, through: 300, by: 0.37).map { pow(10, $0) } + stride(from: 0.5, through: 2, by: 0.0013)

  @Test func `the logarithm agrees with the C library's to 1e-14`() {
    for x in arguments {
      let expected = log(x)
      #expect(abs(deterministicLogarithm(x) - expected) <= 1e-14 * max(abs(expected), 1e-2))
    }
    #expect(deterministicLogarithm(1) == 0)
    #expect(abs(deterministicLogarithm(.leastNonzeroMagnitude) - log(Double.leastNonzeroMagnitude)) < 1e-12)
    #expect(abs(deterministicLogarithm(.greatestFiniteMagnitude) - log(Double.greatestFiniteMagnitude)) < 1e-12)
  }

  @Test func `the exponential agrees with the C library's to 1e-15`() {
    for x in stride(from: -708.0, through: 709.7, by: 0.0137) {
      #expect(abs(deterministicExponential(x) / exp(x) - 1) < 1e-15)
    }
    #expect(deterministicExponential(0) == 1)
  }

  @Test func `the exponential has the right limits`() {
    #expect(deterministicExponential(710) == .infinity)
    #expect(deterministicExponential(.infinity) == .infinity)
    #expect(deterministicExponential(-746) == 0)
    #expect(deterministicExponential(-.infinity) == 0)
    #expect(deterministicExponential(.nan).isNaN)
    #expect(deterministicExponential(-745) == .leastNonzeroMagnitude)
    #expect(deterministicExponential(709.78) == exp(709.78) || deterministicExponential(709.78).isFinite)
  }

  @Test func `the exponential's bits are pinned`() {
    #expect(deterministicExponential(1).bitPattern == 0x4005_bf0a_8b14_576a)
    #expect(deterministicExponential(-3.5).bitPattern == 0x3f9eec1018e4ff66)
    #expect(deterministicLogarithm(0.007).bitPattern == 0xc013d8edee03690a)
  }
}
