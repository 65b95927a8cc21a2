// The tasks: where labels come from. Mostly draws of a Gaussian process, y ~ N(0, |K|), K_ij = κ(ξ_i, ξ_j)
// (docs/science.md §2). Text forms are those of manifests: `linear`, `exp(1)`, `gaussian(0.5)`, `kernel(dot ^ 2)`.

/// A task's kernel κ, or the functions its labels are values of.
package enum TaskKernel: Hashable, Sendable, CustomStringConvertible {
  /// κ(u,v) = <u,v>
  case linear
  /// κ(u,v) = max(0, <u,v>): indefinite, so labels come from |K| = Q|Λ|Qᵀ
  case relu
  /// κ(u,v) = exp(scale · <u,v>); scale ½ in the authors' code and by default
  case exponential(scale: Double)
  /// Any other kernel: one with a name, or a manifest's own.
  case kernel(KernelTask)
  case function(FunctionTask)
  /// Every prompt is one of several tasks'.
  case mixture(TaskMixture)

  /// Names that stand alone; most take parameters in brackets.
  package static let names =
    ["linear", "relu", "exp", "composite"] + NamedKernel.all.map(\.name) + FunctionTask.names
  package static let defaultScale = 0.5

  package init(_ text: String) throws(TaskTextError) {
    switch text {
    case "linear": self = .linear
    case "relu": self = .relu
    case "composite": self = .kernel(.composite)
    case "composite(full)": self = .kernel(.fullComposite)
    default:
      if let inner = bracketed(text, "kernel") {
        do { self = .kernel(KernelTask(try Expression(inner, as: .kernel(maps: [:])))) } catch {
          throw TaskTextError(remedy: "\(error)", expression: error)
        }
        return
      }
      if let inner = bracketed(text, "mixture") {
        self = .mixture(try TaskMixture(list: inner))
        return
      }
      guard let (name, parameters) = nameAndNumbers(text) else { throw TaskTextError(remedy: Self.remedy) }
      if name == "exp" {
        let scale = parameters.first ?? Self.defaultScale
        guard parameters.count <= 1, scale > 0 else { throw TaskTextError(remedy: "write exp(s) with s above 0") }
        self = .exponential(scale: scale)
      } else if let kernel = NamedKernel.inExpressions[name] {
        guard let all = kernel.completed(parameters), let tree = kernel.expression(all) else {
          throw TaskTextError(remedy: "write \(kernel.form)")
        }
        self = .kernel(KernelTask(name: Self.text(name, all, kernel.defaults), tree))
      } else if FunctionTask.names.contains(name) {
        guard let task = FunctionTask(name, parameters) else {
          throw TaskTextError(remedy: "write one of \(FunctionTask.forms)")
        }
        self = .function(task)
      } else {
        throw TaskTextError(remedy: Self.remedy)
      }
    }
  }

  private static let remedy =
    "write one of \(names.joined(separator: ", ")), exp(s) with s above 0, kernel(…), or mixture(…, …)"

  /// `gaussian`, or `gaussian(0.5)` where that is not the default.
  private static func text(_ name: String, _ parameters: [Double], _ defaults: [Double]) -> String {
    parameters == defaults ? name : "\(name)(\(parameters.map(shortestText).joined(separator: ",")))"
  }

  package var description: String {
    switch self {
    case .linear: "linear"
    case .relu: "relu"
    case .exponential(let scale): scale == Self.defaultScale ? "exp" : "exp(\(scale))"
    case .kernel(let task): task.text
    case .function(let task): task.description
    case .mixture(let mixture): mixture.description
    }
  }

  /// κ, where labels are draws of a Gaussian process.
  package var kernel: Expression? {
    let dot = Expression.variable(ExpressionVariable(.dot))
    switch self {
    case .linear, .function(.noisyLinear): return dot
    case .relu: return .call(.relu, dot)
    case .exponential(let scale): return .call(.exp, .number(scale) * dot)
    case .kernel(let task): return task.expression
    case .function, .mixture: return nil
    }
  }

  /// The activation that equals the kernel, the "matched" one of the paper's claim; nil where none does.
  /// For exp(s) the trained BᵀC absorbs the scale, and so it does the length of a gaussian.
  package var matchedActivation: Activation? {
    switch self {
    case .linear, .function(.noisyLinear), .function(.sparseLinear): .linear
    case .relu: .relu
    case .exponential: .exp
    case .kernel(let task): task.matchedActivation
    case .function, .mixture: nil
    }
  }
}

/// Why a text is no task.
package struct TaskTextError: Error, Sendable {
  package let remedy: String
  package let expression: ExpressionError?
  init(remedy: String, expression: ExpressionError? = nil) { (self.remedy, self.expression) = (remedy, expression) }
}

/// A kernel that is an expression.
package struct KernelTask: Hashable, Sendable {
  /// A name with parameters, or `kernel(…)` around the expression's canonical text.
  package let text: String
  package let expression: Expression

  package init(name: String, _ expression: Expression) { (text, self.expression) = (name, expression) }
  package init(_ expression: Expression) { self.init(name: "kernel(\(expression))", expression) }

  /// exp(½<u_{1:2}, v_{1:2}>) + <u_{3:d−1}, v_{3:d−1}>, as the authors' code slices it: the last coordinate is dropped.
  package static let composite = KernelTask(name: "composite", composite(end: 1))
  /// The same with all coordinates, as the paper has it.
  package static let fullComposite = KernelTask(name: "composite(full)", composite(end: 0))

  private static func composite(end: Int) -> Expression {
    let first = PointPart.coordinates(first: .init(0), end: .init(2))
    let rest = PointPart.coordinates(first: .init(2), end: .init(end, isFromEnd: true))
    return .call(.exp, .number(0.5) * .variable(.init(.dot, first))) + .variable(.init(.dot, rest))
  }

  fileprivate var matchedActivation: Activation? {
    let isNamed = !text.hasPrefix("kernel(")
    if text.hasPrefix("gaussian") { return Activation(.gaussian) }
    if text == "cosine" || text.hasPrefix("cosine(") { return Activation(.cosine) }
    guard expression.variables.allSatisfy({ $0.part == .whole }) else { return nil }
    switch expression {
    case .operation(.power, .operation(.add, .variable(let variable), .number(let c)), .number(let p))
    where isNamed && variable.quantity == .dot:
      return Activation(.polynomial(offset: c, power: Int(p)))
    case .operation(.power, .variable(let variable), .number(let p))
    where isNamed && variable.quantity == .dot:
      return Activation(.polynomial(offset: 0, power: Int(p)))
    default: break
    }
    // h(<u, v>) or h(|u − v|²) for the same h.
    let quantities = Set(expression.variables.map(\.quantity))
    guard quantities == [.dot] || quantities == [.squaredDistance] else { return nil }
    return Activation(
      .expression(
        expression.replacing { .variable(ExpressionVariable($0.quantity == .dot ? .score : .squaredDistance)) }))
  }
}

/// The text inside `name(…)`, or nil.
func bracketed(_ text: String, _ name: String) -> String? {
  text.hasPrefix(name + "(") && text.hasSuffix(")") ? String(text.dropFirst(name.count + 1).dropLast()) : nil
}

/// `name`, `name(1)` or `name(1, -2.5)` with finite numbers, or nil.
func nameAndNumbers(_ text: String) -> (name: String, numbers: [Double])? {
  guard text.utf8.count <= 200 else { return nil }
  guard let bracket = text.firstIndex(of: "(") else { return (text, []) }
  guard text.last == ")" else { return nil }
  var numbers: [Double] = []
  for part in text[text.index(after: bracket)...].dropLast().split(separator: ",", omittingEmptySubsequences: false) {
    guard let number = Double(part.drop { $0 == " " }), number.isFinite, Float(number).isFinite else { return nil }
    numbers.append(number == 0 ? 0 : number)
  }
  return (String(text[..<bracket]), numbers)
}
