// Prompts of a configuration's streams for the tests, and a network's predictions on them.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

/// The first `count` prompts of a stream, in lanes and one by one.
final class PromptSample {
  let parameters: TrialParameters
  let kernels: KernelTable
  let stream: PromptStream
  let count: Int
  private let chunks: Int
  private let prompts: AlignedFloats
  private let targetFloats: AlignedFloats
  private let latent: AlignedFloats

  init(
    _ parameters: TrialParameters, seed: UInt32 = 0, purpose: PromptStream.Purpose = .test, batch: Int = 0, count: Int,
    on instructionSet: InstructionSet? = .best
  ) throws {
    self.parameters = parameters
    self.count = count
    kernels = try #require(instructionSet?.kernels)
    stream = PromptStream(parameters, seed: Seed(rawValue: seed), purpose: purpose, kernels: kernels)
    chunks = (count + promptsPerChunk - 1) / promptsPerChunk
    prompts = AlignedFloats(count: chunks * blocksPerChunk * stream.floatsPerBlock)
    targetFloats = AlignedFloats(count: chunks * promptsPerChunk)
    latent = AlignedFloats(count: chunks * blocksPerChunk * stream.latentFloatsPerBlock)
    let scratch = AlignedFloats(count: stream.scratchCount)
    for chunk in 0..<chunks {
      let first = chunk * promptsPerChunk
      stream.generate(
        batch: batch, first: first, count: min(promptsPerChunk, count - first), scratch: scratch.pointer,
        prompts: prompts.pointer + chunk * blocksPerChunk * stream.floatsPerBlock,
        targets: targetFloats.pointer + first,
        latent: latent.pointer + chunk * blocksPerChunk * stream.latentFloatsPerBlock)
    }
  }

  var targets: [Double] { (0..<count).map { Double(targetFloats.pointer[$0]) } }

  /// x, labels, and the points where the task's kernel is taken.
  func prompt(_ index: Int) -> LanePrompt {
    LanePrompt(stream.recipe, prompts: prompts.pointer, latent: latent.pointer, index: index)
  }

  /// Row t of the n+1 points where the task's kernel is taken.
  func points(_ index: Int) -> [[Double]] {
    let d = parameters.dimension, flat = prompt(index).kernelPoints
    return (0...parameters.context).map { Array(flat[$0 * d..<($0 + 1) * d]) }
  }

  /// The same prompt for the double-precision network.
  func reference(_ index: Int) -> ReferencePrompt {
    let d = parameters.dimension, prompt = prompt(index)
    return ReferencePrompt(
      x: (0...parameters.context).map { t in prompt.x[t * d..<(t + 1) * d].map(Double.init) }, y: prompt.labels,
      target: Double(targetFloats.pointer[index]))
  }

  /// The kernels' ŷ of every prompt.
  func predictions(_ network: Network) -> [Double] {
    let prepared = PreparedNetwork(network)
    let scratch = AlignedFloats(count: kernels.networkScratch(prepared.pass))
    let out = AlignedFloats(count: chunks * promptsPerChunk)
    kernels.predict(prepared.pass, prompts.pointer, chunks * blocksPerChunk, scratch.pointer, out.pointer)
    return (0..<count).map { Double(out.pointer[$0]) }
  }

  /// Mean loss over the prompts and its gradient with respect to the trained numbers.
  /// - keptAttention: as `NetworkPass` has it.
  func lossAndGradient(
    _ network: Network, _ layout: TrainableLayout, keptAttention: Int? = nil
  ) -> (loss: Double, gradient: [Float]) {
    let tangents = CoefficientTangents(network, layout)
    let prepared = tangents?.prepared ?? PreparedNetwork(network)
    var pass = prepared.pass
    if let keptAttention { pass.keptAttention = keptAttention }
    let scratch = AlignedFloats(count: kernels.networkScratch(pass))
    let raw = AlignedFloats(count: pass.gradientCount), loss = AlignedFloats(count: 1)
    kernels.lossAndGradient(
      pass, prompts.pointer, targetFloats.pointer, (count + lanesPerBlock - 1) / lanesPerBlock, 2 / Float(count),
      scratch.pointer, raw.pointer, loss.pointer)
    var gradient = [Float](repeating: 0, count: layout.count)
    if let tangents {
      tangents.pullBack(raw.pointer, of: network, into: &gradient)
    } else {
      layout.pullBack(raw.pointer, network, into: &gradient)
    }
    return withExtendedLifetime(prepared) { (Double(loss.pointer[0]) / Double(count), gradient) }
  }

  /// The same for V, B and C as whole matrices: the gradient of what is trained, and squared norms per layer.
  func wholeGradient(_ network: Network, _ layout: TrainableLayout) -> (gradient: [Float], squares: [Double]) {
    let whole = WholeMatrices(network, parameters), pass = whole.prepared.pass
    let scratch = AlignedFloats(count: kernels.networkScratch(pass))
    let raw = AlignedFloats(count: pass.gradientCount), loss = AlignedFloats(count: 1)
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    let tokens = AlignedFloats(count: blocks * pass.vectorsPerBlock * lanesPerBlock)
    WholeMatrices.embed(prompts.pointer, blocks: blocks, pass, into: tokens.pointer)
    kernels.lossAndGradient(
      pass, tokens.pointer, targetFloats.pointer, blocks, 2 / Float(count), scratch.pointer, raw.pointer, loss.pointer)
    var gradient = [Float](repeating: .nan, count: layout.count)
    let squares = whole.pullBack(raw.pointer, trained: layout, into: &gradient)
    return (gradient, squares)
  }

  /// Overwrites a prompt's tokens, [n+1][d+1].
  func set(_ index: Int, _ tokens: [Float]) {
    let z = prompts.pointer + index / lanesPerBlock * tokens.count * lanesPerBlock + index % lanesPerBlock
    for (i, value) in tokens.enumerated() { z[i * lanesPerBlock] = value }
  }

  /// Overwrites the x of a prompt's query by that of its context token `t`.
  func moveQuery(of index: Int, to t: Int) {
    let d = parameters.dimension, f = d + 1, n = parameters.context
    let z = prompts.pointer + index / lanesPerBlock * (n + 1) * f * lanesPerBlock + index % lanesPerBlock
    for k in 0..<d { z[(n * f + k) * lanesPerBlock] = z[(t * f + k) * lanesPerBlock] }
  }
}

func dot(_ a: [Double], _ b: [Double]) -> Double {
  var sum = 0.0
  for i in a.indices { sum += a[i] * b[i] }
  return sum
}

/// Mean and its standard error.
func meanAndError(_ values: [Double]) -> (mean: Double, error: Double) {
  let count = Double(values.count), mean = values.reduce(0, +) / count
  let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
  return (mean, (variance / count).squareRoot())
}

extension Network {
  /// A = 0, B = `key`·I, C = I, r = `r` for every layer and head.
  init(descent parameters: TrialParameters, key: Float = 1, r: Float) {
    self.init(parameters)
    let d = dimension
    for index in self.r.indices {
      self.r[index] = r
      for i in 0..<d {
        B[index * d * d + i * (d + 1)] = key
        C[index * d * d + i * (d + 1)] = 1
      }
    }
  }

  /// The same network in double precision.
  var reference: ReferenceNetwork { reference(coefficients: coefficients.map { $0.map(Double.init) }) }

  /// The same with other coefficients of its activations.
  func reference(coefficients: [[Double]]) -> ReferenceNetwork {
    let d = dimension, count = heads.activations.count
    func matrix(_ values: [Float], _ index: Int) -> [[Double]] {
      (0..<d).map { i in (0..<d).map { Double(values[index * d * d + i * d + $0]) } }
    }
    return ReferenceNetwork(
      layers: (0..<layers).map { layer in
        (0..<count).map { head in
          let index = index(layer: layer, head: head)
          return ReferenceHead(
            activation: heads.activations[head].reference(coefficients: coefficients[head]),
            scale: Double(scales[head]), A: matrix(A, index),
            r: Double(r[index]),
            B: matrix(B, index), C: matrix(C, index))
        }
      })
  }
}

extension Activation {
  /// h in double precision, as its definition is written, by the C library; expressions by their tree.
  func reference(coefficients: [Double]) -> ReferenceActivation {
    if self == .softmax { return .softmax }
    let own = self, names = expression.coefficients
    let value: @Sendable (Double) -> Double =
      switch shape {
      case .linear: { $0 }
      case .relu: { max(0, $0) }
      case .exp(let scale): { Foundation.exp(scale * $0) }
      case .sigmoid: { 1 / (1 + Foundation.exp(-$0)) }
      case .tanh: { Foundation.tanh($0) }
      case .softplus: { Foundation.log1p(Foundation.exp($0)) }
      case .eluPlusOne: { $0 > 0 ? $0 + 1 : Foundation.exp($0) }
      case .gelu: { $0 * 0.5 * Foundation.erfc(-$0 / 2.0.squareRoot()) }
      case .silu: { $0 / (1 + Foundation.exp(-$0)) }
      case .squaredRelu: { $0 > 0 ? $0 * $0 : 0 }
      case .polynomial(let offset, let power): { Foundation.pow($0 + offset, Double(power)) }
      case .cosine: { Foundation.cos($0) }
      case .gaussian: { Foundation.exp(-0.5 * $0) }
      case .expression:
        { s in
          own.expression.value { variable in names.firstIndex(of: variable.quantity).map { coefficients[$0] } ?? s }
        }
      }
    return ReferenceActivation(normalises: isNormalised, usesDistance: usesDistance, value)
  }
}
