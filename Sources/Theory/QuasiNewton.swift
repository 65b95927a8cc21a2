// Minimisation of a smooth function of a few numbers whose gradient is known.

/// BFGS with a backtracking line search.
/// Ends after `iterations`, or where no step along the search direction lowers the value any more. Values that are not
/// finite count as too high. Deterministic.
/// Source: Nocedal & Wright 2006, algorithms 3.1 and 6.1, first scaling (6.20).
package func minimise(
  from start: [Double], iterations: Int, _ evaluate: ([Double]) -> (value: Double, gradient: [Double])
) -> (point: [Double], value: Double) {
  let count = start.count
  var point = start
  var (value, gradient) = evaluate(point)
  guard value.isFinite else { return (point, .infinity) }
  // Inverse Hessian, [count][count]; the first step is short, as nothing is known of the scale.
  var inverse = diagonal(count, 0.1 / max(1e-12, length(gradient)))
  for iteration in 0..<iterations {
    var direction = product(inverse, gradient).map { -$0 }
    var slope = inner(direction, gradient)
    if slope >= 0 {
      inverse = diagonal(count, 0.1 / max(1e-12, length(gradient)))
      direction = product(inverse, gradient).map { -$0 }
      slope = inner(direction, gradient)
    }
    var step = 1.0
    var next = (point: point, value: value, gradient: gradient)
    var isLower = false
    for _ in 0..<20 where !isLower {
      next.point = zip(point, direction).map { $0 + step * $1 }
      (next.value, next.gradient) = evaluate(next.point)
      isLower = next.value.isFinite && next.value <= value + 1e-4 * step * slope
      step *= 0.5
    }
    guard isLower else { break }
    let moved = zip(next.point, point).map { $0 - $1 }, turned = zip(next.gradient, gradient).map { $0 - $1 }
    let curvature = inner(moved, turned)
    if curvature > 1e-12 * length(moved) * length(turned) {
      if iteration == 0 { inverse = diagonal(count, curvature / inner(turned, turned)) }
      update(&inverse, moved, turned, curvature)
    }
    (point, value, gradient) = next
  }
  return (point, value)
}

/// H ← (I − ρ s yᵀ) H (I − ρ y sᵀ) + ρ s sᵀ with ρ = 1/yᵀs.
private func update(_ inverse: inout [[Double]], _ s: [Double], _ y: [Double], _ curvature: Double) {
  let Hy = product(inverse, y)
  let factor = (1 + inner(y, Hy) / curvature) / curvature
  for i in s.indices {
    for j in s.indices { inverse[i][j] += factor * s[i] * s[j] - (Hy[i] * s[j] + s[i] * Hy[j]) / curvature }
  }
}

private func diagonal(_ count: Int, _ value: Double) -> [[Double]] {
  (0..<count).map { i in (0..<count).map { $0 == i ? value : 0 } }
}

private func product(_ matrix: [[Double]], _ vector: [Double]) -> [Double] { matrix.map { inner($0, vector) } }
