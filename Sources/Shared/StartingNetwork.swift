// The numbers of a network that training starts from, as part of a configuration. A trial that starts from a checkpoint carries
// them with it, so it is the same trial wherever the file has gone, and a worker needs the configuration alone.
import Foundation

package struct StartingNetwork: Hashable, Sendable, CustomStringConvertible {
  package let layers: Int
  package let heads: Int
  package let dimension: Int
  /// Bit patterns of single precision: A, r, B, C of every head of every layer, matrices by rows; then the coefficients of all
  /// heads' activations.
  private let bits: [UInt32]

  /// A configuration has to fit in a message.
  package static let mostNumbers = 10_000

  package static func count(layers: Int, heads: Int, dimension: Int) -> Int {
    layers * heads * (3 * dimension * dimension + 1)
  }

  /// - values: A, r, B, C of every head of every layer, one after another, and behind them coefficients.
  /// - Throws: what is wrong with them, in words.
  package init(layers: Int, heads: Int, dimension: Int, values: [Float]) throws(StartingNetworkError) {
    guard (1...64).contains(layers), (1...16).contains(heads), (1...128).contains(dimension),
      (0...8 * heads) ~= values.count - Self.count(layers: layers, heads: heads, dimension: dimension)
    else { throw StartingNetworkError("its numbers do not make up a network", "name another") }
    guard values.count <= Self.mostNumbers else {
      throw StartingNetworkError(
        "its network has \(values.count) numbers", "name one of at most \(Self.mostNumbers)")
    }
    guard values.allSatisfy(\.isFinite) else {
      throw StartingNetworkError("some of its numbers are not finite", "name one that has not diverged")
    }
    (self.layers, self.heads, self.dimension, bits) = (layers, heads, dimension, values.map(\.bitPattern))
  }

  package var coefficientCount: Int { bits.count - Self.count(layers: layers, heads: heads, dimension: dimension) }

  /// A, r, B, C of every head of every layer, then coefficients.
  package var values: [Float] { bits.map { Float(bitPattern: $0) } }

  /// `checkpoint(3x1x5,…)`: layers, heads, dimension, and the numbers as base64 of their little-endian bytes.
  package var description: String {
    let bytes = bits.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> UInt32(8 * $0)) } }
    return "checkpoint(\(layers)x\(heads)x\(dimension),\(Data(bytes).base64EncodedString()))"
  }

  /// Reads what `description` writes; nil for any other text.
  package init?(_ text: String) {
    guard let inner = bracketed(text, "checkpoint"), let comma = inner.firstIndex(of: ",") else { return nil }
    let sizes = inner[..<comma].split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
    let digits = inner[inner.index(after: comma)...]
    guard sizes.count == 3, digits.utf8.count <= 6 * Self.mostNumbers,
      let bytes = Data(base64Encoded: String(digits)).map(Array.init), bytes.count % 4 == 0
    else { return nil }
    let values = stride(from: 0, to: bytes.count, by: 4).map { at in
      let low = UInt32(bytes[at]) | UInt32(bytes[at + 1]) << 8
      return Float(bitPattern: low | UInt32(bytes[at + 2]) << 16 | UInt32(bytes[at + 3]) << 24)
    }
    guard let read = try? StartingNetwork(layers: sizes[0], heads: sizes[1], dimension: sizes[2], values: values)
    else { return nil }
    self = read
  }

  /// Of a text as `description` writes it a form for people: `checkpoint 0123456789ab`, by its digest.
  static func shortened(_ text: String) -> String {
    text.hasPrefix("checkpoint(") ? "checkpoint \(sha256Hex(Array(text.utf8)).prefix(12))" : text
  }

  /// Whether every A is 0.
  package var isSparse: Bool {
    let square = dimension * dimension
    for index in 0..<layers * heads {
      let A = bits[(index * (3 * square + 1))...].prefix(square)
      if A.contains(where: { Float(bitPattern: $0) != 0 }) { return false }
    }
    return true
  }

  /// Whether all layers are the same.
  package var isTied: Bool {
    let perLayer = Self.count(layers: 1, heads: heads, dimension: dimension)
    let matrices = bits.dropLast(coefficientCount)
    return matrices.dropFirst(perLayer).elementsEqual(matrices.dropLast(perLayer))
  }
}

/// Why a checkpoint is none to start from.
package struct StartingNetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  package let finding: String
  package let remedy: String
  package var description: String { "\(finding); \(remedy)" }
  package init(_ finding: String, _ remedy: String) { (self.finding, self.remedy) = (finding, remedy) }
}
