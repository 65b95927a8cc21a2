// A formula of an activation with the coefficients that training fits: `relu(s) + c0 * s; c0 = 0.1`. Whatever has no start
// written starts at 1.

package struct ActivationFormula: Hashable, Sendable, CustomStringConvertible {
  package let expression: Expression
  /// Where training starts, of c0, c1, … as far as they occur, in that order.
  package let coefficients: [Double]

  package init(_ expression: Expression, coefficients: [Double] = []) {
    (self.expression, self.coefficients) = (expression, coefficients)
  }

  package init(_ text: String) throws(ExpressionError) {
    let parts = text.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let expression = try Self.checked(Expression(parts[0], as: .activation))
    let names = expression.coefficients
    var starts: [ExpressionVariable.Quantity: Double] = [:]
    if parts.count == 2 {
      var offset = parts[0].unicodeScalars.count + 1
      for item in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
        let words = item.split(separator: "=", omittingEmptySubsequences: false).map {
          String($0).split(separator: " ").joined(separator: " ")
        }
        guard words.count == 2, let name = ExpressionVariable.Quantity(rawValue: words[0]), names.contains(name),
          starts[name] == nil, let value = Double(words[1]), value.magnitude <= 1e6
        else {
          throw ExpressionError(
            offset: offset, finding: "\"\(excerpt(String(item)))\" stands",
            remedy: names.isEmpty
              ? "end the expression before the semicolon, it has no coefficients"
              : "write starts of \(names.map(\.rawValue).joined(separator: ", ")), such as \(names[0].rawValue) = 0.5")
        }
        starts[name] = value == 0 ? 0 : value
        offset += item.unicodeScalars.count + 1
      }
    }
    self.init(expression, coefficients: names.map { starts[$0] ?? 1 })
  }

  /// As `init` reads it, with every start.
  package var description: String {
    let starts = zip(expression.coefficients, coefficients).map { "\($0.rawValue) = \(shortestText($1))" }
    return starts.isEmpty ? expression.description : "\(expression); \(starts.joined(separator: ", "))"
  }

  /// An activation is of the score or of the distance: their gradients take different ways.
  private static func checked(_ expression: Expression) throws(ExpressionError) -> Expression {
    let quantities = Set(expression.variables.map(\.quantity).filter { !$0.isCoefficient })
    guard quantities.count == 1 else {
      throw ExpressionError(
        offset: 0, finding: quantities.isEmpty ? "the expression has no variable" : "both s and sqdist stand",
        remedy: "write an expression of s, or one of sqdist = |B x_s - C x_t|^2")
    }
    return expression
  }
}

extension ExpressionVariable.Quantity {
  static let allCoefficients: [Self] = [.c0, .c1, .c2, .c3, .c4, .c5, .c6, .c7]
  package var isCoefficient: Bool { Self.allCoefficients.contains(self) }
}

extension Expression {
  /// Those that occur, c0 first.
  package var coefficients: [ExpressionVariable.Quantity] {
    let found = Set(variables.map(\.quantity))
    return ExpressionVariable.Quantity.allCoefficients.filter(found.contains)
  }
}
