// The part of a vector of 16 prompts that fits a register, in which the kernels for small dimensions compute: all 16
// with AVX-512, eight with AVX2, which has half as many registers of half the size. Arithmetic is vertical, so bits agree.

#if WIDE_REGISTERS
  typealias Strip = Lanes
  typealias StripBits = LaneBits
#else
  typealias Strip = SIMD8<Float>
  typealias StripBits = SIMD8<UInt32>

  @inline(__always) func fma(_ a: Strip, _ b: Strip, _ c: Strip) -> Strip { c.addingProduct(a, b) }
  @inline(__always) func fma(_ a: Strip, _ b: Float, _ c: Strip) -> Strip { c.addingProduct(a, Strip(repeating: b)) }
  @inline(__always) func exponential(_ x: Lanes) -> Lanes { byStrips(x) { exponential($0) } }

  /// A vertical function, strip by strip.
  @inline(__always) func byStrips(_ x: Lanes, _ body: (Strip) -> Strip) -> Lanes {
    let halves = unsafeBitCast(x, to: (Strip, Strip).self)
    return unsafeBitCast((body(halves.0), body(halves.1)), to: Lanes.self)
  }
  @inline(__always) func byStrips(_ x: Lanes, _ y: Lanes, _ body: (Strip, Strip) -> Strip) -> Lanes {
    let a = unsafeBitCast(x, to: (Strip, Strip).self), b = unsafeBitCast(y, to: (Strip, Strip).self)
    return unsafeBitCast((body(a.0, b.0), body(a.1, b.1)), to: Lanes.self)
  }
#endif

/// Strips per vector.
@inline(__always) var stripCount: Int { Lanes.scalarCount / Strip.scalarCount }

@inline(__always) func strip(_ x: Float) -> Strip { Strip(repeating: x) }

/// One strip of every vector of a buffer.
struct Strips {
  private let start: UnsafeMutablePointer<Strip>

  @inline(__always) init(_ vectors: UnsafeMutablePointer<Lanes>, strip: Int) {
    start = UnsafeMutableRawPointer(vectors).assumingMemoryBound(to: Strip.self) + strip
  }
  /// For reading only.
  @inline(__always) init(_ vectors: UnsafePointer<Lanes>, strip: Int) {
    self.init(UnsafeMutablePointer(mutating: vectors), strip: strip)
  }
  @inline(__always) private init(start: UnsafeMutablePointer<Strip>) { self.start = start }

  @inline(__always) subscript(index: Int) -> Strip {
    get { start[index * stripCount] }
    nonmutating set { start[index * stripCount] = newValue }
  }
  @inline(__always) static func + (strips: Strips, offset: Int) -> Strips {
    Strips(start: strips.start + offset * stripCount)
  }
}
