// The sign-flip test against plain enumeration, known p-values, ties, and its size in simulated ties.
import Reports
import Testing

@Suite struct SignFlipTestTests {
  /// All 2^S sign vectors, one after another.
  private func enumerated(_ differences: [Double]) -> Double {
    let observed = differences.reduce(0, +)
    let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    let vectors = 1 << differences.count
    let count = (0..<vectors).count { signs in
      var sum = 0.0
      for (index, value) in differences.enumerated() { sum += (signs >> index) & 1 == 1 ? -value : value }
      return sum >= observed - slack
    }
    return Double(count) / Double(vectors)
  }

  @Test func `counting by halves equals plain enumeration`() throws {
    var generator = TestGenerator(seed: 1)
    for pairs in 1...13 {
      for shift in [-0.5, 0, 0.3, 2] {
        let differences = (0..<pairs).map { _ in generator.normal() + shift }
        #expect(try #require(SignFlipTest(differences: differences)).p == enumerated(differences))
      }
    }
  }

  @Test func `equal and opposite differences count as ties on every size`() throws {
    var generator = TestGenerator(seed: 2)
    for pairs in 1...12 {
      let differences = (0..<pairs).map { _ in 0.1 * Double(Int.random(in: -3...3, using: &generator)) }
      #expect(try #require(SignFlipTest(differences: differences)).p == enumerated(differences))
    }
  }

  @Test func `differences all above zero give the smallest p`() throws {
    for pairs in [1, 6, 8, 20, 32] {
      let test = try #require(SignFlipTest(differences: (1...pairs).map { Double($0) / 7 }))
      #expect(test.p == SignFlipTest.smallestP(pairs: pairs))
      #expect(test.pairs == pairs)
    }
    #expect(SignFlipTest.smallestP(pairs: 8) == 1.0 / 256)
  }

  @Test func `differences of zero decide nothing`() throws {
    #expect(try #require(SignFlipTest(differences: [0, 0, 0, 0])).p == 1)
    #expect(try #require(SignFlipTest(differences: [1, 0, 0])).p == 0.5)
  }

  @Test func `no differences or one that is not finite give no test`() {
    #expect(SignFlipTest(differences: []) == nil)
    #expect(SignFlipTest(differences: [1, .nan]) == nil)
    #expect(SignFlipTest(differences: [1, -.infinity]) == nil)
  }

  @Test func `Darwin's plants give the count that Fisher found`() throws {
    // Fisher 1935 §21: 863 of 32,768 sign vectors reach the sum of Darwin's fifteen differences.
    let darwin = [49.0, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
    #expect(try #require(SignFlipTest(differences: darwin)).p == 863.0 / 32_768)
    #expect(try #require(SignFlipTest(differences: darwin + [0, 0, 0, 0, 0])).p == 863.0 / 32_768)
  }

  @Test func `beyond thirty-two pairs a fixed sample agrees with the exact p and repeats itself`() throws {
    var generator = TestGenerator(seed: 3)
    let exactPart = (0..<32).map { _ in generator.normal() + 0.25 }
    let exact = try #require(SignFlipTest(differences: exactPart)).p
    // A zero difference changes no sum, so the sampled p estimates the same number.
    let sampled = try #require(SignFlipTest(differences: exactPart + [0])).p
    #expect(abs(sampled - exact) <= threeStandardErrors(of: exact, repetitions: 99_999))
    #expect(try #require(SignFlipTest(differences: exactPart + [0])).p == sampled)
  }

  @Test func `under the hypothesis p is below 5 percent in at most 5 percent of samples`() throws {
    var generator = TestGenerator(seed: 4)
    let repetitions = 4000
    var rejections = 0
    for _ in 0..<repetitions {
      let test = try #require(SignFlipTest(differences: (0..<8).map { _ in generator.normal() }))
      if test.p <= 0.05 { rejections += 1 }
    }
    let share = Double(rejections) / Double(repetitions)
    #expect(share <= 0.05 + threeStandardErrors(of: 0.05, repetitions: repetitions))
    #expect(share >= 0.03)
  }
}
