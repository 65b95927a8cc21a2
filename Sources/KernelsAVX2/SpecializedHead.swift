// The head kernel for a dimension known at compile time: u, the weighted sums and their gradients live in registers.
// Notation and shapes: HeadBuffers. Source of the formulas: docs/science.md §1, differentiated by hand.

enum SpecializedHead<Head: HeadActivation, let d: Int>: HeadKernel {
  static var features: Int { d + 1 }

  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    let n = head.context, z = head.input, f = features
    let attention = head.attention, weighted = head.weighted, projected = head.projected
    let P = head.value, residual = broadcast(head.residual)
    for t in 0...n {
      let u = project(head.keyQuery, z + t * f)
      for i in 0..<d { projected[t * d + i] = u[i] }
      var wx = InlineArray<d, Lanes>(repeating: .zero)
      var wy = Lanes.zero
      let row = attention + t * n
      if Head.normalises {
        let maximum = scores(u, z, n, row)
        var sum = Lanes.zero
        for s in 0..<n {
          let e = Head.value(row[s] - maximum)
          row[s] = e
          sum += e
          for k in 0..<d { wx[k] = fma(z[s * f + k], e, wx[k]) }
          wy = fma(z[s * f + d], e, wy)
        }
        let inverse = broadcast(1) / sum
        head.inverseSum[t] = inverse
        for k in 0..<d { wx[k] *= inverse }
        wy *= inverse
      } else {
        for s in 0..<n {
          let a = Head.value(score(u, z + s * f))
          row[s] = a
          for k in 0..<d { wx[k] = fma(z[s * f + k], a, wx[k]) }
          wy = fma(z[s * f + d], a, wy)
        }
      }
      for k in 0..<d { weighted[t * f + k] = wx[k] }
      weighted[t * f + d] = wy
      for i in 0..<d {
        var sum = base[t * f + i]
        for k in 0..<d { sum = fma(wx[k], P[i * d + k], sum) }
        output[t * f + i] = sum
      }
      output[t * f + d] = fma(wy, residual, base[t * f + d])
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let n = head.context, z = head.input, f = features
    let row = head.attention + n * n
    let u = project(head.keyQuery, z + n * f)
    for i in 0..<d { head.projected[n * d + i] = u[i] }
    var wy = Lanes.zero
    if Head.normalises {
      let maximum = scores(u, z, n, row)
      var sum = Lanes.zero
      for s in 0..<n {
        let e = Head.value(row[s] - maximum)
        row[s] = e
        sum += e
        wy = fma(z[s * f + d], e, wy)
      }
      let inverse = broadcast(1) / sum
      head.inverseSum[n] = inverse
      wy *= inverse
    } else {
      for s in 0..<n {
        let a = Head.value(score(u, z + s * f))
        row[s] = a
        wy = fma(z[s * f + d], a, wy)
      }
    }
    head.weighted[n * f + d] = wy
    return wy * broadcast(head.residual)
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, z = head.input, f = features
    let P = head.value, residual = broadcast(head.residual), weighted = head.weighted
    var residualGradient = head.residualGradient[0]
    for t in 0...n {
      var dwx = InlineArray<d, Lanes>(repeating: .zero)
      for i in 0..<d {
        let gi = g[t * f + i]
        for k in 0..<d { dwx[k] = fma(gi, P[i * d + k], dwx[k]) }
      }
      let gy = g[t * f + d]
      let dwy = gy * residual
      residualGradient = fma(gy, weighted[t * f + d], residualGradient)
      let row = head.attention + t * n
      var inverse = broadcast(1)
      var centre = Lanes.zero
      if Head.normalises {
        // Σ_s a_s dL/da_s is linear in the weighted sum, so that no second pass over the sources is needed.
        inverse = head.inverseSum[t]
        centre = weighted[t * f + d] * dwy
        for k in 0..<d { centre = fma(weighted[t * f + k], dwx[k], centre) }
      }
      var du = InlineArray<d, Lanes>(repeating: .zero)
      if let gi = inputGradient {
        var u = InlineArray<d, Lanes>(repeating: .zero)
        for k in 0..<d { u[k] = head.projected[t * d + k] }
        for s in 0..<n {
          var da = z[s * f + d] * dwy
          for k in 0..<d { da = fma(z[s * f + k], dwx[k], da) }
          let a = Head.normalises ? row[s] * inverse : row[s]
          let ds = Head.scoreGradient(a, Head.normalises ? da - centre : da)
          for k in 0..<d { du[k] = fma(ds, z[s * f + k], du[k]) }
          for k in 0..<d { gi[s * f + k] = fma(a, dwx[k], fma(ds, u[k], gi[s * f + k])) }
          gi[s * f + d] = fma(a, dwy, gi[s * f + d])
        }
        addTransposed(head.keyQuery, du, gi + t * f)
      } else {
        for s in 0..<n {
          var da = z[s * f + d] * dwy
          for k in 0..<d { da = fma(z[s * f + k], dwx[k], da) }
          let a = Head.normalises ? row[s] * inverse : row[s]
          let ds = Head.scoreGradient(a, Head.normalises ? da - centre : da)
          for k in 0..<d { du[k] = fma(ds, z[s * f + k], du[k]) }
        }
      }
      for k in 0..<d { head.projectedGradient[t * d + k] = du[k] }
    }
    head.residualGradient[0] = residualGradient
    addOuterProducts(head.projectedGradient, d, z, f, head.keyQueryGradient, count: n + 1)
    addOuterProducts(g, f, weighted, f, head.valueGradient, count: n + 1)
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient gy: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let n = head.context, z = head.input, f = features
    let row = head.attention + n * n
    let dwy = gy * broadcast(head.residual)
    head.residualGradient[0] = fma(gy, head.weighted[n * f + d], head.residualGradient[0])
    let inverse = Head.normalises ? head.inverseSum[n] : broadcast(1)
    let centre = Head.normalises ? head.weighted[n * f + d] * dwy : Lanes.zero
    var du = InlineArray<d, Lanes>(repeating: .zero)
    var u = InlineArray<d, Lanes>(repeating: .zero)
    for k in 0..<d { u[k] = head.projected[n * d + k] }
    for s in 0..<n {
      let da = z[s * f + d] * dwy
      let a = Head.normalises ? row[s] * inverse : row[s]
      let ds = Head.scoreGradient(a, Head.normalises ? da - centre : da)
      for k in 0..<d { du[k] = fma(ds, z[s * f + k], du[k]) }
      if let gi = inputGradient {
        for k in 0..<d { gi[s * f + k] = fma(ds, u[k], gi[s * f + k]) }
        gi[s * f + d] = fma(a, dwy, gi[s * f + d])
      }
    }
    if let gi = inputGradient { addTransposed(head.keyQuery, du, gi + n * f) }
    for k in 0..<d { head.projectedGradient[n * d + k] = du[k] }
    addOuterProducts(head.projectedGradient + n * d, d, z + n * f, f, head.keyQueryGradient, count: 1)
  }

  /// u = M x
  @inline(__always)
  private static func project(_ M: UnsafePointer<Float>, _ x: UnsafePointer<Lanes>) -> InlineArray<d, Lanes> {
    var u = InlineArray<d, Lanes>(repeating: .zero)
    for i in 0..<d {
      var sum = x[0] * broadcast(M[i * d])
      for k in 1..<d { sum = fma(x[k], M[i * d + k], sum) }
      u[i] = sum
    }
    return u
  }

  /// <x_s, u>
  @inline(__always)
  private static func score(_ u: InlineArray<d, Lanes>, _ x: UnsafePointer<Lanes>) -> Lanes {
    var sum = x[0] * u[0]
    for k in 1..<d { sum = fma(x[k], u[k], sum) }
    return sum
  }

  /// Writes the scores of all sources to `row` and returns their maximum.
  @inline(__always)
  private static func scores(
    _ u: InlineArray<d, Lanes>, _ z: UnsafePointer<Lanes>, _ n: Int, _ row: UnsafeMutablePointer<Lanes>
  ) -> Lanes {
    var maximum = broadcast(-.infinity)
    for s in 0..<n {
      let value = score(u, z + s * features)
      row[s] = value
      maximum.replace(with: value, where: value .> maximum)
    }
    return maximum
  }

  /// g += Mᵀ du
  @inline(__always)
  private static func addTransposed(
    _ M: UnsafePointer<Float>, _ du: InlineArray<d, Lanes>, _ g: UnsafeMutablePointer<Lanes>
  ) {
    for k in 0..<d {
      var sum = g[k]
      for i in 0..<d { sum = fma(du[i], M[i * d + k], sum) }
      g[k] = sum
    }
  }

  /// c_ik += Σ_t a_ti b_tk, after the loop over targets so that c stays in registers.
  @inline(__always)
  private static func addOuterProducts(
    _ a: UnsafePointer<Lanes>, _ strideA: Int, _ b: UnsafePointer<Lanes>, _ strideB: Int,
    _ c: UnsafeMutablePointer<Lanes>, count: Int
  ) {
    var sums = InlineArray<d, InlineArray<d, Lanes>>(repeating: InlineArray<d, Lanes>(repeating: .zero))
    for i in 0..<d { for k in 0..<d { sums[i][k] = c[i * d + k] } }
    for t in 0..<count {
      for k in 0..<d {
        let right = b[t * strideB + k]
        for i in 0..<d { sums[i][k] = fma(a[t * strideA + i], right, sums[i][k]) }
      }
    }
    for i in 0..<d { for k in 0..<d { c[i * d + k] = sums[i][k] } }
  }
}
