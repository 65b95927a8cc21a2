// A sweep of formulas, new activations and function tasks with real processes: they travel to the workers, are called by
// their names in what people read, and what nobody knows of a task is absent.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Formulas {
    private static let manifest = """
      name: formulas
      method: grid
      activations: {quick_gelu: "s * sigmoid(1.702 * s)"}
      tasks:
        rational: {kernel: "(1 + sqdist) ^ -1"}
        wave: {kernel: "cos(3 * dot[0..<2])"}
      parameters:
        task: {values: [rational, wave, decision_tree]}
        activation: {values: [quick_gelu, normalized(relu), [quick_gelu, gaussian]]}
        dimension: {value: 3}
        context: {value: 5}
        layers: {value: 2}
        steps: {value: 30}
        batch: {value: 70}
        validation_prompts: {value: 64}
        test_prompts: {value: 200}
      seeds: 2

      """

    @Test func `a sweep of formulas runs, is called by its names and says what it does not know`() throws {
      let directory = try TestDirectory()
      try directory.write(Self.manifest, to: "formulas.yaml")
      let plan = try attune(["plan", "formulas.yaml"], in: directory)
      #expect(plan.output.contains("Task wave: the kernel is not positive semi-definite"))
      #expect(plan.output.contains("Task decision_tree: the Bayes predictor is not known"))
      #expect(!plan.output.contains("Task rational"))

      let command = ["run", "formulas.yaml", "--out", "out", "--workers", "2", "--threads", "1"]
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let rows = try directory.read("out/report/matrix.csv").split(separator: "\n").dropFirst().map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      }
      let names = ["quick_gelu", "normalized(relu)", "quick_gelu+gaussian"]
      #expect(
        rows.map { "\($0[0]) \($0[1])" }
          == ["rational", "wave", "decision_tree"].flatMap { task in
            names.map { "\(task) \($0)" }
          })
      let header = try directory.read("out/report/matrix.csv").prefix { $0 != "\n" }.split(separator: ",")
      let bayes = try #require(header.firstIndex(of: "bayes_loss")),
        zero = try #require(header.firstIndex(of: "zero_loss"))
      for row in rows {
        #expect((Double(row[bayes])?.isFinite == true) == (row[0] != "decision_tree"), "\(row)")
        #expect(Double(row[zero])?.isFinite == true)
      }
      #expect(try directory.read("out/report/index.html").contains("labels are draws of N(0, |K|)"))
      #expect(try attune(["audit", "out"], in: directory).exitCode == 0)
      // What is stored is the same sweep when it is read again.
      let again = try attune(command, in: directory)
      #expect(again.exitCode == 0)
      #expect(try digest(in: again.output) == digest(in: ended.output))
    }

    @Test func `a formula with a mistake is refused with a caret`() throws {
      let directory = try TestDirectory()
      try directory.write(Self.manifest.replacing("sigmoid", with: "sigmod"), to: "formulas.yaml")
      let ended = try attune(["plan", "formulas.yaml"], in: directory)
      #expect(ended.exitCode == 1)
      #expect(
        ended.errors.contains(
          """
          formulas.yaml:3:32: activations.quick_gelu: "sigmod" has no meaning; did you mean sigmoid?
              s * sigmod(1.702 * s)
                  ^
          """))
    }
  }
}
