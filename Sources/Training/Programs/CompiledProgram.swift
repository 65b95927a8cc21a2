// From a graph of terms to instructions and registers: each term once, in an order in which a register is free again
// after its last use. The memory that a `VectorProgram` points to is held here.
import KernelTypes
import Shared

package final class CompiledProgram: @unchecked Sendable {
  private let instructions: UnsafeMutablePointer<ProgramInstruction>
  private let constants: AlignedFloats
  /// Which of the constants are coefficients, and which ones.
  private let coefficients: [(constant: Int, coefficient: Int)]
  package let program: VectorProgram

  /// - outputs: nodes of `graph`, the value last; before it its derivative where there are two.
  init(_ graph: ExpressionGraph, outputs: [Int], inputs: Int) {
    var assembly = ProgramAssembly(graph, outputs: outputs)
    assembly.assemble()
    instructions = .allocate(capacity: assembly.instructions.count)
    instructions.initialize(from: assembly.instructions, count: assembly.instructions.count)
    constants = AlignedFloats(count: assembly.constants.count * lanesPerBlock)
    var coefficients: [(constant: Int, coefficient: Int)] = []
    for (i, constant) in assembly.constants.enumerated() {
      switch constant {
      case .number(let bits): Self.fill(constants, i, Float(Double(bitPattern: bits)))
      case .coefficient(let index): coefficients.append((i, index))
      }
    }
    self.coefficients = coefficients
    program = VectorProgram(
      instructions: instructions, count: assembly.instructions.count, constants: constants.pointer,
      registers: assembly.registers, inputs: inputs)
  }

  deinit { instructions.deallocate() }

  /// Numbers for the coefficients, before the program runs and while it does not.
  func set(_ values: [Float]) {
    for (constant, coefficient) in coefficients { Self.fill(constants, constant, values[coefficient]) }
  }

  private static func fill(_ constants: AlignedFloats, _ index: Int, _ value: Float) {
    for lane in 0..<lanesPerBlock { constants.pointer[index * lanesPerBlock + lane] = value }
  }
}

private struct ProgramAssembly {
  enum Constant: Hashable {
    /// By its bits.
    case number(UInt64)
    case coefficient(Int)
  }

  let graph: ExpressionGraph
  let outputs: [Int]
  private(set) var instructions: [ProgramInstruction] = []
  private(set) var constants: [Constant] = []
  /// Registers ever in use.
  private(set) var registers = 0
  /// Where a node's value is, once it is computed.
  private var places: [Int: UInt16] = [:]
  /// How often a node is still to be read.
  private var uses: [Int]
  private var free: [UInt16] = []

  init(_ graph: ExpressionGraph, outputs: [Int]) {
    (self.graph, self.outputs) = (graph, outputs)
    uses = Array(repeating: 0, count: graph.nodes.count)
  }

  mutating func assemble() {
    var counted: Set<Int> = []
    for output in outputs {
      countUses(output, &counted)
      uses[output] += 1
    }
    for (index, output) in outputs.enumerated() {
      let isLast = index == outputs.count - 1
      let target = isLast ? ProgramInstruction.valueTarget : ProgramInstruction.slopeTarget
      uses[output] -= 1
      // A term that nobody else reads goes straight to its output; the value's comes last of all, since it may take the
      // input's place.
      if places[output] == nil, uses[output] == 0, isComputed(output) {
        compute(output, into: target)
      } else {
        let place = place(output)
        instructions.append(ProgramInstruction(.copy, target, place))
      }
    }
  }

  private func isComputed(_ node: Int) -> Bool {
    switch graph.nodes[node] {
    case .input, .constant, .coefficient: false
    default: true
    }
  }

  /// Every read of a term by another, counted once per reading term.
  private mutating func countUses(_ node: Int, _ counted: inout Set<Int>) {
    guard counted.insert(node).inserted else { return }
    for operand in operands(node) {
      uses[operand] += 1
      countUses(operand, &counted)
    }
  }

  /// What the instruction of a node reads. A product that only a sum reads becomes part of it.
  private func operands(_ node: Int) -> [Int] {
    switch graph.nodes[node] {
    case .input, .constant, .coefficient: []
    case .call(_, let a), .sign(let a): [a]
    case .operation(_, let a, let b): [a, b]
    case .select(let a, let b, let c, let d): [a, b, c, d]
    }
  }

  /// The factors of a product that only this reader reads and that is not computed yet.
  private func fusible(_ node: Int) -> (Int, Int)? {
    guard places[node] == nil, uses[node] == 1, case .operation(.multiply, let a, let b) = graph.nodes[node] else {
      return nil
    }
    return (a, b)
  }

  private mutating func place(_ node: Int) -> UInt16 {
    if let known = places[node] { return known }
    switch graph.nodes[node] {
    case .input(let index): return ProgramInstruction.firstInput + UInt16(index)
    case .constant(let bits): return place(.number(bits))
    case .coefficient(let index): return place(.coefficient(index))
    default:
      return compute(node, into: nil)
    }
  }

  private mutating func place(_ constant: Constant) -> UInt16 {
    let index = constants.firstIndex(of: constant) ?? constants.count
    if index == constants.count { constants.append(constant) }
    return ProgramInstruction.firstConstant + UInt16(index)
  }

  /// - target: nil for a register, whose number is returned.
  @discardableResult
  private mutating func compute(_ node: Int, into target: UInt16?) -> UInt16 {
    let read: [Int], operation: ProgramOperation
    switch graph.nodes[node] {
    case .input, .constant, .coefficient: preconditionFailure("inputs and constants are not computed")
    case .sign(let a): (operation, read) = (.sign, [a])
    case .call(let function, let a): (operation, read) = (function.instruction, [a])
    case .select(let a, let b, let c, let d): (operation, read) = (.select, [a, b, c, d])
    case .operation(.add, let a, let b):
      if let (x, y) = fusible(a) {
        (operation, read) = (.multiplyAdd, [x, y, b])
        uses[a] = 0
      } else if let (x, y) = fusible(b) {
        (operation, read) = (.multiplyAdd, [x, y, a])
        uses[b] = 0
      } else {
        (operation, read) = (.add, [a, b])
      }
    case .operation(.subtract, let a, let b):
      if let (x, y) = fusible(b) {
        (operation, read) = (.subtractProduct, [x, y, a])
        uses[b] = 0
      } else if let (x, y) = fusible(a) {
        (operation, read) = (.productMinus, [x, y, b])
        uses[a] = 0
      } else {
        (operation, read) = (.subtract, [a, b])
      }
    case .operation(let kind, let a, let b): (operation, read) = (kind.instruction, [a, b])
    }
    var codes: [UInt16] = []
    for operand in read { codes.append(place(operand)) }
    for operand in read { release(operand) }
    let result: UInt16
    if let target {
      result = target
    } else {
      result = register()
      places[node] = result
    }
    codes += Array(repeating: 0, count: 4 - codes.count)
    instructions.append(ProgramInstruction(operation, result, codes[0], codes[1], codes[2], codes[3]))
    return result
  }

  private mutating func release(_ node: Int) {
    uses[node] -= 1
    // The place stays known to whoever has its code already; a register that nobody will read may be taken.
    if uses[node] == 0, let place = places[node], place < ProgramInstruction.firstConstant { free.append(place) }
  }

  private mutating func register() -> UInt16 {
    if let place = free.popLast() { return place }
    // An expression has at most `ExpressionLimits.nodes` terms, so codes cannot run out.
    registers += 1
    return UInt16(registers - 1)
  }
}

extension ExpressionFunction {
  fileprivate var instruction: ProgramOperation {
    switch self {
    case .exp: .exponential
    case .log: .logarithm
    case .sqrt: .squareRoot
    case .sin: .sine
    case .cos: .cosine
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    case .softplus: .softplus
    case .erf: .errorFunction
    case .asin: .arcSine
    case .relu: .relu
    case .abs: .absolute
    case .negate: .negate
    }
  }
}

extension ExpressionOperation {
  fileprivate var instruction: ProgramOperation {
    switch self {
    case .add: .add
    case .subtract: .subtract
    case .multiply: .multiply
    case .divide: .divide
    case .minimum: .minimum
    case .maximum: .maximum
    case .power: preconditionFailure("a power is never a node")
    }
  }
}
