// Functions whose smallest value is known, as a sampler sees them: two of the field's, and tables of what our own sweeps
// measured.
import Foundation
import Search
import Shared

struct SearchProblem: Sendable {
  let name: String
  let space: SearchSpace
  let smallest: Double
  let value: @Sendable ([ParameterValue]) -> Double

  /// The values of the tuples that a method proposes, in order. `bayes` as a manifest's defaults have it.
  func values(method: String, trials: Int, seed: UInt64) throws -> [Double] {
    switch method {
    case "sobol": return try space.sobolTuples(count: trials, seed: seed).map(value)
    case "random":
      var tuples: [[ParameterValue]] = []
      var seen: Set<[ParameterValue]> = []
      for draw in 0..<(20 * trials) where tuples.count < trials {
        let point = space.dimensions.map { dimension in
          var stream = DrawStream(seed: seed, draw: UInt32(draw), parameter: dimension.name.rawValue)
          return stream.nextUniform()
        }
        let tuple = try space.tuple(at: point)
        if seen.insert(tuple).inserted { tuples.append(tuple) }
      }
      return tuples.map(value)
    default:
      let initial = max(4, 2 * space.dimensions.count + 2)
      var history = try space.sobolTuples(count: initial, seed: seed).map {
        SearchObservation(tuple: $0, score: value($0))
      }
      var generation = 0
      while history.count < trials {
        generation += 1
        history += space.bayesGeneration(
          history: history, size: min(4, trials - history.count), seed: seed, generation: generation
        ).map { SearchObservation(tuple: $0, score: value($0)) }
      }
      return history.map { $0.score ?? .nan }
    }
  }

  /// Real parameters that take every number from 0 to 1 stand for the coordinates.
  private static func cube(_ dimensions: Int) -> SearchSpace {
    let names: [ParameterName] = [.beta1, .beta2, .initScale, .labelNoise, .weightDecay, .clipNorm]
    return SearchSpace(
      names.prefix(dimensions).map { SearchDimension($0, .range(ValueDistribution(.uniform(0...1)))) })
  }

  /// Source: Dixon & Szegö 1978, on [−5, 10] × [0, 15].
  static let branin = SearchProblem(name: "branin", space: cube(2), smallest: 0.39788735772973816) { tuple in
    let x = -5 + 15 * (tuple[0].number ?? .nan), y = 15 * (tuple[1].number ?? .nan)
    let a = y - 5.1 / (4 * .pi * .pi) * x * x + 5 / .pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * .pi)) * cos(x) + 10
  }

  /// Source: Dixon & Szegö 1978.
  static let hartmann6 = SearchProblem(name: "hartmann6", space: cube(6), smallest: -3.32236801141551) { tuple in
    let a: [[Double]] = [
      [10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14],
    ]
    let p: [[Double]] = [
      [1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991],
      [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381],
    ]
    return -zip([1, 1.2, 3, 3.2], zip(a, p)).reduce(0.0) { sum, row in
      let exponent = tuple.indices.reduce(0.0) { inner, index in
        let difference = (tuple[index].number ?? .nan) - 1e-4 * row.1.1[index]
        return inner + row.1.0[index] * difference * difference
      }
      return sum + row.0 * exp(-exponent)
    }
  }

  /// Problems of a file: task, one column per tuned parameter, ln loss; one problem per task. A loss of a diverged run
  /// is empty.
  static func table(at path: String) throws -> [SearchProblem] {
    let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    let names = lines[0].dropFirst().dropLast().compactMap(ParameterName.init)
    let tasks = lines.dropFirst().map { $0[0] }.reduce(into: [String]()) { if $0.last != $1 { $0.append($1) } }
    return try tasks.map { task in
      var scores: [[ParameterValue]: Double] = [:]
      var values = names.map { _ in [ParameterValue]() }
      for line in lines.dropFirst() where line[0] == task {
        let tuple = try zip(names, line.dropFirst()).map { name, text in
          try name.canonical(drawn: Double(text).map { .number($0) } ?? .text(text))
        }
        scores[tuple] = Double(line[line.count - 1]) ?? .infinity
        for (index, value) in tuple.enumerated() where !values[index].contains(value) { values[index].append(value) }
      }
      let dimensions = zip(names, values).map { name, values in
        SearchDimension(name, .choices(values.sorted { ($0.number ?? 0) < ($1.number ?? 0) }, probabilities: nil))
      }
      let known = scores
      return SearchProblem(
        name: task, space: SearchSpace(dimensions), smallest: known.values.min() ?? .nan
      ) { known[$0] ?? .nan }
    }
  }
}
