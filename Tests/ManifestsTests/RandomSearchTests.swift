// Random search: the generator against its reference vectors, the distributions against their laws, and draws that are
// the same everywhere.
import Foundation
import Manifests
import Search
import Shared
import Testing

@Suite struct RandomSearchTests {
  /// The draws of `learning_rate`, or of another real parameter, under one distribution.
  private func draws(
    _ distribution: String, of name: ParameterName = .learningRate, count: Int = 2000, seed: Int = 0
  ) throws -> [Double] {
    let text = """
      method: random
      run_cap: \(count)
      sampler_seed: \(seed)
      seeds: {tune: 1, report: 1}
      parameters:
        task: {value: relu}
        activation: {value: exp}
        \(name.rawValue): {\(distribution)}
      """
    return try plan(text).cells[0].candidates.map { candidate in
      switch candidate.value(of: name) {
      case .number(let number): number
      case .integer(let integer): Double(integer)
      default: .nan
      }
    }
  }

  /// Kolmogorov–Smirnov distance times √count; above 2 with probability 7e-4.
  private func distance(_ sample: [Double], from law: (Double) -> Double) -> Double {
    let count = Double(sample.count)
    let worst = sample.sorted().enumerated().map { index, x in
      max(Double(index + 1) / count - law(x), law(x) - Double(index) / count)
    }.max()
    return (worst ?? .infinity) * count.squareRoot()
  }

  private func normalLaw(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

  @Test func `Philox gives the reference vectors of Random123`() {
    #expect(
      philox4x32(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
        == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      philox4x32(counter: SIMD4(repeating: .max), key: SIMD2(repeating: .max))
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      philox4x32(
        counter: SIMD4(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), key: SIMD2(0xa409_3822, 0x299f_31d0))
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func `continuous draws follow their laws`() throws {
    #expect(try distance(draws("min: 0.1, max: 0.4")) { ($0 - 0.1) / 0.3 } < 2)
    let logarithmic = { (x: Double) in log(x / 0.001) / log(1000) }
    let bounds = "min: 0.001, max: 1"
    #expect(try distance(draws("distribution: log_uniform_values, \(bounds)"), from: logarithmic) < 2)
    #expect(try distance(draws("distribution: inv_log_uniform_values, \(bounds)"), from: logarithmic) < 2)
    #expect(try distance(draws("distribution: normal, mu: 10, sigma: 2")) { normalLaw(($0 - 10) / 2) } < 2)
    #expect(try distance(draws("distribution: log_normal, mu: -3")) { normalLaw(log($0) + 3) } < 2)
    #expect(try distance(draws("distribution: beta, b: 3")) { 1 - pow(1 - $0, 3) } < 2)
    #expect(
      try distance(draws("distribution: beta, a: 0.5, b: 0.5", of: .initScale)) { 2 / .pi * asin($0.squareRoot()) } < 2)
  }

  @Test func `rounded draws are multiples inside their range`() throws {
    let quantised = Set(try draws("distribution: q_uniform, min: 0.05, max: 0.3, q: 0.05"))
    #expect(quantised == [0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
    #expect(Set(try draws("distribution: q_log_uniform_values, min: 1, max: 5")) == [1, 2, 3, 4, 5])
    #expect(Set(try draws("distribution: q_uniform, min: 1, max: 10, q: 4", of: .layers)) == [4, 8])
    #expect(Set(try draws("distribution: q_beta, q: 0.5", of: .initScale)) == [0, 0.5, 1])
  }

  @Test func `whole numbers include both ends, weights of zero are never drawn`() throws {
    #expect(Set(try draws("min: 2, max: 4", of: .layers)) == [2, 3, 4])
    #expect(Set(try draws("values: [0.1, 0.2, 0.3], probabilities: [0.5, 0, 0.5]")) == [0.1, 0.3])
  }

  @Test func `draws are the same in every cell and do not depend on what else is searched`() throws {
    let text = """
      method: random
      run_cap: 11
      parameters:
        task: {values: [relu, exp]}
        activation: {value: exp}
        learning_rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}
      """
    let few = try plan(text)
    #expect(few.cells.count == 2)
    #expect(few.cells[0].candidates.count == 5)
    #expect(few.cells[0].candidates.map(\.learningRate) == few.cells[1].candidates.map(\.learningRate))
    let more = try plan(text.replacing("run_cap: 11", with: "run_cap: 40") + "\n  beta1: {min: 0.5, max: 0.9}")
    #expect(more.cells[1].candidates.prefix(5).map(\.learningRate) == few.cells[1].candidates.map(\.learningRate))
    let other = try plan("sampler_seed: 1\n" + text)
    #expect(other.cells[0].candidates.map(\.learningRate) != few.cells[0].candidates.map(\.learningRate))
  }

  @Test func `the first draws are pinned to the bit`() throws {
    let pinned = try [
      "min: 0.1, max: 0.4", "distribution: log_uniform_values, min: 0.001, max: 0.1",
      "distribution: log_normal, mu: -3", "distribution: beta, a: 2, b: 0.5",
    ].map { try draws($0, count: 2).map { String($0.bitPattern, radix: 16) } }
    #expect(
      pinned == [
        ["3fbd38f47146ac1c", "3fc669640fd500ba"], ["3f545be413f9775f", "3f69f11344a30ca0"],
        ["3f83234051d35ace", "3f99fef3e02f5e65"], ["3fefd2969897889e", "3fec99e7c16ea3d0"],
      ])
  }

  @Test func `values that run out are said in a note`() throws {
    let loaded = try parseManifest(
      """
      method: random
      run_cap: 100
      parameters:
        task: {value: relu}
        activation: {value: exp}
        layers: {values: [1, 2, 3]}
      """, path: "a.yaml")
    #expect(loaded.plan.cells[0].candidates.count == 3)
    #expect(
      loaded.notes == ["run_cap allows 100 configurations per cell, but only 3 different ones were drawn"])
  }

  @Test func `a draw outside the parameter's range is refused with its number`() {
    let start = "method: random\nrun_cap: 50\nparameters:\n  task: {value: relu}\n  activation: {value: exp}\n  "
    #expect(
      refusal(of: start + "learning_rate: {distribution: normal}\n")?.hasPrefix("a.yaml:6: learning_rate becomes \"-")
        == true)
    #expect(
      refusal(of: start + "layers: {min: 65, max: 66}\n")
        == "a.yaml:6: layers becomes \"65\" (draw 1); write a whole number from 1 to 64")
  }

  @Test func `random search needs run_cap, and axes need steps`() {
    let start = "method: random\nparameters:\n  task: {value: relu}\n  activation: {value: exp}\n"
    #expect(
      refusal(of: start) == "a.yaml: method random has no run_cap; add `run_cap: 8` for 8 configurations per cell")
    #expect(
      refusal(of: start + "  label_noise: {min: 0.0, max: 1.0}\nreport: {x: label_noise}\nrun_cap: 4\n")
        == """
        a.yaml:5: label_noise is an axis, which takes every value, but has a range without steps; write values, \
        int_uniform or q_uniform
        """)
    #expect(
      refusal(ofParameter: "learning_rate: {min: 0.1, max: 0.2}")
        == """
        a.yaml:6: learning_rate has a range without steps, which method grid cannot enumerate; write values, \
        int_uniform or q_uniform, or `method: random`
        """)
  }

  @Test func `the normal quantile inverts the normal law`() {
    for p in [1e-300, 1e-12, 0.01, 0.07, 0.3, 0.5, 0.8, 0.99] {
      #expect(abs(normalLaw(normalQuantile(p)) / p - 1) < 1e-12)
    }
  }
}
