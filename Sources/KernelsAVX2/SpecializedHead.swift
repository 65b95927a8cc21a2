// The head kernel for a dimension known at compile time: u, the weighted sums and their gradients live in registers.
// Notation and shapes: HeadBuffers. Source of the formulas: docs/science.md §1, differentiated by hand.
//
// Two targets at a time share the loads of sources, and each step (scores, activations, weighted sums; gradients of
// scores, of u, of sources) has its own loop over the sources: chains of dependent operations stay short, so that the
// processor finds enough independent ones. Every number is one sum in index order, so blocking changes no bit.

/// Targets at work.
typealias SpecializedTile = InlineArray<2, Strip>

enum SpecializedHead<Head: HeadActivation, let d: Int>: HeadKernel {
  typealias Vector = InlineArray<d, Strip>
  typealias Pair = SpecializedTile
  typealias Single = InlineArray<1, Strip>

  @inline(__always) static var features: Int { d + 1 }

  @inline(__always) private static func normalises(_ head: HeadStrips) -> Bool {
    Head.isProgram ? head.program?.pointee.normalises == true : Head.normalises
  }

  @inline(__always) private static func inverse(_ sum: Strip) -> Strip {
    Head.isProgram ? inverseOfSum(sum) : strip(1) / sum
  }

  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    if Head.isProgram { head.program?.pointee.distances?.prepare(head) }
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let base = Strips(base, strip: part), output = Strips(output, strip: part)
      var t = 0
      while t < strips.n {
        forwardTile(strips, t, base, output, Pair.self)
        t += 2
      }
      if t == strips.n { forwardTile(strips, t, base, output, Single.self) }
    }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    if Head.isProgram { head.program?.pointee.distances?.prepare(head, targets: head.context) }
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let n = strips.n, row = strips.attention, y = strips.z + d
      project(strips, n, Single.self)
      activate(strips, n, at: 0, keepsSlope(strips), Single.self)
      let normalises = normalises(strips)
      var wy = Strip.zero, sum = Strip.zero
      for s in 0..<n {
        let a = row[s]
        wy = fma(y[s * features], a, wy)
        if normalises { sum += a }
      }
      if normalises {
        let inverse = inverse(sum)
        strips.inverseSum[n] = inverse
        wy *= inverse
      }
      strips.weighted[n * features + d] = wy
    }
    return head.weighted[head.context * features + d] * broadcast(head.residual)
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let tokens = head.context + 1, f = features
    if Head.isProgram { head.program?.pointee.distances?.clearGradients(head) }
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let g = Strips(g, strip: part)
      var gi: Strips?
      if let inputGradient { gi = Strips(inputGradient, strip: part) }
      var t = 0
      while t < strips.n {
        backwardTile(strips, t, g, gi, Pair.self)
        t += 2
      }
      if t == strips.n { backwardTile(strips, t, g, gi, Single.self) }
      if let gi { for t in 0..<tokens { addTransposed(strips, t, gi) } }
      var residual = strips.residualGradient[0]
      for t in 0..<tokens { residual = fma(g[t * f + d], strips.weighted[t * f + d], residual) }
      strips.residualGradient[0] = residual
      addOuterProducts(strips.projectedGradient, d, strips.z, f, strips.keyQueryGradient, count: tokens)
      addOuterProducts(g, f, strips.weighted, f, strips.valueGradient, count: tokens)
    }
    if Head.isProgram { head.program?.pointee.distances?.finish(head, inputGradient) }
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    // The tile's first vector hands the gradient over strip by strip.
    head.tile[0] = queryGradient
    if Head.isProgram { head.program?.pointee.distances?.clearGradients(head) }
    for part in 0..<stripCount {
      let strips = HeadStrips(head, strip: part)
      let n = strips.n, f = features, z = strips.z, row = strips.attention
      let gy = strips.tile[0]
      let residual = strip(head.residual)
      let wy = strips.weighted[n * f + d]
      strips.residualGradient[0] = fma(gy, wy, strips.residualGradient[0])
      let u = load(strips.projected + n * d)
      var dwy = gy * residual
      let normalises = normalises(strips), slope = slope(strips, at: 0), distances = distances(strips)
      if normalises { dwy *= strips.inverseSum[n] }
      let centre = wy * dwy
      var du = Vector(repeating: .zero)
      for s in 0..<n {
        let da = z[s * f + d] * dwy
        let a = row[s]
        let ds = Head.scoreGradient(Head.isProgram ? slope[s] : a, normalises ? da - centre : da)
        if let distances { add(ds, to: distances, part, s, n) }
        for k in 0..<d { du[k] = fma(ds, z[s * f + k], du[k]) }
        if let inputGradient {
          let gi = Strips(inputGradient, strip: part)
          for k in 0..<d { gi[s * f + k] = fma(ds, u[k], gi[s * f + k]) }
          gi[s * f + d] = fma(a, dwy, gi[s * f + d])
        }
      }
      for k in 0..<d { strips.projectedGradient[n * d + k] = du[k] }
      if let inputGradient { addTransposed(strips, n, Strips(inputGradient, strip: part)) }
      addOuterProducts(strips.projectedGradient + n * d, d, z + n * f, f, strips.keyQueryGradient, count: 1)
    }
    if Head.isProgram { head.program?.pointee.distances?.finish(head, targets: head.context, inputGradient) }
  }

  /// Where derivatives of a compiled formula lie, from vector `first` on; nothing that is read for another.
  @inline(__always) private static func slope(_ head: HeadStrips, at first: Int) -> Strips {
    guard Head.isProgram, let program = head.program?.pointee else { return head.attention }
    return Strips(program.slope, strip: head.part) + first
  }

  @inline(__always) private static func keepsSlope(_ head: HeadStrips) -> Bool {
    Head.isProgram && head.program?.pointee.keepsSlope == true
  }

  @inline(__always) private static func distances(_ head: HeadStrips) -> DistanceBuffers? {
    Head.isProgram ? head.program?.pointee.distances : nil
  }

  /// dL/dS_st to the parts of a distance that belong to one token.
  @inline(__always)
  private static func add(_ ds: Strip, to distances: DistanceBuffers, _ part: Int, _ s: Int, _ t: Int) {
    let key = Strips(distances.keyGradient, strip: part), query = Strips(distances.queryGradient, strip: part)
    key[s] += ds
    query[t] += ds
  }

  @inline(__always)
  private static func forwardTile<let T: Int>(
    _ head: HeadStrips, _ t: Int, _ base: Strips, _ output: Strips, _ tile: InlineArray<T, Strip>.Type
  ) {
    let n = head.n, z = head.z, f = features, rows = head.row(t), normalises = normalises(head)
    project(head, t, tile)
    activate(head, t, at: head.rowOffset(t), keepsSlope(head), tile)
    var wx = InlineArray<T, Vector>(repeating: Vector(repeating: .zero))
    var wy = InlineArray<T, Strip>(repeating: .zero), sum = wy
    for s in 0..<n {
      let x = load(z + s * f), y = z[s * f + d]
      for i in 0..<T {
        let a = rows[i * n + s]
        for k in 0..<d { wx[i][k] = fma(x[k], a, wx[i][k]) }
        wy[i] = fma(y, a, wy[i])
        if normalises { sum[i] += a }
      }
    }
    let w = head.weighted + t * f
    for i in 0..<T {
      if normalises {
        let inverse = inverse(sum[i])
        head.inverseSum[t + i] = inverse
        for k in 0..<d { wx[i][k] *= inverse }
        wy[i] *= inverse
      }
      for k in 0..<d { w[i * f + k] = wx[i][k] }
      w[i * f + d] = wy[i]
    }
    let P = head.value, into = output + t * f, from = base + t * f
    for j in 0..<d {
      for i in 0..<T {
        var sum = from[i * f + j]
        for k in 0..<d { sum = fma(wx[i][k], P[j * d + k], sum) }
        into[i * f + j] = sum
      }
    }
    for i in 0..<T { into[i * f + d] = fma(wy[i], head.residual, from[i * f + d]) }
  }

  @inline(__always)
  private static func backwardTile<let T: Int>(
    _ head: HeadStrips, _ t: Int, _ g: Strips, _ gi: Strips?, _ tile: InlineArray<T, Strip>.Type
  ) {
    let n = head.n, z = head.z, f = features, rows = head.row(t), normalises = normalises(head)
    let dw = head.weightedGradient + t * f, ds = head.tile
    var centre = InlineArray<T, Strip>(repeating: .zero)
    weighGradients(head, t, g, dw, tile)
    if normalises {
      // With these divided by the sum instead of every a_st, da below is divided too, and so is its centre:
      // Σ_s a_s dL/da_s, which is linear in the weighted sum and needs no second pass over the sources.
      for i in 0..<T {
        let inverse = head.inverseSum[t + i], w = head.weighted + (t + i) * f
        for k in 0..<f {
          let divided = dw[i * f + k] * inverse
          dw[i * f + k] = divided
          centre[i] = fma(w[k], divided, centre[i])
        }
      }
    }
    if !head.keepsAttention { activate(head, t, at: head.rowOffset(t), true, tile) }
    let slopes = slope(head, at: head.rowOffset(t))
    let dwx = load(dw, f, tile)
    var dwy = InlineArray<T, Strip>(repeating: .zero)
    for i in 0..<T { dwy[i] = dw[i * f + d] }
    for s in 0..<n {
      let x = load(z + s * f), y = z[s * f + d]
      for i in 0..<T {
        var da = y * dwy[i]
        for k in 0..<d { da = fma(x[k], dwx[i][k], da) }
        let own = i * n + s
        ds[own] = Head.scoreGradient(Head.isProgram ? slopes[own] : rows[own], normalises ? da - centre[i] : da)
      }
    }
    if let distances = distances(head) {
      for s in 0..<n { for i in 0..<T { add(ds[i * n + s], to: distances, head.part, s, t + i) } }
    }
    var du = InlineArray<T, Vector>(repeating: Vector(repeating: .zero))
    for s in 0..<n {
      let x = load(z + s * f)
      for i in 0..<T {
        let score = ds[i * n + s]
        for k in 0..<d { du[i][k] = fma(score, x[k], du[i][k]) }
      }
    }
    for i in 0..<T { for k in 0..<d { head.projectedGradient[(t + i) * d + k] = du[i][k] } }
    guard let gi else { return }
    addToSources(head, t, dwx, dwy, rows, ds, gi, tile)
  }

  /// Pᵀ g and ρ g_y of T targets.
  @inline(__always)
  private static func weighGradients<let T: Int>(
    _ head: HeadStrips, _ t: Int, _ g: Strips, _ dw: Strips, _ tile: InlineArray<T, Strip>.Type
  ) {
    let f = features, P = head.value, gx = load(g + t * f, f, tile)
    for k in 0..<d {
      for i in 0..<T {
        var sum = gx[i][0] * strip(P[k])
        for j in 1..<d { sum = fma(gx[i][j], P[j * d + k], sum) }
        dw[i * f + k] = sum
      }
    }
    for i in 0..<T { dw[i * f + d] = g[(t + i) * f + d] * strip(head.residual) }
  }

  /// gi_s += Σ_t a_st dw_t, and dS_st u_t for its x.
  @inline(__always)
  private static func addToSources<let T: Int>(
    _ head: HeadStrips, _ t: Int, _ dwx: InlineArray<T, Vector>, _ dwy: InlineArray<T, Strip>, _ rows: Strips,
    _ ds: Strips, _ gi: Strips, _ tile: InlineArray<T, Strip>.Type
  ) {
    let n = head.n, f = features, u = load(head.projected + t * d, d, tile)
    var a = InlineArray<T, Strip>(repeating: .zero), score = a
    for s in 0..<n {
      let gs = gi + s * f
      for i in 0..<T {
        a[i] = rows[i * n + s]
        score[i] = ds[i * n + s]
      }
      for k in 0..<d {
        var sum = gs[k]
        for i in 0..<T { sum = fma(a[i], dwx[i][k], fma(score[i], u[i][k], sum)) }
        gs[k] = sum
      }
      var sum = gs[d]
      for i in 0..<T { sum = fma(a[i], dwy[i], sum) }
      gs[d] = sum
    }
  }

  /// u = M x of T targets. Kept in memory, from where later steps load it: a loop that is not unrolled would keep an
  /// array of sums there anyway.
  @inline(__always)
  private static func project<let T: Int>(_ head: HeadStrips, _ t: Int, _ tile: InlineArray<T, Strip>.Type) {
    let M = head.keyQuery, u = head.projected + t * d, x = load(head.z + t * features, features, tile)
    for j in 0..<d {
      for i in 0..<T {
        var sum = x[i][0] * strip(M[j * d])
        for k in 1..<d { sum = fma(x[i][k], M[j * d + k], sum) }
        u[i * d + j] = sum
      }
    }
  }

  /// h of the scores of T targets and all sources, to the rows from vector `first` on; of a normalised activation before
  /// division.
  @inline(__always)
  private static func activate<let T: Int>(
    _ head: HeadStrips, _ t: Int, at first: Int, _ withSlope: Bool, _ tile: InlineArray<T, Strip>.Type
  ) {
    let n = head.n, z = head.z, rows = head.attention + first, u = load(head.projected + t * d, d, tile)
    var maximum = InlineArray<T, Strip>(repeating: strip(-.infinity))
    for s in 0..<n {
      let x = load(z + s * features)
      for i in 0..<T {
        var score = x[0] * u[i][0]
        for k in 1..<d { score = fma(x[k], u[i][k], score) }
        if Head.normalises { maximum[i] = maximum[i].replacing(with: score, where: score .> maximum[i]) }
        rows[i * n + s] = Head.isLong ? score : Head.value(score)
      }
    }
    if Head.isProgram {
      guard let program = head.program?.pointee else { return }
      if let distances = program.distances {
        let key = Strips(distances.key, strip: head.part), query = Strips(distances.query, strip: head.part)
        for i in 0..<T { for s in 0..<n { rows[i * n + s] = rows[i * n + s] - key[s] - query[t + i] } }
      }
      program.evaluate(head.attentionVectors, first: first, count: T * n, withSlope: withSlope, strip: head.part)
    } else if Head.normalises {
      for i in 0..<T { exponentiate(rows + i * n, n, maximum[i]) }
    } else if Head.isLong {
      exponentiate(rows, T * n, .zero)
    }
  }

  /// Replaces scores by h(score − maximum), or by h(score), four at a time.
  @inline(__always)
  private static func exponentiate(_ row: Strips, _ count: Int, _ maximum: Strip) {
    var s = 0
    while s + 4 <= count {
      exponentiate(row + s, maximum, InlineArray<4, Strip>.self)
      s += 4
    }
    if s + 2 <= count {
      exponentiate(row + s, maximum, Pair.self)
      s += 2
    }
    if s < count { exponentiate(row + s, maximum, Single.self) }
  }

  @inline(__always)
  private static func exponentiate<let T: Int>(_ row: Strips, _ maximum: Strip, _: InlineArray<T, Strip>.Type) {
    var a = InlineArray<T, Strip>(repeating: .zero)
    for i in 0..<T { a[i] = Head.normalises ? row[i] - maximum : row[i] }
    for i in 0..<T { a[i] = Head.value(a[i]) }
    for i in 0..<T { row[i] = a[i] }
  }
}
