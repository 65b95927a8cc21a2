// Rungs with W&B's meaning, and who goes on from them.
import Foundation
import Search
import Shared
import Testing

@Suite struct EarlyTerminationTests {
  private func rule(_ spacing: EarlyTermination.Spacing, eta: Double = 3, brackets: Int = 1) -> EarlyTermination {
    EarlyTermination(rule: .hyperband, spacing: spacing, eta: eta, brackets: brackets)
  }

  @Test func `min_iter spaces rungs upwards by eta, as iterations of evaluate_every steps`() {
    #expect(rule(.from(1)).rungs(steps: 2000, evaluateEvery: 100) == [100, 300, 900])
    #expect(rule(.from(2)).rungs(steps: 2000, evaluateEvery: 100) == [200, 600, 1800])
    // As W&B does, from 1.5² = 2.25 the whole part is taken, and never twice the same.
    #expect(rule(.from(1), eta: 1.5).iterations(below: 8) == [1, 2, 3, 5, 7])
  }

  @Test func `max_iter and s space them downwards`() {
    // The example of W&B's documentation: max_iter 27, s 2, eta 3.
    #expect(rule(.below(27, count: 2)).iterations(below: 100) == [3, 9])
    #expect(rule(.below(27, count: 5)).iterations(below: 100) == [1, 3, 9])
    #expect(rule(.below(5, count: 2), eta: 2).iterations(below: 3) == [1, 2])
    #expect(rule(.below(27, count: 2)).iterations(below: 9) == [3])
  }

  @Test func `no rung lies at or beyond the end`() {
    #expect(rule(.from(10)).rungs(steps: 1000, evaluateEvery: 100) == [])
    #expect(rule(.from(9)).rungs(steps: 1000, evaluateEvery: 100) == [900])
  }

  @Test func `the best third goes on, ties to the earlier`() {
    #expect(promoted(scores: [3, 1, 2, 9, 5, 4, 7, 8], eta: 3) == [0, 1, 2])
    #expect(promoted(scores: [1, 1, 1, 1], eta: 2) == [0, 1])
    #expect(promoted(scores: [5], eta: 3) == [0])
  }

  @Test func `failed and diverged candidates never go on before a finite one`() {
    #expect(promoted(scores: [nil, .infinity, 2, .infinity, 1, nil], eta: 1.5) == [2, 4])
    #expect(promoted(scores: [nil, .infinity, .infinity], eta: 3) == [1])
    #expect(promoted(scores: [nil, nil], eta: 3) == [])
  }

  @Test func `scores are means over seeds of ln of the best value, or of the last where strict`() {
    let curves: [[[Double]?]] = [
      [[3, 1, 2], [3, 1, 2]], [[3, 2, 1.5], [3, 2, 1.5]], [[9, 9, 9], [9, 0.1, .infinity]],
    ]
    var halving = rule(.from(3))
    #expect(halving.survivors(curves: curves) == [0])
    halving.isStrict = true
    #expect(halving.survivors(curves: curves) == [1])
    #expect(meanLogarithm(curves[2]) { $0.min() } == .infinity)
    #expect(meanLogarithm([[2], nil]) { $0.min() } == nil)
    #expect(abs((meanLogarithm([[2], [8]]) { $0.last } ?? 0) - log(4)) < 1e-15)
  }

  @Test func `median stopping keeps whoever was ever as good as the median of the running means`() {
    let median = EarlyTermination(rule: .median, spacing: .every(1, from: 2))
    #expect(median.iterations(below: 5) == [2, 3, 4])
    // Running means 2, 3, 4, 5, median 3.5; best values 1, 2, 3, 4.
    #expect(median.survivors(curves: [[[3, 1]], [[4, 2]], [[5, 3]], [[6, 4]]]) == [0, 1, 2])
    #expect(median.survivors(curves: [[[1, .infinity]], [nil], [[4, 5]]]) == [2])
  }

  @Test func `ASHA lets go on who is among the best of those that have arrived`() {
    #expect(promotable(scores: [3, nil, nil], eta: 3) == [])
    #expect(promotable(scores: [3, 2, nil, 4], eta: 3) == [1])
    #expect(promotable(scores: [3, 2, 1, 4, 5, 6], eta: 3) == [1, 2])
  }

  @Test func `brackets take the shares of Hyperband, in an order that does not depend on the number`() {
    let hyperband = rule(.from(1), brackets: 4)
    let brackets = hyperband.brackets(count: 60, rungs: 3)
    // Shares 27/4 : 9/3 : 3/2 : 1.
    #expect((0..<4).map { bracket in brackets.count { $0 == bracket } } == [33, 15, 7, 5])
    #expect(hyperband.brackets(count: 7, rungs: 3) == Array(brackets.prefix(7)))
    #expect(rule(.from(1)).brackets(count: 3, rungs: 3) == [0, 0, 0])
    // No more brackets than rungs and the full run.
    #expect(rule(.from(1), brackets: 9).brackets(count: 30, rungs: 1).max() == 1)
  }
}
