// Bayesian optimisation in generations: which configurations to try next, from the scores of those before. Depends on the
// history and a seed alone, so neither workers nor the order of arrival matter.
import Shared

/// What is known of one configuration of a cell.
package struct SearchObservation: Sendable {
  /// In the order of the space.
  package var tuple: [ParameterValue]
  /// Smaller is better: mean over tuning seeds of ln loss. +∞ for one that diverged, which counts as the worst; nil for
  /// one without a score, which is only never proposed again.
  package var score: Double?
  package init(tuple: [ParameterValue], score: Double?) { (self.tuple, self.score) = (tuple, score) }
}

extension SearchSpace {
  /// The next generation: at most `size` tuples, all different and none of the history; fewer where the values run out.
  ///
  /// A Gaussian process is fitted to the scores, warped towards the smallest; each proposal has the largest expected
  /// improvement over the smallest expected value so far, and then counts as observed at its expectation.
  /// Sources: Jones, Schonlau & Welch 1998 (expected improvement), in logarithms as Ament et al. 2023; Ginsbourger et al.
  /// 2010 (several proposals at once); values are rounded before they are judged (Garrido-Merchán & Hernández-Lobato 2020).
  /// - history: in the order of the cell's candidates.
  /// - generation: of the proposals, from 1; the first generation, 0, is Sobol's.
  /// - admits: whether a tuple makes a configuration; others are passed over.
  package func bayesGeneration(
    history: [SearchObservation], size: Int, seed: UInt64, generation: Int,
    admits: @escaping ([ParameterValue]) -> Bool = { _ in true }
  ) -> [[ParameterValue]] {
    var proposals = Proposals(space: self, history: history, seed: seed, generation: generation, admits: admits)
    while proposals.tuples.count < size, proposals.proposeNext() {}
    return proposals.tuples
  }
}

private struct Candidate {
  var tuple: [ParameterValue]
  /// Of the tuple after rounding.
  var point: [Double]
  /// ln of the expected improvement.
  var merit: Double
}

private struct Proposals {
  private let space: SearchSpace
  private let admits: ([ParameterValue]) -> Bool
  private let sequence: SobolSequence
  private let seed: UInt64
  /// Nil while too little is known to fit anything.
  private var process: GaussianProcess?
  /// Coordinates of the best observations, best first.
  private let leaders: [[Double]]
  private var seen: Set<[ParameterValue]>
  private(set) var tuples: [[ParameterValue]] = []
  private var nextPoint: UInt32 = 0

  /// Observations that a fit takes at most; its cost grows with their cube.
  private static let maximumObservations = 160
  private static let spreadCandidates = 300
  private static let nearCandidates = 24

  init(
    space: SearchSpace, history: [SearchObservation], seed: UInt64, generation: Int,
    admits: @escaping ([ParameterValue]) -> Bool
  ) {
    self.space = space
    self.admits = admits
    self.seed = seed
    sequence = SobolSequence(dimensions: space.dimensions.count, seed: seed, stream: UInt32(generation))
    seen = Set(history.map(\.tuple))
    let scored = history.filter { $0.score.map { !$0.isNaN } ?? false }
    let order = scored.indices.sorted { (scored[$0].score ?? 0, $0) < (scored[$1].score ?? 0, $1) }
    // The best half of what a fit takes, and of the others as many, evenly.
    var chosen = order
    if order.count > Self.maximumObservations {
      let half = Self.maximumObservations / 2, others = order.count - half
      chosen = Array(order.prefix(half)) + (0..<half).map { order[half + $0 * others / half] }
    }
    leaders = order.prefix(5).map { space.point(of: scored[$0].tuple) }
    guard let values = warped(chosen.map { scored[$0].score ?? .infinity }) else { return }
    process = GaussianProcess(
      points: chosen.map { space.point(of: scored[$0].tuple) }, isOrdered: space.dimensions.map(\.isOrdered),
      values: values)
  }

  /// Adds one proposal; false where none is left.
  mutating func proposeNext() -> Bool {
    guard let process else { return takeSobolTuple() }
    let best = process.points.reduce(Double.infinity) { min($0, process.prediction(at: $1).mean) }
    func judged(_ point: [Double]) -> Candidate? {
      guard let tuple = try? space.tuple(at: point) else { return nil }
      // A tuple's own coordinates: what is tried is judged, not what was asked for.
      let rounded = space.point(of: tuple)
      let (mean, deviation) = process.prediction(at: rounded)
      return Candidate(tuple: tuple, point: rounded, merit: logExpectedImprovement(mean, deviation, below: best))
    }
    func isNew(_ tuple: [ParameterValue]) -> Bool { !seen.contains(tuple) && admits(tuple) }
    var candidates = candidatePoints().compactMap(judged).filter { isNew($0.tuple) }
    candidates.sort { $0.merit > $1.merit }
    guard !candidates.isEmpty else { return takeSobolTuple() }
    var winner = candidates[0]
    for start in candidates.prefix(4) {
      let refined = climbed(from: start, judged: judged, isNew: isNew)
      if refined.merit > winner.merit { winner = refined }
    }
    take(winner.tuple)
    self.process?.believe(winner.point)
    return true
  }

  /// Points spread over the cube, and points near the best observations, at distances of many scales.
  private mutating func candidatePoints() -> [[Double]] {
    var points: [[Double]] = []
    for _ in 0..<Self.spreadCandidates {
      points.append(sequence.point(nextPoint))
      nextPoint += 1
    }
    for leader in leaders {
      for index in 0..<Self.nearCandidates {
        let draw = sequence.point(nextPoint), number = nextPoint
        nextPoint += 1
        let scale = 0.3 / Double(1 << (index % 6))
        points.append(
          leader.indices.map { i in
            // A word stays or is drawn anew; a number moves.
            if !space.dimensions[i].isOrdered { return keepsWord(i, number) ? leader[i] : draw[i] }
            return clamped(leader[i] + scale * normalQuantile(draw[i]))
          })
      }
    }
    return points
  }

  /// Independent of the sequence, whose coordinates depend on one another through the index.
  private func keepsWord(_ dimension: Int, _ number: UInt32) -> Bool {
    var stream = DrawStream(seed: seed, draw: number, parameter: space.dimensions[dimension].name.rawValue)
    return stream.nextUniform() < 0.7
  }

  /// Moves one coordinate at a time while the merit grows, with shrinking steps.
  private func climbed(
    from start: Candidate, judged: ([Double]) -> Candidate?, isNew: ([ParameterValue]) -> Bool
  ) -> Candidate {
    var best = start
    for step in [0.08, 0.03, 0.01, 0.003, 0.001] {
      for _ in 0..<2 {
        let before = best.merit
        for (index, dimension) in space.dimensions.enumerated() {
          for target in targets(dimension, from: best.point[index], step) {
            var point = best.point
            point[index] = target
            if let other = judged(point), other.merit > best.merit, isNew(other.tuple) { best = other }
          }
        }
        if best.merit <= before { break }
      }
    }
    return best
  }

  /// Where a coordinate may go: both ways, at least to the neighbouring value; of words all.
  private func targets(_ dimension: SearchDimension, from coordinate: Double, _ step: Double) -> [Double] {
    let values = dimension.valueCount ?? .max
    if !dimension.isOrdered { return (0..<values).map { (Double($0) + 0.5) / Double(values) } }
    let reach = max(step, values < 1000 ? 1 / Double(values) : 0)
    return [clamped(coordinate + reach), clamped(coordinate - reach)]
  }

  private func clamped(_ coordinate: Double) -> Double { min(max(coordinate, 0x1p-33), 1 - 0x1p-33) }

  /// The next point of the sequence that is new.
  private mutating func takeSobolTuple() -> Bool {
    for _ in 0..<2000 {
      let point = sequence.point(nextPoint)
      nextPoint += 1
      guard let tuple = try? space.tuple(at: point), !seen.contains(tuple), admits(tuple) else { continue }
      take(tuple)
      return true
    }
    return false
  }

  private mutating func take(_ tuple: [ParameterValue]) {
    tuples.append(tuple)
    seen.insert(tuple)
  }
}

/// Scores of mean 0 and variance 1, with what is far above the smallest drawn together, so that a diverged run does not
/// flatten all differences that matter. Nil with fewer than two finite scores, or none that differ.
private func warped(_ scores: [Double]) -> [Double]? {
  let finite = scores.filter(\.isFinite).sorted()
  guard let smallest = finite.first, let largest = finite.last, largest > smallest else { return nil }
  // The excess over the smallest in units of its median.
  let excesses = finite.map { $0 - smallest }
  let unit = max(excesses[excesses.count / 2], 1e-3 * (largest - smallest))
  // The offset decides how far the best are drawn apart: with 0.3 the best and the median differ by ln 4.3.
  let values = scores.map { deterministicLogarithm(0.3 + (min($0, largest) - smallest) / unit) }
  let mean = values.reduce(0, +) / Double(values.count)
  let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
  guard variance > 0 else { return nil }
  return values.map { ($0 - mean) / variance.squareRoot() }
}

/// ln E max(0, best − Y) of a normal Y, without underflow. Source: Ament et al. 2023, with Mills' ratio in the tail.
private func logExpectedImprovement(_ mean: Double, _ deviation: Double, below best: Double) -> Double {
  let z = (best - mean) / deviation
  let scaled: Double
  if z > -2.5 {
    scaled = deterministicLogarithm(normalDensity(z) + z * normalLaw(z))
  } else {
    let tail = millsTail(-z)
    scaled = -0.5 * z * z - 0.9189385332046727418 + deterministicLogarithm(tail / (tail - z))
  }
  return deterministicLogarithm(deviation) + scaled
}
