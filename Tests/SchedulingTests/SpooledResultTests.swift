// What a worker hands over that was started again: another session with the tokens of the one before it.
import Scheduling
import Shared
import Testing

@Suite struct SpooledResultTests {
  private func begun() throws -> (SchedulerHarness, TrialGrant) {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: session(1))
    _ = harness.takeMessages(to: session(1))
    return (harness, grant)
  }

  private func held(_ grant: TrialGrant) -> [HeldTrial] {
    [HeldTrial(trial: grant.trial, token: grant.token, step: 100)]
  }

  /// The restarted worker's offer and result, as its spool holds them.
  private func deliver(_ harness: SchedulerHarness, _ grant: TrialGrant) -> [CoordinatorMessage] {
    harness.connect(session(2), inventory: held(grant))
    _ = harness.takeMessages(to: session(2))
    harness.storeCheckpoint(grant, "end", step: 100, from: session(2))
    harness.say(.result(harness.address(grant), makeResult("end")), from: session(2))
    return harness.takeMessages(to: session(2))
  }

  @Test(arguments: [false, true])
  func `a result from the spool counts while its lease is the latest, lost or not`(isLost: Bool) throws {
    let (harness, grant) = try begun()
    if isLost {
      harness.event(.holdGrants(true))
      harness.advance(.seconds(31))
      #expect(harness.state(grant.trial) == .pending)
    }
    let answers = deliver(harness, grant)
    guard case .acknowledged? = answers.last else { return #expect(Bool(false), "\(answers)") }
    #expect(harness.state(grant.trial) == .succeeded)
    #expect(harness.alarms == [])
    // The session before it holds nothing any more, so its end counts against nobody.
    harness.event(.workerEnded(session(1), reason: "killed"))
    #expect(harness.stored[grant.trial]?.record.failures == (isLost ? 1 : 0))
  }

  @Test func `a result from the spool is refused once the trial was granted anew`() throws {
    let (harness, grant) = try begun()
    harness.advance(.seconds(31))
    harness.connect(session(3))
    #expect(harness.nextGrant()?.grant.trial == grant.trial)
    harness.connect(session(2), inventory: held(grant))
    #expect(harness.takeMessages(to: session(2)).contains(.cancel(grant.trial, grant.token)))
    let address = harness.address(grant)
    harness.say(.result(address, makeResult("end")), from: session(2))
    #expect(harness.takeMessages(to: session(2)) == [.fenced(address)])
    #expect(harness.state(grant.trial) == .leased)
  }

  @Test func `a result from the spool is taken by a coordinator that was started again as well`() throws {
    let (first, grant) = try begun()
    let harness = SchedulerHarness(
      makePlan(candidates: 1), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    guard case .acknowledged? = deliver(harness, grant).last else { return #expect(Bool(false), "not acknowledged") }
    #expect(harness.state(grant.trial) == .succeeded)
  }

  @Test func `a training that was cut off goes on from its checkpoint at once, and counts as one failure`() throws {
    let (harness, grant) = try begun()
    harness.connect(session(2), inventory: held(grant))
    harness.storeCheckpoint(grant, "half", step: 50, from: session(2))
    _ = harness.takeMessages(to: session(2))
    let address = harness.address(grant)
    harness.say(.released(address, reason: "started again", unclean: true), from: session(2))
    #expect(harness.takeMessages(to: session(2)) == [.acknowledged(address)])
    let (again, _) = try #require(harness.takeGrants().last)
    #expect(again.trial == grant.trial && again.resume?.step == 50)
    #expect(harness.stored[grant.trial]?.record.failures == 1)
  }

  @Test func `the end of a lease that was counted is not counted again`() throws {
    let (harness, grant) = try begun()
    harness.event(.holdGrants(true))
    harness.event(.workerEnded(session(1), reason: "killed"))
    harness.connect(session(2), inventory: held(grant))
    harness.say(.released(harness.address(grant), reason: "started again", unclean: true), from: session(2))
    #expect(harness.stored[grant.trial]?.record.failures == 1)
    #expect(harness.state(grant.trial) == .pending)
  }

  @Test func `a trial that kills every worker is quarantined, whoever hands it back`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1, tune: 1))
    var trial: TrialID?
    harness.connect(session(1))
    for _ in 1...5 {
      let (grant, worker) = try #require(harness.nextGrant())
      #expect(trial == nil || trial == grant.trial)
      trial = grant.trial
      harness.say(.released(harness.address(grant), reason: "started again", unclean: true), from: worker)
    }
    #expect(harness.state(try #require(trial)) == .quarantined)
  }

  @Test func `what belongs to another sweep is neither taken up nor cancelled`() throws {
    var settings = SchedulingSettings()
    settings.sweep = SweepID(rawValue: 8)
    let harness = SchedulerHarness(makePlan(candidates: 1), settings: settings)
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    var hello = makeHello(session(2), inventory: held(grant))
    hello.sweep = SweepID(rawValue: 9)
    harness.say(.hello(hello), from: session(2))
    let answers = harness.takeMessages(to: session(2))
    guard case .welcome(let welcome)? = answers.first else { return #expect(Bool(false), "\(answers)") }
    #expect(welcome.sweep == SweepID(rawValue: 8))
    #expect(!answers.contains(.cancel(grant.trial, grant.token)))
    harness.event(.workerEnded(session(1), reason: "killed"))
    #expect(harness.stored[grant.trial]?.record.failures == 1)
  }

  @Test func `the session whose spool is taken over ends at once, with all that it held`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 2))
    harness.connect(session(1), slots: 2)
    let grants = harness.takeGrants().map(\.grant)
    try #require(grants.count == 2)
    for grant in grants { harness.say(.started(harness.address(grant)), from: session(1)) }
    harness.connect(session(2), inventory: held(grants[0]))
    #expect(harness.scheduler.presentSessions == [session(2)])
    #expect(harness.notes.contains(.workerReplaced(session(1), by: session(2))))
    #expect(harness.stored[grants[0].trial]?.record.failures == 0 && harness.state(grants[0].trial) == .running)
    #expect(harness.stored[grants[1].trial]?.record.failures == 1 && harness.state(grants[1].trial) == .pending)
    // Nothing is granted to what has gone: the one slot there is holds the trial that was taken over.
    #expect(harness.takeGrants().isEmpty)
  }

  @Test func `a spool with an end that is durable already ends the session before it, too`() throws {
    let (harness, grant) = try begun()
    harness.storeCheckpoint(grant, "end", step: 100, from: session(1))
    harness.say(.result(harness.address(grant), makeResult("end")), from: session(1))
    harness.connect(session(2), inventory: held(grant))
    #expect(harness.scheduler.presentSessions == [session(2)])
  }

  @Test func `after a restart what the spool lacks of a killed worker waits for no lease`() throws {
    let first = SchedulerHarness(makePlan(candidates: 2))
    first.connect(session(1), slots: 2)
    let grants = first.takeGrants().map(\.grant)
    try #require(grants.count == 2)
    let harness = SchedulerHarness(
      makePlan(candidates: 2), epoch: 2, stored: Array(first.stored.values), holdLeases: .seconds(30))
    harness.connect(session(2), inventory: held(grants[0]))
    #expect(harness.state(grants[0].trial) == .leased && harness.state(grants[1].trial) == .pending)
    #expect(harness.stored[grants[1].trial]?.record.failures == 0)
  }

  @Test func `an empty spool ends the session that had it as well, and its trial waits for no lease`() throws {
    let (harness, grant) = try begun()
    var hello = makeHello(session(2))
    hello.previous = session(1)
    harness.say(.hello(hello), from: session(2))
    #expect(harness.scheduler.presentSessions == [session(2)])
    #expect(harness.stored[grant.trial]?.record.failures == 1)
    #expect(harness.takeGrants().map(\.session) == [session(2)])
    // A later hello of the same session ends nobody.
    harness.connect(session(1), inventory: held(grant))
    hello.number = 2
    harness.say(.hello(hello), from: session(2))
    #expect(harness.scheduler.presentSessions == [session(1), session(2)])
  }

  @Test func `a session that comes back with its own trials replaces nobody`() throws {
    let (harness, grant) = try begun()
    harness.connect(session(2))
    harness.connect(session(1), inventory: held(grant))
    #expect(harness.scheduler.presentSessions == [session(1), session(2)])
  }
}
