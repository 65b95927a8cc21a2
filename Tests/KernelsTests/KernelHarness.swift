// Networks and prompts for the kernels' tests, in the kernels' layout and in that of the reference, and what the kernels
// make of them. Everything follows from a seed.
import KernelTypes
import Kernels
import Testing

/// Numbers that follow from a seed. Source: Steele, Lea & Flood 2014 (SplitMix64).
struct SplitMix {
  var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func word() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  /// In (−1, 1), exactly representable in single precision.
  mutating func symmetric() -> Float { Float(Int64(word() >> 40) - (1 << 23)) / Float(1 << 23) }
  mutating func below(_ bound: Int) -> Int { Int(word() % UInt64(bound)) }
}

/// 64-byte aligned memory for kernels, filled with zeros.
final class KernelBuffer<Element> {
  let pointer: UnsafeMutablePointer<Element>
  let count: Int
  init(count: Int, filledWith value: Element) {
    self.count = count
    pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, count) * MemoryLayout<Element>.stride, alignment: kernelAlignment
    ).bindMemory(to: Element.self, capacity: max(1, count))
    pointer.initialize(repeating: value, count: max(1, count))
  }
  deinit { pointer.deallocate() }
  var values: [Element] { Array(UnsafeBufferPointer(start: pointer, count: count)) }
}

extension KernelBuffer where Element == Float {
  convenience init(count: Int) { self.init(count: count, filledWith: 0) }
  var bits: [UInt32] { values.map(\.bitPattern) }
}

struct NetworkShape: Sendable, CustomTestStringConvertible {
  var dimension: Int
  var context: Int
  var layers: Int
  var heads: [ActivationCode]
  var batch: Int
  var testDescription: String {
    "d \(dimension), n \(context), \(layers) layers, \(heads.map { "\($0)" }.joined(separator: "+")), batch \(batch)"
  }
  init(_ dimension: Int, _ context: Int, _ layers: Int, _ heads: [ActivationCode], _ batch: Int) {
    (self.dimension, self.context, self.layers, self.heads, self.batch) = (dimension, context, layers, heads, batch)
  }

  /// Every dimension with its own code and three without, sizes that are no multiple of anything, mixed heads.
  static let awkward: [NetworkShape] = [
    .init(1, 1, 1, [.softmax], 1), .init(1, 3, 2, [.relu], 16), .init(2, 1, 3, [.exp], 33),
    .init(2, 40, 2, [.linear], 1),
    .init(3, 14, 1, [.softmax], 33), .init(3, 3, 3, [.exp, .relu, .linear], 130), .init(4, 3, 3, [.linear], 16),
    .init(4, 5, 2, [.softmax, .softmax], 3), .init(5, 14, 3, [.exp], 16), .init(5, 40, 2, [.softmax], 1),
    .init(5, 14, 7, [.relu], 1), .init(5, 3, 2, [.softmax], 64), .init(5, 3, 2, [.linear], 65),
    .init(6, 3, 2, [.relu, .exp, .softmax], 16), .init(7, 3, 3, [.softmax], 33), .init(7, 14, 2, [.relu], 4),
    .init(7, 1, 7, [.linear, .exp, .softmax], 16), .init(8, 14, 2, [.linear, .softmax, .relu], 1),
    .init(20, 3, 2, [.exp], 2), .init(20, 14, 1, [.relu], 1), .init(20, 2, 3, [.softmax, .linear, .exp], 1),
    // Linear attention sums over sources first where n ≥ d, and last where n < d.
    .init(1, 1, 3, [.linear], 5), .init(2, 2, 1, [.linear], 16), .init(3, 14, 3, [.linear, .relu], 17),
    .init(4, 4, 3, [.linear], 33), .init(5, 14, 3, [.linear], 20), .init(5, 5, 4, [.linear, .exp], 2),
    .init(6, 7, 3, [.linear], 16), .init(7, 7, 2, [.linear, .linear], 3), .init(8, 9, 3, [.linear], 1),
    .init(8, 7, 2, [.linear], 1), .init(9, 9, 3, [.linear], 2), .init(11, 10, 2, [.linear], 1),
    .init(12, 17, 3, [.linear, .softmax], 1), .init(20, 21, 2, [.linear], 1),
  ]
}

/// A random network of moderate size and random prompts.
final class KernelFixture {
  let shape: NetworkShape
  let activations: KernelBuffer<ActivationCode>
  let keyQuery: KernelBuffer<Float>
  let value: KernelBuffer<Float>
  let residual: KernelBuffer<Float>
  let prompts: KernelBuffer<Float>
  let targets: KernelBuffer<Float>
  var pass: NetworkPass
  var blocks: Int { (shape.batch + lanesPerBlock - 1) / lanesPerBlock }

  init(_ shape: NetworkShape, seed: UInt64) {
    self.shape = shape
    let d = shape.dimension, n = shape.context, count = shape.layers * shape.heads.count
    var draw = SplitMix(seed)
    activations = KernelBuffer(count: shape.heads.count, filledWith: .linear)
    for (i, code) in shape.heads.enumerated() { activations.pointer[i] = code }
    keyQuery = KernelBuffer(count: count * d * d)
    value = KernelBuffer(count: count * d * d)
    residual = KernelBuffer(count: count)
    let root = Float(d).squareRoot()
    for head in 0..<count {
      // A step that neither vanishes nor explodes over seven layers.
      let perSource: Float =
        switch shape.heads[head % shape.heads.count] {
        case .softmax: 0.4
        case .exp: 0.1 / Float(n)
        case .linear, .relu, .program: 0.4 / Float(n)
        }
      let step = perSource / Float(shape.heads.count)
      residual.pointer[head] = -step * (0.75 + 0.25 * draw.symmetric())
      for i in 0..<d * d {
        keyQuery.pointer[head * d * d + i] = (i % (d + 1) == 0 ? 0.8 : 0) + 0.6 * draw.symmetric() / root
        value.pointer[head * d * d + i] = 0.5 * step * draw.symmetric() / root
      }
    }
    let blocks = (shape.batch + lanesPerBlock - 1) / lanesPerBlock
    prompts = KernelBuffer(count: blocks * (n + 1) * (d + 1) * lanesPerBlock)
    targets = KernelBuffer(count: blocks * lanesPerBlock)
    for i in 0..<shape.batch {
      let z = prompts.pointer + i / lanesPerBlock * (n + 1) * (d + 1) * lanesPerBlock + i % lanesPerBlock
      for t in 0...n {
        for k in 0..<d { z[(t * (d + 1) + k) * lanesPerBlock] = 1.7 * draw.symmetric() / root }
        if t < n { z[(t * (d + 1) + d) * lanesPerBlock] = 1.7 * draw.symmetric() }
      }
      targets.pointer[i] = 1.7 * draw.symmetric()
    }
    pass = NetworkPass(
      dimension: d, context: n, layers: shape.layers, heads: shape.heads.count, activations: activations.pointer,
      keyQuery: keyQuery.pointer, value: value.pointer, residual: residual.pointer)
  }

  /// Σ (ŷ − target)² and the gradient of half of it times `scale`, [L][H][dM, dP, dρ], over blocks `first…`.
  func lossAndGradient(
    _ kernels: KernelTable, scale: Float = 2, first: Int = 0, blocks count: Int? = nil
  ) -> (loss: Float, gradient: [Float]) {
    let scratch = KernelBuffer<Float>(count: kernels.networkScratch(pass))
    let gradient = KernelBuffer<Float>(count: pass.gradientCount, filledWith: .nan)
    let loss = KernelBuffer<Float>(count: 1, filledWith: .nan)
    kernels.lossAndGradient(
      pass, prompts.pointer + first * pass.vectorsPerBlock * lanesPerBlock, targets.pointer + first * lanesPerBlock,
      count ?? blocks - first, scale, scratch.pointer, gradient.pointer, loss.pointer)
    return (loss.pointer[0], gradient.values)
  }

  /// [blocks · 16]
  func predictions(_ kernels: KernelTable) -> [Float] {
    let scratch = KernelBuffer<Float>(count: kernels.networkScratch(pass))
    let out = KernelBuffer<Float>(count: blocks * lanesPerBlock, filledWith: .nan)
    kernels.predict(pass, prompts.pointer, blocks, scratch.pointer, out.pointer)
    return out.values
  }

  /// The same prompts for the reference.
  var referencePrompts: [ReferencePrompt] {
    let d = shape.dimension, n = shape.context
    return (0..<shape.batch).map { i in
      let z = prompts.pointer + i / lanesPerBlock * (n + 1) * (d + 1) * lanesPerBlock + i % lanesPerBlock
      func number(_ t: Int, _ k: Int) -> Double { Double(z[(t * (d + 1) + k) * lanesPerBlock]) }
      return ReferencePrompt(
        x: (0...n).map { t in (0..<d).map { number(t, $0) } }, y: (0..<n).map { number($0, d) },
        target: Double(targets.pointer[i]))
    }
  }

  /// The same network for the reference: B = I, C = M, A = P, r = ρ, scale 1.
  var referenceNetwork: ReferenceNetwork {
    let d = shape.dimension, heads = shape.heads.count
    let identity = (0..<d).map { i in (0..<d).map { $0 == i ? 1.0 : 0 } }
    func matrix(_ buffer: KernelBuffer<Float>, _ index: Int) -> [[Double]] {
      (0..<d).map { i in (0..<d).map { Double(buffer.pointer[index * d * d + i * d + $0]) } }
    }
    return ReferenceNetwork(
      layers: (0..<shape.layers).map { layer in
        (0..<heads).map { head in
          let index = layer * heads + head
          return ReferenceHead(
            activation: shape.heads[head].reference, scale: 1, A: matrix(value, index),
            r: Double(residual.pointer[index]),
            B: identity, C: matrix(keyQuery, index))
        }
      })
  }
}

/// The builds that this processor runs.
let supportedInstructionSets = InstructionSet.allCases.filter(\.isSupported)

extension ActivationCode {
  /// Programs are compared where they are compiled, in TrainingTests.
  var reference: ReferenceActivation {
    switch self {
    case .linear: .linear
    case .relu: .relu
    case .exp: .exp
    case .softmax: .softmax
    case .program: preconditionFailure("these fixtures have no programs")
    }
  }
}
