// An expression's value in double precision, from arithmetic that rounds alike on every machine: Bayes predictors and
// the decision how labels are drawn rest on it. What the kernels compute is held against it.

extension Expression {
  /// The value where each variable has the value that `input` gives. Outside a function's domain not a number.
  package func value(_ input: (ExpressionVariable) -> Double) -> Double {
    switch self {
    case .number(let value): value
    case .variable(let variable): input(variable)
    case .call(let function, let argument): function.value(argument.value(input))
    case .operation(let operation, let a, let b): operation.value(a.value(input), b.value(input))
    }
  }
}

extension ExpressionFunction {
  package func value(_ x: Double) -> Double {
    switch self {
    case .negate: -x
    case .exp: deterministicExponential(x)
    case .log: x > 0 ? (x == .infinity ? x : deterministicLogarithm(x)) : x == 0 ? -.infinity : .nan
    case .sqrt: x.squareRoot()
    case .sin: deterministicSine(x)
    case .cos: deterministicCosine(x)
    case .tanh: deterministicTanh(x)
    case .sigmoid: 1 / (1 + deterministicExponential(-x))
    case .softplus: deterministicSoftplus(x)
    case .erf: deterministicErrorFunction(x)
    case .asin: deterministicArcSine(x)
    case .relu: x < 0 ? 0 : x
    case .abs: x.magnitude
    }
  }
}

extension ExpressionOperation {
  package func value(_ a: Double, _ b: Double) -> Double {
    switch self {
    case .add: a + b
    case .subtract: a - b
    case .multiply: a * b
    case .divide: a / b
    case .power: power(a, b)
    case .minimum: a.isNaN || b.isNaN ? .nan : a <= b ? a : b
    case .maximum: a.isNaN || b.isNaN ? .nan : a >= b ? a : b
    }
  }

  /// Whole exponents up to 64 by multiplication, so that a negative base has a power; else e^(b ln a).
  private func power(_ a: Double, _ b: Double) -> Double {
    guard b == b.rounded(), b.magnitude <= 64 else {
      return a == 0 && b > 0 ? 0 : deterministicExponential(b * ExpressionFunction.log.value(a))
    }
    var result = 1.0
    for _ in 0..<Int(b.magnitude) { result *= a }
    return b < 0 ? 1 / result : result
  }
}
