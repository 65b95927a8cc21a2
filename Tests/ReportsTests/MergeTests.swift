// Several directories as one report: the same table as of one that ran everything, and no averaging over contradictions.
import Reports
import Search
import Shared
import Testing

@Suite struct MergeTests {
  private func part(_ results: SweepResults, _ name: String) -> SweepPart {
    SweepPart(
      name: name, plan: results.plan, stored: results.trials, curves: results.curves, provenance: results.provenance)
  }

  /// The cells of `whole` for which `condition` holds, as a directory of its own that numbers its trials from 1.
  private func share(
    of whole: SweepResults, _ name: String, rows: [String]? = nil,
    where condition: (TrialRecord) -> Bool = { _ in true }
  ) -> SweepPart {
    var results = whole
    if let rows {
      results.plan.axes[0] = Axis(name: .task, role: .rows, values: rows.map { .text($0) })
      results.plan.cells = whole.plan.cells.filter { rows.contains($0.coordinates[0].description) }
    }
    let cells = Set(results.plan.cells.map(\.id))
    results.trials = []
    results.curves = [:]
    for record in whole.trials where cells.contains(record.cell) && condition(record) {
      var own = record
      own.id = TrialID(rawValue: Int64(results.trials.count + 1))
      results.trials.append(own)
      results.curves[own.id] = whole.curves[record.id]
    }
    results.plan.cells = results.plan.cells.enumerated().map {
      CellPlan(id: CellID(rawValue: $0), coordinates: $1.coordinates, configurations: $1.configurations)
    }
    return part(results, name)
  }

  private func merged(_ parts: [SweepPart]) throws -> SweepResults {
    try mergeSweeps(parts) { "\($0.count) trials" }
  }

  @Test func `directories that ran different tasks give the table of one that ran them all`() throws {
    let whole = SampleSweep().results()
    let results = try merged([
      share(of: whole, "here", rows: ["linear"]), share(of: whole, "there", rows: ["relu", "exp"]),
    ])
    #expect(matrixCSV(SweepMatrix(results: results)) == matrixCSV(SweepMatrix(results: whole)))
    #expect(results.trials.count == whole.trials.count)
    #expect(results.curves.count == whole.curves.count)
    #expect(results.name(of: results.trials[60].id).hasSuffix(" of there"))
  }

  @Test func `directories that ran different trials of one manifest give the table of all`() throws {
    let whole = SampleSweep().results()
    let results = try merged([
      share(of: whole, "here") { $0.stage == .tuning || $0.seed.rawValue % 2 == 0 },
      share(of: whole, "there") { $0.stage != .tuning },
    ])
    #expect(matrixCSV(SweepMatrix(results: results)) == matrixCSV(SweepMatrix(results: whole)))
    #expect(results.provenance.digest == "\(whole.trials.count) trials")
  }

  @Test func `rows that got seeds until they were decided are decided once more over all directories`() throws {
    var sample = SampleSweep()
    (sample.reportSeeds, sample.noise) = (24, 0.1)
    var whole = sample.results()
    whole.plan.replication = Replication(minimum: 8, maximum: 24)
    whole.plan.reportSeeds = Array(whole.plan.reportSeeds.prefix(8))
    let everything = whole.trials
    whole.plan = whole.plan.grown(by: everything)
    whole.trials = whole.plan.place(everything).current
    // Some rows needed more than eight, and not all of them the same.
    #expect(Set(whole.plan.cells.map(\.furtherSeeds)).count > 1)
    let results = try merged([
      share(of: whole, "here", rows: ["linear"]), share(of: whole, "there", rows: ["relu", "exp"]),
    ])
    #expect(Set(results.trials.map(\.identity)) == Set(whole.trials.map(\.identity)))
    #expect(SweepMatrix(results: results).pendingTrials == 0)
    #expect(matrixCSV(SweepMatrix(results: results)) == matrixCSV(SweepMatrix(results: whole)))
    // Each has some of the further seeds of every row.
    let halves = try merged([
      share(of: whole, "here") { $0.stage != .reporting || $0.seed.rawValue < 8 || $0.cell.rawValue % 2 == 0 },
      share(of: whole, "there") { $0.stage == .tuning || $0.cell.rawValue % 2 == 1 },
    ])
    #expect(matrixCSV(SweepMatrix(results: halves)) == matrixCSV(SweepMatrix(results: whole)))
  }

  @Test func `a trial with two results is refused with both of them`() throws {
    let whole = SampleSweep().results()
    var other = part(whole, "there")
    let index = try #require(other.stored.firstIndex { $0.stage == .reporting && $0.cell.rawValue == 5 })
    other.stored[index].result?.metrics.testLoss = 0.5
    let loss = try #require(whole.trials[index].result?.metrics.testLoss)
    #expect {
      try merged([part(whole, "here"), other])
    } throws: { error in
      guard case MergeError.differentResults("here", "there", let trial, let losses) = error else { return false }
      return trial.hasPrefix("relu, relu, seed 0, configuration ") && losses == [loss, 0.5]
    }
    let message =
      "\(MergeError.differentResults(first: "a", second: "b", trial: "relu, exp, seed 3", losses: [0.5, 0.25]))"
    #expect(
      message == "a and b hold different results of the same trial, relu, exp, seed 3: test loss 0.500000000 and "
        + "0.250000000; equal trials give equal bits, so one of the machines is wrong: check both with `attune verify`, "
        + "and leave out the directory that fails")
  }

  @Test func `a trial that failed in one place and succeeded in the other counts as succeeded`() throws {
    let whole = SampleSweep().results()
    var other = part(whole, "there")
    for index in other.stored.indices { (other.stored[index].state, other.stored[index].result) = (.failed, nil) }
    for parts in [[other, part(whole, "here")], [part(whole, "here"), other]] {
      #expect(matrixCSV(SweepMatrix(results: try merged(parts))) == matrixCSV(SweepMatrix(results: whole)))
    }
  }

  @Test func `sweeps that compare differently are refused with what differs`() throws {
    let whole = SampleSweep().results()
    var other = SampleSweep()
    other.reportSeeds = 6
    #expect(
      throws: MergeError.differentPlans(
        first: "here", second: "there", what: "the number of reporting seeds", found: ["\"8\"", "\"6\""])
    ) { try merged([part(whole, "here"), part(other.results(), "there")]) }
  }

  @Test func `rows with different columns are one report, without a test over all of them`() throws {
    let whole = SampleSweep().results()
    var narrow = share(of: whole, "there", rows: ["relu"])
    narrow.plan.axes[1] = Axis(name: .activation, role: .columns, values: [.text("relu"), .text("exp")])
    narrow.plan.cells = narrow.plan.cells.filter { ["relu", "exp"].contains($0.coordinates[1].description) }
    let results = try merged([share(of: whole, "here", rows: ["linear"]), narrow])
    let matrix = SweepMatrix(results: results)
    #expect(matrix.rows.map(\.cells.count) == [4, 2])
    #expect(matrix.rows.allSatisfy { $0.isDecided })
    #expect(matrix.interactions.map { $0.test == nil } == [true])
    #expect(
      interactionSentence(matrix.interactions[0], matrix).contains("not every activation was tried in every task"))
    #expect(!reportHTML(results: results, matrix: matrix).isEmpty)
  }
}

@Suite struct ComparisonTests {
  private func compare(_ first: SweepResults, _ second: SweepResults) -> SweepComparison {
    SweepComparison(SweepMatrix(results: first), SweepMatrix(results: second), names: ["a", "b"])
  }

  @Test func `a sweep compared with itself is identical in every cell`() {
    let comparison = compare(SampleSweep().results(), SampleSweep().results())
    #expect(comparison.cells.count == 12)
    #expect(comparison.cells.allSatisfy { $0.kind == .identical && $0.p == nil && $0.parameters.isEmpty })
    #expect(
      comparisonText(comparison).sentences.first?.hasPrefix("12 cells: 12 identical to the bit, 0 changed") == true)
  }

  @Test func `a cell that got better is found, tested on the seeds that both have, with what differs`() throws {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 6, trial.stage == .reporting else { return }
      trial.result?.metrics.testLoss *= 0.8
    }
    let comparison = compare(SampleSweep().results(), sweep.results())
    #expect(comparison.cells.map(\.kind).filter { $0 == .changed }.count == 1)
    let cell = comparison.cells[6]
    let difference = try #require(cell.difference)
    #expect(abs(difference.mean - -0.22314355131420976) < 1e-12)
    #expect(difference.count == 8)
    // All eight signs agree: 2 · 2⁻⁸.
    #expect(cell.p == 2.0 / 256 && cell.pAdjusted == 2.0 / 256)
    #expect(comparison.bestSets.map(\.row) == ["relu"])
    #expect(comparisonText(comparison).sentences.last == "relu: the best set was relu and is exp.")
    #expect(comparisonText(comparison).rows[7][3] == "-0.2231")
  }

  @Test func `cells of one sweep alone and other hyperparameters are named`() {
    var narrow = SampleSweep()
    narrow.tasks = [.linear, .relu]
    narrow.learningRates = [0.01, 0.03]
    let comparison = compare(SampleSweep().results(), narrow.results())
    #expect(comparison.cells.count { $0.kind == .onlyFirst } == 4)
    #expect(comparison.cells[0].parameters == ["learning_rate 0.02 → 0.03"])
  }
}
