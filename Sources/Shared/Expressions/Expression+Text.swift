// An expression's canonical text: what identities, checkpoints and grants between machines hold. Reading it back gives
// the same tree, whatever spaces and brackets the manifest had.

extension Expression: CustomStringConvertible {
  package var description: String { text(within: 0) }

  /// Sums 1, products 2, signs 3, powers 4, everything else 5.
  private var precedence: Int {
    switch self {
    case .number(let value): value < 0 ? 3 : 5
    case .variable: 5
    case .call(let function, _): function == .negate ? 3 : 5
    case .operation(let operation, _, _):
      switch operation {
      case .add, .subtract: 1
      case .multiply, .divide: 2
      case .power: 4
      case .minimum, .maximum: 5
      }
    }
  }

  /// In brackets where something of `level` around it would read it otherwise.
  private func text(within level: Int) -> String {
    let own = precedence
    let text: String
    switch self {
    case .number(let value): text = shortestText(value)
    case .variable(let variable): text = variable.description
    case .call(.negate, let argument): text = "-" + argument.text(within: 3)
    case .call(let function, let argument): text = "\(function.rawValue)(\(argument.text(within: 0)))"
    case .operation(let operation, let a, let b):
      switch operation {
      case .add, .subtract, .multiply, .divide:
        text = "\(a.text(within: own)) \(operation.rawValue) \(b.text(within: own + 1))"
      // Right-associative, and a sign may stand in the exponent.
      case .power: text = "\(a.text(within: own + 1)) ^ \(b.text(within: 3))"
      case .minimum, .maximum: text = "\(operation.rawValue)(\(a.text(within: 0)), \(b.text(within: 0)))"
      }
    }
    return own < level ? "(\(text))" : text
  }
}

/// The shortest decimal text that reads back as the same number; whole numbers without a point.
package func shortestText(_ value: Double) -> String {
  value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
}

extension ExpressionVariable: CustomStringConvertible {
  package var description: String { quantity.rawValue + part.description }
}

extension PointPart: CustomStringConvertible {
  /// Empty, `[0..<2]`, `[2..<d-1]` or `[(1, 0; 0, 1)]`.
  package var description: String {
    switch self {
    case .whole: ""
    case .coordinates(let first, let end): "[\(first)..<\(end)]"
    case .map(let rows):
      "[(" + rows.map { $0.map(shortestText).joined(separator: ", ") }.joined(separator: "; ") + ")]"
    }
  }
}

extension PointPart.Bound: CustomStringConvertible {
  package var description: String { !isFromEnd ? "\(offset)" : offset == 0 ? "d" : "d-\(offset)" }
}
