// A coordinator that starts on what an earlier one has stored.
import Scheduling
import Shared
import Testing

@Suite struct RecoveryTests {
  /// A harness whose first `completed` trials have ended, with the rest of the slots mid-trial.
  private func interrupted(after completed: Int, plan: SweepPlan) -> SchedulerHarness {
    let harness = SchedulerHarness(plan)
    harness.connect(session(1), slots: 2)
    var open = harness.takeGrants()
    for _ in 0..<completed where !open.isEmpty {
      let (grant, worker) = open.removeFirst()
      harness.complete(grant, from: worker, validation: grant.parameters.learningRate)
      open += harness.takeGrants()
    }
    for (grant, worker) in open {
      harness.say(.started(harness.address(grant)), from: worker)
      harness.storeCheckpoint(grant, "half of \(grant.trial)", step: 50, from: worker)
    }
    return harness
  }

  @Test(arguments: 0...15) func `a restart repeats nothing that was finished and ends in the same trials`(
    completed: Int
  ) {
    let plan = makePlan(cells: 2)
    let first = interrupted(after: completed, plan: plan)
    let done = first.stored.values.filter { $0.record.state == .succeeded }
    let second = SchedulerHarness(plan, epoch: 2, stored: Array(first.stored.values))
    second.connect(session(2), slots: 2)
    var granted: Set<TrialID> = []
    while let (grant, worker) = second.nextGrant() {
      granted.insert(grant.trial)
      #expect(grant.token.epoch == 2)
      second.complete(grant, from: worker, validation: grant.parameters.learningRate)
    }
    #expect(second.finished)
    #expect(granted.isDisjoint(with: done.map(\.record.id)))
    #expect(second.stored.values.filter { $0.record.state == .succeeded }.count == plan.plannedTrialCount)
    #expect(second.stored.values.allSatisfy { $0.record.failures == 0 })
    let undisturbed = SchedulerHarness(plan)
    undisturbed.connect(session(1))
    undisturbed.runAll()
    #expect(Set(second.stored.values.map(\.record.identity)) == Set(undisturbed.stored.values.map(\.record.identity)))
  }

  @Test func `an interrupted trial goes on from its stored checkpoint`() throws {
    let first = interrupted(after: 0, plan: makePlan(candidates: 1))
    let second = SchedulerHarness(makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values))
    second.connect(session(2))
    let (grant, _) = try #require(second.nextGrant())
    #expect(grant.resume?.step == 50)
  }

  @Test func `held leases wait for their workers and are taken up again`() throws {
    let first = interrupted(after: 0, plan: makePlan(candidates: 1))
    let running = try #require(first.stored.values.first { $0.record.state == .running })
    let token = try #require(running.token)
    let second = SchedulerHarness(
      makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    second.connect(session(2))
    #expect(second.takeGrants().isEmpty)
    second.connect(session(1), inventory: [HeldTrial(trial: running.record.id, token: token, step: 70)])
    second.advance(.seconds(29))
    let address = TrialAddress(trial: running.record.id, token: token, sequence: 99)
    second.say(.offer(address, CheckpointOffer(digest: digest("end"), byteCount: 1, step: 100)), from: session(1))
    let offered = try #require(second.collects.last)
    second.event(.checkpointStored(offered.0, offered.1, from: offered.2))
    second.say(.result(address, makeResult("end")), from: session(1))
    #expect(second.state(running.record.id) == .succeeded)
  }

  @Test func `held leases whose workers do not return are granted anew and not counted`() throws {
    let first = interrupted(after: 0, plan: makePlan(candidates: 1))
    let running = try #require(first.stored.values.first { $0.record.state == .running })
    let second = SchedulerHarness(
      makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    #expect(second.wake == MonotonicInstant(nanoseconds: 30_000_000_000))
    second.connect(session(2))
    second.advance(.seconds(29))
    #expect(second.takeGrants().isEmpty)
    second.say(.heartbeat(held: []), from: session(2))
    second.advance(.seconds(1))
    let (grant, _) = try #require(second.nextGrant())
    #expect(grant.trial == running.record.id)
    #expect(second.stored[grant.trial]?.record.failures == 0)
  }

  @Test func `a worker that returns without its held trial frees it at once`() throws {
    let first = interrupted(after: 0, plan: makePlan(candidates: 1))
    let running = try #require(first.stored.values.first { $0.record.state == .running })
    let second = SchedulerHarness(
      makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    second.connect(session(1))
    let (grant, _) = try #require(second.nextGrant())
    #expect(grant.trial == running.record.id)
    #expect(second.stored[grant.trial]?.record.failures == 0)
    #expect(grant.token.epoch == 2)
  }

  @Test func `a coordinator that stood still goes on holding leases`() throws {
    let first = interrupted(after: 0, plan: makePlan(candidates: 1))
    let running = try #require(first.stored.values.first { $0.record.state == .running })
    let second = SchedulerHarness(
      makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    second.now = second.now + .seconds(3600)
    second.event(.wokeUp)
    second.connect(session(2))
    #expect(second.takeGrants().isEmpty)
    let held = HeldTrial(trial: running.record.id, token: try #require(running.token), step: 70)
    second.connect(session(1), inventory: [held])
    #expect(second.stored[running.record.id]?.holder == session(1) || second.statuses.isEmpty)
    #expect(second.scheduler.grantee(of: running.record.id) == session(1))
    #expect(second.scheduler.heldTrials.map(\.record.id) == [running.record.id])
  }

  @Test func `a worker that is shut out gives its trials back and none of them counts it as a failure`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: session(1))
    harness.event(.workerShutOut(session(1), reason: "its key was revoked"))
    #expect(harness.state(grant.trial) == .pending)
    #expect(harness.stored[grant.trial]?.record.failures == 0)
    harness.connect(session(2))
    #expect(harness.nextGrant()?.grant.trial == grant.trial)
  }

  @Test func `a finished sweep is finished again at once`() {
    let first = SchedulerHarness()
    first.connect(session(1))
    first.runAll()
    let second = SchedulerHarness(epoch: 2, stored: Array(first.stored.values))
    #expect(second.finished)
    #expect(second.statuses.isEmpty)
    #expect(second.stored.count == first.stored.count)
  }

  @Test func `added seeds and values run only what is missing`() {
    let first = SchedulerHarness(makePlan(candidates: 2, tune: 1, report: 2))
    first.connect(session(1))
    first.runAll()
    let before = Set(first.stored.keys)
    let second = SchedulerHarness(
      makePlan(cells: 2, candidates: 3, tune: 1, report: 3), epoch: 2, stored: Array(first.stored.values))
    second.connect(session(2), slots: 3)
    var granted: Set<TrialID> = []
    while let (grant, worker) = second.nextGrant() {
      granted.insert(grant.trial)
      second.complete(grant, from: worker, validation: grant.parameters.learningRate)
    }
    #expect(granted.isDisjoint(with: before))
    #expect(second.finished)
    // 3 + 1 + 3 for each of two cells; the first edition's reference and two reporting trials are still in use.
    #expect(second.stored.count == 14)
    #expect(second.scheduler.progress.succeeded == 14)
  }
}
