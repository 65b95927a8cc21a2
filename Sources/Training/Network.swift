// A network's parameters as docs/science.md §1 names them, and their form for the kernels.
import KernelTypes
import Shared

/// A, B, C: [L][H][d][d]; r: [L][H]; coefficients of the activations: [H][…], the same in all layers.
package struct Network: Equatable, Sendable {
  package let layers: Int
  package let heads: Heads
  package let dimension: Int
  package let context: Int
  /// The factor before the sum over sources, per head.
  package let scales: [Float]
  package var A: [Float]
  package var r: [Float]
  package var B: [Float]
  package var C: [Float]
  package var coefficients: [[Float]]

  /// All zero but the activations' coefficients, which are as written.
  package init(layers: Int, heads: Heads, dimension: Int, context: Int, scales: [Float]) {
    self.layers = layers
    self.heads = heads
    self.dimension = dimension
    self.context = context
    self.scales = scales
    let count = layers * heads.activations.count
    A = Array(repeating: 0, count: count * dimension * dimension)
    (B, C) = (A, A)
    r = Array(repeating: 0, count: count)
    coefficients = heads.activations.map { $0.coefficients.map { Float($0) } }
  }

  package init(_ parameters: TrialParameters) {
    self.init(
      layers: parameters.layers, heads: parameters.heads, dimension: parameters.dimension,
      context: parameters.context, scales: parameters.heads.activations.indices.map { parameters.scale(ofHead: $0) })
  }

  package func index(layer: Int, head: Int) -> Int { layer * heads.activations.count + head }

  mutating func setIdentityKeys() {
    let d = dimension
    for index in r.indices { for i in 0..<d { B[index * d * d + i * d + i] = 1 } }
  }
}

/// A network in the form the kernels read: M = BᵀC, P = scale·A, ρ = scale·r, computed once per step.
package final class PreparedNetwork: @unchecked Sendable {
  private let activations: UnsafeMutablePointer<ActivationCode>
  private let programs: HeadPrograms?
  private let keyQuery: AlignedFloats
  /// BᵀB and CᵀC where some head is of distances; else empty.
  private let keySquare: AlignedFloats
  private let querySquare: AlignedFloats
  private let value: AlignedFloats
  private let residual: AlignedFloats
  private let headCount: Int
  package let pass: NetworkPass
  /// P and ρ of prompts with fewer context pairs, whose scales are others: [contexts][L][H]…
  private let lengths: LengthScales?
  private let lengthValue: AlignedFloats
  private let lengthResidual: AlignedFloats

  /// - readsLastCoordinate: see `NetworkPass`.
  /// - tangents: see `HeadPrograms`.
  /// - lengths: of training prompts, where they have several.
  package init(
    _ network: Network, readsLastCoordinate: Bool = false, tangents: [Int?]? = nil, lengths: LengthScales? = nil
  ) {
    headCount = network.heads.activations.count
    self.lengths = lengths
    lengthValue = AlignedFloats(count: (lengths?.contexts.count ?? 0) * network.A.count)
    lengthResidual = AlignedFloats(count: (lengths?.contexts.count ?? 0) * network.r.count)
    activations = .allocate(capacity: headCount)
    for (head, activation) in network.heads.activations.enumerated() {
      (activations + head).initialize(to: activation.kernelCode)
    }
    keyQuery = AlignedFloats(count: network.A.count)
    value = AlignedFloats(count: network.A.count)
    residual = AlignedFloats(count: network.r.count)
    let hasDistances = network.heads.activations.contains { $0.usesDistance }
    keySquare = AlignedFloats(count: hasDistances ? network.A.count : 0)
    querySquare = AlignedFloats(count: hasDistances ? network.A.count : 0)
    programs = HeadPrograms(network.heads, tangents: tangents ?? Array(repeating: nil, count: headCount))
    var pass = NetworkPass(
      dimension: network.dimension, context: network.context, layers: network.layers, heads: headCount,
      activations: activations, keyQuery: keyQuery.pointer, value: value.pointer, residual: residual.pointer)
    pass.readsLastCoordinate = readsLastCoordinate
    pass.programs = programs.map { UnsafePointer($0.pointer) }
    if hasDistances {
      pass.keySquare = UnsafePointer(keySquare.pointer)
      pass.querySquare = UnsafePointer(querySquare.pointer)
    }
    self.pass = pass
    update(network)
  }

  deinit { activations.deallocate() }

  /// Takes the numbers of a network of the same shape.
  package func update(_ network: borrowing Network) {
    let d = network.dimension, square = d * d
    programs?.set(network.coefficients)
    for index in 0..<network.layers * headCount {
      let scale = network.scales[index % headCount]
      residual.pointer[index] = scale * network.r[index]
      for i in 0..<square { value.pointer[index * square + i] = scale * network.A[index * square + i] }
    }
    updateLengths(network)
    network.B.withUnsafeBufferPointer { B in
      network.C.withUnsafeBufferPointer { C in
        for index in 0..<network.layers * headCount {
          multiply(
            network.heads.activations[index % headCount], B.baseAddress! + index * square,
            C.baseAddress! + index * square, at: index * square, d)
        }
      }
    }
  }

  private func updateLengths(_ network: borrowing Network) {
    guard let lengths else { return }
    let square = network.dimension * network.dimension
    for (place, scales) in lengths.scales.enumerated() {
      let value = lengthValue.pointer + place * network.A.count,
        residual = lengthResidual.pointer + place * network.r.count
      for index in network.r.indices {
        let scale = scales[index % headCount]
        residual[index] = scale * network.r[index]
        for i in index * square..<(index + 1) * square { value[i] = scale * network.A[i] }
      }
    }
  }

  /// For prompts of `context` pairs.
  func pass(context: Int) -> NetworkPass {
    guard let lengths, context < pass.context else { return pass }
    let place = context - lengths.contexts.lowerBound, count = pass.layers * headCount
    var pass = pass
    pass.context = context
    pass.value = UnsafePointer(lengthValue.pointer + place * count * pass.dimension * pass.dimension)
    pass.residual = UnsafePointer(lengthResidual.pointer + place * count)
    return pass
  }

  /// From the gradient of P and ρ for prompts of `context` pairs to that of those for the longest, as both are multiples of A
  /// and r: dA = scale · dP. In place; [L][H][dM, dP, dρ, …].
  func rescale(_ gradient: UnsafeMutablePointer<Float>, context: Int) {
    guard let lengths, context < pass.context else { return }
    let own = lengths.scales[context - lengths.contexts.lowerBound], longest = lengths.scales[lengths.scales.count - 1]
    let square = pass.dimension * pass.dimension, perHead = pass.gradientPerHead
    for index in 0..<pass.layers * headCount {
      let ratio = own[index % headCount] / longest[index % headCount]
      guard ratio != 1 else { continue }
      for i in square...2 * square { gradient[index * perHead + i] *= ratio }
    }
  }

  /// BᵀC of one head, and of distances BᵀB and CᵀC.
  private func multiply(
    _ head: Activation, _ B: UnsafePointer<Float>, _ C: UnsafePointer<Float>, at offset: Int, _ d: Int
  ) {
    let product = keyQuery.pointer + offset
    for i in 0..<d { multiplyRow(B + i, stride: d, C, into: product + i * d, d) }
    if head.scoreScale != 1 { for i in 0..<d * d { product[i] *= head.scoreScale } }
    guard head.usesDistance else { return }
    for i in 0..<d {
      multiplyRow(B + i, stride: d, B, into: keySquare.pointer + offset + i * d, d)
      multiplyRow(C + i, stride: d, C, into: querySquare.pointer + offset + i * d, d)
    }
  }
}

/// row[j] = Σ_k left[k·stride] · right[k·d + j] for j < d, each sum in the order of k: how many of them the compiler
/// forms side by side changes no bit. These products are all that a step does on one thread.
func multiplyRow(
  _ left: UnsafePointer<Float>, stride: Int, _ right: UnsafePointer<Float>, into row: UnsafeMutablePointer<Float>,
  _ d: Int
) {
  // So short a row is not worth setting up vectors for.
  guard d >= 12 else {
    for j in 0..<d {
      var sum: Float = 0
      for k in 0..<d { sum += left[k * stride] * right[k * d + j] }
      row[j] = sum
    }
    return
  }
  for j in 0..<d { row[j] = 0 }
  for k in 0..<d {
    let factor = left[k * stride], source = right + k * d
    for j in 0..<d { row[j] += factor * source[j] }
  }
}
