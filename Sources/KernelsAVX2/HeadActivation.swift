// The activations of attention heads as the layer kernels see them: value, and derivative from the value.
// A normalised activation is computed as e^(s − max) and divided by its sum over the sources.

protocol HeadActivation {
  /// Whether values are divided by their sum over the sources.
  static var normalises: Bool { get }
  /// h(s); for a normalised activation the value before division, of a score from which the maximum was subtracted.
  static func value(_ score: Lanes) -> Lanes
  /// dL/ds from a = h(s) and dL/da; for a normalised activation from the divided a and dL/da − Σ a dL/da.
  static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes
}

enum LinearHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static func value(_ score: Lanes) -> Lanes { score }
  @inline(__always) static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes { da }
}

enum ReluHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static func value(_ score: Lanes) -> Lanes {
    score.replacing(with: Lanes.zero, where: score .< Lanes.zero)
  }
  /// The derivative at 0 is 0, as in PyTorch.
  @inline(__always) static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes {
    da.replacing(with: Lanes.zero, where: a .<= Lanes.zero)
  }
}

enum ExponentialHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static func value(_ score: Lanes) -> Lanes { exponential(score) }
  @inline(__always) static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes { a * da }
}

enum SoftmaxHead: HeadActivation {
  @inline(__always) static var normalises: Bool { true }
  @inline(__always) static func value(_ score: Lanes) -> Lanes { exponential(score) }
  @inline(__always) static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes { a * da }
}
