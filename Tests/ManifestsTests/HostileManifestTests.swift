// Damaged manifests: whatever happens to the text, the reader answers with a plan or an error, never with a crash.
import Foundation
import Manifests
import Shared
import Testing

@Suite struct HostileManifestTests {
  private let start = """
    name: damaged
    method: random
    run_cap: 8
    parameters:
      task: {values: [relu, "exp(2)"]}
      activation: {values: [exp, [exp, linear]]}
      learning_rate: {distribution: log_uniform_values, min: 0.001, max: 1e-1}
      layers: {min: 1, max: 4}
      layer_clip: {value: {scale: 1e-8, base: 9}}
    seeds: {tune: 1, report: 2}
    report: {rows: task, columns: activation, confidence: 0.9}
    """

  /// What a damage puts in the place of a few bytes.
  private let fragments = [
    "", "{", "}", "[", "]", ":", ": ", "-", "- ", "&a ", "*a", "!!int ", "? ", "|", ">", "\"", "'", "#", "\t", "\n",
    "0",
    "-1", "1e999", ".nan", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "0x", "~", "\u{FEFF}",
    "é", "\u{2028}", "max: ", "values", "distribution: q_uniform", "q: 1e-300", "q: 1e300", "---\n", "...", "%", "@",
  ]

  @Test func `no damage crashes the reader`() {
    #expect(refusal(of: start) == nil)
    let bytes = Array(start.utf8)
    var plans = 0
    for round in 0..<4000 {
      let words = philox4x32(counter: SIMD4(UInt32(round), 0, 0, 0), key: SIMD2(1, 2))
      var damaged = bytes
      for (place, choice) in [(words[0], words[1]), (words[2], words[3])].prefix(1 + round % 2) {
        let from = Int(place) % damaged.count, fragment = fragments[Int(choice >> 8) % fragments.count]
        damaged.replaceSubrange(from..<min(damaged.count, from + Int(choice & 7)), with: fragment.utf8)
      }
      guard let error = refusal(of: String(decoding: damaged, as: UTF8.self)) else {
        plans += 1
        continue
      }
      #expect(error.split(separator: "\n").allSatisfy { $0.hasPrefix("a.yaml") && $0.contains("; ") })
    }
    // Some damages hit a comment-like place; most do not.
    #expect(plans > 0 && plans < 4000)
  }

  @Test(arguments: [
    "distribution: q_uniform, min: 0, max: 1, q: 1e-300", "distribution: q_uniform, min: -1e300, max: 1e300, q: 1e-300",
    "distribution: q_uniform, min: 0, max: 1, q: 1e300", "distribution: q_normal, q: 1e-320",
    "distribution: normal, mu: 1e308, sigma: 1e308", "distribution: log_normal, mu: 1e308",
    "distribution: log_uniform_values, min: 1e-320, max: 1e308", "min: -1e308, max: 1e308",
    "min: -9007199254740992, max: 9007199254740992", "distribution: beta, a: 0.001, b: 0.001",
    "distribution: q_beta, a: 1e6, b: 0.001, q: 1e300",
  ])
  func `extreme distributions end in a plan or an error`(distribution: String) {
    for parameter in ["label_noise", "warmup_steps"] {
      let body = "\nparameters:\n  task: {value: relu}\n  activation: {value: exp}\n  \(parameter): {\(distribution)}\n"
      for method in ["method: random\nrun_cap: 50", "method: grid\nrun_cap: 50"] {
        let error = refusal(of: method + body)
        #expect(error?.hasPrefix("a.yaml:") ?? true)
      }
    }
  }
}
