// Which tuned parameters the scores depend on: shares of their variance over the space, by a model of the scores.
import Shared

package struct ParameterImportance: Equatable, Sendable {
  package let parameter: ParameterName
  /// Share of the variance that the parameter explains alone, from 0 to 1.
  package let main: Double
  /// Share that vanishes where the parameter is known besides all others: with its interactions.
  package let total: Double
}

extension SearchSpace {
  /// The space that some tuples span, where the manifest's is not known: every parameter with the values it took.
  package init(names: [ParameterName], tuples: [[ParameterValue]]) {
    self.init(
      names.enumerated().map { index, name in
        var values: [ParameterValue] = []
        var seen: Set<ParameterValue> = []
        for tuple in tuples where seen.insert(tuple[index]).inserted { values.append(tuple[index]) }
        if values.allSatisfy({ $0.number != nil }) { values.sort { ($0.number ?? 0) < ($1.number ?? 0) } }
        return SearchDimension(name, .choices(values, probabilities: nil))
      })
  }

  /// Functional analysis of variance of a Gaussian process fitted to the scores. Scores above the worst finite one count
  /// as that. Nil with fewer than four finite scores, where none differ, or with more than 20 parameters.
  /// Sources: Hutter, Hoos & Leyton-Brown 2014 (fANOVA of a model of the scores); the shares by the estimators of Saltelli
  /// et al. 2010 and Jansen 1999 on Sobol points.
  /// - history: in any order that does not change; at most the first 160 count.
  package func importance(history: [SearchObservation]) -> [ParameterImportance]? {
    let scored = history.filter { $0.score.map { !$0.isNaN } ?? false }.prefix(160)
    let finite = scored.compactMap { $0.score }.filter(\.isFinite)
    guard finite.count >= 4, 2 * dimensions.count <= SobolSequence.maximumDimensions, let worst = finite.max(),
      let best = finite.min(), worst > best
    else { return nil }
    let scores = scored.map { min($0.score ?? worst, worst) }
    let mean = scores.reduce(0, +) / Double(scores.count)
    let deviation = (scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(scores.count)).squareRoot()
    guard deviation > 0 else { return nil }
    let process = GaussianProcess(
      points: scored.map { point(of: $0.tuple) }, isOrdered: dimensions.map(\.isOrdered),
      values: scores.map { ($0 - mean) / deviation })

    /// The model at a point of the cube, which stands for the value there.
    func modelled(_ coordinates: [Double]) -> Double {
      let rounded = zip(dimensions, coordinates).map { $0.coordinate(of: $0.value(at: $1)) }
      return process.prediction(at: rounded).mean
    }
    let count = 512
    // Two independent points are one of twice the dimension.
    let sequence = SobolSequence(dimensions: 2 * dimensions.count, seed: 0)
    let pairs = (0..<count).map { sequence.point(UInt32($0)) }
    let a = pairs.map { Array($0.prefix(dimensions.count)) }, b = pairs.map { Array($0.suffix(dimensions.count)) }
    let atA = a.map(modelled), atB = b.map(modelled)
    let centre = (atA + atB).reduce(0, +) / Double(2 * count)
    let variance = (atA + atB).reduce(0) { $0 + ($1 - centre) * ($1 - centre) } / Double(2 * count)
    guard variance > 1e-12 else { return nil }
    return dimensions.indices.map { dimension in
      var main = 0.0, total = 0.0
      for index in 0..<count {
        var mixed = a[index]
        mixed[dimension] = b[index][dimension]
        let value = modelled(mixed)
        main += (atB[index] - centre) * (value - atA[index])
        total += (atA[index] - value) * (atA[index] - value)
      }
      return ParameterImportance(
        parameter: dimensions[dimension].name, main: min(max(main / Double(count) / variance, 0), 1),
        total: min(max(0.5 * total / Double(count) / variance, 0), 1))
    }
  }
}
