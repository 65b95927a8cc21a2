// Faults of the network between coordinator and workers, made by proxies. Numbers are those of docs/reliability.md.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Partitions {
    @Test func `11: a partition shorter than the lease repeats no trial`() throws {
      let fleet = try Fleet(.faulty, lease: "8s")
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker)
      worker.proxy?.setBoth { $0.isHeld = true }
      usleep(1_500_000)
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 && $0.record.failures == 0 })
    }

    @Test func `12: after a partition longer than the lease the old attempt is fenced, the new one counts`() throws {
      let fleet = try Fleet(.faulty)
      let cutOff = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: cutOff, withCheckpoint: true)
      cutOff.proxy?.setBoth { $0.isHeld = true }
      try fleet.addWorker()
      try fleet.waitForLog("worker_lost")
      try waitUntil("the trial is granted anew") {
        fleet.out.log().count { $0.event == "granted" && $0.trial == trial.record.id.rawValue } == 2
      }
      cutOff.proxy?.heal()
      try fleet.waitForLog("fenced")
      try fleet.finish()
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.attempts == 2 && record.failures == 1)
      #expect(fleet.dropped("stale_token") >= 1)
    }

    @Test(arguments: [true, false])
    func `13: a partition of one direction is noticed by the side that hears nothing`(silencesWorker: Bool) throws {
      let fleet = try Fleet(.faulty, lease: "3s")
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker)
      if silencesWorker {
        worker.proxy?.setToCoordinator { $0.isHeld = true }
        try fleet.waitForLog("worker_lost")
      } else {
        worker.proxy?.setToWorkers { $0.isHeld = true }
        try waitUntil("the worker notices") { worker.program.errors.contains("no contact for") }
      }
      #expect(!worker.program.hasEnded)
      try fleet.finish()
      #expect(try worker.program.end().exitCode == 0)
    }

    @Test func `15: a half-open connection is given up within the lease, and the trial kept`() throws {
      let fleet = try Fleet(.faulty, lease: "6s")
      let worker = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      // What stands now never hears anything again, in silence; a new connection works.
      worker.proxy?.setBoth { $0.isSwallowed = true }
      usleep(1_500_000)
      worker.proxy?.heal()
      try fleet.waitForLog("worker_joined", count: 2)
      try fleet.finish()
      #expect(worker.program.errors.contains("no contact for"))
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.attempts == 1)
    }

    @Test func `14: connections reset in the middle of messages, again and again: nothing is missing`() throws {
      let fleet = try Fleet(.faulty)
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker)
      // Lengths that end in headers, bodies and pieces of checkpoints.
      for length in [3, 1_001, 20_011] {
        let joined = fleet.out.count(of: "worker_joined")
        worker.proxy?.setToCoordinator { $0.cutsAfter = length }
        try waitUntil("the connection is cut") { worker.proxy?.isPending == false }
        try waitUntil("the worker is back") {
          fleet.out.count(of: "worker_joined") > joined || fleet.coordinator.hasEnded
        }
      }
      try fleet.finish()
    }

    @Test func `a slow line delays a sweep and changes nothing`() throws {
      let fleet = try Fleet(.faulty, lease: "4s")
      for _ in 1...2 {
        let worker = try fleet.addWorker()
        worker.proxy?.setBoth {
          $0.delay = .milliseconds(120)
          $0.bytesPerSecond = 40_000
        }
      }
      try fleet.waitForLog("ended", count: 2)
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `24: a worker that takes nothing gets no further trial, and others are not kept waiting`() throws {
      let fleet = try Fleet(.faulty, lease: "60s")
      let stuck = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: stuck)
      stuck.proxy?.setToWorkers { $0.isHeld = true }
      try fleet.addWorker()
      let rest = fleet.sweep.trialCount - 2
      try waitUntil("all that can be done is done") { try fleet.out.succeeded().count >= rest - 2 }
      let session = try #require(fleet.session(of: stuck))
      #expect(fleet.out.log().count { $0.event == "granted" && $0.worker == session } <= 2)
      #expect(try fleet.out.trials().first { $0.record.id == trial.record.id } != nil)
      try fleet.finish()
    }
  }
}
