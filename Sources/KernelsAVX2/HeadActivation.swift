// The activations of attention heads as the layer kernels see them: value, and derivative from the value.
// A normalised activation is computed as e^(s − max) and divided by its sum over the sources.

protocol HeadActivation {
  /// Whether values are divided by their sum over the sources.
  static var normalises: Bool { get }
  /// Whether value and derivative come from a compiled formula (`HeadProgram`), which also says if it normalises; the
  /// functions below are then of h'(s) instead of h(s).
  static var isProgram: Bool { get }
  /// Whether `value` is long enough to have a loop of its own.
  static var isLong: Bool { get }
  /// h(s); for a normalised activation the value before division, of a score from which the maximum was subtracted.
  static func value(_ score: Strip) -> Strip
  /// dL/ds from a = h(s) and dL/da; for a normalised activation from the divided a and dL/da − Σ a dL/da.
  static func scoreGradient(_ a: Strip, _ da: Strip) -> Strip
}

extension HeadActivation {
  @inline(__always) static var isProgram: Bool { false }
}

#if !WIDE_REGISTERS
  extension HeadActivation {
    @inline(__always) static func value(_ score: Lanes) -> Lanes { byStrips(score) { value($0) } }
    @inline(__always) static func scoreGradient(_ a: Lanes, _ da: Lanes) -> Lanes {
      byStrips(a, da) { scoreGradient($0, $1) }
    }
  }
#endif

enum LinearHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static var isLong: Bool { false }
  @inline(__always) static func value(_ score: Strip) -> Strip { score }
  @inline(__always) static func scoreGradient(_ a: Strip, _ da: Strip) -> Strip { da }
}

enum ReluHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static var isLong: Bool { false }
  @inline(__always) static func value(_ score: Strip) -> Strip {
    score.replacing(with: Strip.zero, where: score .< Strip.zero)
  }
  /// The derivative at 0 is 0, as in PyTorch.
  @inline(__always) static func scoreGradient(_ a: Strip, _ da: Strip) -> Strip {
    da.replacing(with: Strip.zero, where: a .<= Strip.zero)
  }
}

enum ExponentialHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static var isLong: Bool { true }
  @inline(__always) static func value(_ score: Strip) -> Strip { exponential(score) }
  @inline(__always) static func scoreGradient(_ a: Strip, _ da: Strip) -> Strip { a * da }
}

enum SoftmaxHead: HeadActivation {
  @inline(__always) static var normalises: Bool { true }
  @inline(__always) static var isLong: Bool { true }
  @inline(__always) static func value(_ score: Strip) -> Strip { exponentialBelow88(score) }
  @inline(__always) static func scoreGradient(_ a: Strip, _ da: Strip) -> Strip { a * da }
}

enum ProgramHead: HeadActivation {
  @inline(__always) static var normalises: Bool { false }
  @inline(__always) static var isLong: Bool { true }
  @inline(__always) static var isProgram: Bool { true }
  @inline(__always) static func value(_ score: Strip) -> Strip { score }
  @inline(__always) static func scoreGradient(_ slope: Strip, _ da: Strip) -> Strip { slope * da }
}
