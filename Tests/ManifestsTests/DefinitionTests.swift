// A manifest's own activations and tasks: what they become, how they are called, and refusals with line, column and caret.
import Foundation
import Manifests
import Shared
import Testing

@Suite struct DefinitionTests {
  private static let head = """
    method: grid
    activations:
      quick_gelu: "s * sigmoid(1.702 * s)"
      cauchy: '1 / (1 + sqdist)'
    tasks:
      rational: {kernel: "(1 + sqdist) ^ -1"}
      turned:
        kernel: exp(0.5 * dot[G]) + gaussian(2)[2..<d] * dot[D]
        maps: {G: [[1, 0.5, 0, 0, 0], [0, 0, 1, 0, -1]], D: [1, 1, 0, 0, 0.25]}

    """

  @Test func `names stand for formulas, and only formulas decide what a configuration is`() throws {
    let text =
      Self.head + """
        parameters:
          task: {values: [rational, turned, exp, gaussian(0.5)]}
          activation: {values: [relu, quick_gelu, normalized(quick_gelu), cauchy, [quick_gelu, linear]]}
        """
    let plan = try parseManifest(text, path: "a.yaml").plan
    #expect(
      plan.axes[1].values.map(plan.shown) == [
        "relu", "quick_gelu", "normalized(quick_gelu)", "cauchy", "quick_gelu+linear",
      ])
    #expect(plan.axes[0].values.map(plan.shown) == ["rational", "turned", "exp", "gaussian(0.5)"])
    let quick = plan.cells[1].candidates[0]
    #expect(quick.task.description == "kernel((1 + sqdist) ^ -1)")
    #expect(quick.heads.description == "expression(s * sigmoid(1.702 * s))")
    #expect(quick.canonicalJSON.contains("\"activation\":\"expression(s * sigmoid(1.702 * s))\""))
    let turned = plan.cells[5].candidates[0].task.description
    #expect(
      turned == "kernel(exp(0.5 * dot[(1, 0.5, 0, 0, 0; 0, 0, 1, 0, -1)]) + exp(-0.125 * sqdist[2..<d]) * "
        + "dot[(1, 0, 0, 0, 0; 0, 1, 0, 0, 0; 0, 0, 0, 0, 0; 0, 0, 0, 0, 0; 0, 0, 0, 0, 0.25)])")
    for cell in plan.cells {
      let parameters = cell.candidates[0]
      #expect(try TrialParameters(canonicalJSON: parameters.canonicalJSON) == parameters)
    }
    let renamed = text.replacingOccurrences(of: "quick_gelu", with: "qg").replacingOccurrences(
      of: "1.702 * s", with: "(1.702*s)")
    let other = try parseManifest(renamed, path: "a.yaml").plan
    #expect(other.cells.map { $0.candidates[0].id } == plan.cells.map { $0.candidates[0].id })
    #expect(other.axes[1].values.map(other.shown)[1] == "qg")
  }

  @Test func `two names of one formula are one value`() {
    let text =
      Self.head.replacing("activations:", with: "activations:\n  same: s*sigmoid(1.702*s)") + """
        parameters:
          task: {value: relu}
          activation: {values: [same, quick_gelu]}
        """
    #expect(refusal(of: text) == "a.yaml:13: activation lists \"quick_gelu\" twice; keep one")
  }

  @Test(arguments: [
    (
      "activations: {f: \"s * sigmod(s)\"}",
      """
      a.yaml:6:23: activations.f: "sigmod" has no meaning; did you mean sigmoid?
          s * sigmod(s)
              ^
      """
    ),
    (
      "activations: {f: s *}",
      """
      a.yaml:6:21: activations.f: the expression ends; write a number, s, sqdist, a coefficient from c0 to c7, a function such \
      as exp(…), or a bracket
          s *
             ^
      """
    ),
    (
      "tasks: {f: {kernel: 'dot[0..<1] + s'}}",
      """
      a.yaml:6:35: tasks.f.kernel: "s" has no meaning; write a number, dot, norm_u, norm_v, sqdist, a function such as \
      exp(…), or a bracket
          dot[0..<1] + s
                       ^
      """
    ),
    ("activations: {relu: s}", "a.yaml:6: activations defines \"relu\", which exists already; choose another name"),
    (
      "activations: {My F: s}",
      "a.yaml:6: activations defines \"My F\"; write a name of at most 40 small letters, digits and underscores that "
        + "starts with a letter"
    ),
    (
      "activations: {f: 2}",
      """
      a.yaml:6:18: activations.f: the expression has no variable; write an expression of s, or one of sqdist = |B x_s - C x_t|^2
          2
          ^
      """
    ),
    (
      "activations: {f: s + sqdist}",
      """
      a.yaml:6:18: activations.f: both s and sqdist stand; write an expression of s, or one of sqdist = |B x_s - C x_t|^2
          s + sqdist
          ^
      """
    ),
    ("activations: [s]", "a.yaml:6: activations is \"[s]\"; write {quick_gelu: \"s * sigmoid(1.702 * s)\"}"),
    ("tasks: {f: {kernl: dot}}", "a.yaml:6: tasks.f has the unknown key \"kernl\"; did you mean kernel?"),
    ("tasks: {f: {}}", "a.yaml:6: tasks.f has no kernel; add kernel: \"…\""),
    (
      "tasks: {f: {kernel: \"dot[G]\", maps: {G: [[1, 2], [3]]}}}",
      "a.yaml:6: tasks.f.maps.G is \"[[1, 2], [3]]\"; write rows of equal length, [[1, 0], [0, 1]], or the numbers of a "
        + "diagonal, [1, 0.5]"
    ),
  ])
  func `a refusal shows line, column and caret`(key: String, error: String) {
    #expect(refusal(ofKey: key) == error)
  }

  @Test func `a misspelt name of one's own is recognised`() {
    let text =
      Self.head + """
        parameters:
          task: {value: ratoinal}
          activation: {value: quick_glu}
        """
    #expect(
      refusal(of: text) == """
        a.yaml:11: task is "ratoinal"; did you mean rational?
        a.yaml:12: activation is "quick_glu"; did you mean quick_gelu?
        """)
  }

  @Test func `a kernel that is none is refused where it is used`() throws {
    let text = """
      method: grid
      tasks: {skew: {kernel: dot * norm_u}}
      parameters:
        task: {values: [relu, skew]}
        activation: {value: relu}
        inputs: {value: gaussian}
      """
    let error = try #require(refusal(of: text))
    #expect(error.hasPrefix("a.yaml:4: task is \"kernel(dot * norm_u)\"; it is not symmetric: kernel(u, v) is "))
    #expect(error.contains(" at dot "))
  }

  @Test func `a plan says which kernels are none and which Bayes predictors are not known`() throws {
    let text = """
      method: grid
      tasks: {wave: {kernel: cos(3 * dot)}, rational: {kernel: (1 + sqdist) ^ -1}}
      parameters:
        task: {values: [relu, wave, rational, decision_tree]}
        activation: {value: relu}
      """
    let plan = try parseManifest(text, path: "a.yaml").plan
    #expect(
      plan.labelNotes == [
        "Task wave: the kernel is not positive semi-definite, so labels are draws of N(0, |K|).",
        "Task decision_tree: the Bayes predictor is not known, so Bayes loss and excess are absent.",
      ])
    #expect(PlanSummary(plan, slots: 1) { _, _ in 1 }.text.contains("Task wave: "))
  }

  @Test func `a mixture of named tasks is called by their names`() throws {
    let text = """
      method: grid
      tasks: {rational: {kernel: "(1 + sqdist) ^ -1"}}
      parameters:
        task: {values: [linear, {mixture: [linear, rational, exp(1)]}]}
        activation: {value: relu}
      """
    let plan = try parseManifest(text, path: "a.yaml").plan
    let tasks = plan.cells.map { $0.candidates[0].task.description }
    #expect(tasks == ["linear", "mixture(linear, kernel((1 + sqdist) ^ -1), exp(1.0))"])
    #expect(plan.axis(.rows)?.values.map(plan.shown) == ["linear", "mixture(linear, rational, exp(1))"])
    for wrong in ["{mixture: linear}", "{mixture: [linear, 2]}", "{mix: [linear, relu]}", "{mixture: [linear]}"] {
      #expect(throws: ManifestError.self) {
        try parseManifest(text.replacing("{mixture: [linear, rational, exp(1)]}", with: wrong), path: "a.yaml")
      }
    }
  }
}
