// One strip of a head's buffers (`HeadBuffers`), for the kernels that work strip by strip.

struct HeadStrips {
  /// Which one.
  let part: Int
  let n: Int
  let keepsAttention: Bool
  let z: Strips
  let attention: Strips
  let inverseSum: Strips
  let weighted: Strips
  let projected: Strips
  let projectedGradient: Strips
  let weightedGradient: Strips
  let tile: Strips
  let keyQuery: UnsafePointer<Float>
  let value: UnsafePointer<Float>
  let residual: Float
  let keyQueryGradient: Strips
  let valueGradient: Strips
  let residualGradient: Strips
  /// Where the strips of `attention` are parts of, and the rest of a head with a compiled formula.
  let attentionVectors: UnsafeMutablePointer<Lanes>
  let program: UnsafePointer<ProgramBuffers>?

  @inline(__always) init(_ head: borrowing HeadBuffers, strip: Int) {
    part = strip
    n = head.context
    keepsAttention = head.keepsAttention
    z = Strips(head.input, strip: strip)
    attention = Strips(head.attention, strip: strip)
    inverseSum = Strips(head.inverseSum, strip: strip)
    weighted = Strips(head.weighted, strip: strip)
    projected = Strips(head.projected, strip: strip)
    projectedGradient = Strips(head.projectedGradient, strip: strip)
    weightedGradient = Strips(head.weightedGradient, strip: strip)
    tile = Strips(head.tile, strip: strip)
    (keyQuery, value, residual) = (head.keyQuery, head.value, head.residual)
    keyQueryGradient = Strips(head.keyQueryGradient, strip: strip)
    valueGradient = Strips(head.valueGradient, strip: strip)
    residualGradient = Strips(head.residualGradient, strip: strip)
    (attentionVectors, program) = (head.attention, head.program)
  }

  /// a_st of target `t` and, where targets are worked on together, of those after it, [n] each.
  @inline(__always) func row(_ t: Int) -> Strips { attention + rowOffset(t) }
  @inline(__always) func rowOffset(_ t: Int) -> Int { keepsAttention ? t * n : 0 }
}
