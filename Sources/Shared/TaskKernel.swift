// The tasks whose labels are draws of a Gaussian process, y ~ N(0, |K|), K_ij = κ(ξ_i, ξ_j) (docs/science.md §2).
// Text forms are those of manifests: `linear`, `relu`, `exp`, `exp(1)`.

/// A task's kernel κ.
package enum TaskKernel: Hashable, Sendable, CustomStringConvertible {
  /// κ(u,v) = <u,v>
  case linear
  /// κ(u,v) = max(0, <u,v>): indefinite, so labels come from |K| = Q|Λ|Qᵀ
  case relu
  /// κ(u,v) = exp(scale · <u,v>); scale ½ in the authors' code and by default
  case exponential(scale: Double)

  package static let names = ["linear", "relu", "exp"]
  package static let defaultScale = 0.5

  /// The kernel written as `text`, or nil. `exp(s)` takes any finite s above 0.
  package init?(_ text: String) {
    switch text {
    case "linear": self = .linear
    case "relu": self = .relu
    case "exp": self = .exponential(scale: Self.defaultScale)
    default:
      guard text.hasPrefix("exp("), text.hasSuffix(")"),
        let scale = Double(text.dropFirst(4).dropLast()), scale.isFinite, scale > 0
      else { return nil }
      self = .exponential(scale: scale)
    }
  }

  package var description: String {
    switch self {
    case .linear: "linear"
    case .relu: "relu"
    case .exponential(let scale): scale == Self.defaultScale ? "exp" : "exp(\(scale))"
    }
  }

  /// The activation that equals the kernel, the "matched" one of the paper's claim; nil where none does.
  /// For exp(s) the trained BᵀC absorbs the scale.
  package var matchedActivation: Activation? {
    switch self {
    case .linear: .linear
    case .relu: .relu
    case .exponential: .exp
    }
  }
}
