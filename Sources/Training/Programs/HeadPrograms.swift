// The compiled activations of a network's heads, in the form the kernels read.
import KernelTypes
import Shared

final class HeadPrograms: @unchecked Sendable {
  private let compiled: [CompiledProgram]
  /// [H]; heads with loops of their own have an entry that nobody reads.
  let pointer: UnsafeMutablePointer<HeadProgram>

  /// Nil where every head has a loop of its own.
  init?(_ heads: Heads) {
    guard heads.activations.contains(where: { $0.kernelCode == .program }) else { return nil }
    var compiled: [CompiledProgram] = []
    pointer = .allocate(capacity: heads.activations.count)
    for (head, activation) in heads.activations.enumerated() {
      let (value, both) = activation.programs
      compiled += [value, both]
      (pointer + head).initialize(
        to: HeadProgram(
          value: value.program, valueAndSlope: both.program, normalises: activation.isNormalised,
          usesDistance: activation.usesDistance))
    }
    self.compiled = compiled
  }

  deinit { pointer.deallocate() }
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
  package var programs: (value: CompiledProgram, valueAndSlope: CompiledProgram) {
    var graph = ExpressionGraph()
    let value = graph.add(expression) { variable, graph in
      let score = graph.input(0)
      guard variable.quantity == .squaredDistance else { return score }
      return graph.operation(.multiply, graph.constant(-2), score)
    }
    let slope = graph.derivative(of: value)
    return (
      CompiledProgram(graph, outputs: [value], inputs: 1), CompiledProgram(graph, outputs: [slope, value], inputs: 1)
    )
  }
}
