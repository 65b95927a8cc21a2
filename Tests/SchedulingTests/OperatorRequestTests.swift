// What a person asks of a running sweep, and what comes of it.
import Scheduling
import Shared
import Testing

@Suite struct OperatorRequestTests {
  private func told(_ harness: SchedulerHarness) -> String? {
    for note in harness.notes.reversed() { if case .obeyed(let text) = note { return text } }
    return nil
  }

  @Test func `paused, nothing is granted and what runs goes on; resumed, the queue goes on`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 2))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.event(.request(.pause(true)))
    harness.complete(grant, from: worker)
    #expect(harness.state(grant.trial) == .succeeded)
    #expect(harness.takeGrants().isEmpty)
    harness.event(.request(.pause(false)))
    #expect(harness.takeGrants().count == 1)
  }

  @Test func `a pause and a full disk are apart: the disk's recovery does not end the pause`() {
    let harness = SchedulerHarness(makePlan(candidates: 2))
    harness.event(.request(.pause(true)))
    harness.event(.holdGrants(true))
    harness.event(.holdGrants(false))
    harness.connect(session(1))
    #expect(harness.takeGrants().isEmpty)
  }

  @Test func `a cancelled trial is stopped at its worker, and the sweep ends without it`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: worker)
    _ = harness.takeMessages(to: worker)
    harness.event(.request(.cancel(grant.trial)))
    #expect(harness.takeMessages(to: worker).contains(.cancel(grant.trial, grant.token)))
    #expect(harness.state(grant.trial) == .cancelled)
    harness.runAll()
    #expect(harness.finished)
    #expect(harness.alarms == [])
  }

  @Test func `a cancelled tuning trial counts as one that failed: the cell decides by the others`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 3))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.event(.request(.cancel(grant.trial)))
    harness.runAll()
    #expect(harness.finished)
    #expect(harness.alarms == [])
    #expect(harness.state(grant.trial) == .cancelled)
  }

  @Test func `a trial that is tried again goes on from its checkpoint under a later token, and is not counted`() throws
  {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: worker)
    harness.storeCheckpoint(grant, "at 20", step: 20, from: worker)
    _ = harness.takeMessages(to: worker)
    harness.event(.request(.retry(grant.trial)))
    #expect(harness.takeMessages(to: worker).contains(.cancel(grant.trial, grant.token)))
    let (again, _) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial && again.token > grant.token)
    #expect(again.resume?.step == 20)
    #expect(harness.stored[grant.trial]?.record.failures == 0)
    // What the first attempt still says means nothing.
    let late = harness.address(grant)
    harness.say(.started(late), from: worker)
    #expect(harness.takeMessages(to: worker).contains(.fenced(late)))
  }

  @Test func `a worker that is sent away is told to finish`() {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    _ = harness.takeMessages(to: session(1))
    harness.event(.request(.drain(session(1))))
    #expect(
      harness.takeMessages(to: session(1)).contains(.finish(reason: "an operator sent this worker away")))
  }

  @Test func `what cannot be done is said and changes nothing`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.event(.request(.cancel(TrialID(rawValue: 9999))))
    #expect(told(harness) == "trial 9999 cannot be cancelled: there is none of that number")
    harness.event(.request(.drain(session(7))))
    #expect(told(harness)?.hasSuffix("it is not here") == true)
    harness.complete(grant, from: worker)
    harness.event(.request(.cancel(grant.trial)))
    #expect(told(harness) == "trial \(grant.trial) cannot be cancelled: it is succeeded")
    #expect(harness.state(grant.trial) == .succeeded)
  }
}
