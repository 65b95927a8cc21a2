// The attention activations h of docs/science.md §3, by the texts that manifests, tables and checkpoints use. Shape and
// normalisation over the sources are separate: softmax is `normalized(exp)`. A cell's activation is a list of heads.

/// What an attention head applies to its scores S_st, and whether it divides by the sum over the sources of a target.
package struct Activation: Hashable, Sendable, CustomStringConvertible {
  package enum Shape: Hashable, Sendable {
    /// h(s) = s
    case linear
    /// h(s) = max(0, s)
    case relu
    /// h(s) = e^(scale · s)
    case exp(scale: Double)
    case sigmoid, tanh, softplus
    /// max(0, s) + e^min(s, 0): positive, linear above 0, exponential below.
    case eluPlusOne
    /// s Φ(s), Φ the normal distribution function
    case gelu
    /// s sigmoid(s)
    case silu
    /// max(0, s)²
    case squaredRelu
    /// (s + offset)^power
    case polynomial(offset: Double, power: Int)
    case cosine
    /// e^(−½ |B x_s − C x_t|²)
    case gaussian
    /// A manifest's own, of s or of sqdist = |B x_s − C x_t|².
    case expression(Expression)
  }

  package let shape: Shape
  /// Whether a_st = h(S_st) / Σ_s' h(S_s't). Then `attention_scale` is 1 by default, else 1/n (docs/science.md §1).
  package let isNormalised: Bool
  /// Where training starts the coefficients of an expression, of c0, c1, … as far as they occur.
  package let coefficients: [Double]

  package init(_ shape: Shape, normalised: Bool = false, coefficients: [Double] = []) {
    (self.shape, isNormalised, self.coefficients) = (shape, normalised, coefficients)
  }

  package static let linear = Activation(.linear)
  package static let relu = Activation(.relu)
  package static let exp = Activation(.exp(scale: 1))
  package static let softmax = Activation(.exp(scale: 1), normalised: true)
  /// The paper's four, which have loops written for them.
  package static let classic: [Activation] = [.linear, .relu, .exp, .softmax]

  /// Shapes without parameters, by name.
  private static let plain: [(name: String, shape: Shape)] = [
    ("linear", .linear), ("relu", .relu), ("exp", .exp(scale: 1)), ("sigmoid", .sigmoid), ("tanh", .tanh),
    ("softplus", .softplus), ("elu_plus_one", .eluPlusOne), ("gelu", .gelu), ("silu", .silu),
    ("squared_relu", .squaredRelu), ("cosine", .cosine), ("gaussian", .gaussian),
  ]
  /// Every name that may stand alone.
  package static let names = plain.map(\.name) + ["softmax", "poly"]
  private static let forms =
    "write one of \((names.dropLast() + ["exp(c)", "poly(c,p)"]).joined(separator: ", ")), normalized(…) "
    + "of one, or expression(…)"

  package init(_ text: String) throws(ActivationTextError) {
    if text == "softmax" {
      self = .softmax
    } else if let scale = bracketed(text, "softmax") {
      self = Activation(try Self.shape("exp(\(scale))"), normalised: true)
    } else if let inner = bracketed(text, "normalized") {
      let plain = try Activation(plain: inner)
      guard plain.coefficients.isEmpty else {
        throw ActivationTextError(
          remedy: "write numbers for the coefficients of what is normalized: they are not trained")
      }
      self = Activation(plain.shape, normalised: true)
    } else {
      self = try Activation(plain: text)
    }
  }

  /// What is not normalised.
  private init(plain text: String) throws(ActivationTextError) {
    guard let inner = bracketed(text, "expression") else {
      self = Activation(try Self.shape(text))
      return
    }
    do {
      let formula = try ActivationFormula(inner)
      self = Activation(.expression(formula.expression), coefficients: formula.coefficients)
    } catch { throw ActivationTextError(remedy: "\(error)", expression: error) }
  }

  private static func shape(_ text: String) throws(ActivationTextError) -> Shape {
    guard let (name, numbers) = nameAndNumbers(text) else { throw ActivationTextError(remedy: forms) }
    if name == "exp", let scale = numbers.first {
      guard numbers.count == 1, scale != 0, scale.magnitude <= 1e3 else {
        throw ActivationTextError(remedy: "write exp(c) with c from -1000 to 1000, not 0")
      }
      return .exp(scale: scale)
    }
    if name == "poly" {
      let all = numbers.isEmpty ? [1, 2] : numbers
      guard all.count == 2, all[0].magnitude <= 1e6, let power = Int(exactly: all[1]), (1...16).contains(power) else {
        throw ActivationTextError(remedy: "write poly(c,p) with a whole p from 1 to 16")
      }
      return .polynomial(offset: all[0], power: power)
    }
    guard numbers.isEmpty, !text.contains("("), let known = plain.first(where: { $0.name == name }) else {
      throw ActivationTextError(remedy: forms)
    }
    return known.shape
  }

  package var description: String {
    if case .expression(let expression) = shape, !coefficients.isEmpty {
      return "expression(\(ActivationFormula(expression, coefficients: coefficients)))"
    }
    guard isNormalised else { return shape.text }
    if case .exp(let scale) = shape { return scale == 1 ? "softmax" : "softmax(\(shortestText(scale)))" }
    return "normalized(\(shape.text))"
  }

  /// h as an expression of s, or of sqdist; what is compiled for the shapes without loops of their own.
  package var expression: Expression {
    let s = Expression.variable(ExpressionVariable(.score))
    switch shape {
    case .linear: return s
    case .relu: return .call(.relu, s)
    case .exp(let scale): return .call(.exp, scale == 1 ? s : .number(scale) * s)
    case .sigmoid: return .call(.sigmoid, s)
    case .tanh: return .call(.tanh, s)
    case .softplus: return .call(.softplus, s)
    case .eluPlusOne: return .call(.relu, s) + .call(.exp, .operation(.minimum, s, .number(0)))
    case .gelu: return .number(0.5) * s * (.number(1) + .call(.erf, s * .number(0.5.squareRoot())))
    case .silu: return s * .call(.sigmoid, s)
    case .squaredRelu: return .operation(.power, .call(.relu, s), .number(2))
    case .polynomial(let offset, let power):
      return .operation(.power, offset == 0 ? s : s + .number(offset), .number(Double(power)))
    case .cosine: return .call(.cos, s)
    case .gaussian: return .call(.exp, .number(-0.5) * .variable(ExpressionVariable(.squaredDistance)))
    case .expression(let expression): return expression
    }
  }

  /// Whether h is of |B x_s − C x_t|² instead of <B x_s, C x_t>.
  package var usesDistance: Bool {
    switch shape {
    case .gaussian: true
    case .expression(let expression): expression.variables.contains { $0.quantity == .squaredDistance }
    default: false
    }
  }

  /// The factor on the score that the loops written for exp and softmax do not know: e^(c·s) is e^s of c·BᵀC.
  package var scoreScale: Float {
    if case .exp(let scale) = shape { Float(scale) } else { 1 }
  }
}

/// Why a text is no activation.
package struct ActivationTextError: Error, Sendable {
  package let remedy: String
  package let expression: ExpressionError?
  init(remedy: String, expression: ExpressionError? = nil) { (self.remedy, self.expression) = (remedy, expression) }
}

extension Activation.Shape {
  fileprivate var text: String {
    switch self {
    case .linear: "linear"
    case .relu: "relu"
    case .exp(let scale): scale == 1 ? "exp" : "exp(\(shortestText(scale)))"
    case .sigmoid: "sigmoid"
    case .tanh: "tanh"
    case .softplus: "softplus"
    case .eluPlusOne: "elu_plus_one"
    case .gelu: "gelu"
    case .silu: "silu"
    case .squaredRelu: "squared_relu"
    case .polynomial(let offset, let power): "poly(\(shortestText(offset)),\(power))"
    case .cosine: "cosine"
    case .gaussian: "gaussian"
    case .expression(let expression): "expression(\(expression))"
    }
  }
}

/// One activation per head, in the order of the heads.
package struct Heads: Hashable, Sendable, CustomStringConvertible {
  package let activations: [Activation]
  package init(_ activations: [Activation]) { self.activations = activations }
  /// As in tables: `exp+linear`.
  package var description: String { activations.map(\.description).joined(separator: "+") }

  /// The heads' texts in `exp+linear`; a plus sign within brackets is an expression's.
  package static func texts(in text: String) -> [String] {
    var texts = [""], depth = 0
    for character in text {
      if character == "(" { depth += 1 }
      if character == ")" { depth -= 1 }
      if character == "+", depth == 0 { texts.append("") } else { texts[texts.count - 1].append(character) }
    }
    return texts
  }
}
