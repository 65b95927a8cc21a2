// The head kernel for any dimension: products blocked for registers, sources by chunks that stay in the first cache
// while all targets pass by. Every number is one sum in index order, so that blocking changes no bit.
// Notation and shapes: HeadBuffers. Formulas: docs/science.md §1, differentiated by hand.

enum GeneralHead<Head: HeadActivation>: HeadKernel {
  @inline(__always) private static func normalises(_ head: borrowing HeadBuffers) -> Bool {
    Head.isProgram ? head.program?.pointee.normalises == true : Head.normalises
  }

  @inline(never)
  static func forward(_ head: borrowing HeadBuffers, base: UnsafePointer<Lanes>, output: UnsafeMutablePointer<Lanes>) {
    let tokens = head.context + 1
    if Head.isProgram { head.program?.pointee.distances?.prepare(head) }
    var t = 0
    while t + HeadTile.count <= tokens {
      forwardTile(head, t, base, output, HeadTile.self)
      t += HeadTile.count
    }
    if HeadTile.count > 2, t + 2 <= tokens {
      forwardTile(head, t, base, output, PairTile.self)
      t += 2
    }
    if t < tokens { forwardTile(head, t, base, output, SingleTile.self) }
  }

  @inline(never)
  static func forwardQuery(_ head: borrowing HeadBuffers) -> Lanes {
    let d = head.dimension, n = head.context
    if Head.isProgram { head.program?.pointee.distances?.prepare(head, targets: n) }
    weigh(head, n, at: 0, SingleTile.self)
    return head.weighted[n * (d + 1) + d] * broadcast(head.residual)
  }

  @inline(never)
  static func backward(
    _ head: borrowing HeadBuffers, outputGradient g: UnsafePointer<Lanes>, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = head.dimension, n = head.context, f = d + 1, tokens = n + 1
    if Head.isProgram { head.program?.pointee.distances?.clearGradients(head) }
    var t = 0
    while t + HeadTile.count <= tokens {
      differentiateWeighted(head, t, g, HeadTile.self)
      t += HeadTile.count
    }
    while t < tokens {
      differentiateWeighted(head, t, g, SingleTile.self)
      t += 1
    }
    let perBlock = sourcesPerBlock(d, n)
    var first = 0
    while first < n {
      let end = min(first + perBlock, n)
      t = 0
      while t + HeadTile.count <= tokens {
        scatterBlock(head, t, first..<end, inputGradient, HeadTile.self)
        t += HeadTile.count
      }
      if HeadTile.count > 2, t + 2 <= tokens {
        scatterBlock(head, t, first..<end, inputGradient, PairTile.self)
        t += 2
      }
      if t < tokens { scatterBlock(head, t, first..<end, inputGradient, SingleTile.self) }
      first = end
    }
    var residual = head.residualGradient[0]
    for t in 0..<tokens { residual = fma(g[t * f + d], head.weighted[t * f + d], residual) }
    head.residualGradient[0] = residual
    t = 0
    while t < tokens {
      let count = min(32, tokens - t), du = head.projectedGradient + t * d
      if let gi = inputGradient { addToTargets(head, t, count, gi) }
      addOuterProducts(du, d, head.input + t * f, f, d, count, head.keyQueryGradient)
      addOuterProducts(g + t * f, f, head.weighted + t * f, f, d, count, head.valueGradient)
      t += count
    }
    if Head.isProgram { head.program?.pointee.distances?.finish(head, inputGradient) }
  }

  @inline(never)
  static func backwardQuery(
    _ head: borrowing HeadBuffers, queryGradient gy: Lanes, inputGradient: UnsafeMutablePointer<Lanes>?
  ) {
    let d = head.dimension, n = head.context, f = d + 1
    head.residualGradient[0] = fma(gy, head.weighted[n * f + d], head.residualGradient[0])
    let dw = head.weightedGradient + n * f
    for k in 0..<d { dw[k] = .zero }
    dw[d] = gy * broadcast(head.residual)
    if Head.isProgram { head.program?.pointee.distances?.clearGradients(head) }
    prepareScatter(head, n, SingleTile.self)
    scatterBlock(head, n, 0..<n, inputGradient, SingleTile.self, kept: 0)
    if let gi = inputGradient { addToTargets(head, n, 1, gi) }
    addOuterProducts(head.projectedGradient + n * d, d, head.input + n * f, f, d, 1, head.keyQueryGradient)
    if Head.isProgram { head.program?.pointee.distances?.finish(head, targets: n, inputGradient) }
  }

  @inline(__always)
  private static func forwardTile<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ base: UnsafePointer<Lanes>, _ output: UnsafeMutablePointer<Lanes>,
    _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1
    weigh(head, t, at: head.rowOffset(t), tile)
    let w = head.weighted + t * f
    multiply(
      head.value, row: d, column: 1, UnsafePointer(w), f, d, addingTo: base + t * f, f, output + t * f, f, tile)
    for i in 0..<T { output[(t + i) * f + d] = fma(w[i * f + d], head.residual, base[(t + i) * f + d]) }
  }

  /// u, activations and weighted sums of T targets; the activations go to the rows from vector `start` on, [n][T].
  @inline(__always)
  private static func weigh<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, at start: Int, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, n = head.context, f = d + 1, z = head.input, rows = head.attention + start
    let u = head.projected + t * d, w = head.weighted + t * f
    multiply(head.keyQuery, row: d, column: 1, z + t * f, f, d, addingTo: nil, 0, u, d, tile)
    for i in 0..<T * f { w[i] = .zero }
    var maximum = InlineArray<T, Lanes>(repeating: broadcast(-.infinity))
    if Head.normalises {
      pairwise(UnsafePointer(u), d, z, f, d, n, rows, tile)
      for s in 0..<n { for i in 0..<T { maximum[i] = larger(maximum[i], rows[s * T + i]) } }
    }
    var total = InlineArray<T, Lanes>(repeating: .zero)
    let atOnce = sourcesAtOnce(d, n), keeps = head.keepsAttention
    var first = 0
    while first < n {
      let count = min(atOnce, n - first), chunk = z + first * f
      // What is not kept always uses the same room, which stays in the first cache.
      let place = Head.normalises || keeps ? first * T : 0, a = rows + place
      if Head.normalises {
        for s in 0..<count {
          for i in 0..<T {
            let e = Head.value(a[s * T + i] - maximum[i])
            a[s * T + i] = e
            total[i] += e
          }
        }
      } else {
        pairwise(UnsafePointer(u), d, chunk, f, d, count, a, tile)
        if Head.isProgram {
          evaluate(head, t, first, count, start + place, withSlope: head.program?.pointee.keepsSlope == true, tile)
          if normalises(head) { for s in 0..<count { for i in 0..<T { total[i] += a[s * T + i] } } }
        } else {
          for i in 0..<count * T { a[i] = Head.value(a[i]) }
        }
      }
      combine(UnsafePointer(a), chunk, f, count, f, w, f, tile)
      first += count
    }
    guard normalises(head) else { return }
    for i in 0..<T {
      let inverse = Head.isProgram ? inverseOfSum(total[i]) : broadcast(1) / total[i]
      head.maximum[t + i] = maximum[i]
      head.inverseSum[t + i] = inverse
      for k in 0..<f { w[i * f + k] *= inverse }
    }
  }

  /// A compiled formula in place of the scores of T targets and `count` sources from `first` on, at vector `place`.
  @inline(__always)
  private static func evaluate<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ first: Int, _ count: Int, _ place: Int, withSlope: Bool,
    _: InlineArray<T, Lanes>.Type
  ) {
    guard let program = head.program?.pointee else { return }
    if let distances = program.distances {
      let a = head.attention + place, key = distances.key + first, query = distances.query + t
      for s in 0..<count { for i in 0..<T { a[s * T + i] = a[s * T + i] - key[s] - query[i] } }
    }
    program.evaluate(head.attention, first: place, count: count * T, withSlope: withSlope)
  }

  /// dL/dw of T targets.
  @inline(__always)
  private static func differentiateWeighted<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ g: UnsafePointer<Lanes>, _ tile: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1, dw = head.weightedGradient + t * f
    multiply(head.value, row: 1, column: d, g + t * f, f, d, addingTo: nil, 0, dw, f, tile)
    for i in 0..<T { dw[i * f + d] = g[(t + i) * f + d] * broadcast(head.residual) }
    prepareScatter(head, t, tile)
  }

  /// Clears du of T targets; Σ_s a_s dL/da_s is <w, dw>, so that no second pass over the sources is needed.
  @inline(__always)
  private static func prepareScatter<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _: InlineArray<T, Lanes>.Type
  ) {
    let d = head.dimension, f = d + 1
    for i in 0..<T * d { head.projectedGradient[t * d + i] = .zero }
    guard normalises(head) else { return }
    for i in t..<t + T {
      var centre = Lanes.zero
      for k in 0..<f { centre = fma(head.weighted[i * f + k], head.weightedGradient[i * f + k], centre) }
      head.centre[i] = centre
    }
  }

  /// `scatter` for a block of sources, by chunks.
  @inline(__always)
  private static func scatterBlock<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ block: Range<Int>, _ inputGradient: UnsafeMutablePointer<Lanes>?,
    _ tile: InlineArray<T, Lanes>.Type, kept: Int? = nil
  ) {
    let atOnce = sourcesAtOnce(head.dimension, head.context)
    var first = block.lowerBound
    while first < block.upperBound {
      let count = min(atOnce, block.upperBound - first)
      scatter(head, t, first, count, inputGradient, tile, kept: kept)
      first += count
    }
  }

  /// What T targets give to `count` sources from `first` on, and these to the targets' du.
  /// - kept: where the targets' activations are, if they are not at their place in `head.attention`.
  @inline(__always)
  private static func scatter<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ first: Int, _ count: Int,
    _ inputGradient: UnsafeMutablePointer<Lanes>?, _ tile: InlineArray<T, Lanes>.Type, kept: Int? = nil
  ) {
    let d = head.dimension, f = d + 1
    let z = head.input + first * f, u = UnsafePointer(head.projected + t * d)
    let dw = UnsafePointer(head.weightedGradient + t * f), ds = head.tile
    let maximum = head.maximum + t, inverse = head.inverseSum + t, centre = head.centre + t
    let isKept = kept == nil ? head.keepsAttention : true
    var place = isKept ? first * T : 0
    if let kept { place += kept } else { place += head.rowOffset(t) }
    let a = head.attention + place
    if !isKept {
      pairwise(u, d, z, f, d, count, a, tile)
      if Head.isProgram {
        evaluate(head, t, first, count, place, withSlope: true, tile)
      } else {
        for s in 0..<count {
          for i in 0..<T { a[s * T + i] = Head.value(Head.normalises ? a[s * T + i] - maximum[i] : a[s * T + i]) }
        }
      }
    }
    pairwise(dw, f, z, f, f, count, ds, tile)
    if Head.isProgram {
      differentiateProgram(head, t, first, count, place, tile)
    } else {
      for s in 0..<count {
        for i in 0..<T {
          let da = ds[s * T + i]
          if Head.normalises {
            let normalised = a[s * T + i] * inverse[i]
            a[s * T + i] = normalised
            ds[s * T + i] = Head.scoreGradient(normalised, da - centre[i])
          } else {
            ds[s * T + i] = Head.scoreGradient(a[s * T + i], da)
          }
        }
      }
    }
    combine(UnsafePointer(ds), z, f, count, d, head.projectedGradient + t * d, d, tile)
    guard let gi = inputGradient else { return }
    addToSources(UnsafePointer(a), dw, UnsafePointer(ds), u, d, gi + first * f, count, tile)
  }

  /// dL/dS from dL/da for a compiled formula; divides activations where it normalises.
  @inline(__always)
  private static func differentiateProgram<let T: Int>(
    _ head: borrowing HeadBuffers, _ t: Int, _ first: Int, _ count: Int, _ place: Int, _: InlineArray<T, Lanes>.Type
  ) {
    guard let program = head.program?.pointee else { return }
    let a = head.attention + place, slope = program.slope + place, ds = head.tile, normalises = program.normalises
    for s in 0..<count {
      for i in 0..<T {
        let own = s * T + i
        if normalises {
          let inverse = head.inverseSum[t + i]
          a[own] *= inverse
          ds[own] = slope[own] * inverse * (ds[own] - head.centre[t + i])
        } else {
          ds[own] = slope[own] * ds[own]
        }
        guard let distances = program.distances else { continue }
        distances.keyGradient[first + s] += ds[own]
        distances.queryGradient[t + i] += ds[own]
      }
    }
  }

  /// gi_t += Mᵀ du_t, after all sources have theirs: the order of additions must not depend on the size of a tile.
  @inline(__always)
  private static func addToTargets(
    _ head: borrowing HeadBuffers, _ first: Int, _ count: Int, _ gi: UnsafeMutablePointer<Lanes>
  ) {
    let d = head.dimension, f = d + 1, du = UnsafePointer(head.projectedGradient)
    var t = first
    while t + HeadTile.count <= first + count {
      let own = gi + t * f
      multiply(head.keyQuery, row: 1, column: d, du + t * d, d, d, addingTo: own, f, own, f, HeadTile.self)
      t += HeadTile.count
    }
    while t < first + count {
      let own = gi + t * f
      multiply(head.keyQuery, row: 1, column: d, du + t * d, d, d, addingTo: own, f, own, f, SingleTile.self)
      t += 1
    }
  }
}

/// b where it is larger, else a. By strips: comparisons of vectors of two registers would be taken apart lane by lane.
#if WIDE_REGISTERS
  @inline(__always) private func larger(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }
#else
  @inline(__always) private func larger(_ a: Lanes, _ b: Lanes) -> Lanes {
    byStrips(a, b) { a, b in a.replacing(with: b, where: b .> a) }
  }
#endif
