// Tuning of a baseline's few numbers on validation prompts: a start grid, then pattern search.

/// The point with the smallest `loss` found, its value, and how often `loss` was asked.
/// Every coordinate is tried one step up and down in turn; where none helps the step is halved, until it is below
/// `tolerance` times the first. Deterministic. Losses that are not numbers count as infinite.
/// Source: Hooke & Jeeves 1961, exploratory moves.
package func coordinateSearch(
  starts: [[Double]], step: [Double], tolerance: Double = 0.04, _ loss: ([Double]) -> Double
) -> (point: [Double], loss: Double) {
  func value(_ point: [Double]) -> Double {
    let value = loss(point)
    return value.isNaN ? .infinity : value
  }
  var best = (point: starts[0], loss: Double.infinity)
  for start in starts {
    let found = value(start)
    if found < best.loss { best = (start, found) }
  }
  guard best.loss.isFinite else { return best }
  var fraction = 1.0
  while fraction >= tolerance {
    var improved = false
    for coordinate in step.indices where step[coordinate] != 0 {
      for direction in [1.0, -1.0] {
        var point = best.point
        point[coordinate] += direction * fraction * step[coordinate]
        let found = value(point)
        // A tie, as of a scale that the activation ignores, is no improvement.
        if found < best.loss * (1 - 1e-9) {
          best = (point, found)
          improved = true
          break
        }
      }
    }
    if !improved { fraction /= 2 }
  }
  return best
}
