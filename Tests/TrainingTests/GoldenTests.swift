// The reference cases, computed in double precision outside this project, on every instruction set of this machine.
// And that the check has teeth: a case changed by little more than the tolerance fails.
import Foundation
import Kernels
import Shared
import Testing
import Training

/// Paths of the reference cases, and instruction sets to run them on.
enum Golden {
  static let folder = Bundle.module.resourceURL?.appendingPathComponent("Golden").path ?? "Golden"
  static let names: [String] = {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted()
  }()
  static let instructionSets = InstructionSet.allCases.filter(\.isSupported)
  static func path(_ name: String) -> String { "\(folder)/\(name)" }
}

@Suite struct GoldenTests {
  @Test(arguments: Golden.names, Golden.instructionSets)
  func `a reference case passes`(name: String, instructionSet: InstructionSet) throws {
    let report = verify(try ReferenceCase(path: Golden.path(name)), on: instructionSet)
    for check in report.checks {
      #expect(check.passes, "\(check.name): error \(check.error), allowed \(check.tolerance)")
    }
    let kinds = report.checks.map(\.name)
    if name.hasPrefix("bayes") {
      #expect(kinds == ["bayes", "loss"])
    } else if name.hasPrefix("train") {
      #expect(kinds == ["loss", "gradient", "trajectory"])
    } else {
      #expect(kinds == ["loss", "gradient"])
    }
  }

  @Test func `the cases cover every activation, several shapes and both kinds of subject`() {
    #expect(Golden.names.count >= 25)
    for word in ["linear", "relu", "exp", "softmax", "bayes", "d20", "d2", "n1", "n40", "b33", "k7", "h3", "scale1"] {
      #expect(Golden.names.contains { $0.contains(word) }, "no case has \(word) in its name")
    }
  }

  @Test(arguments: Golden.instructionSets)
  func `a tampered case fails, in the check that concerns it`(instructionSet: InstructionSet) throws {
    func failing(_ name: String, _ change: (inout ReferenceCase) -> Void) throws -> [String] {
      var reference = try ReferenceCase(path: Golden.path(name))
      change(&reference)
      return verify(reference, on: instructionSet).checks.filter { !$0.passes }.map(\.name)
    }
    #expect(try failing("train-exp-k3.json") { _ in } == [])
    #expect(try failing("train-exp-k3.json") { $0.loss *= 1 + 3e-5 } == ["loss"])
    #expect(try failing("train-exp-k3.json") { $0.loss = .nan } == ["loss"])
    #expect(
      try failing("train-exp-k3.json") {
        guard case .network(let parameters, let weights, var gradient, let optimiser) = $0.subject else { return }
        for i in gradient.B.indices { gradient.B[i] *= 1 + 3e-4 }
        $0.subject = .network(parameters, weights, gradient: gradient, optimiser)
      } == ["gradient"])
    #expect(
      try failing("train-exp-k3.json") {
        guard case .network(let parameters, let weights, let gradient, var optimiser) = $0.subject else { return }
        optimiser?.parameters.r[1] *= 1.01
        $0.subject = .network(parameters, weights, gradient: gradient, optimiser)
      } == ["trajectory"])
    // Queries are no sources: a swapped pair of tokens changes everything.
    #expect(try failing("forward-relu-k3.json") { $0.X.swapAt(0, 5) } == ["loss", "gradient"])
    #expect(
      try failing("bayes-relu.json") { $0.prediction[3] += 3e-6 * max(1, abs($0.prediction[3])) } == ["bayes"])
  }
}
