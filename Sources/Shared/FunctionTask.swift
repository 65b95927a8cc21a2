// The tasks whose labels are a random function's values instead of a Gaussian process's (docs/science.md §2).
// Source: Garg, Tsipras, Liang & Valiant 2022, What Can Transformers Learn In-Context?, arXiv 2208.01066.

package enum FunctionTask: Hashable, Sendable, CustomStringConvertible {
  /// <w, ξ>, w standard normal in `nonzero` coordinates chosen at random, 0 in the others.
  case sparseLinear(nonzero: Int)
  /// √(2/m) Σ_j a_j max(0, <w_j, ξ>) over m hidden units, a_j and w_j standard normal.
  case reluNetwork(hidden: Int)
  /// A full binary tree: each inner node asks whether a random coordinate is above 0, each leaf is standard normal.
  case decisionTree(depth: Int)
  /// Σ_k w_k ξ_k² / √3, w standard normal.
  case quadratic
  /// <w, ξ>, w standard normal, with noise of this standard deviation on the context's labels.
  case noisyLinear(noise: Double)

  package static let names = ["sparse_linear", "relu_network", "decision_tree", "quadratic", "noisy_linear"]
  package static let forms =
    "sparse_linear(k), relu_network(hidden), decision_tree(depth), quadratic, noisy_linear(sigma)"

  /// - parameters: as written in brackets; nil where one is not allowed.
  init?(_ name: String, _ parameters: [Double]) {
    func whole(_ standard: Int, _ range: ClosedRange<Int>) -> Int? {
      guard let first = parameters.first else { return standard }
      guard parameters.count == 1, let value = Int(exactly: first), range.contains(value) else { return nil }
      return value
    }
    switch name {
    case "sparse_linear":
      guard let count = whole(3, 1...128) else { return nil }
      self = .sparseLinear(nonzero: count)
    case "relu_network":
      guard let hidden = whole(100, 1...1000) else { return nil }
      self = .reluNetwork(hidden: hidden)
    case "decision_tree":
      guard let depth = whole(4, 1...6) else { return nil }
      self = .decisionTree(depth: depth)
    case "quadratic":
      guard parameters.isEmpty else { return nil }
      self = .quadratic
    case "noisy_linear":
      let noise = parameters.first ?? 0.5
      guard parameters.count <= 1, noise > 0, noise <= 1e3 else { return nil }
      self = .noisyLinear(noise: noise)
    default: return nil
    }
  }

  package var description: String {
    switch self {
    case .sparseLinear(let nonzero): nonzero == 3 ? "sparse_linear" : "sparse_linear(\(nonzero))"
    case .reluNetwork(let hidden): hidden == 100 ? "relu_network" : "relu_network(\(hidden))"
    case .decisionTree(let depth): depth == 4 ? "decision_tree" : "decision_tree(\(depth))"
    case .quadratic: "quadratic"
    case .noisyLinear(let noise): noise == 0.5 ? "noisy_linear" : "noisy_linear(\(shortestText(noise)))"
    }
  }
}
