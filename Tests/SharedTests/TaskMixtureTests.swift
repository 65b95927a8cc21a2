// Mixtures of tasks as texts.
import Shared
import Testing

@Suite struct TaskMixtureTests {
  @Test func `a text is read whatever brackets its tasks have, and written in one form`() throws {
    let text = "mixture( linear ,exp(1), kernel(min(dot, 0.5) + dot[0..<2]),matern32(0.5) )"
    let task = try TaskKernel(text)
    #expect(task.description == "mixture(linear, exp(1.0), kernel(min(dot, 0.5) + dot[0..<2]), matern32(0.5))")
    #expect(try TaskKernel(task.description) == task)
    #expect(task.matchedActivation == nil && task.kernel == nil)
    let parameters = try TrialParameters(values: [
      .task: .text(text), .activation: .text("relu"), .dimension: .integer(3),
    ])
    #expect(try TrialParameters(canonicalJSON: parameters.canonicalJSON) == parameters)
    #expect(parameters.unmixed.map(\.task.description)[1] == "exp(1.0)" && parameters.unmixed.count == 4)
    #expect(parameters.unmixed[0].unmixed == [parameters.unmixed[0]])
  }

  @Test(
    arguments: [
      "mixture(linear)", "mixture()", "mixture(linear, linear)", "mixture(linear, mixture(relu, exp))",
      "mixture(linear, lineal)", "mixture(linear, relu", "mixture(linear relu)",
      "mixture(" + (1...9).map { "exp(\($0))" }.joined(separator: ", ") + ")",
    ])
  func `what is none is refused`(text: String) {
    #expect(throws: TaskTextError.self) { try TaskKernel(text) }
  }

  @Test func `its tasks are checked as they would be alone`() {
    for wrong in [
      "mixture(linear, sparse_linear(6))", "mixture(linear, kernel(dot[0..<9]))",
      "mixture(relu, kernel(norm_u[0..<2]))",
    ] {
      #expect(throws: ParameterError.self) {
        try TrialParameters(values: [.task: .text(wrong), .activation: .text("relu")])
      }
    }
    let mixed = try! TrialParameters(values: [.task: .text("mixture(linear, cosine)"), .activation: .text("relu")])
    #expect(mixed.usesAbsoluteKernel)
  }
}
