// Workers that are killed, stopped, or asked to leave. Numbers are those of docs/reliability.md.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct WorkerFaults {
    @Test func `1: an idle worker that is killed is gone within the lease, and no trial suffers`() throws {
      // One cell: its reference comes alone and first, so that the second worker has nothing to do.
      let sweep = TinySweep(
        tasks: ["linear"], activations: ["relu"], learningRates: ["0.01"], batch: 128, steps: 300_000, reportSeeds: 1,
        checkpointEvery: 2000)
      let fleet = try Fleet(sweep)
      try fleet.addWorker()
      try fleet.waitForLog("granted")
      let idle = try fleet.addWorker()
      try fleet.waitForLog("worker_joined", count: 2)
      try idle.kill()
      try fleet.waitForLog("worker_lost", of: idle)
      try fleet.finish()
      #expect(fleet.out.log().first { $0.event == "worker_lost" }?.count == 0)
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `2: a worker killed in a trial: another goes on from the checkpoint, one result`() throws {
      let fleet = try Fleet(.faulty)
      let first = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: first, withCheckpoint: true)
      try first.kill()
      try fleet.addWorker()
      try fleet.finish()
      let grants = fleet.out.log().filter { $0.event == "granted" && $0.trial == trial.record.id.rawValue }
      #expect(grants.count == 2 && (grants.last?.step ?? 0) > 0)
    }

    @Test func `3: a result that is flushed and not sent when its worker is killed is handed over by the next`() throws
    {
      let fleet = try Fleet(.faulty, lease: "8s")
      let worker = try fleet.addWorker(spool: true)
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      // Nothing but the result is missing when the worker dies: whatever it says after the last offer stays on the way.
      worker.proxy?.setToCoordinator { $0.holdsFrom = WireType.result }
      try waitUntil("the result waits") { worker.proxy?.isHolding == true }
      #expect(worker.keepsResult)
      try worker.kill()
      worker.proxy?.reset()
      worker.proxy?.heal()
      try worker.restart()
      try fleet.finish()
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.attempts == 1, "trained once")
    }

    @Test func `4: a result that counts but was not acknowledged when its worker was killed has no second effect`()
      throws
    {
      let fleet = try Fleet(.faulty, lease: "8s")
      let worker = try fleet.addWorker(spool: true)
      let trial = try fleet.waitForTrial(of: worker)
      worker.proxy?.setToWorkers { $0.holdsFrom = WireType.acknowledged }
      try waitUntil("the acknowledgement is on its way") { worker.proxy?.isHolding == true }
      try fleet.remember()
      #expect(try fleet.out.succeeded()[trial.record.id] != nil, "durable before it is said")
      #expect(worker.keepsResult)
      try worker.kill()
      worker.proxy?.reset()
      worker.proxy?.heal()
      try worker.restart()
      try fleet.finish()
      #expect(fleet.dropped("repeated_end") >= 1)
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.attempts == 1)
    }

    @Test func `9: a worker stopped for longer than its lease is fenced when it goes on`() throws {
      let fleet = try Fleet(.faulty)
      let stopped = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: stopped, withCheckpoint: true)
      stopped.program.signal(SIGSTOP)
      try fleet.addWorker()
      try waitUntil("the trial is granted anew") {
        fleet.out.log().count { $0.event == "granted" && $0.trial == trial.record.id.rawValue } == 2
      }
      stopped.program.signal(SIGCONT)
      try fleet.waitForLog("fenced")
      try fleet.finish()
      #expect(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record.failures == 1)
      #expect(try stopped.program.end().exitCode == 0)
    }

    @Test func `30: SIGTERM to a worker under load: it gives its trial back with its latest step`() throws {
      let fleet = try Fleet(.faulty)
      let leaving = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: leaving, withCheckpoint: true)
      leaving.program.signal(SIGTERM)
      #expect(try leaving.program.end().exitCode == 0)
      let given = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id })
      #expect(given.record.state == .pending && given.record.failures == 0)
      try fleet.addWorker()
      try fleet.finish()
      let grants = fleet.out.log().filter { $0.event == "granted" && $0.trial == trial.record.id.rawValue }
      #expect(grants.count == 2 && grants.last?.step == given.checkpoint?.step)
    }

    @Test func `30: a trial whose workers die five times is quarantined, and the others go on`() throws {
      let fleet = try Fleet(.faulty, lease: "1s", over: .ipc)
      fleet.expectsFailures = true
      var poison: TrialID?
      for round in 1...5 {
        let worker = try fleet.addWorker()
        let trial = try fleet.waitForTrial(of: worker)
        #expect(poison == nil || poison == trial.record.id)
        poison = trial.record.id
        try worker.kill()
        // Its place in the queue is the first again once its lease is over.
        try waitUntil("the loss is noticed") {
          try fleet.out.trials().contains { $0.record.id == poison && $0.record.failures == round }
        }
      }
      try fleet.addWorker()
      try fleet.finish()
      let trial = try #require(try fleet.out.trials().first { $0.record.id == poison })
      #expect(trial.record.state == .quarantined && trial.record.failures == 5)
      #expect(trial.record.reason?.contains("5 workers were lost while they ran it") == true)
      let others = try fleet.out.trials().filter { $0.record.id != poison }
      #expect(others.contains { $0.record.state == .succeeded })
      let explained = try attune(["explain", "out", "\(trial.record.id)"], in: fleet.directory)
      #expect(explained.exitCode == 0 && explained.output.contains("quarantined"), "\(explained.output)")
    }
  }
}
