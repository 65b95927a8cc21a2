// Student's t, the incomplete beta function behind it, t-intervals and equivalence tests against tables and simulation.
import Reports
import Testing

@Suite struct DistributionTests {
  @Test func `tails of t match published values`() {
    // Closed forms for 1 and 2 degrees: ½ − arctan(t)/π and ½ − t/(2√(2 + t²)); the rest from R's pt().
    #expect(abs(StudentT(degrees: 1).upperTail(1) - 0.25) < 1e-14)
    #expect(abs(StudentT(degrees: 2).upperTail(1) - (0.5 - 1 / (2 * 3.0.squareRoot()))) < 1e-14)
    #expect(abs(StudentT(degrees: 7).upperTail(2.364624251592785) - 0.025) < 1e-12)
    #expect(abs(StudentT(degrees: 10).upperTail(-1.812461122811676) - 0.95) < 1e-12)
    #expect(StudentT(degrees: 5).upperTail(0) == 0.5)
    #expect(StudentT(degrees: 5).upperTail(.infinity) == 0)
    #expect(StudentT(degrees: 5).upperTail(-1e200) == 1)
    #expect(StudentT(degrees: 5).upperTail(.nan).isNaN)
  }

  @Test(arguments: [
    (1.0, 0.975, 12.706204736174694), (2, 0.975, 4.302652729749462), (7, 0.975, 2.364624251592785),
    (7, 0.95, 1.8945786050613054), (19, 0.995, 2.860934606449914), (1000, 0.975, 1.9623390808264078),
  ])
  func `quantiles of t match published tables`(degrees: Double, probability: Double, value: Double) {
    let found = StudentT(degrees: degrees).quantile(probability)
    #expect(abs(found / value - 1) < 1e-9)
    #expect(abs(StudentT(degrees: degrees).quantile(1 - probability) / -value - 1) < 1e-9)
  }

  @Test func `quantiles at the ends and outside`() {
    #expect(StudentT(degrees: 3).quantile(0.5) == 0)
    #expect(StudentT(degrees: 3).quantile(1) == .infinity)
    #expect(StudentT(degrees: 3).quantile(0) == -.infinity)
    #expect(StudentT(degrees: 3).quantile(1.5).isNaN)
  }

  @Test func `an interval of one value does not exist`() throws {
    let single = try #require(SampleSummary([2]))
    #expect(single.mean == 2)
    #expect(single.standardDeviation == nil)
    #expect(single.interval(confidence: 0.95) == nil)
    #expect(single.tTestP() == nil)
    #expect(SampleSummary([]) == nil)
  }

  @Test func `the t-interval covers the mean in 95 percent of samples`() throws {
    var generator = TestGenerator(seed: 11)
    let repetitions = 3000
    var covered = 0
    for _ in 0..<repetitions {
      let sample = try #require(SampleSummary((0..<5).map { _ in 3 + generator.normal() }))
      let interval = try #require(sample.interval(confidence: 0.95))
      if interval.low <= 3, 3 <= interval.high { covered += 1 }
    }
    let share = Double(covered) / Double(repetitions)
    #expect(abs(share - 0.95) <= threeStandardErrors(of: 0.95, repetitions: repetitions))
  }

  @Test func `a one-sided t test of a worked example`() throws {
    // Student's sleep data (Student 1908): ten paired differences, t = 4.0621, one-sided p = 0.001416.
    let sleep = [1.2, 2.4, 1.3, 1.3, 0.0, 1.0, 1.8, 0.8, 4.6, 1.4]
    let summary = try #require(SampleSummary(sleep))
    let p = try #require(summary.tTestP())
    #expect(abs(p - 0.001416445) < 1e-8)
    #expect(try #require(SampleSummary([1, 1, 1])).tTestP() == 0)
    #expect(try #require(SampleSummary([0, 0])).tTestP() == 0.5)
  }

  @Test func `equal networks are equivalent and different ones are not`() throws {
    let small = [0.001, -0.002, 0.0, 0.0015, -0.001, 0.0005]
    #expect(try #require(EquivalenceTest(differences: small, margin: 0.01)).p < 0.001)
    #expect(try #require(EquivalenceTest(differences: small.map { $0 + 0.02 }, margin: 0.01)).p > 0.99)
    #expect(try #require(EquivalenceTest(differences: [0, 0, 0], margin: 0.01)).p == 0)
    #expect(EquivalenceTest(differences: [0.001], margin: 0.01) == nil)
    #expect(EquivalenceTest(differences: [0.001, .nan], margin: 0.01) == nil)
  }

  @Test(arguments: [-0.01, 0.01])
  func `a difference of exactly the margin is called a tie in at most 5 percent`(shift: Double) throws {
    var generator = TestGenerator(seed: 12)
    let repetitions = 3000
    var ties = 0
    for _ in 0..<repetitions {
      let differences = (0..<8).map { _ in shift + 0.004 * generator.normal() }
      if try #require(EquivalenceTest(differences: differences, margin: 0.01)).p <= 0.05 { ties += 1 }
    }
    let share = Double(ties) / Double(repetitions)
    #expect(share <= 0.05 + threeStandardErrors(of: 0.05, repetitions: repetitions))
  }

  @Test func `a true tie well inside the margin is found`() throws {
    var generator = TestGenerator(seed: 13)
    let ties = try (0..<500).count { _ in
      let differences = (0..<8).map { _ in 0.005 * generator.normal() }
      return try #require(EquivalenceTest(differences: differences, margin: 0.01)).p <= 0.05
    }
    #expect(ties >= 475)
  }
}
