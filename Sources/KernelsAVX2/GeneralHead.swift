// The head kernel for any dimension: vectors of features in memory, products blocked by four sources or eight features
// so that sums stay in registers. Notation and shapes: HeadBuffers. Formulas: docs/science.md §1, differentiated by hand.

enum GeneralHead<Head: HeadActivation>: HeadKernel {
  /// Features summed in registers at a time.
  static var tile: Int { 8 }

  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    let n = head.context, d = head.dimension, f = d + 1
    for t in 0...n {
      weigh(head, target: t)
      let w = head.weighted + t * f
      for i in 0..<d {
        output[t * f + i] = base[t * f + i] + dot(w, head.value + i * d, d)
      }
      output[t * f + d] = fma(w[d], head.residual, base[t * f + d])
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let n = head.context, f = head.dimension + 1
    weigh(head, target: n)
    return head.weighted[n * f + head.dimension] * broadcast(head.residual)
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, d = head.dimension, f = d + 1
    for t in 0...n {
      // The gradient of the weighted sum takes the place of the sum once it has been used.
      let w = head.weighted + t * f
      addOuterProduct(g + t * f, w, d, head.valueGradient)
      let gy = g[t * f + d]
      head.residualGradient[0] = fma(gy, w[d], head.residualGradient[0])
      var centre = Lanes.zero
      let dwy = gy * broadcast(head.residual)
      for k in 0..<d {
        let gradient = dotColumn(g + t * f, head.value + k, d)
        centre = fma(w[k], gradient, centre)
        w[k] = gradient
      }
      centre = fma(w[d], dwy, centre)
      w[d] = dwy
      scatter(head, target: t, weightedGradient: w, centre: centre, inputGradient: inputGradient)
    }
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient gy: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, d = head.dimension, f = d + 1
    let w = head.weighted + n * f
    head.residualGradient[0] = fma(gy, w[d], head.residualGradient[0])
    let dwy = gy * broadcast(head.residual)
    let centre = w[d] * dwy
    for k in 0..<d { w[k] = .zero }
    w[d] = dwy
    scatter(head, target: n, weightedGradient: w, centre: centre, inputGradient: inputGradient)
  }

  /// Scores, activations and the weighted sum of one target.
  @inline(__always)
  private static func weigh(_ head: borrowing HeadBuffers, target t: Int) {
    let n = head.context, d = head.dimension, f = d + 1, z = head.input
    let u = head.projected + t * d, row = head.attention + t * n, w = head.weighted + t * f
    for i in 0..<d { u[i] = dot(z + t * f, head.keyQuery + i * d, d) }
    var maximum = broadcast(-.infinity)
    for s in 0..<n {
      let score = dot(z + s * f, UnsafePointer(u), d)
      if Head.normalises {
        row[s] = score
        maximum.replace(with: score, where: score .> maximum)
      } else {
        row[s] = Head.value(score)
      }
    }
    var scale = broadcast(1)
    if Head.normalises {
      var sum = Lanes.zero
      for s in 0..<n {
        let e = Head.value(row[s] - maximum)
        row[s] = e
        sum += e
      }
      scale = broadcast(1) / sum
      head.inverseSum[t] = scale
    }
    var k = 0
    while k < f {
      let width = min(tile, f - k)
      var sums = InlineArray<8, Lanes>(repeating: .zero)
      if width == tile {
        for s in 0..<n { for j in 0..<8 { sums[j] = fma(z[s * f + k + j], row[s], sums[j]) } }
      } else {
        for s in 0..<n { for j in 0..<width { sums[j] = fma(z[s * f + k + j], row[s], sums[j]) } }
      }
      for j in 0..<width { w[k + j] = Head.normalises ? sums[j] * scale : sums[j] }
      k += width
    }
  }

  /// From the gradient of one target's weighted sum to those of scores, sources, u and M. Overwrites the target's row of
  /// attention with dL/dS.
  @inline(__always)
  private static func scatter(
    _ head: borrowing HeadBuffers, target t: Int, weightedGradient dw: UnsafeMutablePointer<Lanes>, centre: Lanes,
    inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, d = head.dimension, f = d + 1, z = head.input
    let u = head.projected + t * d, row = head.attention + t * n
    let inverse = Head.normalises ? head.inverseSum[t] : broadcast(1)
    for s in 0..<n {
      let da = dot(z + s * f, UnsafePointer(dw), f)
      let a = Head.normalises ? row[s] * inverse : row[s]
      let ds = Head.scoreGradient(a, Head.normalises ? da - centre : da)
      if let gi = inputGradient {
        for k in 0..<d { gi[s * f + k] = fma(a, dw[k], fma(ds, u[k], gi[s * f + k])) }
        gi[s * f + d] = fma(a, dw[d], gi[s * f + d])
      }
      row[s] = ds
    }
    let du = head.projectedGradient + t * d
    var k = 0
    while k < d {
      let width = min(tile, d - k)
      var sums = InlineArray<8, Lanes>(repeating: .zero)
      if width == tile {
        for s in 0..<n { for j in 0..<8 { sums[j] = fma(z[s * f + k + j], row[s], sums[j]) } }
      } else {
        for s in 0..<n { for j in 0..<width { sums[j] = fma(z[s * f + k + j], row[s], sums[j]) } }
      }
      for j in 0..<width { du[k + j] = sums[j] }
      k += width
    }
    addOuterProduct(UnsafePointer(du), z + t * f, d, head.keyQueryGradient)
    if let gi = inputGradient {
      for k in 0..<d { gi[t * f + k] += dotColumn(UnsafePointer(du), head.keyQuery + k, d) }
    }
  }

  /// Σ_k x_k m_k, four sums in a fixed order.
  @inline(__always)
  private static func dot(_ x: UnsafePointer<Lanes>, _ m: UnsafePointer<Float>, _ count: Int) -> Lanes {
    var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
    var k = 0
    while k + 4 <= count {
      s0 = fma(x[k], m[k], s0)
      s1 = fma(x[k + 1], m[k + 1], s1)
      s2 = fma(x[k + 2], m[k + 2], s2)
      s3 = fma(x[k + 3], m[k + 3], s3)
      k += 4
    }
    while k < count {
      s0 = fma(x[k], m[k], s0)
      k += 1
    }
    return (s0 + s1) + (s2 + s3)
  }

  @inline(__always)
  private static func dot(_ x: UnsafePointer<Lanes>, _ u: UnsafePointer<Lanes>, _ count: Int) -> Lanes {
    var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
    var k = 0
    while k + 4 <= count {
      s0 = fma(x[k], u[k], s0)
      s1 = fma(x[k + 1], u[k + 1], s1)
      s2 = fma(x[k + 2], u[k + 2], s2)
      s3 = fma(x[k + 3], u[k + 3], s3)
      k += 4
    }
    while k < count {
      s0 = fma(x[k], u[k], s0)
      k += 1
    }
    return (s0 + s1) + (s2 + s3)
  }

  /// Σ_i x_i m_i where `m` walks down a column of a [d][d] matrix.
  @inline(__always)
  private static func dotColumn(_ x: UnsafePointer<Lanes>, _ m: UnsafePointer<Float>, _ d: Int) -> Lanes {
    var s0 = Lanes.zero, s1 = Lanes.zero
    var i = 0
    while i + 2 <= d {
      s0 = fma(x[i], m[i * d], s0)
      s1 = fma(x[i + 1], m[(i + 1) * d], s1)
      i += 2
    }
    if i < d { s0 = fma(x[i], m[i * d], s0) }
    return s0 + s1
  }

  /// c_ik += a_i b_k
  @inline(__always)
  private static func addOuterProduct(
    _ a: UnsafePointer<Lanes>, _ b: UnsafePointer<Lanes>, _ d: Int, _ c: UnsafeMutablePointer<Lanes>
  ) {
    for i in 0..<d {
      let left = a[i]
      for k in 0..<d { c[i * d + k] = fma(left, b[k], c[i * d + k]) }
    }
  }
}
