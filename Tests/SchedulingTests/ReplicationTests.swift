// Rows whose seeds are added where their results leave them undecided: to whom, how many, and always the same.
import Scheduling
import Search
import Shared
import Testing

@Suite struct ReplicationTests {
  /// Two rows of three activations, two candidates to tune, 6 to 24 seeds.
  private func plan(maximum: Int = 24) -> SweepPlan {
    let base = makePlan(cells: 6, candidates: 2, tune: 1, report: 6)
    let names = Activation.classic.prefix(3).map(\.description)
    let cells = base.cells.enumerated().map { index, cell in
      let layers = 1 + index / 3
      return CellPlan(
        id: cell.id, coordinates: [.integer(layers), .text(names[index % 3])],
        candidates: cell.candidates.map { candidate in
          var candidate = candidate
          (candidate.heads, candidate.layers) = (Heads([Activation.classic[index % 3]]), layers)
          return candidate
        })
    }
    var plan = SweepPlan(
      name: "test", method: .grid,
      axes: [
        Axis(name: .layers, role: .rows, values: [.integer(1), .integer(2)]),
        Axis(name: .activation, role: .columns, values: names.map { .text($0) }),
      ],
      tuned: base.tuned, cells: cells, tuneSeeds: base.tuneSeeds, reportSeeds: base.reportSeeds)
    plan.replication = Replication(minimum: 6, maximum: maximum)
    return plan
  }

  /// The third activation is far behind in the first row; the others differ by less than their noise, most of all in the
  /// second row.
  private func loss(_ grant: TrialGrant) -> Double {
    let parameters = grant.parameters
    let column = Activation.classic.firstIndex { parameters.heads.activations == [$0] } ?? 0
    var noise = DrawStream(seed: UInt64(column), draw: grant.seed.rawValue, parameter: "\(parameters.layers)")
    let gap = parameters.layers == 1 ? [0, 0.35, 9][column] : [0, 0.05, 0.05][column]
    let tuned = grant.seed.rawValue >= Seed.firstTuning ? parameters.learningRate : 0
    return deterministicExponential(gap + 0.5 * noise.nextUniform() + tuned)
  }

  private func run(_ harness: SchedulerHarness) {
    harness.connect(session(1))
    harness.runAll(loss)
  }

  private func outcome(_ harness: SchedulerHarness) -> String {
    harness.stored.values.map(\.record).sorted { $0.identity < $1.identity }
      .map { "\($0.identity) \($0.state)" }.joined(separator: "\n")
  }

  /// Reporting trials by cell.
  private func seeds(_ harness: SchedulerHarness) -> [Int] {
    (0..<6).map { cell in
      harness.stored.values.count { $0.record.stage == .reporting && $0.record.cell.rawValue == cell }
    }
  }

  @Test func `only cells that leave a row undecided get further seeds, and no cell more than the largest number`() {
    let harness = SchedulerHarness(plan())
    run(harness)
    #expect(harness.finished && harness.alarms == [])
    let seeds = seeds(harness)
    #expect(seeds[2] < 10, "\(seeds): it is far behind")
    #expect(seeds[0] == seeds[1] && (10..<24).contains(seeds[0]), "\(seeds): decided before the largest number")
    #expect(seeds[3...].max() == 24, "\(seeds): too close for the noise")
    let last = harness.notes.compactMap { note -> ReplicationStep? in
      if case .replicated(CellID(rawValue: 1), let step) = note { step } else { nil }
    }.last
    guard case .excluded = last?.reason else {
      Issue.record("the second cell ended as \(String(describing: last))")
      return
    }
    #expect(harness.scheduler.progress.planned == harness.scheduler.progress.succeeded)
    #expect(harness.scheduler.progress.finishedCells == 6)
    #expect(harness.scheduler.progress.stepsDone == harness.scheduler.progress.stepsPlanned)
  }

  @Test func `cells get seeds when the whole row has ended, not before`() throws {
    let harness = SchedulerHarness(plan())
    harness.connect(session(1), slots: 100)
    var held = harness.takeGrants()
    func complete(_ isDue: (TrialGrant) -> Bool) {
      while let index = held.firstIndex(where: { isDue($0.grant) }) {
        let (grant, worker) = held.remove(at: index)
        harness.complete(grant, from: worker, validation: loss(grant))
        held += harness.takeGrants()
      }
    }
    // One reporting trial of the second row is kept back.
    complete { $0.parameters.layers == 1 || $0.seed != Seed(rawValue: 3) }
    #expect(seeds(harness)[3...] == [6, 6, 6] && !harness.finished)
    #expect(seeds(harness)[0] > 6, "the first row does not wait for the second")
    complete { _ in true }
    #expect(seeds(harness)[3...].max() == 24 && harness.finished)
  }

  @Test(arguments: [1, 2, 3])
  func `neither the number of workers nor the order of results changes who gets seeds`(seed: UInt64) {
    var outcomes: Set<String> = []
    for workers in [1, 2, 5] {
      let harness = SchedulerHarness(plan())
      harness.endInAnyOrder(seed, workers: workers, slots: 3) { grant, worker in
        harness.complete(grant, from: worker, validation: loss(grant))
      }
      #expect(harness.finished)
      outcomes.insert(outcome(harness))
    }
    #expect(outcomes.count == 1)
  }

  @Test func `a restart after every trial gives the same seeds, and so does whoever reads the results`() {
    let undisturbed = SchedulerHarness(plan())
    run(undisturbed)
    var harness = SchedulerHarness(plan())
    var epoch: Int64 = 1
    while !harness.finished, epoch < 400 {
      epoch += 1
      harness.connect(session(UInt64(epoch)))
      if let (grant, worker) = harness.nextGrant() { harness.complete(grant, from: worker, validation: loss(grant)) }
      let stored = harness.stored.values.sorted { $0.record.id < $1.record.id }
      let grown = plan().grown(by: stored.map(\.record)), placed = grown.place(stored.map(\.record))
      #expect(placed.superseded.isEmpty && grown.plannedTrialCount == harness.scheduler.progress.planned)
      harness = SchedulerHarness(plan(), epoch: epoch, stored: stored)
    }
    #expect(harness.finished && outcome(harness) == outcome(undisturbed))
    let records = harness.stored.values.map(\.record), grown = plan().grown(by: records)
    #expect(grown.cells.map { 6 + $0.furtherSeeds } == seeds(harness))
    #expect(grown.place(records).missing == 0)
  }

  @Test func `a larger number goes on where the smaller one had stopped, with no trial run again`() {
    let first = SchedulerHarness(plan(maximum: 10))
    run(first)
    let records = first.stored.values.sorted { $0.record.id < $1.record.id }
    let second = SchedulerHarness(plan(), epoch: 2, stored: records)
    let attempts = second.stored.values.filter { first.stored[$0.record.id] != nil }.map(\.record.attempts)
    run(second)
    let whole = SchedulerHarness(plan())
    run(whole)
    #expect(second.finished && attempts.allSatisfy { $0 == 1 })
    // Rounds are counted from other numbers, so a row may end a few seeds later; the verdicts' budget is the same.
    #expect(seeds(second)[3...].max() == 24 && seeds(second)[2] == seeds(whole)[2])
  }

  @Test func `a cell whose tuning failed gets nothing and holds up nobody`() {
    let harness = SchedulerHarness(plan())
    harness.connect(session(1))
    let broken = Heads([Activation.classic[2]])
    while let (grant, worker) = harness.nextGrant() {
      if grant.parameters.heads == broken, grant.seed.rawValue >= Seed.firstTuning, grant.seed != .reference {
        harness.say(.failed(harness.address(grant), reason: "a test says so"), from: worker)
      } else {
        harness.complete(grant, from: worker, validation: loss(grant))
      }
    }
    #expect(harness.finished && harness.alarms == [])
    #expect(seeds(harness)[2] == 6 && seeds(harness)[0] > 6)
    let records = harness.stored.values.map(\.record)
    #expect(plan().grown(by: records).place(records).missing == 0)
  }
}
