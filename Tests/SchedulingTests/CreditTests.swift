// Trials granted beyond a worker's slots: only short ones, only to workers that take them, and never the last ones.
import Scheduling
import Shared
import Testing

@Suite struct CreditTests {
  private let fast = session(1), other = session(2)

  /// A sweep of one cell whose reference has ended, so that `reporting` trials wait.
  private func harness(reporting: Int) -> SchedulerHarness {
    SchedulerHarness(makePlan(candidates: 1, report: reporting))
  }

  private func connect(_ harness: SchedulerHarness, _ session: WorkerSession, slots: Int = 1, credit: Int) {
    var hello = makeHello(session, slots: slots)
    hello.credit = credit
    harness.say(.hello(hello), from: session)
  }

  /// Ends a granted trial after `milliseconds` of training and as long again on the way.
  private func end(_ harness: SchedulerHarness, _ grant: TrialGrant, _ session: WorkerSession, milliseconds: Int) {
    harness.now = harness.now + .milliseconds(2 * milliseconds)
    let name = "final of \(grant.parameters.id) \(grant.seed)"
    harness.storeCheckpoint(grant, name, step: 100, from: session)
    var result = makeResult(name)
    result.seconds = Double(milliseconds) / 1000
    harness.say(.result(harness.address(grant), result), from: session)
  }

  /// The trials the worker holds after its reference, of `milliseconds`, has ended.
  private func heldAfterFirst(reporting: Int = 1000, slots: Int = 1, credit: Int, milliseconds: Int) throws -> Int {
    let harness = harness(reporting: reporting)
    connect(harness, fast, slots: slots, credit: credit)
    let first = try #require(harness.nextGrant())
    end(harness, first.grant, fast, milliseconds: milliseconds)
    #expect(harness.alarms == [])
    return harness.takeGrants().count
  }

  @Test func `short trials are granted ahead, for two round trips`() throws {
    // A round trip of 4 ms besides 4 ms of training: two trials to bridge it twice, and one in the slot.
    #expect(try heldAfterFirst(credit: 64, milliseconds: 4) == 3)
    #expect(try heldAfterFirst(slots: 2, credit: 64, milliseconds: 4) == 6)
  }

  @Test func `long trials are not granted ahead`() throws {
    #expect(try heldAfterFirst(credit: 64, milliseconds: 400) == 1)
  }

  @Test func `a worker gets no more than its credit`() throws {
    #expect(try heldAfterFirst(credit: 2, milliseconds: 4) == 2)
    #expect(try heldAfterFirst(credit: 0, milliseconds: 4) == 1)
  }

  @Test func `the last trials are not hoarded`() throws {
    let harness = harness(reporting: 40)
    connect(harness, fast, credit: 4096)
    let first = try #require(harness.nextGrant())
    harness.now = harness.now + .seconds(1)
    let name = "final of \(first.grant.parameters.id) \(first.grant.seed)"
    harness.storeCheckpoint(first.grant, name, step: 100, from: fast)
    var result = makeResult(name)
    // A round trip of a second and trials of no time at all: it could use any number.
    result.seconds = 0.0001
    harness.say(.result(harness.address(first.grant), result), from: fast)
    let taken = harness.takeGrants()
    // One in the slot, half of the other 39 ahead.
    #expect(taken.count == 20)
    connect(harness, other, credit: 4096)
    #expect(harness.takeGrants().count == 1)
    // Every trial still runs once, whoever has it.
    for grant in taken { end(harness, grant.grant, fast, milliseconds: 1) }
    harness.runAll()
    #expect(harness.alarms == [])
  }

  @Test func `trials ahead go back to the queue with their worker`() throws {
    let harness = harness(reporting: 1000)
    connect(harness, fast, credit: 64)
    end(harness, try #require(harness.nextGrant()).grant, fast, milliseconds: 4)
    let held = harness.takeGrants()
    #expect(held.count == 3)
    harness.event(.workerEnded(fast, reason: "killed"))
    for grant in held { #expect(harness.state(grant.grant.trial) == .pending) }
    connect(harness, other, slots: 4, credit: 0)
    // Its four slots, each with its thread: nothing of the lost worker's is still counted.
    #expect(harness.takeGrants().count == 4)
    #expect(harness.alarms == [])
  }

  @Test func `a worker whose trials were granted ahead has all its threads again at the end`() throws {
    let harness = harness(reporting: 1000)
    connect(harness, fast, slots: 2, credit: 64)
    end(harness, try #require(harness.nextGrant()).grant, fast, milliseconds: 4)
    for (grant, _) in harness.takeGrants() { end(harness, grant, fast, milliseconds: 4) }
    while let (grant, _) = harness.nextGrant() { end(harness, grant, fast, milliseconds: 4) }
    #expect(harness.finished)
    #expect(harness.scheduler.progress.succeeded == 1001)
    #expect(harness.scheduler.holdsNoLease)
    #expect(harness.alarms == [])
  }
}
