// Formulas of activations with coefficients that training fits.
import Shared
import Testing

@Suite struct ActivationFormulaTests {
  @Test(
    arguments: [
      ("expression(exp(c0*s))", "expression(exp(c0 * s); c0 = 1)", [1.0]),
      (
        "expression(c2 * relu(s) + c0 * s; c0=-0.5)", "expression(c2 * relu(s) + c0 * s; c0 = -0.5, c2 = 1)", [-0.5, 1]
      ),
      ("expression(exp(c7 * sqdist) ; c7 = 1e-3 )", "expression(exp(c7 * sqdist); c7 = 0.001)", [0.001]),
    ])
  func `a text is read with its starts, and written with all of them`(
    text: String, canonical: String, starts: [Double]
  ) throws {
    let activation = try Activation(text)
    #expect(activation.description == canonical && activation.coefficients == starts)
    #expect(try Activation(canonical) == activation)
    #expect(Heads.texts(in: "\(canonical)+linear") == [canonical, "linear"])
  }

  @Test(
    arguments: [
      ("expression(exp(c0 * s); c1 = 2)", "at character 13 \" c1 = 2\" stands; write starts of c0, such as c0 = 0.5"),
      (
        "expression(exp(c0 * s); c0 = 1, c0 = 2)",
        "at character 21 \" c0 = 2\" stands; write starts of c0, such as c0 = 0.5"
      ),
      ("expression(c0 * s; c0 = big)", "at character 8 \" c0 = big\" stands; write starts of c0, such as c0 = 0.5"),
      ("expression(c0 * s;)", "at character 8 \"\" stands; write starts of c0, such as c0 = 0.5"),
      (
        "expression(exp(s); c0 = 1)",
        "at character 8 \" c0 = 1\" stands; end the expression before the semicolon, it has no coefficients"
      ),
      (
        "expression(c0 ^ 2)",
        "at character 1 the expression has no variable; write an expression of s, or one of sqdist = |B x_s - C x_t|^2"
      ),
      (
        "normalized(expression(exp(c0 * s)))",
        "write numbers for the coefficients of what is normalized: they are not trained"
      ),
    ])
  func `a mistake is told with its place`(text: String, message: String) {
    #expect {
      try Activation(text)
    } throws: {
      ($0 as? ActivationTextError)?.remedy == message
    }
  }

  @Test func `a kernel has no coefficients`() {
    #expect(throws: (any Error).self) { try TaskKernel("kernel(exp(c0 * dot))") }
  }

  @Test func `they are trained numbers, part of the identity, and not counted among whole matrices`() throws {
    func parameters(_ text: String, _ more: [ParameterName: ParameterValue] = [:]) throws -> TrialParameters {
      try TrialParameters(values: [.task: .text("relu"), .activation: .text(text)].merging(more) { $1 })
    }
    let written = try parameters("expression(relu(s) + c0 * s; c0 = 0.5)")
    #expect(written.trainedNumbers == (try parameters("relu")).trainedNumbers + 1)
    #expect(written.id != (try parameters("expression(relu(s) + c0 * s)")).id)
    #expect(try TrialParameters(canonicalJSON: written.canonicalJSON) == written)
    let alone = try parameters(
      "expression(exp(c0 * s))", [.frozen: .list(["A", "r", "B", "C"].map { .text($0) })])
    #expect(alone.trainedNumbers == 1)
    #expect(throws: ParameterError.self) {
      try parameters(
        "expression(exp(c0 * s))",
        [.layerClip: .mapping(["scale": .number(1), "base": .integer(9), "entries": .text("all")])])
    }
  }
}
