// Text to an expression. The text comes from a manifest, the network or the disk: what it may hold is bounded in length,
// in depth and in nodes, and every refusal says at which character and what may stand there.

/// Why a text is no expression.
package struct ExpressionError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Characters before the place that is meant.
  package let offset: Int
  package let finding: String
  package let remedy: String
  package init(offset: Int, finding: String, remedy: String) {
    (self.offset, self.finding, self.remedy) = (offset, finding, remedy)
  }
  package var description: String { "at character \(offset + 1) \(finding); \(remedy)" }
}

/// What an expression is of: decides its variables.
package enum ExpressionKind: Sendable {
  /// h(s), or h of |B x_s − C x_t|², with coefficients that are trained.
  case activation
  /// κ(u, v). `maps` are the matrices that the manifest has named.
  case kernel(maps: [String: [[Double]]])
}

package enum ExpressionLimits {
  package static let characters = 2000
  package static let depth = 48
  package static let nodes = 256
  package static let matrixRows = 128
}

extension Expression {
  package init(_ text: String, as kind: ExpressionKind) throws(ExpressionError) {
    let characters = Array(text.unicodeScalars)
    guard characters.count <= ExpressionLimits.characters else {
      throw ExpressionError(
        offset: ExpressionLimits.characters, finding: "the expression goes on",
        remedy: "write at most \(ExpressionLimits.characters) characters")
    }
    var parser = ExpressionParser(characters: characters, kind: kind)
    self = try parser.whole()
    // The canonical text has to pass the same limits wherever it is read again.
    guard description.unicodeScalars.count <= ExpressionLimits.characters else {
      throw ExpressionError(
        offset: 0,
        finding: "written out, with all maps, the expression has \(description.unicodeScalars.count) characters",
        remedy: "at most \(ExpressionLimits.characters) are allowed, use smaller maps or fewer")
    }
  }
}

struct ExpressionParser {
  let characters: [Unicode.Scalar]
  let kind: ExpressionKind
  var position = 0
  private var depth = 0
  private var nodes = 0

  init(characters: [Unicode.Scalar], kind: ExpressionKind) { (self.characters, self.kind) = (characters, kind) }

  mutating func whole() throws(ExpressionError) -> Expression {
    let tree = try sum()
    skipSpaces()
    guard position == characters.count else {
      throw unexpected("write an operator (+ - * / ^) or end the expression here")
    }
    return tree
  }

  // MARK: Grammar

  private mutating func sum() throws(ExpressionError) -> Expression {
    try enter()
    defer { depth -= 1 }
    var left = try product()
    while let sign = take(["+", "-"]) { left = try node(.operation(sign == "+" ? .add : .subtract, left, product())) }
    return left
  }

  private mutating func product() throws(ExpressionError) -> Expression {
    var left = try signed()
    while let sign = take(["*", "/"]) { left = try node(.operation(sign == "*" ? .multiply : .divide, left, signed())) }
    return left
  }

  /// A sign binds weaker than a power: −s^2 is −(s^2).
  private mutating func signed() throws(ExpressionError) -> Expression {
    guard take(["-"]) != nil else {
      _ = take(["+"])
      return try power()
    }
    try enter()
    defer { depth -= 1 }
    let argument = try signed()
    if case .number(let value) = argument, value > 0 { return .number(-value) }
    return try node(.call(.negate, argument))
  }

  private mutating func power() throws(ExpressionError) -> Expression {
    let base = try primary()
    guard take(["^"]) != nil else { return base }
    try enter()
    defer { depth -= 1 }
    return try node(.operation(.power, base, signed()))
  }

  private mutating func primary() throws(ExpressionError) -> Expression {
    skipSpaces()
    guard position < characters.count else { throw unexpected(primaryRemedy) }
    let first = characters[position]
    if first == "(" {
      position += 1
      let inner = try sum()
      try expect(")")
      return inner
    }
    if isDigit(first) || first == "." { return try node(.number(number())) }
    guard isLetter(first) else { throw unexpected(primaryRemedy) }
    let start = position
    return try named(word(), start)
  }

  private mutating func named(_ name: String, _ start: Int) throws(ExpressionError) -> Expression {
    if name == "pi" { return try node(.number(.pi)) }
    if let operation = ExpressionOperation(rawValue: name), name.count > 1 {
      let both = try arguments(2, of: name, start)
      return try node(.operation(operation, both[0], both[1]))
    }
    if let function = ExpressionFunction(rawValue: name), name != "-" {
      return try node(.call(function, arguments(1, of: name, start)[0]))
    }
    if let quantity = ExpressionVariable.Quantity(rawValue: name), isAllowed(quantity) {
      return try node(.variable(ExpressionVariable(quantity, part())))
    }
    if case .kernel = kind, let kernel = NamedKernel.inExpressions[name] { return try self.kernel(kernel, name, start) }
    throw ExpressionError(
      offset: start, finding: "\"\(excerpt(name))\" has no meaning",
      remedy: nearest(to: name, among: knownNames).map { "did you mean \($0)?" } ?? primaryRemedy)
  }

  /// A kernel by its name: `gaussian(0.7)`, `matern32(1)[0..<2]`.
  private mutating func kernel(
    _ kernel: NamedKernel, _ name: String, _ start: Int
  ) throws(ExpressionError) -> Expression {
    var parameters: [Double] = []
    if take(["("]) != nil {
      repeat {
        skipSpaces()
        let isNegative = take(["-"]) != nil
        skipSpaces()
        guard position < characters.count, isDigit(characters[position]) || characters[position] == "." else {
          throw unexpected("write a number, \(kernel.form)")
        }
        let value = try number()
        parameters.append(isNegative ? -value : value)
      } while take([","]) != nil
      try expect(")")
    }
    guard let tree = kernel.expression(parameters) else {
      throw ExpressionError(
        offset: start, finding: "\(name) has parameters that it does not take", remedy: "write \(kernel.form)")
    }
    let part = try part()
    let placed = tree.replacing { .variable(ExpressionVariable($0.quantity, part)) }
    try count(placed)
    return placed
  }

  private mutating func arguments(
    _ count: Int, of name: String, _ start: Int
  ) throws(ExpressionError) -> [Expression] {
    guard take(["("]) != nil else { throw unexpected("write \(name)(…)") }
    var list = [try sum()]
    while take([","]) != nil { list.append(try sum()) }
    try expect(")")
    guard list.count == count else {
      throw ExpressionError(
        offset: start, finding: "\(name) has \(list.count) argument\(list.count == 1 ? "" : "s")",
        remedy: "write \(count == 1 ? "one" : "two")")
    }
    return list
  }

  // MARK: Limits and errors

  private mutating func enter() throws(ExpressionError) {
    depth += 1
    guard depth <= ExpressionLimits.depth else {
      throw ExpressionError(
        offset: position, finding: "the expression is nested more than \(ExpressionLimits.depth) levels deep",
        remedy: "write it flatter")
    }
  }

  private mutating func node(_ tree: Expression) throws(ExpressionError) -> Expression {
    try grow(1)
    return tree
  }

  private mutating func grow(_ by: Int) throws(ExpressionError) {
    nodes += by
    guard nodes <= ExpressionLimits.nodes else {
      throw ExpressionError(
        offset: position, finding: "the expression has more than \(ExpressionLimits.nodes) terms",
        remedy: "write a shorter one")
    }
  }

  /// What a kernel's name stands for counts as if it had been written.
  private mutating func count(_ tree: Expression) throws(ExpressionError) {
    try grow(1)
    switch tree {
    case .number, .variable: break
    case .call(_, let argument): try count(argument)
    case .operation(_, let a, let b):
      try count(a)
      try count(b)
    }
  }

  func unexpected(_ remedy: String) -> ExpressionError {
    let finding =
      position < characters.count
      ? "\"\(characters[position].isASCII ? String(Character(characters[position])) : "a character beyond ASCII")\" stands"
      : "the expression ends"
    return ExpressionError(offset: position, finding: finding, remedy: remedy)
  }

  private var primaryRemedy: String {
    switch kind {
    case .activation: "write a number, s, sqdist, a coefficient from c0 to c7, a function such as exp(…), or a bracket"
    case .kernel: "write a number, dot, norm_u, norm_v, sqdist, a function such as exp(…), or a bracket"
    }
  }

  private func isAllowed(_ quantity: ExpressionVariable.Quantity) -> Bool {
    switch (kind, quantity) {
    case (.activation, .score), (.activation, .squaredDistance): true
    case (.activation, _): quantity.isCoefficient
    case (.kernel, .score): false
    case (.kernel, _): !quantity.isCoefficient
    }
  }

  private var knownNames: [String] {
    var names = ExpressionVariable.Quantity.allCases.filter(isAllowed).map(\.rawValue)
    names += ExpressionFunction.allCases.filter { $0 != .negate }.map(\.rawValue) + ["min", "max", "pi"]
    if case .kernel = kind { names += NamedKernel.inExpressions.keys.sorted() }
    return names
  }
}
