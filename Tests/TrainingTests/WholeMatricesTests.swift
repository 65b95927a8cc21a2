// Gradients of the whole matrices V, B and C against central differences of the double-precision network, and the clip that
// counts them.
import Kernels
import Shared
import Testing
import Training

@Suite struct WholeMatricesTests {
  static let cases: [TrialParameters] = [
    whole { $0.heads = Heads([.linear]) },
    whole { ($0.heads, $0.layers) = (Heads([.exp]), 1) },
    whole { ($0.heads, $0.layers) = (Heads([.softmax, .relu]), 3) },
    whole { ($0.heads, $0.value) = (Heads([.exp, .linear]), .sparse) },
    whole { ($0.heads, $0.tiedLayers, $0.layers) = (Heads([.linear]), true, 3) },
    whole { $0.heads = Heads([try! Activation("gaussian")]) },
    // Larger than the sizes with code of their own.
    whole { ($0.heads, $0.dimension) = (Heads([.relu]), 9) },
  ]

  private static func whole(_ change: (inout TrialParameters) -> Void) -> TrialParameters {
    tinyParameters {
      ($0.layers, $0.context, $0.dimension, $0.initialization, $0.initScale) = (2, 4, 3, .gaussian, 0.6)
      $0.layerClip = LayerClip(scale: 1e-3, base: 9, switchStep: 100, scaleAfter: 1e-3)
      $0.layerClip?.entries = .all
      change(&$0)
    }
  }

  @Test(arguments: cases.indices)
  func `the gradient of what is trained is that of the plain network`(index: Int) throws {
    let parameters = Self.cases[index], layout = TrainableLayout(parameters)
    let network = layout.expand(layout.pack(initialNetwork(parameters, seed: Seed(rawValue: 2), restart: 0)))
    let sample = try PromptSample(parameters, count: 40)
    let plain = sample.lossAndGradient(network, layout).gradient, found = sample.wholeGradient(network, layout).gradient
    let norm = plain.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    #expect(norm > 0)
    for (a, b) in zip(plain, found) { #expect(abs(Double(a) - Double(b)) < 1e-5 * norm) }
  }

  @Test(arguments: cases.indices)
  func `norms count every entry of the matrices, as central differences have them`(index: Int) throws {
    let parameters = Self.cases[index], layout = TrainableLayout(parameters)
    let network = layout.expand(layout.pack(initialNetwork(parameters, seed: Seed(rawValue: 2), restart: 0)))
    let sample = try PromptSample(parameters, count: 20)
    let squares = sample.wholeGradient(network, layout).squares
    let differences = WholeDifferences(network, (0..<sample.count).map(sample.reference))
    let trained = trainedSquares(sample.lossAndGradient(network, layout).gradient, layout)
    let expected =
      parameters.tiedLayers
      ? [differences.square(of: Array(0..<parameters.layers))]
      : (0..<parameters.layers).map { differences.square(of: [$0]) }
    #expect(squares.count == expected.count)
    for layer in squares.indices {
      #expect(abs(squares[layer] / expected[layer] - 1) < 1e-3)
      // The entries that are held at 0 are a good part of it, or this test would show nothing.
      #expect(squares[layer] > 1.02 * trained[layer])
    }
  }

  @Test func `the clip divides by the norm that it is given`() {
    var parameters = Self.cases[0]
    parameters.clipNorm = nil
    let layout = TrainableLayout(parameters)
    let start = (0..<layout.count).map { Float($0 % 7) - 3.25 }
    var trained = start, all = start
    clip(&trained, layout, step: 0)
    clip(&all, layout, step: 0, layerSquares: trainedSquares(start, layout).map { 4 * $0 })
    for (a, b) in zip(trained, all) { #expect(abs(a - 2 * b) <= 1e-6 * abs(a)) }
  }

  @Test func `a trial that counts all entries has its own bits, alone as in a gang`() throws {
    let all = Self.cases[3]
    var trained = all
    trained.layerClip?.entries = .trained
    let together = try trainGang([GangSeat(all), GangSeat(trained)], threads: 2)
    let alone = try [finish(all), finish(trained)]
    for place in 0..<2 { #expect(try together[place].finished().identity == alone[place].identity) }
    #expect(alone[0].identity != alone[1].identity)
    let narrow = try finish(all, on: .avx2)
    #expect(narrow.identity == alone[0].identity)
  }

  private func trainedSquares(_ gradient: [Float], _ layout: TrainableLayout) -> [Double] {
    var squares = [Double](repeating: 0, count: layout.parameters.layers)
    for block in layout.blocks {
      for i in block.offset..<block.offset + block.count {
        squares[block.layer] += Double(gradient[i]) * Double(gradient[i])
      }
    }
    return squares
  }
}

/// The network with y as coordinate d of x, in double precision.
private struct WholeDifferences {
  private let network: ReferenceNetwork
  private let prompts: [ReferencePrompt]

  init(_ network: Network, _ prompts: [ReferencePrompt]) {
    var whole = network.reference
    for layer in whole.layers.indices {
      for head in whole.layers[layer].indices {
        let own = whole.layers[layer][head]
        func widened(_ matrix: [[Double]], _ last: Double) -> [[Double]] {
          matrix.map { $0 + [0] } + [[Double](repeating: 0, count: matrix.count) + [last]]
        }
        whole.layers[layer][head].A = widened(own.A, own.r)
        whole.layers[layer][head].B = widened(own.B, 0)
        whole.layers[layer][head].C = widened(own.C, 0)
        whole.layers[layer][head].r = 0
      }
    }
    self.network = whole
    self.prompts = prompts.map { prompt in
      let y = prompt.y + [0]
      return ReferencePrompt(
        x: prompt.x.indices.map { prompt.x[$0] + [y[$0]] }, y: prompt.y.map { _ in 0 }, target: prompt.target)
    }
  }

  private static func loss(_ network: ReferenceNetwork, _ prompts: [ReferencePrompt]) -> Double {
    var sum = 0.0
    for prompt in prompts {
      let query = network.states(prompt)[network.layers.count].x[prompt.context]
      sum += (-query[query.count - 1] - prompt.target) * (-query[query.count - 1] - prompt.target)
    }
    return sum / Double(prompts.count)
  }

  /// Σ over V, B, C of all heads of (dL/d entry)², where the entries of all `layers` move together.
  func square(of layers: [Int]) -> Double {
    let step = 1e-5
    var sum = 0.0
    for head in network.layers[0].indices {
      let size = network.layers[0][head].A.count
      for matrix in [\ReferenceHead.A, \.B, \.C] {
        for i in 0..<size {
          for j in 0..<size {
            var (up, down) = (network, network)
            for layer in layers {
              up.layers[layer][head][keyPath: matrix][i][j] += step
              down.layers[layer][head][keyPath: matrix][i][j] -= step
            }
            let slope = (Self.loss(up, prompts) - Self.loss(down, prompts)) / (2 * step)
            sum += slope * slope
          }
        }
      }
    }
    return sum
  }
}
