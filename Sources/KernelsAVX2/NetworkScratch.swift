// Where one thread keeps the states of one block of prompts between forward and backward pass.
// Laid out once per call from a flat buffer; sizes in vectors of 16 floats.
import KernelTypes

struct NetworkScratch {
  let tokens: Int, features: Int, dimension: Int, context: Int, layers: Int, heads: Int
  private let start: UnsafeMutablePointer<Lanes>

  init(_ pass: borrowing NetworkPass, _ buffer: UnsafeMutablePointer<Float>) {
    (tokens, features, dimension) = (pass.tokens, pass.features, pass.dimension)
    (context, layers, heads) = (pass.context, pass.layers, pass.heads)
    start = UnsafeMutableRawPointer(buffer).assumingMemoryBound(to: Lanes.self)
  }

  var state: Int { tokens * features }
  var attention: Int { tokens * context }
  /// attention, inverse sums, weighted sums, projections of one head
  var perHead: Int { attention + tokens + state + tokens * dimension }
  var gradientPerHead: Int { 2 * dimension * dimension + 1 }
  var total: Int {
    layers * state + layers * heads * perHead + 2 * state + tokens * dimension + layers * heads * gradientPerHead
      + HeadTile.count * (features + context)
  }

  /// The output of layer `layer`, [n+1][d+1].
  func output(of layer: Int) -> UnsafeMutablePointer<Lanes> { start + layer * state }
  private func saved(_ layer: Int, _ head: Int) -> UnsafeMutablePointer<Lanes> {
    start + layers * state + (layer * heads + head) * perHead
  }
  private var afterSaved: UnsafeMutablePointer<Lanes> { start + layers * state + layers * heads * perHead }
  /// One of the two buffers that gradients of states alternate between.
  func stateGradient(_ which: Int) -> UnsafeMutablePointer<Lanes> { afterSaved + (which & 1) * state }
  private var projectedGradient: UnsafeMutablePointer<Lanes> { afterSaved + 2 * state }
  /// Sums of parameter gradients per lane, [L][H][gradientPerHead].
  var parameterGradient: UnsafeMutablePointer<Lanes> { projectedGradient + tokens * dimension }
  private var tile: UnsafeMutablePointer<Lanes> { parameterGradient + layers * heads * gradientPerHead }

  func head(
    _ pass: borrowing NetworkPass, layer: Int, head: Int, input: UnsafePointer<Lanes>
  ) -> HeadBuffers {
    let index = layer * heads + head
    let own = saved(layer, head)
    let square = dimension * dimension
    let gradient = parameterGradient + index * gradientPerHead
    return HeadBuffers(
      dimension: dimension, context: context, input: input, attention: own, inverseSum: own + attention,
      weighted: own + attention + tokens, projected: own + attention + tokens + state,
      projectedGradient: projectedGradient, tile: tile, keyQuery: pass.keyQuery + index * square,
      value: pass.value + index * square, residual: pass.residual[index], keyQueryGradient: gradient,
      valueGradient: gradient + square, residualGradient: gradient + 2 * square)
  }
}
