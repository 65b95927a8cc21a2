// Coordinates and values: quantiles against the laws they invert, rounding, and the way back.
import Foundation
import Search
import Shared
import Testing

@Suite struct SearchSpaceTests {
  private func values(_ distribution: ValueDistribution, count: Int = 1000) -> [Double] {
    (0..<count).map { distribution.quantile((Double($0) + 0.5) / Double(count)).number ?? .nan }
  }

  @Test func `quantiles invert the laws`() {
    let us = [1e-6, 0.01, 0.2, 0.5, 0.77, 0.999]
    for u in us {
      #expect(ValueDistribution(.uniform(2...6)).quantile(u) == .number(2 * (1 - u) + 6 * u))
      let logarithmic = ValueDistribution(.logUniform(0.001...10, inverted: false)).quantile(u).number ?? .nan
      #expect(abs(log(logarithmic / 0.001) / log(10_000) - u) < 1e-13)
      let inverted = ValueDistribution(.logUniform(0.001...10, inverted: true)).quantile(u).number ?? .nan
      #expect(abs(log(inverted / 0.001) / log(10_000) - (1 - u)) < 1e-13)
      let normal = ValueDistribution(.normal(mu: 3, sigma: 2)).quantile(u).number ?? .nan
      #expect(abs(0.5 * erfc(-(normal - 3) / 2 / 2.0.squareRoot()) / u - 1) < 1e-11)
      let logNormal = ValueDistribution(.logNormal(mu: -3, sigma: 1)).quantile(u).number ?? .nan
      #expect(abs(0.5 * erfc(-(log(logNormal) + 3) / 2.0.squareRoot()) / u - 1) < 1e-11)
      let beta = ValueDistribution(.beta(a: 1, b: 3)).quantile(u).number ?? .nan
      #expect(abs(1 - pow(1 - beta, 3) - u) < 1e-12)
      let arcsine = ValueDistribution(.beta(a: 0.5, b: 0.5)).quantile(u).number ?? .nan
      #expect(abs(2 / .pi * asin(arcsine.squareRoot()) - u) < 1e-12)
    }
  }

  @Test func `beta's law agrees with tabulated values`() {
    // P(X ≤ x) from SciPy's beta.cdf.
    for (a, b, x, p) in [
      (2.0, 5.0, 0.3, 0.579825),
      (10.0, 10.0, 0.5, 0.5),
      (0.1, 2.0, 0.0001, 0.4379139065371),
      (50.0, 3.0, 0.9, 0.09663328513725),
      (0.001, 0.5, 1e-09, 0.9781346713466),
      (3000.0, 2000.0, 0.61, 0.9258494502887),
    ] {
      #expect(abs(ValueDistribution(.beta(a: a, b: b)).coordinate(of: x) - p) < 1e-11, "\(a) \(b)")
    }
  }

  @Test func `the normal law is right in both tails`() {
    for x in [-38.0, -10, -2.51, -2.49, -1, 0, 0.3, 2.4, 2.6, 9] {
      #expect(abs(normalLaw(x) / (0.5 * erfc(-x / 2.0.squareRoot())) - 1) < 1e-12, "\(x)")
    }
  }

  @Test func `whole numbers, multiples and choices take equal shares of the coordinates`() throws {
    let whole = values(ValueDistribution(.integers(2...4)), count: 300)
    #expect([2, 3, 4].map { value in whole.count { $0 == value } } == [100, 100, 100])
    #expect(
      Set(values(ValueDistribution(.uniform(0.05...0.3), quantum: 0.05))) == [0.05, 0.1, 0.15, 0.2, 0.25, 0.3])
    let space = SearchSpace([
      SearchDimension(
        .learningRate, .choices([.number(0.1), .number(0.2), .number(0.4)], probabilities: [0.5, 0, 0.5])),
      SearchDimension(.optimizer, .choices([.text("adam"), .text("sgd")], probabilities: nil)),
    ])
    #expect(try space.tuple(at: [0.49, 0.51]) == [.number(0.1), .text("sgd")])
    #expect(try space.tuple(at: [0.51, 0.49]) == [.number(0.4), .text("adam")])
    #expect(space.tupleCount == 4)
  }

  @Test func `a value's coordinate maps back to it`() {
    let distributions: [ValueDistribution] = [
      .init(.integers(-3...12)), .init(.uniform(-1...5)), .init(.uniform(0...1), quantum: 0.1),
      .init(.logUniform(1e-4...1, inverted: false)), .init(.logUniform(1e-4...1, inverted: true)),
      .init(.logUniform(1...64, inverted: false), quantum: 2), .init(.normal(mu: 1, sigma: 3)),
      .init(.logNormal(mu: 0, sigma: 1), quantum: 0.5), .init(.beta(a: 2, b: 0.7)),
      .init(.beta(a: 3, b: 3), quantum: 0.25),
    ]
    for distribution in distributions {
      for value in values(distribution, count: 37) {
        let back = distribution.quantile(distribution.coordinate(of: value)).number ?? .nan
        #expect(abs(back - value) <= 1e-11 * max(1, abs(value)), "\(distribution) \(value)")
      }
    }
  }

  @Test func `values are canonical, and one that its parameter refuses is an error`() throws {
    let layers = SearchSpace([SearchDimension(.layers, .range(.init(.uniform(1...8), quantum: 1)))])
    #expect(try layers.tuple(at: [0.5]) == [.integer(4)])
    let rate = SearchSpace([SearchDimension(.learningRate, .range(.init(.normal(mu: 0, sigma: 1))))])
    #expect(throws: ParameterError.self) { try rate.tuple(at: [0.2]) }
  }

  @Test func `what takes no part is at rest, so that points of one configuration are one point`() throws {
    let space = SearchSpace(
      [
        SearchDimension(.optimizer, .choices([.text("adam"), .text("sgd")], probabilities: nil)),
        SearchDimension(.beta1, .range(ValueDistribution(.uniform(0.1...0.9)))),
        SearchDimension(.beta2, .choices([.number(0.8), .number(0.9), .number(0.95)], probabilities: nil)),
      ],
      conditions: [
        SearchCondition(.beta1, when: .optimizer, is: [.text("adam")]),
        SearchCondition(.beta2, when: .optimizer, is: [.text("adam")]),
      ])
    let first = try space.tuple(at: [0.9, 0.1, 0.1]), second = try space.tuple(at: [0.7, 0.6, 0.9])
    #expect(first == second && first == [.text("sgd"), .number(0.5), .number(0.9)])
    #expect(space.point(of: first)[1...] == [0.5, 0.5])
    #expect(try space.tuple(at: [0.1, 0.1, 0.1]) != space.tuple(at: [0.1, 0.6, 0.9]))
    #expect(space.tupleCount == nil)
    var values: [ParameterName: ParameterValue] = [.beta2: .number(0.99)]
    space.assign(first, to: &values)
    #expect(values == [.optimizer: .text("sgd")])
    #expect(try space.sobolTuples(count: 40, seed: 1).count { $0[0] == .text("sgd") } == 1)
  }

  @Test func `tuples are counted by what takes part`() {
    let words: [ParameterValue] = [.text("adam"), .text("adamw"), .text("sgd")]
    func numbers(_ count: Int) -> SearchDimension.Domain {
      .choices((0..<count).map { .number(0.1 + 0.01 * Double($0)) }, probabilities: nil)
    }
    let space = SearchSpace(
      [
        SearchDimension(.beta1, numbers(5)), SearchDimension(.beta2, numbers(7)),
        SearchDimension(.optimizer, .choices(words, probabilities: nil)), SearchDimension(.weightDecay, numbers(4)),
      ],
      conditions: [
        SearchCondition(.beta1, when: .optimizer, is: [.text("adam"), .text("adamw")]),
        SearchCondition(.beta2, when: .beta1, is: [.number(0.1)]),
        SearchCondition(.weightDecay, when: .optimizer, is: [.text("adamw")]),
      ])
    // adam: 4 + 7; adamw: 4 times as many; sgd: 1.
    #expect(space.tupleCount == 11 + 44 + 1)
  }
}
