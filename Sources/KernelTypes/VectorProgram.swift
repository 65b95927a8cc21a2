// A formula compiled for the kernels: instructions over registers that hold a row of vectors each, so that what an
// instruction costs to read is paid once per row and not once per number.

/// What one instruction does to every vector of a row. Accuracies: KernelsAVX2/VectorFunctions.
package enum ProgramOperation: UInt8, CaseIterable, Sendable {
  case copy
  case add, subtract, multiply, divide
  /// a·b + c, c − a·b and a·b − c with one rounding.
  case multiplyAdd, subtractProduct, productMinus
  case minimum, maximum
  case negate, absolute, relu, sign
  case squareRoot, exponential, logarithm, sine, cosine, tanh, sigmoid, softplus, errorFunction, arcSine
  /// c where a ≤ b, else d.
  case select
}

/// Operands: below `firstConstant` a register, below `firstInput` a constant, else an input.
package struct ProgramInstruction: Equatable, Sendable {
  package static let firstConstant: UInt16 = 16_384
  package static let firstInput: UInt16 = 32_768
  /// Targets beside registers: where the value and its derivative go.
  package static let valueTarget: UInt16 = 65_534
  package static let slopeTarget: UInt16 = 65_535

  package var operation: ProgramOperation
  package var target: UInt16
  package var a: UInt16
  package var b: UInt16
  package var c: UInt16
  package var d: UInt16

  package init(
    _ operation: ProgramOperation, _ target: UInt16, _ a: UInt16, _ b: UInt16 = 0, _ c: UInt16 = 0, _ d: UInt16 = 0
  ) {
    (self.operation, self.target, self.a, self.b, self.c, self.d) = (operation, target, a, b, c, d)
  }
}

/// What an instruction reads and writes is written before; the value's target is written last of all, so that a row may
/// be replaced by its values.
package struct VectorProgram {
  package var instructions: UnsafePointer<ProgramInstruction>
  package var count: Int
  /// Each 16 times over, [constants][16], 64-byte aligned.
  package var constants: UnsafePointer<Float>
  /// Registers in use.
  package var registers: Int
  package var inputs: Int

  /// Vectors of a row that one instruction works on. A row of a register is 2 KiB.
  package static let rowLength = 32
  /// Vectors of scratch for running it.
  package var scratchVectors: Int { registers * Self.rowLength }

  package init(
    instructions: UnsafePointer<ProgramInstruction>, count: Int, constants: UnsafePointer<Float>, registers: Int,
    inputs: Int
  ) {
    (self.instructions, self.count, self.constants) = (instructions, count, constants)
    (self.registers, self.inputs) = (registers, inputs)
  }
}

/// The activation of a head that has no loop of its own, h(S) with S = <B x_s, C x_t>, or S = −½ |B x_s − C x_t|².
package struct HeadProgram {
  /// h(S) in place of S.
  package var value: VectorProgram
  /// The same with h'(S) beside it.
  package var valueAndSlope: VectorProgram
  /// a_st = h(S_st) / Σ_s h(S_st); 0 for all sources where the sum's magnitude is below 1e-30.
  package var normalises: Bool
  package var usesDistance: Bool

  package init(value: VectorProgram, valueAndSlope: VectorProgram, normalises: Bool, usesDistance: Bool) {
    (self.value, self.valueAndSlope) = (value, valueAndSlope)
    (self.normalises, self.usesDistance) = (normalises, usesDistance)
  }
}
