// Generations of bayes: better than chance, never twice the same, from results alone.
import Foundation
import Search
import Shared
import Testing

@Suite struct BayesTests {
  private let plane = SearchSpace([
    SearchDimension(.learningRate, .range(.init(.logUniform(0.0001...1, inverted: false)))),
    SearchDimension(.beta1, .range(.init(.uniform(0...0.99)))),
  ])

  /// A bowl around learning rate 0.02, beta1 0.7; steep walls, and divergence at high rates.
  private func loss(_ tuple: [ParameterValue]) -> Double {
    let rate = log(tuple[0].number ?? .nan), momentum = tuple[1].number ?? .nan
    if rate > -1 { return .infinity }
    return 0.3 * (rate - log(0.02)) * (rate - log(0.02)) + 8 * (momentum - 0.7) * (momentum - 0.7)
  }

  private func searched(_ space: SearchSpace, seed: UInt64, trials: Int, loss: ([ParameterValue]) -> Double?) throws
    -> [SearchObservation]
  {
    var history = try space.sobolTuples(count: 6, seed: seed).map { SearchObservation(tuple: $0, score: loss($0)) }
    var generation = 0
    while history.count < trials {
      generation += 1
      let proposed = space.bayesGeneration(history: history, size: 4, seed: seed, generation: generation)
      if proposed.isEmpty { break }
      history += proposed.map { SearchObservation(tuple: $0, score: loss($0)) }
    }
    return history
  }

  @Test func `the bottom of a bowl is found in 22 trials, past a region where runs diverge`() throws {
    for seed in 0..<4 as Range<UInt64> {
      let history = try searched(plane, seed: seed, trials: 22, loss: loss)
      #expect((history.compactMap(\.score).min() ?? 1) < 0.01)
      #expect(Set(history.map(\.tuple)).count == 22)
    }
  }

  @Test func `proposals are a function of history, seed and generation`() throws {
    let history = try searched(plane, seed: 1, trials: 10, loss: loss)
    let first = plane.bayesGeneration(history: history, size: 4, seed: 1, generation: 3)
    #expect(plane.bayesGeneration(history: history, size: 4, seed: 1, generation: 3) == first)
    #expect(plane.bayesGeneration(history: history, size: 2, seed: 1, generation: 3) == Array(first.prefix(2)))
    #expect(plane.bayesGeneration(history: history, size: 4, seed: 2, generation: 3) != first)
  }

  @Test func `the first proposal is pinned to the bit`() throws {
    let history = try searched(plane, seed: 1, trials: 6, loss: { 2 - ($0[1].number ?? 0) })
    let proposal = plane.bayesGeneration(history: history, size: 1, seed: 0, generation: 1)
    #expect(
      proposal.map { $0.map { String(($0.number ?? 0).bitPattern, radix: 16) } } == [
        ["3f9e7214ccd8b80d", "3fefae147ad170a4"]
      ])
  }

  @Test func `words, steps and whole numbers are searched together until none is left`() throws {
    let mixed = SearchSpace([
      SearchDimension(.optimizer, .choices([.text("adam"), .text("adamw"), .text("sgd")], probabilities: nil)),
      SearchDimension(.layers, .range(.init(.integers(1...4)))),
      SearchDimension(.beta1, .choices([.number(0), .number(0.5), .number(0.9)], probabilities: nil)),
    ])
    let best: [ParameterValue] = [.text("adamw"), .integer(3), .number(0.9)]
    let history = try searched(mixed, seed: 0, trials: 100) { tuple in
      Double(zip(tuple, best).count { $0 != $1 }) + 0.1 * abs((tuple[1].number ?? 0) - 3)
    }
    #expect(history.count == 36)
    #expect(Set(history.map(\.tuple)).count == 36)
    #expect(try #require(history.firstIndex { $0.tuple == best }) < 20)
  }

  @Test func `without scores that differ the sequence goes on`() {
    let tuple: [ParameterValue] = [.number(0.01), .number(0.5)]
    for scores in [[], [nil], [1, 1], [.infinity, .infinity], [1, .infinity]] as [[Double?]] {
      let history = scores.map { SearchObservation(tuple: tuple, score: $0) }
      let proposals = plane.bayesGeneration(history: history, size: 3, seed: 0, generation: 1)
      #expect(Set(proposals).count == 3)
      #expect(!proposals.contains(tuple))
    }
  }

  @Test func `tuples that make no configuration, and values that their parameter refuses, are passed over`() throws {
    let wide = SearchSpace([SearchDimension(.learningRate, .range(.init(.normal(mu: 0.01, sigma: 0.02))))])
    let history = [0.01, 0.02, 0.03].map { SearchObservation(tuple: [.number($0)], score: $0) }
    let proposals = wide.bayesGeneration(history: history, size: 5, seed: 0, generation: 1) {
      ($0[0].number ?? 0) > 0.015
    }
    #expect(proposals.count == 5)
    #expect(proposals.allSatisfy { ($0[0].number ?? 0) > 0.015 })
  }

  @Test func `importance finds what a score depends on`() throws {
    let space = SearchSpace([
      SearchDimension(.beta1, .range(.init(.uniform(0...0.99)))),
      SearchDimension(.beta2, .range(.init(.uniform(0...0.99)))),
      SearchDimension(.optimizer, .choices([.text("adam"), .text("sgd")], probabilities: nil)),
    ])
    let history = try space.sobolTuples(count: 64, seed: 5).map { tuple in
      SearchObservation(tuple: tuple, score: 2 * (tuple[0].number ?? 0) + (tuple[2] == .text("sgd") ? 0.5 : 0))
    }
    let importance = try #require(space.importance(history: history))
    #expect(importance.map(\.parameter) == [.beta1, .beta2, .optimizer])
    // Var 2u = 4 · 0.99² / 12 = 0.3267, of the word 0.25 · 0.25 = 0.0625.
    let shares = [0.3267 / 0.3892, 0, 0.0625 / 0.3892]
    for (found, share) in zip(importance, shares) {
      #expect(abs(found.main - share) < 0.05)
      #expect(abs(found.total - share) < 0.05)
    }
    #expect(space.importance(history: Array(history.prefix(3))) == nil)
    let spanned = SearchSpace(names: [.beta1, .beta2, .optimizer], tuples: history.map(\.tuple))
    let again = try #require(spanned.importance(history: history))
    #expect(abs(again[0].main - shares[0]) < 0.06)
  }
}
