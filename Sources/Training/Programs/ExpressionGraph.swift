// An expression as a graph in which equal terms are one node, so that a value and its derivative share what they have
// in common and a derivative of a derivative's length stays short.
import Shared

struct ExpressionGraph {
  enum Node: Hashable {
    /// The program's input of that number.
    case input(Int)
    /// An activation's trained coefficient, by its place among those that occur: a constant that changes between steps.
    case coefficient(Int)
    /// By its bits: equal numbers are one node, −0 and 0 are two.
    case constant(UInt64)
    case call(ExpressionFunction, Int)
    case sign(Int)
    case operation(ExpressionOperation, Int, Int)
    /// c where a ≤ b, else d.
    case select(Int, Int, Int, Int)
  }

  private(set) var nodes: [Node] = []
  private var known: [Node: Int] = [:]

  /// The node of `expression`, whose variables are the inputs or terms that `input` gives.
  mutating func add(
    _ expression: Expression, _ input: (ExpressionVariable, inout ExpressionGraph) -> Int
  ) -> Int {
    switch expression {
    case .number(let value): return constant(value)
    case .variable(let variable): return input(variable, &self)
    case .call(let function, let argument): return call(function, add(argument, input))
    case .operation(let operation, let a, let b):
      let first = add(a, input)
      return self.operation(operation, first, add(b, input))
    }
  }

  mutating func input(_ index: Int) -> Int { intern(.input(index)) }
  mutating func coefficient(_ index: Int) -> Int { intern(.coefficient(index)) }
  mutating func constant(_ value: Double) -> Int { intern(.constant(value.bitPattern)) }

  private mutating func intern(_ node: Node) -> Int {
    if let index = known[node] { return index }
    nodes.append(node)
    known[node] = nodes.count - 1
    return nodes.count - 1
  }

  /// The number that a node is, if it is one.
  func number(_ node: Int) -> Double? {
    if case .constant(let bits) = nodes[node] { return Double(bitPattern: bits) }
    return nil
  }

  // MARK: Terms, with what needs no computing left out

  mutating func call(_ function: ExpressionFunction, _ argument: Int) -> Int {
    if let value = number(argument) { return constant(function.value(value)) }
    if function == .negate, case .call(.negate, let inner) = nodes[argument] { return inner }
    return intern(.call(function, argument))
  }

  mutating func operation(_ operation: ExpressionOperation, _ a: Int, _ b: Int) -> Int {
    let x = number(a), y = number(b)
    if let x, let y { return constant(operation.value(x, y)) }
    switch operation {
    case .add:
      if x == 0 { return b }
      if y == 0 { return a }
      if case .call(.negate, let inner) = nodes[b] { return self.operation(.subtract, a, inner) }
      if case .call(.negate, let inner) = nodes[a] { return self.operation(.subtract, b, inner) }
    case .subtract:
      if y == 0 { return a }
      if x == 0 { return call(.negate, b) }
      if case .call(.negate, let inner) = nodes[b] { return self.operation(.add, a, inner) }
    case .multiply:
      if x == 0 || y == 0 { return constant(0) }
      if x == 1 { return b }
      if y == 1 { return a }
      if x == -1 { return call(.negate, b) }
      if y == -1 { return call(.negate, a) }
      // Constants gather on the left, so that 2 · (3 · s) is 6 · s.
      if x == nil, y != nil { return self.operation(.multiply, b, a) }
      if let x, case .operation(.multiply, let c, let rest) = nodes[b], let inner = number(c) {
        return self.operation(.multiply, constant(x * inner), rest)
      }
      if x != nil, case .call(.negate, let inner) = nodes[b], let x {
        return self.operation(.multiply, constant(-x), inner)
      }
      if case .call(.negate, let inner) = nodes[a] { return call(.negate, self.operation(.multiply, inner, b)) }
      if case .call(.negate, let inner) = nodes[b] { return call(.negate, self.operation(.multiply, a, inner)) }
    case .divide:
      if x == 0 { return constant(0) }
      if let y, y != 0 { return self.operation(.multiply, constant(1 / y), a) }
    case .power:
      if let y { return power(a, y) }
      // a^b = e^(b ln a)
      return call(.exp, self.operation(.multiply, b, call(.log, a)))
    case .minimum, .maximum: if a == b { return a }
    }
    return intern(.operation(operation, a, b))
  }

  mutating func select(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Int {
    c == d ? c : intern(.select(a, b, c, d))
  }

  /// a^p: whole and half p up to 64 by products and a root, so that they are exact where they can be.
  private mutating func power(_ a: Int, _ p: Double) -> Int {
    let doubled = 2 * p
    guard doubled == doubled.rounded(), p.magnitude <= 64 else {
      return call(.exp, operation(.multiply, constant(p), call(.log, a)))
    }
    if p < 0 { return operation(.divide, constant(1), power(a, -p)) }
    var result = constant(1), square = a, rest = Int(p)
    while rest > 0 {
      if rest & 1 == 1 { result = operation(.multiply, result, square) }
      rest >>= 1
      if rest > 0 { square = operation(.multiply, square, square) }
    }
    return p == p.rounded() ? result : operation(.multiply, result, call(.sqrt, a))
  }

  // MARK: Derivative

  /// The derivative of a node with respect to another, by default input 0. At a kink that of the left side for relu, min and
  /// max, 0 for abs.
  mutating func derivative(of node: Int, by variable: Node = .input(0)) -> Int {
    var found: [Int: Int] = [:]
    return derivative(of: node, by: variable, &found)
  }

  private mutating func derivative(of node: Int, by variable: Node, _ found: inout [Int: Int]) -> Int {
    if let known = found[node] { return known }
    let result: Int
    switch nodes[node] {
    case .input, .coefficient: result = constant(nodes[node] == variable ? 1 : 0)
    case .constant, .sign: result = constant(0)
    case .call(let function, let a):
      let inner = derivative(of: a, by: variable, &found)
      result = number(inner) == 0 ? inner : outer(function, a, node, inner)
    case .operation(let operation, let a, let b):
      let x = derivative(of: a, by: variable, &found), y = derivative(of: b, by: variable, &found)
      switch operation {
      case .add, .subtract: result = self.operation(operation, x, y)
      case .multiply:
        result = self.operation(.add, self.operation(.multiply, x, b), self.operation(.multiply, a, y))
      case .divide:
        // (x − (a/b) y) / b
        result = self.operation(
          .divide, self.operation(.subtract, x, self.operation(.multiply, node, y)), b)
      // Powers became products or exponentials.
      case .power: preconditionFailure("a power is never a node")
      case .minimum: result = select(a, b, x, y)
      case .maximum: result = select(b, a, x, y)
      }
    case .select(let a, let b, let c, let d):
      result = select(a, b, derivative(of: c, by: variable, &found), derivative(of: d, by: variable, &found))
    }
    found[node] = result
    return result
  }

  /// Derivative of a function's value `node` with respect to its argument a, times `inner`.
  private mutating func outer(_ function: ExpressionFunction, _ a: Int, _ node: Int, _ inner: Int) -> Int {
    let one = constant(1), zero = constant(0)
    func times(_ graph: inout ExpressionGraph, _ factor: Int) -> Int { graph.operation(.multiply, factor, inner) }
    switch function {
    case .negate: return call(.negate, inner)
    case .exp: return times(&self, node)
    case .log: return operation(.divide, inner, a)
    case .sqrt: return operation(.divide, operation(.multiply, constant(0.5), inner), node)
    case .sin: return times(&self, call(.cos, a))
    case .cos: return times(&self, call(.negate, call(.sin, a)))
    case .tanh: return times(&self, operation(.subtract, one, operation(.multiply, node, node)))
    case .sigmoid: return times(&self, operation(.multiply, node, operation(.subtract, one, node)))
    case .softplus: return times(&self, call(.sigmoid, a))
    case .erf:
      let bell = call(.exp, call(.negate, operation(.multiply, a, a)))
      return times(&self, operation(.multiply, constant(1.1283791670955126), bell))
    case .asin:
      return operation(.divide, inner, call(.sqrt, operation(.subtract, one, operation(.multiply, a, a))))
    case .relu: return select(a, zero, zero, inner)
    case .abs: return times(&self, intern(.sign(a)))
    }
  }
}
