// Leases and their tokens: who may change a trial, and what happens when nobody answers.
import Scheduling
import Shared
import Testing

@Suite struct LeaseTests {
  @Test func `a lost worker's trials return to the queue and go on from the latest checkpoint`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    #expect(grant.resume == nil)
    harness.say(.started(harness.address(grant)), from: worker)
    harness.storeCheckpoint(grant, "at 20", step: 20, from: worker)
    harness.storeCheckpoint(grant, "at 40", step: 40, from: worker)
    harness.event(.workerEnded(worker, reason: "its process was killed by signal 9"))
    #expect(harness.state(grant.trial) == .pending)
    #expect(harness.stored[grant.trial]?.record.failures == 1)
    harness.connect(session(2))
    let (again, _) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial)
    #expect(again.token > grant.token)
    #expect(again.resume == CheckpointOffer(digest: digest("at 40"), byteCount: 100, step: 40))
  }

  @Test(arguments: [true, false])
  func `a checkpoint stored after its worker was lost is kept, and leases the trial to nobody`(ended: Bool) throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: worker)
    let offer = CheckpointOffer(digest: digest("at 20"), byteCount: 100, step: 20)
    harness.say(.offer(harness.address(grant), offer), from: worker)
    let collected = try #require(harness.collects.last)
    if ended { harness.event(.workerEnded(worker, reason: "killed")) } else { harness.advance(.seconds(31)) }
    _ = harness.takeMessages(to: worker)
    harness.event(.checkpointStored(collected.0, collected.1, from: worker))
    #expect(harness.state(grant.trial) == .pending)
    #expect(harness.checkpoints[grant.trial] == [offer])
    #expect(harness.takeMessages(to: worker) == [])
    harness.connect(session(2))
    let (again, holder) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial && holder == session(2))
    #expect(again.resume == offer)
  }

  @Test func `a late checkpoint of a trial that another worker has is fenced`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(
      .offer(harness.address(grant), CheckpointOffer(digest: digest("at 20"), byteCount: 100, step: 20)), from: worker)
    let collected = try #require(harness.collects.last)
    harness.event(.workerEnded(worker, reason: "killed"))
    harness.connect(session(2))
    let (again, holder) = try #require(harness.nextGrant())
    #expect(again.trial == grant.trial)
    harness.event(.checkpointStored(collected.0, collected.1, from: worker))
    #expect(harness.checkpoints[grant.trial] == nil)
    #expect(harness.stored[grant.trial]?.holder == holder)
  }

  @Test func `a silent worker's lease expires after 30 seconds, and any message renews it`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: worker)
    harness.advance(.seconds(29))
    harness.say(.heartbeat(held: [HeldTrial(trial: grant.trial, token: grant.token, step: 3)]), from: worker)
    harness.advance(.seconds(29))
    #expect(harness.state(grant.trial) == .running)
    harness.advance(.seconds(1))
    #expect(harness.state(grant.trial) == .pending)
    #expect(harness.stored[grant.trial]?.record.failures == 1)
  }

  @Test func `a grant that a full disk holds back is nobody's loss, however long it waits`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.event(.holdGrants(true))
    func beatForNearlyALease(count: Int) {
      for _ in 1...count {
        harness.advance(.seconds(29))
        harness.say(.heartbeat(held: []), from: worker)
      }
    }
    beatForNearlyALease(count: 3)
    harness.event(.holdGrants(false))
    beatForNearlyALease(count: 1)
    #expect(harness.state(grant.trial) == .leased)
    #expect(harness.stored[grant.trial]?.record.failures == 0)
    // Now it has left, and a worker that never speaks of it has lost it.
    beatForNearlyALease(count: 1)
    #expect(harness.stored[grant.trial]?.record.failures == 1)
  }

  @Test func `the scheduler asks to be woken in time for the first expiry`() {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    #expect(harness.wake == MonotonicInstant(nanoseconds: 30_000_000_000))
  }

  @Test func `a message under a stale token is fenced and changes nothing`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (old, _) = try #require(harness.nextGrant())
    harness.advance(.seconds(31))
    harness.connect(session(2))
    let (new, _) = try #require(harness.nextGrant())
    #expect(new.trial == old.trial)
    _ = harness.takeMessages(to: session(1))
    let address = harness.address(old)
    harness.say(.result(address, makeResult("late")), from: session(1))
    #expect(harness.takeMessages(to: session(1)) == [.fenced(address)])
    #expect(harness.state(new.trial) == .leased)
    #expect(harness.stored[new.trial]?.holder == session(2))
  }

  @Test func `a late result is taken while nobody else has the trial`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.storeCheckpoint(grant, "final", step: 100, from: session(1))
    harness.event(.holdGrants(true))
    harness.advance(.seconds(31))
    #expect(harness.state(grant.trial) == .pending)
    _ = harness.takeMessages(to: session(1))
    let address = harness.address(grant)
    harness.say(.result(address, makeResult("final")), from: session(1))
    #expect(harness.takeMessages(to: session(1)) == [.acknowledged(address)])
    #expect(harness.state(grant.trial) == .succeeded)
  }

  @Test func `a repeated result is acknowledged again and stored once`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.complete(grant, from: worker)
    let name = "final of \(grant.parameters.id) \(grant.seed)"
    _ = harness.takeMessages(to: worker)
    let stored = harness.statuses.count
    let address = harness.address(grant)
    harness.say(.result(address, makeResult(name)), from: worker)
    #expect(harness.takeMessages(to: worker) == [.acknowledged(address)])
    #expect(harness.statuses.count == stored)
    #expect(harness.alarms == [])
  }

  @Test func `everything of an ended trial said again is answered as before and changes nothing`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.complete(grant, from: worker)
    _ = harness.takeMessages(to: worker)
    let stored = harness.statuses.count
    let name = "final of \(grant.parameters.id) \(grant.seed)"
    let (offered, ended) = (harness.address(grant), harness.address(grant))
    harness.say(.started(harness.address(grant)), from: worker)
    harness.say(.offer(offered, CheckpointOffer(digest: digest(name), byteCount: 100, step: 100)), from: worker)
    harness.say(.result(ended, makeResult(name)), from: worker)
    #expect(harness.takeMessages(to: worker) == [.stored(offered, digest(name)), .acknowledged(ended)])
    #expect(harness.statuses.count == stored)
    #expect(harness.collects.isEmpty)
  }

  @Test func `another result under the same token raises an alarm and is refused`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.complete(grant, from: worker)
    _ = harness.takeMessages(to: worker)
    let address = harness.address(grant)
    harness.say(.result(address, makeResult("something else")), from: worker)
    #expect(harness.takeMessages(to: worker) == [.fenced(address)])
    #expect(harness.alarms.count == 1)
    #expect(harness.stored[grant.trial]?.record.result?.checkpoint != digest("something else"))
  }

  @Test func `a result without its checkpoint is not taken`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    _ = harness.takeMessages(to: worker)
    let address = harness.address(grant)
    harness.say(.result(address, makeResult("unseen")), from: worker)
    #expect(
      harness.takeMessages(to: worker) == [
        .notStored(address, digest("unseen"), reason: "offer the result's checkpoint before the result")
      ])
    #expect(harness.state(grant.trial) == .leased)
  }

  @Test func `a poison trial is quarantined after five lost workers`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    var trial: TrialID?
    for number in 1...5 {
      harness.connect(session(UInt64(number)))
      let (grant, worker) = try #require(harness.nextGrant())
      trial = grant.trial
      harness.event(.workerEnded(worker, reason: "its process was killed by signal 11"))
    }
    let record = try #require(trial.flatMap { harness.stored[$0]?.record })
    #expect(record.state == .quarantined)
    #expect(
      record.reason == "5 workers were lost while they ran it, the last one because its process was killed by signal 11"
    )
    harness.connect(session(6), slots: 8)
    #expect(!harness.takeGrants().contains { $0.grant.trial == trial })
  }

  @Test func `a released trial is granted again and not counted, and its token ends`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    _ = harness.takeMessages(to: worker)
    let address = harness.address(grant)
    harness.say(.released(address, reason: "draining"), from: worker)
    #expect(harness.takeMessages(to: worker) == [.acknowledged(address)])
    #expect(harness.stored[grant.trial]?.record.failures == 0)
    // The worker is draining: it gets nothing for a while, another one does.
    harness.connect(session(2))
    #expect(harness.takeGrants().map(\.session) == [session(2)])
    let late = harness.address(grant)
    harness.say(.started(late), from: worker)
    #expect(harness.takeMessages(to: worker) == [.fenced(late)])
  }

  @Test func `a worker that released a trial for another reason is granted one again later`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.say(.released(harness.address(grant), reason: "no disk"), from: worker)
    #expect(harness.takeGrants().isEmpty)
    #expect(harness.wake == MonotonicInstant(nanoseconds: 5_000_000_000))
    harness.advance(.seconds(5))
    #expect(harness.takeGrants().map(\.grant.trial) == [grant.trial])
  }

  @Test func `a trial that cannot be run fails at once and is not granted again`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    _ = harness.takeMessages(to: worker)
    let address = harness.address(grant)
    harness.say(.failed(address, reason: "batch too large"), from: worker)
    #expect(harness.state(grant.trial) == .failed)
    #expect(harness.stored[grant.trial]?.record.reason == "batch too large")
    let next = harness.takeGrants()
    #expect(next.map(\.grant.trial) != [grant.trial])
    // Repeated because the acknowledgement was lost.
    _ = harness.takeMessages(to: worker)
    harness.say(.failed(address, reason: "batch too large"), from: worker)
    #expect(harness.takeMessages(to: worker) == [.acknowledged(address)])
  }

  @Test func `messages in any order leave a succeeded trial as it is`() throws {
    let harness = SchedulerHarness(makePlan(candidates: 1, report: 1))
    harness.connect(session(1))
    let (grant, worker) = try #require(harness.nextGrant())
    harness.complete(grant, from: worker)
    let before = harness.statuses.filter { $0.trial == grant.trial }.count
    harness.say(.started(harness.address(grant)), from: worker)
    harness.say(.progress(harness.address(grant), points: [], step: 1, stepsPerSecond: 1), from: worker)
    harness.say(.released(harness.address(grant), reason: "late"), from: worker)
    harness.say(.failed(harness.address(grant), reason: "late"), from: worker)
    harness.event(.workerEnded(worker, reason: "killed"))
    #expect(harness.statuses.filter { $0.trial == grant.trial }.count == before)
    #expect(harness.state(grant.trial) == .succeeded)
  }
}
