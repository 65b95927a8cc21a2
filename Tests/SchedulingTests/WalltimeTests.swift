// Workers whose time ends: which trials they are granted, as a pure decision and in the queue.
import Scheduling
import Shared
import Testing

@Suite struct WalltimeTests {
  @Test func `a trial of known length is granted where it fits, and one of unknown length anywhere`() {
    let hour = Duration.seconds(3600)
    #expect(fitsWalltime(length: hour, remaining: nil, whole: nil))
    #expect(fitsWalltime(length: nil, remaining: .seconds(1), whole: hour))
    #expect(!fitsWalltime(length: nil, remaining: .zero, whole: hour))
    #expect(fitsWalltime(length: .seconds(600), remaining: .seconds(600), whole: hour))
    #expect(!fitsWalltime(length: .seconds(601), remaining: .seconds(600), whole: hour))
  }

  @Test func `a trial that fits no fresh worker goes on in parts, where a part is worth it`() {
    let length = Duration.seconds(7201), whole = Duration.seconds(7200)
    #expect(fitsWalltime(length: length, remaining: .seconds(60), whole: whole))
    #expect(!fitsWalltime(length: length, remaining: .seconds(59), whole: whole))
    #expect(fitsWalltime(length: .seconds(101), remaining: .seconds(10), whole: .seconds(100)))
    #expect(!fitsWalltime(length: .seconds(101), remaining: .seconds(9), whole: .seconds(100)))
  }

  /// A harness with one ended trial of 100 steps in `seconds`, so that the others' length is known.
  private func knowing(seconds: Double) throws -> SchedulerHarness {
    let harness = SchedulerHarness(makePlan(candidates: 3))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    let name = "end"
    harness.storeCheckpoint(grant, name, step: 100, from: worker)
    var ended = makeResult(name)
    ended.seconds = seconds
    harness.say(.result(harness.address(grant), ended), from: worker)
    // It holds one more and is busy with that.
    #expect(harness.takeGrants().count == 1)
    return harness
  }

  private func connect(_ harness: SchedulerHarness, _ number: UInt64, remaining: Duration) {
    var hello = makeHello(session(number))
    hello.remaining = remaining
    harness.say(.hello(hello), from: session(number))
  }

  @Test func `a worker without enough time is granted nothing, one with enough is`() throws {
    let harness = try knowing(seconds: 50)
    connect(harness, 2, remaining: .seconds(1000))
    let (grant, _) = try #require(harness.nextGrant())
    harness.complete(grant, from: session(2))
    let (second, _) = try #require(harness.nextGrant())
    harness.say(.heartbeat(held: [], remaining: .seconds(30)), from: session(2))
    harness.complete(second, from: session(2))
    #expect(harness.takeGrants().isEmpty)
    // Its time does not come back; a fresh worker takes the trial at once.
    harness.advance(.seconds(6))
    #expect(harness.takeGrants().isEmpty)
    connect(harness, 3, remaining: .seconds(60))
    #expect(harness.takeGrants().map(\.session) == [session(3)])
  }

  @Test func `a trial is granted by what is left of it after its checkpoint`() throws {
    let harness = try knowing(seconds: 100)
    connect(harness, 2, remaining: .seconds(101))
    let (grant, _) = try #require(harness.nextGrant())
    harness.storeCheckpoint(grant, "most", step: 90, from: session(2))
    harness.say(.released(harness.address(grant), reason: "its walltime ends"), from: session(2))
    harness.say(.goodbye(reason: "its walltime ends"), from: session(2))
    // Ten seconds are left of that one and a hundred of all others.
    connect(harness, 3, remaining: .seconds(20))
    let (again, _) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial && again.resume?.step == 90)
  }

  @Test func `before any trial of its shape has ended every worker gets one`() {
    let harness = SchedulerHarness(makePlan())
    connect(harness, 1, remaining: .seconds(5))
    #expect(harness.takeGrants().count == 1)
    connect(harness, 2, remaining: .zero)
    #expect(harness.takeGrants().isEmpty)
  }
}
