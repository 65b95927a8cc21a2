// Every activation against the network in double precision with its definition written out: predictions, gradients by
// central differences, the same formula written another way, and equal bits of the builds.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

/// Foundation has one of its own.
private typealias Expression = Shared.Expression

@Suite struct ActivationTests {
  /// Each function and operator once, with arguments inside its domain and derivatives that are not 0.
  static let formulas = [
    "expression(log(2 + sin(s)) * sqrt(1 + s ^ 2))", "expression(asin(0.9 * tanh(s)) - abs(s - 0.1))",
    "expression(min(s, 0.5) * max(-s, 0.2))", "expression((1 + s ^ 2) ^ 0.3 / (2 + cos(3 * s)))",
    "expression((1.5 + tanh(s)) ^ s)", "expression(2 ^ s - softplus(-2 * s) * erf(s))", "expression(s ^ -2 * s ^ 3)",
    "expression((1 + s ^ 2) ^ 1.5 - relu(s - 0.3))", "expression(exp(-s * s) * sigmoid(s) - s / 7)",
    "expression((1 + sqdist) ^ -1)", "expression(sqrt(0.1 + sqdist))", "normalized(expression(1 / (1 + sqdist)))",
  ]
  static let all =
    Activation.names + [
      "exp(0.7)", "softmax(1.5)", "poly(0.5,3)", "normalized(relu)", "normalized(sigmoid)",
      "normalized(gaussian)",
    ] + formulas

  private func parameters(
    _ heads: [String], _ dimension: Int, _ context: Int, _ layers: Int
  ) throws -> TrialParameters {
    var parameters = tinyParameters()
    parameters.heads = Heads(try heads.map { try Activation($0) })
    (parameters.dimension, parameters.context, parameters.layers) = (dimension, context, layers)
    parameters.initScale = 0.3
    return parameters
  }

  /// A network whose steps are neither small nor make it explode, and 20 prompts.
  private func sample(_ parameters: TrialParameters, on instructionSet: InstructionSet = .avx2) throws -> (
    Network, PromptSample
  ) {
    var network = initialNetwork(parameters, seed: Seed(rawValue: 3), restart: 0)
    for index in network.r.indices { network.r[index] = network.r[index] * 2 - 0.3 }
    for index in network.A.indices { network.A[index] *= 0.3 }
    return (network, try PromptSample(parameters, count: 20, on: instructionSet))
  }

  @Test(arguments: all, [(1, 1, 2), (3, 5, 2), (5, 14, 3), (8, 3, 2), (9, 6, 2)])
  func `predictions and gradients are those of the definition`(
    text: String, shape: (dimension: Int, context: Int, layers: Int)
  ) throws {
    let parameters = try parameters([text], shape.dimension, shape.context, shape.layers)
    let (network, sample) = try sample(parameters)
    try compare(network, sample, parameters, text)
  }

  @Test func `heads of different kinds stand side by side`() throws {
    for d in [5, 10] {
      let parameters = try parameters(["gaussian", "relu", "normalized(relu)", "softmax", "tanh"], d, 7, 2)
      let (network, sample) = try sample(parameters)
      try compare(network, sample, parameters, "mixed, d = \(d)")
    }
  }

  private func compare(
    _ network: Network, _ sample: PromptSample, _ parameters: TrialParameters, _ text: String
  ) throws {
    let prompts = (0..<sample.count).map(sample.reference)
    let reference = network.reference
    let expected = prompts.map(reference.prediction)
    for (found, expected) in zip(sample.predictions(network), expected) {
      #expect(abs(found - expected) < 2e-5 * max(1, abs(expected)), "\(text)")
    }
    let layout = TrainableLayout(parameters)
    let (loss, gradient) = sample.lossAndGradient(network, layout)
    let exact = reference.loss(prompts)
    #expect(abs(loss - exact) < 2e-5 * exact + 1e-7, "\(text)")
    for kind in [TrainableBlock.Kind.value, .residual, .key, .query] {
      var difference = 0.0, norm = 0.0
      for block in layout.blocks where block.kind == kind {
        for i in stride(from: 0, to: block.count, by: max(1, block.count / 6)) {
          let exact = centralDifference(reference, prompts, block, i)
          difference += pow(Double(gradient[block.offset + i]) - exact, 2)
          norm += exact * exact
        }
      }
      #expect(difference.squareRoot() <= 2e-4 * norm.squareRoot() + 1e-7, "\(text), \(kind)")
    }
  }

  private func centralDifference(
    _ network: ReferenceNetwork, _ prompts: [ReferencePrompt], _ block: TrainableBlock, _ index: Int
  ) -> Double {
    let step = 1e-5
    func loss(_ change: Double) -> Double {
      var changed = network
      let d = changed.layers[0][0].A.count
      let (row, column) = (index / d, index % d)
      switch block.kind {
      case .value: changed.layers[block.layer][block.head].A[row][column] += change
      case .residual: changed.layers[block.layer][block.head].r += change
      case .key: changed.layers[block.layer][block.head].B[row][column] += change
      case .query: changed.layers[block.layer][block.head].C[row][column] += change
      case .coefficients: preconditionFailure("these activations have none")
      }
      return changed.loss(prompts)
    }
    return (loss(step) - loss(-step)) / (2 * step)
  }

  /// Another way to write each built-in: different operations, so only rounding may differ.
  static let rewritten: [(String, String)] = [
    ("linear", "expression(s)"), ("relu", "expression(max(s, 0))"), ("exp", "expression(exp(s))"),
    ("exp(0.7)", "expression(exp(0.7 * s))"), ("softmax", "normalized(expression(exp(s)))"),
    ("sigmoid", "expression(1 / (1 + exp(-s)))"), ("tanh", "expression(1 - 2 / (exp(2 * s) + 1))"),
    ("softplus", "expression(log(1 + exp(s)))"), ("elu_plus_one", "expression(max(s, 0) + min(exp(s), 1))"),
    ("gelu", "expression(s * (1 + erf(0.7071067811865476 * s)) / 2)"), ("silu", "expression(s / (1 + exp(-s)))"),
    ("squared_relu", "expression(s * relu(s))"), ("poly", "expression(1 + 2 * s + s ^ 2)"),
    ("poly(0.5,3)", "expression(s * s * s + 1.5 * s ^ 2 + 0.75 * s + 0.125)"),
    ("cosine", "expression(sin(s + pi / 2))"),
    ("gaussian", "expression(exp(-sqdist / 2))"), ("normalized(relu)", "normalized(expression(max(0, s)))"),
    ("normalized(gaussian)", "normalized(expression(1 / exp(sqdist / 2)))"),
  ]

  @Test(arguments: rewritten, [5, 10])
  func `a built-in activation written again as an expression gives the same loss and gradient`(
    pair: (String, String), dimension: Int
  ) throws {
    func evaluate(_ text: String) throws -> (loss: Double, gradient: [Float]) {
      let parameters = try parameters([text], dimension, 14, 3)
      let (network, sample) = try sample(parameters)
      return sample.lossAndGradient(network, TrainableLayout(parameters))
    }
    let own = try evaluate(pair.0), written = try evaluate(pair.1)
    #expect(abs(own.loss - written.loss) <= 1e-6 * own.loss, "\(pair)")
    var difference = 0.0, norm = 0.0
    for (a, b) in zip(own.gradient, written.gradient) {
      difference += pow(Double(a) - Double(b), 2)
      norm += Double(a) * Double(a)
    }
    #expect(difference.squareRoot() <= 1e-6 * norm.squareRoot(), "\(pair): \((difference / norm).squareRoot())")
  }

  /// A formula is not folded into the loop written for it, or the test above would compare nothing.
  @Test func `expressions are programs of their own`() throws {
    for text in ["expression(s)", "expression(relu(s))", "expression(exp(s))", "normalized(expression(exp(s)))"] {
      let parameters = try parameters([text], 5, 3, 1)
      let network = initialNetwork(parameters, seed: Seed(rawValue: 1), restart: 0)
      let prepared = PreparedNetwork(network)
      withExtendedLifetime(prepared) { #expect(prepared.pass.activations[0] == .program) }
    }
  }

  @Test(arguments: all, [4, 11])
  func `both builds give the same bits`(text: String, dimension: Int) throws {
    guard InstructionSet.avx512.isSupported else { return }
    let parameters = try parameters([text, "relu"], dimension, 9, 2)
    let results = try [InstructionSet.avx2, .avx512].map { instructionSet in
      let (network, sample) = try sample(parameters, on: instructionSet)
      let (loss, gradient) = sample.lossAndGradient(network, TrainableLayout(parameters))
      return (loss, gradient.map(\.bitPattern), sample.predictions(network))
    }
    #expect(results[0] == results[1])
  }

  /// Contexts where activations are not kept but computed again.
  @Test func `recomputing changes no bit`() throws {
    for text in ["gelu", "normalized(relu)", "gaussian"] {
      for d in [5, 9] {
        let parameters = try parameters([text], d, 23, 3)
        let (network, sample) = try sample(parameters)
        let layout = TrainableLayout(parameters)
        let kept = sample.lossAndGradient(network, layout)
        let again = sample.lossAndGradient(network, layout, keptAttention: 0)
        #expect(kept.loss == again.loss && kept.gradient.map(\.bitPattern) == again.gradient.map(\.bitPattern))
      }
    }
  }

  /// One layer, one source, d = 1: with M = 1, r = −1, y = 1 and x = 1 of the source, ŷ = h(x of the query).
  private func values(_ text: String, at arguments: [Float]) throws -> [Double] {
    var parameters = try parameters([text], 1, 1, 1)
    parameters.attentionScale = .one
    let network = Network(descent: parameters, r: -1)
    let sample = try PromptSample(parameters, count: arguments.count)
    for (index, x) in arguments.enumerated() { sample.set(index, [1, 1, x, 0]) }
    return sample.predictions(network)
  }

  /// Relative errors in roundings of single precision, or absolute ones where `isAbsolute`.
  @Test(arguments: [
    ("exp(s)", 3.0, false), ("log(s + 21)", 4, false), ("sqrt(s + 21)", 1.5, false), ("sin(s)", 2, true),
    ("cos(s)", 2, true), ("sin(50 * s)", 2.5, true), ("tanh(s)", 4, false), ("sigmoid(s)", 6, false),
    ("softplus(s)", 8, false), ("erf(s)", 3, false), ("asin(s / 20)", 5, false),
  ])
  func `functions keep their promised accuracy`(formula: String, bound: Double, isAbsolute: Bool) throws {
    let arguments = (0..<6000).map { -20 + 40 * Float($0) / 5999 } + [0, 1e-20, -1e-20, 1e-6, -1e-6, 0.001]
    let found = try values("expression(\(formula))", at: arguments)
    let exact = try Expression(formula, as: .activation)
    var worst = 0.0
    for (x, value) in zip(arguments, found) {
      // What rounding makes of the argument itself is not the function's.
      let scaled =
        formula.contains("50 *") ? Double(50 * x) / 50 : formula.contains("+ 21") ? Double(x + 21) - 21 : Double(x)
      let expected = exact.value { _ in formula.contains("/ 20") ? Double(x * Float(1.0 / 20)) * 20 : scaled }
      let unit = isAbsolute ? 1 : max(abs(expected), 1e-30)
      worst = max(worst, abs(value - expected) / unit / 0x1p-24)
    }
    #expect(worst <= bound, "\(formula): \(worst) roundings")
  }

  @Test func `functions keep their limits, and what is no number stays none`() throws {
    let infinite = Float.infinity
    func at(_ formula: String, _ x: Float) throws -> Double { try values("expression(\(formula))", at: [x])[0] }
    #expect(try at("log(s)", 0) == -.infinity && at("log(s)", infinite) == .infinity && at("log(s)", -1).isNaN)
    #expect(try abs(at("log(s)", Float(bitPattern: 71_362)) + 92.1034) < 1e-3)
    #expect(try at("tanh(s)", infinite) == 1 && at("tanh(s)", -infinite) == -1 && at("erf(s)", -infinite) == -1)
    #expect(try at("sigmoid(s)", 200) == 1 && at("sigmoid(s)", -200) < 1e-37 && at("softplus(s)", -200) < 1e-37)
    #expect(try at("softplus(s)", 200) == 200 && at("sin(s)", infinite).isNaN && at("asin(s)", 1.5).isNaN)
    #expect(try at("asin(s)", 1) == Double(Float(Double.pi / 2)) && at("asin(s)", -1) == -at("asin(s)", 1))
    for name in ["exp", "log", "sqrt", "sin", "cos", "tanh", "sigmoid", "softplus", "erf", "asin", "relu", "abs"] {
      #expect(try at("\(name)(s)", .nan).isNaN, "\(name)")
    }
    for formula in ["min(s, 1)", "max(1, s)", "min(1, s)", "s ^ 2", "2 ^ s", "s / 2"] {
      #expect(try at(formula, .nan).isNaN, "\(formula)")
    }
  }

  /// Where no source has a weight the head adds nothing, and no gradient divides by it.
  @Test func `normalised relu of scores that are all negative is zero`() throws {
    for d in [2, 9] {
      var parameters = try parameters(["normalized(relu)"], d, 4, 2)
      parameters.value = .sparse
      var network = Network(descent: parameters, r: -1)
      for i in network.B.indices { network.B[i] = 0 }
      let sample = try PromptSample(parameters, count: 16)
      let (loss, gradient) = sample.lossAndGradient(network, TrainableLayout(parameters))
      let zero = sample.targets.reduce(0) { $0 + $1 * $1 } / 16
      #expect(abs(loss - zero) < 1e-6 * zero && gradient.allSatisfy { $0 == 0 })
    }
  }
}
