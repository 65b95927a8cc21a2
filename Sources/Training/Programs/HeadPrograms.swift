// The compiled activations of a network's heads, in the form the kernels read.
import KernelTypes
import Shared

final class HeadPrograms: @unchecked Sendable {
  /// Value, and value with slope, of every head in turn.
  private let compiled: [CompiledProgram]
  private let hasCoefficients: Bool
  /// [H]; heads with loops of their own have an entry that nobody reads.
  let pointer: UnsafeMutablePointer<HeadProgram>

  /// Nil where every head has a loop of its own.
  /// - tangents: per head the coefficient whose derivative ∂h/∂c it has in place of h, or nil for h itself.
  init?(_ heads: Heads, tangents: [Int?]) {
    guard heads.activations.contains(where: { $0.kernelCode == .program }) else { return nil }
    var compiled: [CompiledProgram] = []
    pointer = .allocate(capacity: heads.activations.count)
    for (head, activation) in heads.activations.enumerated() {
      let (value, both) = activation.programs(tangent: tangents[head])
      compiled += [value, both]
      (pointer + head).initialize(
        to: HeadProgram(
          value: value.program, valueAndSlope: both.program, normalises: activation.isNormalised,
          usesDistance: activation.usesDistance))
    }
    self.compiled = compiled
    hasCoefficients = heads.activations.contains { !$0.coefficients.isEmpty }
  }

  deinit { pointer.deallocate() }

  /// - coefficients: of every head.
  func set(_ coefficients: [[Float]]) {
    guard hasCoefficients else { return }
    for (index, program) in compiled.enumerated() { program.set(coefficients[index / 2]) }
  }
}

extension Activation {
  /// Which loop runs it: one written for it, or that of compiled formulas.
  var kernelCode: ActivationCode {
    switch (shape, isNormalised) {
    case (.linear, false): .linear
    case (.relu, false): .relu
    case (.exp, false): .exp
    case (.exp, true): .softmax
    default: .program
    }
  }

  /// h(S) alone, and with h'(S). S is the score, or −½ |B x_s − C x_t|².
  package var programs: (value: CompiledProgram, valueAndSlope: CompiledProgram) { programs(tangent: nil) }

  /// - tangent: a coefficient c; then both are of ∂h/∂c.
  fileprivate func programs(tangent: Int?) -> (value: CompiledProgram, valueAndSlope: CompiledProgram) {
    var graph = ExpressionGraph()
    let expression = expression, names = expression.coefficients
    var value = graph.add(expression) { variable, graph in
      if let index = names.firstIndex(of: variable.quantity) { return graph.coefficient(index) }
      let score = graph.input(0)
      guard variable.quantity == .squaredDistance else { return score }
      return graph.operation(.multiply, graph.constant(-2), score)
    }
    if let tangent { value = graph.derivative(of: value, by: .coefficient(tangent)) }
    let slope = graph.derivative(of: value)
    return (
      CompiledProgram(graph, outputs: [value], inputs: 1), CompiledProgram(graph, outputs: [slope, value], inputs: 1)
    )
  }
}
