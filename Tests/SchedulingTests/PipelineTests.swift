// A cell's way from its tuning trials over the reference to its reporting trials.
import Scheduling
import Shared
import Testing

@Suite struct PipelineTests {
  @Test func `a cell is tuned, then its reference is run, then its reporting trials`() throws {
    let harness = SchedulerHarness()
    harness.connect(session(1))
    var stages: [TrialStage] = []
    while let (grant, worker) = harness.nextGrant() {
      stages.append(grant.stage)
      harness.complete(grant, from: worker, validation: grant.parameters.learningRate)
    }
    #expect(stages == [.tuning, .tuning, .tuning, .tuning, .reference, .reporting, .reporting, .reporting])
    #expect(harness.finished)
    #expect(harness.alarms == [])
  }

  @Test func `reporting trials run the candidate with the smallest tuning loss on the reporting seeds`() {
    let harness = SchedulerHarness()
    harness.connect(session(1), slots: 8)
    harness.runAll { $0.parameters.learningRate == 0.02 ? 0.1 : 0.2 }
    let reporting = harness.stored.values.map(\.record).filter { $0.stage == .reporting }
    #expect(reporting.map(\.parameters.learningRate) == [0.02, 0.02, 0.02])
    #expect(Set(reporting.map(\.seed.rawValue)) == [0, 1, 2])
  }

  @Test func `reporting grants carry the reference's checkpoint`() throws {
    let harness = SchedulerHarness()
    harness.connect(session(1))
    var references: [CheckpointOffer?] = []
    while let (grant, worker) = harness.nextGrant() {
      if grant.stage == .reporting { references.append(grant.reference) } else { #expect(grant.reference == nil) }
      harness.complete(grant, from: worker)
    }
    let reference = try #require(harness.stored.values.first { $0.record.stage == .reference })
    #expect(references == [reference.checkpoint, reference.checkpoint, reference.checkpoint])
    #expect(reference.record.seed == .reference)
    #expect(reference.record.parameters.network == .isotropic)
  }

  @Test func `no reporting trial is granted before the reference has ended`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1), slots: 4)
    let first = harness.takeGrants()
    #expect(first.map(\.grant.stage) == [.reference])
    harness.complete(first[0].grant, from: session(1))
    #expect(harness.takeGrants().map(\.grant.stage) == [.reporting, .reporting, .reporting])
  }

  @Test func `reporting trials go on without a reference that failed`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1), slots: 4)
    let (reference, worker) = try #require(harness.nextGrant())
    harness.say(.failed(harness.address(reference), reason: "no memory"), from: worker)
    let reporting = harness.takeGrants()
    #expect(reporting.map(\.grant.stage) == [.reporting, .reporting, .reporting])
    #expect(reporting.allSatisfy { $0.grant.reference == nil })
  }

  @Test func `a cell with one candidate is not tuned`() {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    harness.runAll()
    #expect(harness.stored.values.map(\.record.stage).filter { $0 == .tuning }.isEmpty)
    #expect(harness.finished)
  }

  @Test func `a cell whose tuning trials all failed is cancelled with a reason`() throws {
    let harness = SchedulerHarness(makePlan(cells: 2))
    harness.connect(session(1), slots: 4)
    while let (grant, worker) = harness.nextGrant() {
      if grant.parameters.heads == Heads([.linear]), grant.stage == .tuning {
        harness.say(.failed(harness.address(grant), reason: "bad"), from: worker)
      } else {
        harness.complete(grant, from: worker)
      }
      while let (other, otherWorker) = harness.nextGrant() {
        if other.parameters.heads == Heads([.linear]), other.stage == .tuning {
          harness.say(.failed(harness.address(other), reason: "bad"), from: otherWorker)
        } else {
          harness.complete(other, from: otherWorker)
        }
      }
      harness.event(.tick)
    }
    let cancelled = harness.stored.values.map(\.record).filter { $0.state == .cancelled }
    #expect(cancelled.count == 4)
    #expect(
      cancelled.allSatisfy { $0.reason == "every tuning trial of its cell failed, so there is nothing to report on" })
    #expect(harness.finished)
    #expect(harness.stored.values.filter { $0.record.state == .succeeded }.count == 8)
    #expect(harness.scheduler.failures.count == 4)
  }

  @Test func `a diverged candidate is not selected while another is finite`() {
    let harness = SchedulerHarness()
    harness.connect(session(1))
    while let (grant, worker) = harness.nextGrant() {
      let diverges = grant.stage == .tuning && grant.parameters.learningRate == 0.01
      harness.complete(
        grant, from: worker, validation: diverges ? 0.0001 : 9, outcome: diverges ? .diverged : .finite)
    }
    let reporting = harness.stored.values.map(\.record).filter { $0.stage == .reporting }
    #expect(reporting.allSatisfy { $0.parameters.learningRate == 0.02 })
  }

  @Test func `references go before tuning, tuning in the order of cells, reporting trials last`() {
    let harness = SchedulerHarness(makePlan(cells: 3, tune: 1, report: 1))
    harness.connect(session(1))
    var order: [String] = []
    while let (grant, worker) = harness.nextGrant() {
      order.append("\(grant.stage.rawValue) \(grant.parameters.heads)")
      harness.complete(grant, from: worker)
    }
    #expect(
      order == [
        "tuning linear", "tuning linear", "reference linear", "tuning relu", "tuning relu", "reference relu",
        "tuning exp", "tuning exp", "reference exp", "reporting linear", "reporting relu", "reporting exp",
      ])
  }

  @Test(arguments: 0..<20) func `what is run does not depend on the order in which results arrive`(seed: Int) {
    var generator = SplitMix64(state: UInt64(seed))
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 3))
    for worker in 1...5 { harness.connect(session(UInt64(worker)), slots: 3) }
    var open = harness.takeGrants()
    while !open.isEmpty {
      let (grant, worker) = open.remove(at: Int.random(in: 0..<open.count, using: &generator))
      // The loss depends on the trial alone, with a tie between two candidates.
      let loss = grant.parameters.learningRate == 0.01 ? 0.5 : 0.25
      harness.complete(grant, from: worker, validation: loss)
      open += harness.takeGrants()
    }
    #expect(harness.finished)
    let run = Set(harness.stored.values.map(\.record.identity))
    var expected: Set<TrialIdentity> = []
    let plan = makePlan(cells: 4, candidates: 3)
    for cell in plan.cells {
      expected.formUnion(plan.tuningTrials(of: cell).joined().map(\.identity))
      expected.insert(plan.referenceTrial(of: cell, selected: 1).identity)
      expected.formUnion(plan.reportingTrials(of: cell, selected: 1).map(\.identity))
    }
    #expect(run == expected)
    #expect(harness.scheduler.progress.planned == expected.count)
    #expect(harness.scheduler.progress.succeeded == expected.count)
  }

  @Test func `cells that differ in training only share their reference`() {
    // Two cells along an axis of steps: the isotropic reference has its own steps.
    let base = makePlan(candidates: 1)
    var longer = base.cells[0].candidates[0]
    longer.steps = 200
    let plan = SweepPlan(
      name: "test", method: .grid, axes: base.axes, tuned: [],
      cells: [base.cells[0], CellPlan(id: CellID(rawValue: 1), coordinates: [.integer(200)], candidates: [longer])],
      tuneSeeds: base.tuneSeeds, reportSeeds: base.reportSeeds)
    let harness = SchedulerHarness(plan)
    harness.connect(session(1), slots: 2)
    // A trial that is lent threads is granted twice.
    var withReference: Set<TrialID> = []
    while let (grant, worker) = harness.nextGrant() {
      if grant.reference != nil { withReference.insert(grant.trial) }
      harness.complete(grant, from: worker)
    }
    #expect(harness.finished)
    #expect(harness.stored.values.filter { $0.record.stage == .reference }.count == 1)
    #expect(harness.stored.count == 7)
    #expect(harness.scheduler.progress.planned == 7)
    #expect(withReference.count == 6)
  }

  @Test func `the end is told to every worker, once, and to those that come late`() {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1))
    harness.connect(session(2))
    harness.runAll()
    let finish = CoordinatorMessage.finish(reason: "the sweep is complete")
    #expect(harness.takeMessages(to: session(1)).last == finish)
    #expect(harness.takeMessages(to: session(2)).last == finish)
    harness.advance(.seconds(1))
    harness.expectNothingElse()
    harness.connect(session(3))
    #expect(harness.takeMessages(to: session(3)).last == finish)
  }
}
