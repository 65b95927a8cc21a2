// Sessions of workers: admission, inventories, heartbeats, slots and threads.
import Scheduling
import Shared
import Testing

@Suite struct WorkerTests {
  @Test func `a worker with another arithmetic is refused in words`() {
    let harness = SchedulerHarness()
    harness.say(.hello(makeHello(session(1), arithmetic: 7)), from: session(1))
    #expect(
      harness.takeMessages(to: session(1)) == [
        .refused(
          reason: "this worker computes with arithmetic version 7, the coordinator with \(arithmeticVersion), so their "
            + "results would differ in bits; start the worker of attune \(programVersion)")
      ])
    harness.expectNothingElse()
  }

  @Test func `a worker with another protocol is refused in words`() {
    let harness = SchedulerHarness()
    harness.say(.hello(makeHello(session(1), versions: 8...9)), from: session(1))
    #expect(
      harness.takeMessages(to: session(1)) == [
        .refused(
          reason: "this worker speaks versions 8 to 9 of the protocol, the coordinator version \(protocolVersion); "
            + "start the worker of attune \(programVersion)")
      ])
  }

  @Test(arguments: [(0, 1), (1, 0), (-3, 2), (1, Int.max)])
  func `a worker with impossible slots or threads is refused`(slots: Int, threads: Int) {
    let harness = SchedulerHarness()
    harness.connect(session(1), slots: slots, threads: threads)
    guard case .refused = harness.takeMessages(to: session(1)).first else {
      Issue.record("it was not refused")
      return
    }
    harness.expectNothingElse()
  }

  @Test func `a session that never said hello is not listened to`() {
    let harness = SchedulerHarness()
    harness.say(.heartbeat(held: []), from: session(9))
    harness.expectNothingElse()
    #expect(harness.alarms.count == 1)
  }

  @Test func `a worker that comes back with its trial keeps it`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.connect(session(1), inventory: [HeldTrial(trial: grant.trial, token: grant.token, step: 5)])
    #expect(harness.takeGrants().isEmpty)
    #expect(harness.state(grant.trial) == .leased)
    harness.complete(grant, from: session(1))
    #expect(harness.state(grant.trial) == .succeeded)
  }

  @Test func `a worker that comes back without its trial has lost it, and it is granted anew without being counted`()
    throws
  {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.connect(session(1))
    let (again, _) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial)
    #expect(harness.stored[grant.trial]?.record.failures == 0)
  }

  @Test func `a hello that comes twice, or after a later one, changes nothing`() throws {
    let harness = SchedulerHarness()
    var hello = makeHello(session(1))
    for number in 1...2 {
      hello.number = number
      harness.say(.hello(hello), from: session(1))
    }
    // Said before this grant, so that it speaks of no trial.
    let (grant, _) = try #require(harness.takeGrants().last)
    _ = harness.takeMessages(to: session(1))
    for number in [2, 1] {
      hello.number = number
      #expect(harness.scheduler.isOutdated(hello))
      harness.say(.hello(hello), from: session(1))
    }
    harness.expectNothingElse()
    #expect(harness.state(grant.trial) == .leased)
    #expect(harness.notes.filter { $0 == .helloRepeated(session(1)) }.count == 2)
  }

  @Test func `a trial that was granted to another in the meantime is cancelled`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.advance(.seconds(31))
    harness.connect(session(2))
    _ = harness.takeGrants()
    _ = harness.takeMessages(to: session(1))
    harness.connect(session(1), inventory: [HeldTrial(trial: grant.trial, token: grant.token, step: 5)])
    #expect(harness.takeMessages(to: session(1)).contains(.cancel(grant.trial, grant.token)))
    #expect(harness.stored[grant.trial]?.holder == session(2))
  }

  @Test func `a worker that was presumed lost takes its trial up again by its heartbeat`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.advance(.seconds(31))
    #expect(harness.state(grant.trial) == .pending)
    harness.say(.heartbeat(held: [HeldTrial(trial: grant.trial, token: grant.token, step: 9)]), from: session(1))
    #expect(harness.state(grant.trial) == .leased)
    #expect(harness.takeGrants().isEmpty)
    harness.connect(session(2), slots: 4)
    #expect(!harness.takeGrants().contains { $0.grant.trial == grant.trial })
  }

  @Test func `a grant that never arrived is noticed by its absence from the heartbeats`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    for _ in 0..<3 {
      harness.advance(.seconds(10))
      harness.say(.heartbeat(held: []), from: session(1))
      #expect(harness.state(grant.trial) == .leased)
    }
    harness.advance(.seconds(1))
    harness.say(.heartbeat(held: []), from: session(1))
    let (again, _) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial)
    #expect(again.token != grant.token)
  }

  @Test func `every heartbeat is answered, so that a worker knows it is heard`() {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    _ = (harness.takeMessages(to: session(1)), harness.takeGrants())
    harness.say(.heartbeat(held: []), from: session(1))
    #expect(harness.takeMessages(to: session(1)) == [.heard])
    harness.expectNothingElse()
  }

  @Test func `a heartbeat that crosses the acknowledgement of its trial's result stops nothing`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.complete(grant, from: worker)
    _ = harness.takeMessages(to: worker)
    harness.say(.heartbeat(held: [HeldTrial(trial: grant.trial, token: grant.token, step: 100)]), from: worker)
    #expect(harness.takeMessages(to: worker) == [.heard])
  }

  @Test func `a coordinator that stood still does not count its workers as lost`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.now = harness.now + .seconds(3600)
    harness.event(.wokeUp)
    #expect(harness.state(grant.trial) == .leased)
    harness.advance(.seconds(30))
    #expect(harness.state(grant.trial) == .pending)
  }

  @Test func `no worker is granted more than its slots`() {
    let harness = SchedulerHarness(makePlan(cells: 4))
    harness.connect(session(1), slots: 2)
    harness.connect(session(2), slots: 3)
    let grants = harness.takeGrants()
    #expect(grants.filter { $0.session == session(1) }.count == 2)
    #expect(grants.filter { $0.session == session(2) }.count == 3)
    #expect(grants.allSatisfy { $0.grant.threads == 1 })
    #expect(Set(grants.map(\.grant.trial)).count == 5)
  }

  @Test func `with many trials each has its slot's share of threads`() {
    let harness = SchedulerHarness(makePlan(cells: 4))
    harness.connect(session(1), slots: 2, threads: 6)
    #expect(harness.takeGrants().map(\.grant.threads) == [3, 3])
  }

  @Test func `at the tail a trial gets every thread of its worker`() {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1), slots: 4)
    let reference = harness.takeGrants()
    #expect(reference.map(\.grant.threads) == [4])
    harness.complete(reference[0].grant, from: session(1))
    #expect(harness.takeGrants().map(\.grant.threads) == [4])
  }

  @Test func `at the tail trials are spread over the workers`() {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 3))
    harness.event(.holdGrants(true))
    harness.connect(session(1), slots: 4)
    harness.connect(session(2), slots: 4)
    harness.event(.holdGrants(false))
    let reference = harness.takeGrants()
    #expect(reference.map(\.grant.threads) == [4])
    harness.complete(reference[0].grant, from: reference[0].session)
    let reporting = harness.takeGrants()
    #expect(reporting.filter { $0.session == session(1) }.map(\.grant.threads) == [2, 2])
    #expect(reporting.filter { $0.session == session(2) }.map(\.grant.threads) == [4])
  }

  @Test func `a trial with all threads leaves no slot for another until it ends`() throws {
    let harness = SchedulerHarness(makePlan(cells: 2, candidates: 1, report: 1))
    harness.event(.holdGrants(true))
    harness.connect(session(1), slots: 3)
    harness.event(.holdGrants(false))
    // Two references wait for three slots: 2 threads and 1.
    let references = harness.takeGrants()
    #expect(references.map(\.grant.threads) == [2, 1])
    harness.complete(references[1].grant, from: session(1))
    #expect(harness.takeGrants().map(\.grant.threads) == [1])
  }

  /// The same grant again, with another number of threads, is what tells the worker.
  @Test func `a running trial takes over the threads of a slot that nothing waits for`() throws {
    let harness = SchedulerHarness(makePlan(cells: 2, candidates: 1, report: 1))
    harness.connect(session(1), slots: 2)
    let references = harness.takeGrants()
    harness.complete(references[0].grant, from: session(1))
    let first = try #require(harness.nextGrant())
    #expect(first.grant.threads == 1)
    harness.complete(references[1].grant, from: session(1))
    let second = try #require(harness.nextGrant())
    #expect(second.grant.threads == 1)
    harness.storeCheckpoint(second.grant, "half", step: 50, from: session(1))
    harness.complete(first.grant, from: session(1))
    let (again, worker) = try #require(harness.nextGrant())
    #expect(worker == session(1))
    var expected = second.grant
    (expected.threads, expected.resume) = (2, CheckpointOffer(digest: digest("half"), byteCount: 100, step: 50))
    #expect(again == expected)
    #expect(harness.scheduler.heldTrials.map(\.threads) == [2])
    harness.complete(second.grant, from: session(1))
    #expect(harness.finished && harness.alarms.isEmpty)
  }

  @Test func `lent threads are given back to a trial that comes`() throws {
    let harness = SchedulerHarness(makePlan(cells: 3, candidates: 1, report: 1))
    harness.connect(session(1), slots: 2)
    harness.connect(session(2), slots: 1)
    let references = harness.takeGrants()
    #expect(references.map(\.session) == [session(1), session(1), session(2)])
    harness.complete(references[0].grant, from: session(1))
    harness.complete(try #require(harness.nextGrant()).grant, from: session(1))
    #expect(harness.takeGrants().map(\.grant.threads) == [2])
    // Its reporting trial finds a free slot on the first worker.
    harness.complete(references[2].grant, from: session(2))
    let grants = harness.takeGrants()
    #expect(grants.map(\.grant.threads) == [1, 1])
    #expect(grants.map(\.session) == [session(1), session(1)])
    #expect(grants[1].grant.trial == references[1].grant.trial && grants[1].grant.token == references[1].grant.token)
    #expect(grants[0].grant.trial != references[1].grant.trial)
    #expect(harness.alarms.isEmpty)
  }

  @Test func `while grants are held nothing is granted, and results are still taken`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.event(.holdGrants(true))
    harness.complete(grant, from: worker)
    #expect(harness.state(grant.trial) == .succeeded)
    #expect(harness.takeGrants().isEmpty)
    harness.event(.holdGrants(false))
    #expect(harness.takeGrants().count == 1)
  }

  @Test func `a worker that leaves is not counted against its trials`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.goodbye(reason: "walltime"), from: worker)
    #expect(harness.state(grant.trial) == .pending)
    #expect(harness.stored[grant.trial]?.record.failures == 0)
    #expect(harness.scheduler.progress.workers == 0)
  }
}
