// Cells whose candidates are proposed from results, generation by generation.
import Scheduling
import Search
import Shared
import Testing

@Suite struct GenerationTests {
  /// Two cells, two candidates to begin with and seven in the end, two at a time.
  private func plan() -> SweepPlan {
    var plan = makePlan(cells: 2, candidates: 2, tune: 1)
    plan.method = .bayes
    let range = ValueDistribution(.logUniform(0.001...0.1, inverted: false))
    plan.search = SearchSettings(
      space: SearchSpace([SearchDimension(.learningRate, .range(range))]), samplerSeed: 3, configurations: 7,
      initial: 2, generation: 2,
      constants: [.task: .text("linear"), .layers: .integer(1), .steps: .integer(100)])
    return plan
  }

  private func loss(_ grant: TrialGrant) -> Double {
    let distance = deterministicLogarithm(grant.parameters.learningRate / 0.013)
    return 0.1 + distance * distance
  }

  private func outcome(_ harness: SchedulerHarness) -> String {
    harness.stored.values.map(\.record).sorted { $0.identity < $1.identity }
      .map { "\($0.identity) \($0.state)" }.joined(separator: "\n")
  }

  @Test func `a cell has as many candidates as asked for, and reports on one that was proposed`() throws {
    let harness = SchedulerHarness(plan())
    harness.connect(session(1))
    harness.runAll(loss)
    #expect(harness.finished && harness.alarms == [])
    let records = harness.stored.values.map(\.record), tuning = records.filter { $0.stage == .tuning }
    #expect(tuning.count == 14 && Set(tuning.map(\.parameters.learningRate)).count >= 7)
    let reported = Set(records.filter { $0.stage == .reporting }.map(\.parameters.learningRate))
    // Nearer to the optimum than both of the first candidates, 0.01 and 0.02.
    #expect(reported.allSatisfy { abs($0 - 0.013) < 0.003 }, "\(reported)")
  }

  @Test(arguments: [1, 2, 3])
  func `neither the number of workers nor the order of results changes what is proposed`(seed: UInt64) {
    var outcomes: Set<String> = []
    for workers in [1, 2, 5] {
      let harness = SchedulerHarness(plan())
      harness.endInAnyOrder(seed, workers: workers, slots: 2) { grant, worker in
        harness.complete(grant, from: worker, validation: loss(grant))
      }
      #expect(harness.finished)
      outcomes.insert(outcome(harness))
    }
    #expect(outcomes.count == 1)
  }

  @Test func `a restart after every trial proposes the same, and so does whoever reads the results`() {
    let undisturbed = SchedulerHarness(plan())
    undisturbed.connect(session(1))
    undisturbed.runAll(loss)
    var harness = SchedulerHarness(plan())
    var epoch: Int64 = 1
    while !harness.finished, epoch < 200 {
      epoch += 1
      harness.connect(session(UInt64(epoch)))
      if let (grant, worker) = harness.nextGrant() { harness.complete(grant, from: worker, validation: loss(grant)) }
      harness = SchedulerHarness(
        plan(), epoch: epoch, stored: harness.stored.values.sorted { $0.record.id < $1.record.id })
    }
    #expect(harness.finished && outcome(harness) == outcome(undisturbed))
    let records = harness.stored.values.map(\.record)
    let grown = plan().grown(by: records)
    #expect(grown.cells.map(\.configurations.count) == [7, 7])
    let placed = grown.place(records)
    #expect(placed.missing == 0 && placed.superseded.isEmpty && placed.current.count == records.count)
  }
}
