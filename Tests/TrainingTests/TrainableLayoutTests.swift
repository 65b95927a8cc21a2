// The trained vector and the network it stands for: packing, expanding, and gradients by the chain rule.
import KernelTypes
import Shared
import Testing
import Training

@Suite struct TrainableLayoutTests {
  static let variants: [TrialParameters] = NetworkKind.allCases.flatMap { network in
    ValueMatrix.allCases.flatMap { value in
      [false, true].map { tied in
        tinyParameters {
          ($0.network, $0.value, $0.tiedLayers, $0.layers) = (network, value, tied, 3)
          $0.heads = Heads([.softmax, .relu])
        }
      }
    }
  }

  private func numbers(_ count: Int, _ salt: Int) -> [Float] {
    (0..<count).map { Float(($0 * 37 + salt * 11) % 101 - 50) / 64 }
  }

  @Test(arguments: variants.indices)
  func `packing undoes expanding, and blocks fill the vector without gaps`(variant: Int) {
    let layout = TrainableLayout(Self.variants[variant])
    let packed = numbers(layout.count, 1)
    #expect(layout.pack(layout.expand(packed)) == packed)
    var offset = 0
    for block in layout.blocks {
      #expect(block.offset == offset && block.shape.reduce(1, *) == block.count)
      offset += block.count
    }
    #expect(offset == layout.count)
    #expect(Set(layout.blocks.map(\.name)).count == layout.blocks.count)
  }

  /// A start must be a network that the layout can express, or the first step would change more than it says.
  @Test(arguments: variants.indices)
  func `a trial's start survives packing`(variant: Int) {
    let layout = TrainableLayout(Self.variants[variant])
    for restart in 0..<6 {
      let start = initialNetwork(Self.variants[variant], seed: Seed(rawValue: 3), restart: restart)
      #expect(layout.expand(layout.pack(start)) == start)
    }
  }

  /// The network is an affine function of the vector, so the vector's gradient is the full one, summed over whatever a
  /// number moves. The full network's own gradient is checked by the reference cases.
  @Test(arguments: variants.indices)
  func `the gradient of the vector is the full network's along each number's direction`(variant: Int) {
    let parameters = Self.variants[variant]
    let layout = TrainableLayout(parameters)
    var full = parameters
    (full.network, full.value, full.tiedLayers) = (.full, .free, false)
    let fullLayout = TrainableLayout(full)
    let network = layout.expand(numbers(layout.count, 2))
    let raw = numbers(3 * 2 * 19, 3)
    var gradient = [Float](repeating: .nan, count: layout.count)
    var fullGradient = [Float](repeating: .nan, count: fullLayout.count)
    raw.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      layout.pullBack(start, network, into: &gradient)
      fullLayout.pullBack(start, network, into: &fullGradient)
    }
    let origin = fullLayout.pack(layout.expand([Float](repeating: 0, count: layout.count)))
    for i in 0..<layout.count {
      var unit = [Float](repeating: 0, count: layout.count)
      unit[i] = 1
      let moved = fullLayout.pack(layout.expand(unit))
      var expected = 0.0
      for j in moved.indices { expected += Double(moved[j] - origin[j]) * Double(fullGradient[j]) }
      #expect(abs(Double(gradient[i]) - expected) < 1e-5 * max(1, abs(expected)))
    }
  }

  /// Short and long rows are summed by different loops.
  @Test(arguments: [1, 2, 11, 12, 13, 20, 33])
  func `the products with keys and queries are sums in the order of their index`(dimension d: Int) {
    let parameters = tinyParameters { ($0.dimension, $0.layers) = (d, 2) }
    let layout = TrainableLayout(parameters)
    let network = layout.expand(numbers(layout.count, 4).map { $0 / 3 })
    let raw = numbers(2 * (2 * d * d + 1), 5).map { $0 / 7 }
    var gradient = [Float](repeating: .nan, count: layout.count)
    raw.withUnsafeBufferPointer { layout.pullBack($0.baseAddress!, network, into: &gradient) }
    for block in layout.blocks where block.kind == .key || block.kind == .query {
      let matrix = block.layer * d * d, dM = block.layer * (2 * d * d + 1)
      for i in 0..<d {
        for j in 0..<d {
          var sum: Float = 0
          for k in 0..<d {
            let (left, right) = (matrix + i * d + k, dM + (block.kind == .key ? j * d + k : k * d + j))
            sum += (block.kind == .key ? network.C[left] : network.B[left]) * raw[right]
          }
          #expect(gradient[block.offset + i * d + j] == sum)
        }
      }
    }
  }
}
