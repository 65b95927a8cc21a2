// Formulas of one attention score or of one pair of points, as a manifest writes them (docs/manifest.md, Expressions).
// A tree with its text form; Training compiles it for the kernels, tests and Bayes predictors evaluate it in double.

/// Functions of one argument that an expression may call.
package enum ExpressionFunction: String, CaseIterable, Hashable, Sendable {
  case exp, log, sqrt, sin, cos, tanh, sigmoid, softplus, erf, asin, relu, abs
  case negate = "-"
}

/// What stands between two arguments, or before both of them.
package enum ExpressionOperation: String, CaseIterable, Hashable, Sendable {
  case add = "+"
  case subtract = "-"
  case multiply = "*"
  case divide = "/"
  case power = "^"
  case minimum = "min"
  case maximum = "max"
}

package indirect enum Expression: Hashable, Sendable {
  /// Finite, also in single precision.
  case number(Double)
  case variable(ExpressionVariable)
  case call(ExpressionFunction, Expression)
  case operation(ExpressionOperation, Expression, Expression)

  /// Every variable once, in the order of first use.
  package var variables: [ExpressionVariable] {
    var found: [ExpressionVariable] = []
    func visit(_ node: Expression) {
      switch node {
      case .number: break
      case .variable(let variable): if !found.contains(variable) { found.append(variable) }
      case .call(_, let argument): visit(argument)
      case .operation(_, let a, let b):
        visit(a)
        visit(b)
      }
    }
    visit(self)
    return found
  }

  /// The same with every variable replaced.
  package func replacing(_ replacement: (ExpressionVariable) -> Expression) -> Expression {
    switch self {
    case .number: self
    case .variable(let variable): replacement(variable)
    case .call(let function, let argument): .call(function, argument.replacing(replacement))
    case .operation(let operation, let a, let b):
      .operation(operation, a.replacing(replacement), b.replacing(replacement))
    }
  }

  package static func + (a: Expression, b: Expression) -> Expression { .operation(.add, a, b) }
  package static func - (a: Expression, b: Expression) -> Expression { .operation(.subtract, a, b) }
  package static func * (a: Expression, b: Expression) -> Expression { .operation(.multiply, a, b) }
  package static func / (a: Expression, b: Expression) -> Expression { .operation(.divide, a, b) }
}

/// A number that the formula is evaluated for.
package struct ExpressionVariable: Hashable, Sendable {
  package enum Quantity: String, CaseIterable, Hashable, Sendable {
    /// The score of a source and a target.
    case score = "s"
    /// <u, v>, |u|, |v| and |u − v|². Of an activation, sqdist is |B x_s − C x_t|².
    case dot
    case normU = "norm_u"
    case normV = "norm_v"
    case squaredDistance = "sqdist"
    /// Coefficients of an activation, trained with the rest.
    case c0, c1, c2, c3, c4, c5, c6, c7
  }
  package var quantity: Quantity
  package var part: PointPart
  package init(_ quantity: Quantity, _ part: PointPart = .whole) { (self.quantity, self.part) = (quantity, part) }
}

/// What is taken of the points u and v before anything is computed of them.
package enum PointPart: Hashable, Sendable {
  case whole
  /// Coordinates `first ..< end`, counted from 0.
  case coordinates(first: Bound, end: Bound)
  /// G u and G v for a matrix G, by rows of equal length.
  case map([[Double]])

  /// A coordinate, or one counted back from the dimension: `d`, `d-1`.
  package struct Bound: Hashable, Sendable {
    package var isFromEnd: Bool
    package var offset: Int
    package init(_ offset: Int, isFromEnd: Bool = false) { (self.offset, self.isFromEnd) = (offset, isFromEnd) }
    package func value(dimension: Int) -> Int { isFromEnd ? dimension - offset : offset }
  }

  /// The coordinates as numbers, or nil where they do not lie within `dimension` in order, or are none.
  package func range(dimension: Int) -> Range<Int>? {
    switch self {
    case .whole: return 0..<dimension
    case .coordinates(let first, let end):
      let (a, b) = (first.value(dimension: dimension), end.value(dimension: dimension))
      return a >= 0 && a < b && b <= dimension ? a..<b : nil
    case .map(let rows): return rows.allSatisfy { $0.count == dimension } ? 0..<dimension : nil
    }
  }
}
