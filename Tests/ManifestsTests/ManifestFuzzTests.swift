// The manifests of this repository, changed at random: a plan or an error, never a crash. `make fuzz` runs it for as long
// as asked, from a seed that it prints.
import Foundation
import Manifests
import Testing

@Suite struct ManifestFuzzTests {
  private static let samples = [
    """
    name: a
    method: grid
    parameters:
      task: {values: [linear, relu, exp]}
      activation: {values: [linear, [exp, linear]]}
      learning_rate: {values: [0.007, 0.02]}
      layers: {value: 3}
    seeds: {tune: 2, report: 8}
    metric: {name: validation_loss, goal: minimize}
    report: {rows: task, columns: activation, x: layers, confidence: 0.95}
    """,
    """
    name: b
    method: random
    run_cap: 8
    parameters:
      task: {values: [relu, "exp(2)"]}
      activation: {values: [exp, softmax]}
      optimizer: {values: [adam, sgd], probabilities: [0.5, 0.5]}
      learning_rate: {distribution: q_log_uniform_values, min: 0.001, max: 1e-1, q: 0.001}
      layers: {min: 1, max: 4}
      layer_clip: {value: {scale: 1e-8, base: 9}}
      covariance: {value: [1, 1, 0.25, 2.25, 1]}
    seeds: 8
    """,
  ]
  private static let words = [
    "{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!int ", "? ", "|", ">", "\"", "'", "#", "\t", "\n", "  ", "0", "-1",
    "1e999", ".nan", ".inf", "9223372036854775807", "0x7f", "~", "é", "max: ", "min: ", "values: ",
    "distribution: beta",
    "mu: ", "sigma: 0", "a: -1", "q: 1e-300", "---\n", "...", "%", "@", "parameters:\n", "seeds: ", "<<: *a",
    "run_cap: 0",
  ]

  private struct Bits: RandomNumberGenerator {
    var state: UInt64
    /// SplitMix64. Source: Steele, Lea & Flood 2014.
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  private func fuzz(seed: UInt64, cases: Int) -> Int {
    var bits = Bits(state: seed)
    var plans = 0
    for _ in 0..<cases {
      var text = Array(Self.samples[Int.random(in: 0..<Self.samples.count, using: &bits)].utf8)
      for _ in 0..<Int.random(in: 1...(Bool.random(using: &bits) ? 1 : 4), using: &bits) {
        let place = Int.random(in: 0..<max(1, text.count), using: &bits)
        let end = min(text.count, place + Int.random(in: 0...20, using: &bits))
        let word = Array(Self.words[Int.random(in: 0..<Self.words.count, using: &bits)].utf8)
        switch Int.random(in: 0..<4, using: &bits) {
        case 0: text.replaceSubrange(min(place, end)..<end, with: word)
        case 1: text.insert(contentsOf: text[min(place, end)..<end], at: Int.random(in: 0...text.count, using: &bits))
        case 2: text.removeSubrange(min(place, end)..<end)
        default: if place < text.count { text[place] = .random(in: 0...255, using: &bits) }
        }
      }
      if (try? parseManifest(String(decoding: text, as: UTF8.self), path: "m")) != nil { plans += 1 }
    }
    return plans
  }

  @Test func `what is changed was right before`() {
    for sample in Self.samples { #expect(throws: Never.self) { try parseManifest(sample, path: "m") } }
  }

  @Test func `changed manifests are read or refused, never more`() {
    let plans = fuzz(seed: 20_261_122, cases: 3000)
    #expect(plans > 50 && plans < 2950, "\(plans) were plans")
  }

  @Test(.enabled(if: ProcessInfo.processInfo.environment["ATTUNE_FUZZ_SECONDS"] != nil))
  func `manifests for as long as asked`() {
    let environment = ProcessInfo.processInfo.environment
    let seconds = Int(environment["ATTUNE_FUZZ_SECONDS"] ?? "") ?? 60
    var seed = UInt64(environment["ATTUNE_FUZZ_SEED"] ?? "") ?? .random(in: 0 ... .max)
    let start = ContinuousClock.now
    var cases = 0
    while ContinuousClock.now - start < .seconds(seconds) {
      FileHandle.standardError.write(Data("fuzz manifests: ATTUNE_FUZZ_SEED=\(seed) after \(cases) cases\n".utf8))
      _ = fuzz(seed: seed, cases: 5000)
      cases += 5000
      seed &+= 1
    }
  }
}
