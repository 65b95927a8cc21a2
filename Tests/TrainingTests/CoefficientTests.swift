// Coefficients of activations that are trained: their gradient against central differences of the double-precision network, and
// trials that train them.
import Foundation
import Kernels
import Shared
import Testing
import Training

@Suite struct CoefficientTests {
  static let cases: [TrialParameters] = [
    coefficients(["expression(exp(c0 * s); c0 = 0.7)"]),
    coefficients(["expression(relu(s) + c0 * s + c3; c0 = 0.2, c3 = 0.1)", "linear"]) { $0.layers = 3 },
    coefficients(["softmax", "expression(exp(-c0 * sqdist / 2); c0 = 0.8)"]),
    coefficients(["expression(c1 * tanh(c0 * s) + c2 * s ^ 2; c0 = 1.5)"]) { ($0.value, $0.dimension) = (.sparse, 9) },
    coefficients(["expression(exp(c0 * s); c0 = 0.7)", "expression(max(s, c0 * s); c0 = 0.1)"]) {
      ($0.tiedLayers, $0.layers) = (true, 3)
    },
    coefficients(["expression(exp(c0 * s) + c1; c1 = -0.5)"]) { $0.network = .isotropic },
  ]

  private static func coefficients(
    _ texts: [String], _ change: (inout TrialParameters) -> Void = { _ in }
  ) -> TrialParameters {
    tinyParameters {
      $0.heads = Heads(texts.map { try! Activation($0) })
      ($0.layers, $0.initScale) = (2, 0.2)
      change(&$0)
    }
  }

  private func network(_ parameters: TrialParameters) -> Network {
    var network = initialNetwork(parameters, seed: Seed(rawValue: 3), restart: 0)
    for index in network.r.indices { network.r[index] = network.r[index] * 2 - 0.3 }
    if parameters.tiedLayers { network = TrainableLayout(parameters).expand(TrainableLayout(parameters).pack(network)) }
    return network
  }

  @Test(arguments: cases.indices)
  func `gradients are those of central differences`(index: Int) throws {
    let parameters = Self.cases[index], layout = TrainableLayout(parameters), network = network(parameters)
    let sample = try PromptSample(parameters, count: 20)
    let prompts = (0..<sample.count).map(sample.reference)
    let exact = network.reference.loss(prompts)
    let (loss, gradient) = sample.lossAndGradient(network, layout)
    #expect(abs(loss - exact) < 2e-5 * exact)
    var found = 0
    for block in layout.blocks where block.kind == .coefficients {
      for i in 0..<block.count {
        func loss(_ change: Double) -> Double {
          var changed = network.coefficients.map { $0.map(Double.init) }
          changed[block.head][i] += change
          return network.reference(coefficients: changed).loss(prompts)
        }
        let slope = (loss(1e-5) - loss(-1e-5)) / 2e-5, value = Double(gradient[block.offset + i])
        #expect(abs(value - slope) < 2e-4 * abs(slope) + 2e-6, "\(block.name)[\(i)]")
        #expect(abs(slope) > 1e-4, "\(block.name)[\(i)]")
        found += 1
      }
    }
    #expect(found == parameters.heads.activations.reduce(0) { $0 + $1.coefficients.count })
  }

  /// Terms of numbers alone are computed once, in double precision, so bits may differ.
  @Test(arguments: cases.indices)
  func `what has no coefficients has the gradient that it has beside numbers`(index: Int) throws {
    let parameters = Self.cases[index], layout = TrainableLayout(parameters), network = network(parameters)
    var plain = parameters
    plain.heads = Heads(parameters.heads.activations.map(Self.withNumbers))
    let plainLayout = TrainableLayout(plain)
    var plainNetwork = Network(plain)
    (plainNetwork.A, plainNetwork.r, plainNetwork.B, plainNetwork.C) = (network.A, network.r, network.B, network.C)
    let sample = try PromptSample(parameters, count: 40)
    let found = sample.lossAndGradient(network, layout), expected = sample.lossAndGradient(plainNetwork, plainLayout)
    #expect(abs(found.loss - expected.loss) < 1e-5 * expected.loss)
    let norm = expected.gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(norm > 0)
    for (a, b) in zip(found.gradient, expected.gradient) { #expect(abs(Double(a) - Double(b)) < 1e-5 * norm) }
  }

  private static func withNumbers(_ activation: Activation) -> Activation {
    guard case .expression(let expression) = activation.shape else { return activation }
    let names = expression.coefficients
    return Activation(
      .expression(
        expression.replacing { variable in
          // As single precision has it, where the kernels do.
          names.firstIndex(of: variable.quantity).map { .number(Double(Float(activation.coefficients[$0]))) }
            ?? .variable(variable)
        }))
  }

  @Test func `a trial trains them, and its bits do not depend on who trains beside it, where, or in how many pieces`()
    throws
  {
    let trial = Self.cases[1], other = Self.cases[0].changed { $0.layers = 3 }
    let alone = try [finish(trial), finish(other)]
    let together = try trainGang([GangSeat(trial), GangSeat(other)], threads: 2)
    for place in 0..<2 { #expect(try together[place].finished().identity == alone[place].identity) }
    #expect(try finish(trial, on: .avx2).identity == alone[0].identity)
    #expect(try finish(trial, stoppedAfter: [5, 9]).identity == alone[0].identity)
    let network = try trained(alone[0].checkpoint.bytes, trial)
    for (start, end) in zip([Float(0.2), 0.1], network.coefficients[0]) { #expect(abs(start - end) > 1e-3) }
    #expect(network.coefficients[1].isEmpty)
    let file = try Safetensors(bytes: alone[0].checkpoint.bytes)
    #expect(file.tensor("heads.0.c")?.values == network.coefficients[0])
    #expect(file.tensor("optimizer.v.heads.0.c")?.shape == [2])
  }

  @Test func `frozen they stay, and what is trained then is the network with numbers`() throws {
    let frozen = Self.cases[0].changed { $0.frozen = .coefficients }
    let end = try finish(frozen)
    #expect(try trained(end.checkpoint.bytes, frozen).coefficients == [[0.7]])
    let plain = try finish(
      frozen.changed { ($0.heads, $0.frozen) = (Heads($0.heads.activations.map(Self.withNumbers)), []) })
    #expect(end.result.metrics.testLoss == plain.result.metrics.testLoss)
    #expect(frozen.trainedNumbers == plain.checkpoint.trainedNumbers)
  }

  @Test func `a trial starts from a checkpoint with its coefficients, or from one without at those that are written`()
    throws
  {
    let trial = Self.cases[1]
    let network = try trained(try finish(trial).checkpoint.bytes, trial)
    let start = try network.startingNetwork()
    let from = trial.changed { ($0.initialization, $0.initScale) = (.checkpoint(start), 0) }
    #expect(initialNetwork(from, seed: Seed(rawValue: 0), restart: 0) == network)
    let plain = try StartingNetwork(
      layers: 3, heads: 2, dimension: 3, values: Array(start.values.dropLast(2)))
    let fromPlain = from.changed { $0.initialization = .checkpoint(plain) }
    #expect(initialNetwork(fromPlain, seed: Seed(rawValue: 0), restart: 0).coefficients == [[0.2, 0.1], []])
    #expect(try TrialParameters(canonicalJSON: from.canonicalJSON) == from)
  }
}

extension WrittenCheckpoint {
  /// Numbers with an optimiser's state.
  fileprivate var trainedNumbers: Int {
    (try? Safetensors(bytes: bytes))?.tensors.filter { $0.name.hasPrefix("optimizer.m.") }.reduce(0) {
      $0 + $1.values.count
    }
      ?? 0
  }
}
