// Where one thread keeps the states of one block of prompts between forward and backward pass.
// Laid out once per call from a flat buffer; sizes in vectors of 16 floats.
import KernelTypes

struct NetworkScratch {
  let tokens: Int, features: Int, dimension: Int, context: Int, layers: Int, heads: Int
  let keepsAttention: Bool
  private let hasPrograms: Bool, hasDistances: Bool, programVectors: Int
  let gradientPerHead: Int
  /// Whether a backward pass follows, so that derivatives of compiled formulas are wanted.
  var isTraining = true
  /// Sums of parameter gradients per lane that a block is added to, [L][H][gradientPerHead].
  var sums: UnsafeMutablePointer<Lanes>
  private let start: UnsafeMutablePointer<Lanes>

  init(_ pass: borrowing NetworkPass, _ buffer: UnsafeMutablePointer<Float>) {
    (tokens, features, dimension) = (pass.tokens, pass.features, pass.dimension)
    (context, layers, heads) = (pass.context, pass.layers, pass.heads)
    keepsAttention = pass.keepsAttention
    (hasPrograms, hasDistances, programVectors) = (pass.programs != nil, pass.hasDistances, pass.programVectors)
    gradientPerHead = pass.gradientPerHead
    start = UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: Lanes.self)
    sums = start
    sums = rowOfSums(0)
  }

  var state: Int { tokens * features }
  /// Maxima, inverse sums, weighted sums and projections of one head.
  private var perHead: Int { 2 * tokens + state + tokens * dimension }
  /// a_st of one head of the last layer, whose only target is the query, is [n]; of one before it:
  private var attention: Int { keepsAttention ? tokens * context : 0 }
  /// Room for the targets at work where activations are not kept.
  private var sharedAttention: Int { keepsAttention ? 0 : HeadTile.count * context }

  // One part after the other.
  private var saved: Int { (layers - 1) * state }
  private var savedAttention: Int { saved + layers * heads * perHead }
  private var room: Int { savedAttention + (layers - 1) * heads * attention + heads * context }
  private var stateGradients: Int { room + sharedAttention }
  private var projectedGradient: Int { stateGradients + 2 * state }
  private var weightedGradient: Int { projectedGradient + tokens * dimension }
  private var centre: Int { weightedGradient + state }
  private var tile: Int { centre + tokens }
  private var rowsOfSums: Int {
    tile
      + max(
        HeadTile.count * sourcesAtOnce(dimension, context), SpecializedTile.count * context,
        context >= dimension ? features * (2 * dimension + 1) : 0)
  }

  // What compiled formulas need stands behind, so that the others compute their places as if it were not there.
  /// Derivatives lie as the activations do.
  private var slopes: Int { rowsOfSums + 3 * rowLength }
  private var programScratch: Int { slopes + (hasPrograms ? stateGradients - savedAttention : 0) }
  /// Room for one `ProgramBuffers`, written anew for every head that has one.
  private var programSlot: Int { programScratch + programVectors }
  private var distanceGradients: Int { programSlot + (hasPrograms ? 4 : 0) }
  /// What belongs to one token of each head, [L][H][2][n+1].
  private var distances: Int { distanceGradients + (hasDistances ? 2 * tokens : 0) }
  var total: Int { distances + (hasDistances ? layers * heads * 2 * tokens : 0) }

  /// The output of layer `layer`, [n+1][d+1]; the last layer has none.
  func output(of layer: Int) -> UnsafeMutablePointer<Lanes> { start + layer * state }
  /// One of the two buffers that gradients of states alternate between.
  func stateGradient(_ which: Int) -> UnsafeMutablePointer<Lanes> { start + stateGradients + (which & 1) * state }
  /// Sums over a block, per lane: gradients as in `sums`, then of squared errors. Three rows are at hand.
  func rowOfSums(_ row: Int) -> UnsafeMutablePointer<Lanes> { start + rowsOfSums + row * rowLength }
  private var rowLength: Int { layers * heads * gradientPerHead + 1 }

  func head(
    _ pass: borrowing NetworkPass, layer: Int, head: Int, input: UnsafePointer<Lanes>
  ) -> HeadBuffers {
    let index = layer * heads + head
    let own = start + saved + index * perHead
    let square = dimension * dimension
    let gradient = sums + index * gradientPerHead
    let isLast = layer == layers - 1
    let rows =
      isLast
      ? savedAttention + (layers - 1) * heads * attention + head * context
      : keepsAttention ? savedAttention + index * attention : room
    var buffers: UnsafePointer<ProgramBuffers>?
    if let programs = pass.programs {
      buffers = program(pass, programs, head, index, rows - savedAttention, keeps: keepsAttention || isLast)
    }
    return HeadBuffers(
      dimension: dimension, context: context, input: input, keepsAttention: keepsAttention || isLast,
      attention: start + rows,
      maximum: own, inverseSum: own + tokens, weighted: own + 2 * tokens, projected: own + 2 * tokens + state,
      projectedGradient: start + projectedGradient, weightedGradient: start + weightedGradient, centre: start + centre,
      tile: start + tile, keyQuery: pass.keyQuery + index * square, value: pass.value + index * square,
      residual: pass.residual[index], keyQueryGradient: gradient,
      valueGradient: gradient + square, residualGradient: gradient + 2 * square,
      program: buffers)
  }

  /// - rows: where the head's activations lie among all.
  @inline(never)
  private func program(
    _ pass: borrowing NetworkPass, _ programs: UnsafePointer<HeadProgram>, _ head: Int, _ index: Int, _ rows: Int,
    keeps: Bool
  ) -> UnsafePointer<ProgramBuffers>? {
    guard case .program = pass.activations[head] else { return nil }
    let square = dimension * dimension
    var distanceBuffers: DistanceBuffers?
    if programs[head].usesDistance, let keySquare = pass.keySquare, let querySquare = pass.querySquare {
      let gradients = start + distanceGradients, own = start + distances + index * 2 * tokens
      let squares = sums + index * gradientPerHead + 2 * square + 1
      distanceBuffers = DistanceBuffers(
        keySquare: keySquare + index * square, querySquare: querySquare + index * square, key: own,
        query: own + tokens, keyGradient: gradients, queryGradient: gradients + tokens, keySquareGradient: squares,
        querySquareGradient: squares + square)
    }
    let slot = UnsafeMutableRawPointer(start + programSlot).assumingMemoryBound(to: ProgramBuffers.self)
    slot.initialize(
      to: ProgramBuffers(
        program: programs + head, keepsSlope: keeps && isTraining, slope: start + slopes + rows,
        scratch: start + programScratch,
        distances: distanceBuffers))
    return UnsafePointer(slot)
  }
}
