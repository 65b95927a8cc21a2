// What a head whose activation is a compiled formula keeps besides `HeadBuffers`: derivatives of the activations, and
// where its scores are distances, their parts that belong to one token.
import KernelTypes

struct ProgramBuffers {
  var program: UnsafePointer<HeadProgram>
  /// Whether the backward pass finds h'(S) where the forward pass left it; else it computes both again.
  var keepsSlope: Bool
  /// h'(S_st), laid out as `HeadBuffers.attention`.
  var slope: UnsafeMutablePointer<Lanes>
  /// Registers.
  var scratch: UnsafeMutablePointer<Lanes>
  /// Nil where scores are inner products.
  var distances: DistanceBuffers?

  @inline(__always) var normalises: Bool { program.pointee.normalises }

  /// h in place of `count` scores from vector `first` of the rows on, and where asked h' beside them, of one strip.
  @inline(__always)
  func evaluate(
    _ rows: UnsafeMutablePointer<Lanes>, first: Int, count: Int, withSlope: Bool, strip part: Int
  ) {
    run(rows, first).run(chosen(withSlope), count: count, strip: part)
  }

  /// The same of all strips.
  @inline(__always)
  func evaluate(_ rows: UnsafeMutablePointer<Lanes>, first: Int, count: Int, withSlope: Bool) {
    run(rows, first).run(chosen(withSlope), count: count)
  }

  @inline(__always)
  private func run(_ rows: UnsafeMutablePointer<Lanes>, _ first: Int) -> ProgramRun {
    ProgramRun(
      inputs: rows + first, inputDistance: 0, value: rows + first, slope: slope + first, scratch: scratch)
  }

  @inline(__always)
  private func chosen(_ withSlope: Bool) -> VectorProgram {
    withSlope ? program.pointee.valueAndSlope : program.pointee.value
  }
}

/// 1 / sum, and 0 where the sum is as good as none: then no source has any weight.
@inline(__always) func inverseOfSum(_ sum: Strip) -> Strip {
  (strip(1) / sum).replacing(with: Strip.zero, where: absoluteOf(sum) .< strip(1e-30))
}
#if !WIDE_REGISTERS
  @inline(__always) func inverseOfSum(_ sum: Lanes) -> Lanes { byStrips(sum) { inverseOfSum($0) } }
#endif

/// −½ |B x_s − C x_t|² = <x_s, M x_t> − p_s − q_t with p_s = ½ x_sᵀ BᵀB x_s and q_t = ½ x_tᵀ CᵀC x_t.
struct DistanceBuffers {
  /// BᵀB and CᵀC, [d][d].
  var keySquare: UnsafePointer<Float>
  var querySquare: UnsafePointer<Float>
  /// p and q, [n+1] each.
  var key: UnsafeMutablePointer<Lanes>
  var query: UnsafeMutablePointer<Lanes>
  /// Σ_t dL/dS_st and Σ_s dL/dS_st, [n+1] each; the backward pass's own.
  var keyGradient: UnsafeMutablePointer<Lanes>
  var queryGradient: UnsafeMutablePointer<Lanes>
  /// dL/dBᵀB and dL/dCᵀC, [d][d], added to.
  var keySquareGradient: UnsafeMutablePointer<Lanes>
  var querySquareGradient: UnsafeMutablePointer<Lanes>

  /// p of all sources and q of the targets from `first` on.
  func prepare(_ head: borrowing HeadBuffers, targets first: Int = 0) {
    let d = head.dimension, f = d + 1
    for s in 0..<head.context { key[s] = half(head.input + s * f, keySquare, d) }
    for t in first...head.context { query[t] = half(head.input + t * f, querySquare, d) }
  }

  func clearGradients(_ head: borrowing HeadBuffers) {
    for t in 0...head.context { (keyGradient[t], queryGradient[t]) = (.zero, .zero) }
  }

  /// What p and q of the targets from `first` on give to the parameters and to the layer's input.
  func finish(_ head: borrowing HeadBuffers, targets first: Int = 0, _ inputGradient: UnsafeMutablePointer<Lanes>?) {
    let d = head.dimension, f = d + 1
    for s in 0..<head.context {
      add(keyGradient[s], head.input + s * f, keySquare, keySquareGradient, inputGradient.map { $0 + s * f }, d)
    }
    for t in first...head.context {
      add(queryGradient[t], head.input + t * f, querySquare, querySquareGradient, inputGradient.map { $0 + t * f }, d)
    }
  }

  /// ½ xᵀ S x
  @inline(__always)
  private func half(_ x: UnsafePointer<Lanes>, _ square: UnsafePointer<Float>, _ d: Int) -> Lanes {
    var sum = Lanes.zero
    for i in 0..<d { sum = fma(x[i], product(x, square + i * d, d), sum) }
    return sum * broadcast(0.5)
  }

  @inline(__always)
  private func product(_ x: UnsafePointer<Lanes>, _ row: UnsafePointer<Float>, _ d: Int) -> Lanes {
    var sum = x[0] * broadcast(row[0])
    for j in 1..<max(d, 1) { sum = fma(x[j], row[j], sum) }
    return sum
  }

  @inline(__always)
  private func add(
    _ gradient: Lanes, _ x: UnsafePointer<Lanes>, _ square: UnsafePointer<Float>,
    _ squareGradient: UnsafeMutablePointer<Lanes>, _ input: UnsafeMutablePointer<Lanes>?, _ d: Int
  ) {
    let halved = gradient * broadcast(-0.5)
    for i in 0..<d {
      let scaled = halved * x[i]
      for j in 0..<d { squareGradient[i * d + j] = fma(scaled, x[j], squareGradient[i * d + j]) }
      if let input { input[i] = fnma(gradient, product(x, square + i * d, d), input[i]) }
    }
  }
}
