// When tuning trials pause and which go on: rungs, brackets and the choice among a cell's candidates. The synchronous
// rules wait until every candidate of a rung has arrived, so results alone decide.
// Sources: Jamieson & Talwalkar 2016 (successive halving), Li et al. 2018 (Hyperband), Li et al. 2020 (ASHA), Golovin et
// al. 2017, §3.2.2 (median stopping); keys and spacing as in W&B sweeps.
import Shared

extension EarlyTermination {
  /// Iterations at which candidates are judged, ascending, all below `evaluations`, the number of a trial's last.
  package func iterations(below evaluations: Int) -> [Int] {
    var iterations: [Int] = []
    switch spacing {
    case .from(let first):
      var band = Double(first)
      while band < Double(evaluations) {
        iterations.append(Int(band))
        band *= eta
      }
    case .below(let last, let count):
      var band = Double(last)
      for _ in 0..<count {
        band /= eta
        if band < 1 { break }
        if band < Double(evaluations) { iterations.insert(Int(band), at: 0) }
      }
    case .every(let step, let first):
      iterations = Array(stride(from: first, to: evaluations, by: step))
    }
    // An eta near 1 gives the same whole number twice.
    return iterations.reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// Steps after which candidates pause to be judged, ascending, all below `steps`.
  package func rungs(steps: Int, evaluateEvery: Int) -> [Int] {
    iterations(below: (steps + evaluateEvery - 1) / evaluateEvery).map { $0 * evaluateEvery }
  }

  /// The bracket of each of the first `count` candidates; a candidate of bracket b is first judged at rung b. Bracket b
  /// gets a share in proportion to the candidates that Hyperband starts there, so that all brackets cost about the same.
  /// A candidate's bracket does not depend on how many come after it.
  package func brackets(count: Int, rungs: Int) -> [Int] {
    let brackets = min(brackets, rungs + 1)
    let weights = (0..<brackets).map { bracket in
      (0..<(rungs - bracket)).reduce(1.0) { product, _ in product * eta } / Double(rungs - bracket + 1)
    }
    let total = weights.reduce(0, +)
    var sizes = [Int](repeating: 0, count: brackets)
    return (0..<count).map { candidate in
      func deficit(_ bracket: Int) -> Double {
        weights[bracket] / total * Double(candidate + 1) - Double(sizes[bracket])
      }
      let chosen = sizes.indices.reduce(0) { deficit($1) > deficit($0) ? $1 : $0 }
      sizes[chosen] += 1
      return chosen
    }
  }

  /// How many of `count` candidates go on from a rung, where so many have a finite score.
  package func promotedCount(of count: Int) -> Int { halvedCount(count, eta: eta) }

  /// Which of a bracket's candidates go on from a rung that all of them have reached; ascending, never empty while a
  /// candidate has a score.
  /// - curves: [candidate][tuning seed][evaluation], the metric at every evaluation up to the rung; nil for a trial that
  ///   failed, +∞ from where one diverged.
  package func survivors(curves: [[[Double]?]]) -> [Int] {
    switch rule {
    case .hyperband, .asha:
      return promoted(scores: curves.map(score), eta: eta)
    case .median:
      let best = curves.map { meanLogarithm($0) { $0.min() } }
      let average = curves.map { meanLogarithm($0) { $0.isEmpty ? nil : $0.reduce(0, +) / Double($0.count) } }
      return keptByMedian(best: best, averages: average)
    }
  }
}

extension EarlyTermination {
  /// What a rung compares of one candidate: mean over tuning seeds of ln of the value there, or of the best so far.
  package func score(curves: [[Double]?]) -> Double? {
    meanLogarithm(curves) { isStrict ? $0.last : $0.min() }
  }
}

/// Mean over tuning seeds of ln of what `value` makes of a curve; +∞ where a seed diverged, nil where one has no value.
package func meanLogarithm(_ curves: [[Double]?], of value: ([Double]) -> Double?) -> Double? {
  var sum = 0.0
  for curve in curves {
    guard let curve, let loss = value(curve) else { return nil }
    // A best value before the divergence does not count: the trial has no end that could be chosen.
    let isFinite = loss.isFinite && curve.last?.isFinite == true
    sum += isFinite ? deterministicLogarithm(max(loss, .leastNormalMagnitude)) : .infinity
  }
  return curves.isEmpty ? nil : sum / Double(curves.count)
}

/// Synchronous successive halving: the ⌈n/eta⌉ candidates with the smallest scores, ties to the earlier, ascending.
/// - scores: mean ln loss over tuning seeds; nil for a candidate without one, +∞ for one that diverged. Neither is
///   promoted, unless all that have a score diverged: then the first of them, so that the cell comes to an end.
package func promoted(scores: [Double?], eta: Double) -> [Int] {
  let finite = scores.indices.filter { scores[$0]?.isFinite == true }
  guard !finite.isEmpty else { return Array(scores.indices.filter { scores[$0] != nil }.prefix(1)) }
  let count = halvedCount(scores.count, eta: eta)
  return finite.sorted { (scores[$0] ?? 0, $0) < (scores[$1] ?? 0, $1) }.prefix(count).sorted()
}

private func halvedCount(_ count: Int, eta: Double) -> Int { max(1, Int((Double(count) / eta).rounded(.up))) }

/// ASHA: of the candidates that have arrived at a rung so far, those that may go on: the ⌊n/eta⌋ best.
/// - scores: nil for candidates that have not arrived or failed.
package func promotable(scores: [Double?], eta: Double) -> [Int] {
  let finite = scores.indices.filter { scores[$0]?.isFinite == true }
  let count = Int((Double(scores.count { $0 != nil }) / eta).rounded(.down))
  return finite.sorted { (scores[$0] ?? 0, $0) < (scores[$1] ?? 0, $1) }.prefix(count).sorted()
}

/// The median stopping rule over candidates that have all arrived: those go on whose best value is at least as good as
/// the median of the running means.
func keptByMedian(best: [Double?], averages: [Double?]) -> [Int] {
  let known = averages.compactMap { $0 }.sorted()
  let finite = best.indices.filter { best[$0]?.isFinite == true }
  guard !known.isEmpty, !finite.isEmpty else { return Array(best.indices.filter { best[$0] != nil }.prefix(1)) }
  let middle = known.count / 2
  let median = known.count % 2 == 1 ? known[middle] : 0.5 * (known[middle - 1] + known[middle])
  let kept = finite.filter { (best[$0] ?? .infinity) <= median }
  return kept.isEmpty ? promoted(scores: best, eta: .infinity) : kept
}
