// Runs a compiled formula over rows of strips: one dispatch per instruction and row, then plain loops.
import KernelTypes

/// Where one strip of vectors lies: `step` strips from one to the next, 0 for a constant.
private struct ProgramOperand {
  let start: UnsafeMutablePointer<Strip>
  let step: Int
  @inline(__always) subscript(index: Int) -> Strip { start[index * step] }
}

/// One part of the vectors that a program reads and writes, where vectors are taken apart into strips.
struct ProgramRun {
  /// Input j of element i is vector `i` of `inputs + j * inputDistance`.
  let inputs: UnsafeMutablePointer<Lanes>
  let inputDistance: Int
  /// May be an input. Element i is vector i.
  let value: UnsafeMutablePointer<Lanes>
  /// Where the program has a derivative to write, else anything.
  let slope: UnsafeMutablePointer<Lanes>
  /// Registers, `VectorProgram.scratchVectors`.
  let scratch: UnsafeMutablePointer<Lanes>

  /// All strips of `count` vectors.
  func run(_ program: borrowing VectorProgram, count: Int) {
    for part in 0..<stripCount { run(program, count: count, strip: part) }
  }

  @inline(never)
  func run(_ program: borrowing VectorProgram, count: Int, strip part: Int) {
    var first = 0
    while first < count {
      let length = min(VectorProgram.rowLength, count - first)
      for index in 0..<program.count { step(program, program.instructions[index], first, length, part) }
      first += length
    }
  }

  @inline(__always)
  private func strips(_ vectors: UnsafeMutablePointer<Lanes>, _ part: Int) -> UnsafeMutablePointer<Strip> {
    UnsafeMutableRawPointer(vectors).assumingMemoryBound(to: Strip.self) + part
  }

  @inline(__always)
  private func operand(_ program: borrowing VectorProgram, _ code: UInt16, _ first: Int, _ part: Int) -> ProgramOperand
  {
    if code < ProgramInstruction.firstConstant {
      return ProgramOperand(start: strips(scratch, 0) + Int(code) * VectorProgram.rowLength, step: 1)
    }
    if code < ProgramInstruction.firstInput {
      let constant = program.constants + Int(code - ProgramInstruction.firstConstant) * Lanes.scalarCount
      return ProgramOperand(
        start: UnsafeMutableRawPointer(mutating: constant).assumingMemoryBound(to: Strip.self), step: 0)
    }
    let input = inputs + (Int(code - ProgramInstruction.firstInput) * inputDistance + first)
    return ProgramOperand(start: strips(input, part), step: stripCount)
  }

  @inline(__always)
  private func target(_ code: UInt16, _ first: Int, _ part: Int) -> ProgramOperand {
    switch code {
    case ProgramInstruction.valueTarget: ProgramOperand(start: strips(value + first, part), step: stripCount)
    case ProgramInstruction.slopeTarget: ProgramOperand(start: strips(slope + first, part), step: stripCount)
    default: ProgramOperand(start: strips(scratch, 0) + Int(code) * VectorProgram.rowLength, step: 1)
    }
  }

  @inline(__always)
  private func step(
    _ program: borrowing VectorProgram, _ instruction: ProgramInstruction, _ first: Int, _ count: Int, _ part: Int
  ) {
    let out = target(instruction.target, first, part)
    let a = operand(program, instruction.a, first, part), b = operand(program, instruction.b, first, part)
    let c = operand(program, instruction.c, first, part)
    switch instruction.operation {
    case .copy: each(out, count) { a[$0] }
    case .add: each(out, count) { a[$0] + b[$0] }
    case .subtract: each(out, count) { a[$0] - b[$0] }
    case .multiply: each(out, count) { a[$0] * b[$0] }
    case .divide: each(out, count) { a[$0] / b[$0] }
    case .multiplyAdd: each(out, count) { fma(a[$0], b[$0], c[$0]) }
    case .subtractProduct: each(out, count) { fma(negationOf(a[$0]), b[$0], c[$0]) }
    case .productMinus: each(out, count) { fma(a[$0], b[$0], negationOf(c[$0])) }
    case .minimum: each(out, count) { lesserOf(a[$0], b[$0]) }
    case .maximum: each(out, count) { greaterOf(a[$0], b[$0]) }
    case .negate: each(out, count) { negationOf(a[$0]) }
    case .absolute: each(out, count) { absoluteOf(a[$0]) }
    case .relu: each(out, count) { ReluHead.value(a[$0]) }
    case .sign: each(out, count) { signum(a[$0]) }
    case .squareRoot: each(out, count) { stripSquareRoot(a[$0]) }
    case .exponential: each(out, count) { exponential(a[$0]) }
    case .logarithm: each(out, count) { naturalLogarithm(a[$0]) }
    case .sine: each(out, count) { sine(a[$0]) }
    case .cosine: each(out, count) { cosine(a[$0]) }
    case .tanh: each(out, count) { hyperbolicTangent(a[$0]) }
    case .sigmoid: each(out, count) { logistic(a[$0]) }
    case .softplus: each(out, count) { softplus(a[$0]) }
    case .errorFunction: each(out, count) { errorFunction(a[$0]) }
    case .arcSine: each(out, count) { arcSine(a[$0]) }
    case .select:
      let d = operand(program, instruction.d, first, part)
      each(out, count) { d[$0].replacing(with: c[$0], where: a[$0] .<= b[$0]) }
    }
  }

  @inline(__always)
  private func each(_ out: ProgramOperand, _ count: Int, _ value: (Int) -> Strip) {
    var i = 0
    while i < count {
      out.start[i * out.step] = value(i)
      i += 1
    }
  }
}
