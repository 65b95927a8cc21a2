// Theory on the page: its numbers stand under the right task, activation and depth, beside the networks that they are of.
import Foundation
import Reports
import Shared
import Testing

@Suite struct TheorySectionTests {
  private let results = SampleSweep().results()

  private func problem(_ task: TaskKernel) -> String {
    var parameters = TrialParameters()
    parameters.task = task
    return parameters.problem.canonicalJSON
  }

  private func section(_ title: String, _ theory: TheoryFindings?) -> String? {
    let html = reportHTML(results: results, matrix: SweepMatrix(results: results), theory: theory)
    let parts = html.components(separatedBy: "<h2>\(title)</h2>")
    return parts.count == 2 ? parts[1].components(separatedBy: "</section>").first : nil
  }

  @Test func `without findings there is no section`() {
    #expect(section("Beside theory", nil) == nil)
    #expect(
      section("Beside theory", TheoryFindings()) == nil && section("The form of the networks", TheoryFindings()) == nil)
  }

  @Test func `baselines stand under their task, by activation and depth, with the trained networks' losses`() throws {
    let theory = TheoryFindings(baselines: [
      .init(problem: problem(.relu), name: "bayes", lnLoss: -1.71, standardError: 0.015, excess: 0),
      .init(problem: problem(.linear), name: "bayes", lnLoss: -60, standardError: 0.1, excess: 0),
      .init(
        problem: problem(.relu), name: "polygd", heads: "relu", steps: 3, tuned: "scale 1.2", lnLoss: -1.124,
        standardError: 0.009, excess: 0.14),
      .init(
        problem: problem(.relu), name: "polygd", heads: "exp", steps: 3, lnLoss: -1.02, standardError: 0.01, excess: 0.2
      ),
      // Of a task that is not in the matrix.
      .init(problem: problem(.exponential(scale: 1)), name: "ridge", lnLoss: -0.25, standardError: 0.1, excess: nil),
    ])
    let text = try #require(section("Beside theory", theory))
    let parts = text.components(separatedBy: "<h3>").dropFirst()
    #expect(parts.map { $0.prefix { $0 != "<" } } == ["linear labels, n = 14, d = 5", "relu labels, n = 14, d = 5"])
    let relu = try #require(parts.last), linear = try #require(parts.first)
    #expect(linear.contains("<td>exact</td>"))
    #expect(relu.contains("<td>-1.710 ± 0.015</td>"))
    #expect(relu.contains("<th>3 layers</th><th>relu</th><th>exp</th>"))
    #expect(relu.contains("polygd</th><td>-1.124 ± 0.009</td><td>-1.020 ± 0.010</td>"))
    let matrix = SweepMatrix(results: results)
    let losses = [1, 2].compactMap { matrix.rows[1].cells[$0].measured.lnTestLoss?.mean }.map {
      "<td>\(String(format: "%.3f", $0))</td>"
    }
    #expect(losses.count == 2 && relu.contains("trained: relu</th>\(losses.joined())"))
    #expect(!text.contains("ridge"))
  }

  @Test func `the form of the networks is a mean over seeds at the end, and a picture where it was followed`() throws {
    let matrix = SweepMatrix(results: results)
    let scores = matrix.rows[1].cells[1].measured.present
    func structures(_ steps: [Int]) -> TheoryFindings {
      TheoryFindings(
        structures: scores.enumerated().map { index, score in
          .init(
            trial: score.trial.rawValue,
            points: steps.map { step in
              let distance = 0.9 - 0.0004 * Double(step) + 0.01 * Double(index % 2)
              return .init(
                step: step, gradientNorm: 0.02, scores: [[distance], [distance], [0.5]],
                shifts: [[0.25], [0.25], [nil]])
            })
        })
    }
    let ends = try #require(section("The form of the networks", structures([2000])))
    #expect(
      ends.contains("relu, relu</th><td>8</td><td>0.020</td><td>0.105, 0.105, 0.500</td><td>0.250, 0.250, –</td>"))
    #expect(!ends.contains("<figure>"))
    let along = try #require(section("The form of the networks", structures([0, 1000, 2000])))
    let panels = along.components(separatedBy: "<figure>").dropFirst()
    #expect(panels.count == 2)
    #expect(panels.first?.contains("layer 3, step 1000: 0.500 ± 0.000 (8 seeds)") == true)
    // The last layer's A moves nothing.
    #expect(panels.last?.contains("layer 2, step 0: 0.250") == true && panels.last?.contains("layer 3") == false)
  }
}
