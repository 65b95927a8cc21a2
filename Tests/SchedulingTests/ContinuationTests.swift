// Editions with more steps: new trials begin where those of the edition before ended.
import Scheduling
import Shared
import Testing

@Suite struct ContinuationTests {
  private func plan(steps: Int, schedule: Schedule = .constant) -> SweepPlan {
    var plan = makePlan(cells: 1, candidates: 2, tune: 1, report: 2)
    plan.cells[0].configurations = plan.cells[0].candidates.map { candidate in
      var candidate = candidate
      (candidate.steps, candidate.schedule, candidate.warmupSteps) = (steps, schedule, 5)
      return TrialConfiguration(candidate)
    }
    return plan
  }

  private func stored(_ harness: SchedulerHarness) -> [StoredTrial] {
    harness.stored.values.sorted { $0.record.id < $1.record.id }
  }

  @Test func `every trial goes on from the one of its configuration and seed, also where it is made later`() throws {
    let first = SchedulerHarness(plan(steps: 100))
    first.connect(session(1))
    first.runAll()
    let second = SchedulerHarness(plan(steps: 300), epoch: 2, stored: stored(first))
    second.connect(session(2))
    var grants: [TrialGrant] = []
    while let (grant, worker) = second.nextGrant() {
      grants.append(grant)
      second.complete(grant, from: worker, validation: grant.parameters.learningRate)
    }
    #expect(second.finished && grants.map(\.stage) == [.tuning, .tuning, .reporting, .reporting])
    for grant in grants {
      let shorter = try #require(
        first.stored.values.first {
          $0.record.seed == grant.seed && $0.record.parameters.learningRate == grant.parameters.learningRate
        })
      #expect(grant.resume == shorter.checkpoint && grant.resume?.step == 100)
    }
  }

  @Test func `a restart before they ran changes nothing, and the longest counts`() throws {
    let first = SchedulerHarness(plan(steps: 100))
    first.connect(session(1))
    first.runAll()
    let second = SchedulerHarness(plan(steps: 300), epoch: 2, stored: stored(first))
    let third = SchedulerHarness(plan(steps: 300), epoch: 3, stored: stored(second))
    third.connect(session(3))
    #expect(third.nextGrant()?.grant.resume?.step == 100)
  }

  @Test func `trials whose steps depend on how many follow begin anew`() {
    let first = SchedulerHarness(plan(steps: 100, schedule: .cosine))
    first.connect(session(1))
    first.runAll()
    let second = SchedulerHarness(plan(steps: 300, schedule: .cosine), epoch: 2, stored: stored(first))
    second.connect(session(2))
    #expect(second.nextGrant().map { $0.grant.resume == nil } == true)
  }

  @Test func `trials that are judged at rungs begin anew, their reporting trials go on`() {
    let first = SchedulerHarness(plan(steps: 100))
    first.connect(session(1))
    first.runAll()
    var longer = plan(steps: 300)
    longer.earlyTermination = EarlyTermination(rule: .hyperband, spacing: .from(5))
    let second = SchedulerHarness(longer, epoch: 2, stored: stored(first))
    second.connect(session(2))
    #expect(second.nextGrant().map { $0.grant.resume == nil && $0.grant.stage == .tuning } == true)
  }
}
