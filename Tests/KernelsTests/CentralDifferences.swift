// Partial derivatives of the reference's loss by central differences, in the order of the kernels' gradient.
import KernelTypes
import Kernels

/// The blocks of a head's gradient.
enum GradientPart: CaseIterable {
  case keyQuery, value, residual
}

struct CentralDifferences {
  private let network: ReferenceNetwork
  private let prompts: [ReferencePrompt]
  private let dimension: Int
  private let step = 1e-5

  init(_ fixture: KernelFixture) {
    network = fixture.referenceNetwork
    prompts = fixture.referencePrompts
    dimension = fixture.shape.dimension
  }

  /// Index into [L][H][dM, dP, dρ] and derivative of the mean loss, for all numbers of a part over all layers and heads
  /// or for `atMost` of them, spread evenly.
  func partials(_ part: GradientPart, atMost limit: Int) -> [(index: Int, value: Double)] {
    let heads = network.layers[0].count, square = dimension * dimension
    let count = part == .residual ? 1 : square
    let total = network.layers.count * heads * count
    let chosen = total <= limit ? Array(0..<total) : (0..<limit).map { $0 * total / limit }
    return chosen.map { number in
      let head = number / count, i = number % count
      let offset = part == .keyQuery ? 0 : part == .value ? square : 2 * square
      let up = loss(part, layer: head / heads, head: head % heads, i, moved: step)
      let down = loss(part, layer: head / heads, head: head % heads, i, moved: -step)
      return (head * (2 * square + 1) + offset + i, (up - down) / (2 * step))
    }
  }

  private func loss(_ part: GradientPart, layer: Int, head: Int, _ i: Int, moved: Double) -> Double {
    var network = network
    switch part {
    case .keyQuery: network.layers[layer][head].C[i / dimension][i % dimension] += moved
    case .value: network.layers[layer][head].A[i / dimension][i % dimension] += moved
    case .residual: network.layers[layer][head].r += moved
    }
    return network.loss(prompts)
  }
}
