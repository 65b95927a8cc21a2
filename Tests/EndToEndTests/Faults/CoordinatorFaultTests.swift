// Coordinators that are killed at chosen moments, stopped, or told to stop. Numbers are those of docs/reliability.md.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct CoordinatorFaults {
    @Test func `5: idle workers come back to a coordinator that was killed`() throws {
      // Two references first: the third and fourth workers are idle.
      let fleet = try Fleet(.faulty, lease: "60s")
      let stalled = try fleet.addStalledWorker()
      for _ in 1...3 { try fleet.addWorker() }
      try fleet.waitForLog("worker_joined", count: 4)
      try fleet.killCoordinator()
      try fleet.startCoordinator()
      try fleet.waitForLog("worker_joined", count: 7)
      stalled.program.signal(SIGCONT)
      try fleet.finish()
      for worker in fleet.workers { #expect(try worker.program.end().exitCode == 0) }
    }

    @Test func `6: killed between flush and acknowledgement: the result is acknowledged again and counts once`() throws
    {
      let fleet = try Fleet(.faulty)
      let worker = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: worker)
      worker.proxy?.setToWorkers { $0.holdsFrom = WireType.acknowledged }
      try waitUntil("the acknowledgement is on its way") { worker.proxy?.isHolding == true }
      try fleet.killCoordinator()
      worker.proxy?.reset()
      worker.proxy?.heal()
      #expect(try fleet.out.succeeded()[trial.record.id] != nil)
      try fleet.startCoordinator()
      try fleet.finish()
      #expect(fleet.dropped("repeated_end") >= 1)
      #expect(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record.attempts == 1)
    }

    /// Every kind of step on the way to the disk: tables, the log, checkpoints, and the status file in between.
    @Test(.enabled(if: LibcFaults.compiler != nil, "a C compiler is needed"))
    func `7 and 23: killed at each kind of step of writing: what was acknowledged stays, nothing is half there`() throws
    {
      let fleet = try Fleet(.many, over: .ipc)
      for _ in 1...2 { try fleet.addWorker() }
      try fleet.waitForLog("ended")
      try fleet.killCoordinator()
      let moments: [(String, Int)] = [
        ("write", 40), ("after write", 75), ("write", 131), ("fsync", 9), ("after fsync", 14), ("fsync", 23),
        ("rename", 2), ("after rename", 3), ("rename", 6), ("after rename", 7),
      ]
      for moment in moments where try fleet.out.succeeded().count < fleet.sweep.trialCount {
        let faults = try LibcFaults(in: fleet.directory, dies: moment)
        try fleet.startCoordinator(with: faults)
        let ended = try fleet.coordinator.end()
        #expect(ended.exitCode == nil, "it ended otherwise than by \(moment): \(ended.errors)")
        try fleet.remember()
        let audit = try attune(["audit", "out"], in: fleet.directory)
        #expect(audit.outputLines.last == "clean", "\(moment): \(audit.output)")
        if ended.exitCode != nil { break }
      }
      if try fleet.out.succeeded().count < fleet.sweep.trialCount { try fleet.startCoordinator() }
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `8: a coordinator killed and started again under many workers has all of them back`() throws {
      let fleet = try Fleet(.many, lease: "60s")
      let stalled = try fleet.addStalledWorker()
      for _ in 1...10 { try fleet.addWorker() }
      try fleet.waitForLog("worker_joined", count: 11)
      try fleet.killCoordinator()
      try fleet.startCoordinator()
      try fleet.waitForLog("worker_joined", count: 21)
      stalled.program.signal(SIGCONT)
      try fleet.finish()
      for worker in fleet.workers { #expect(try worker.program.end().exitCode == 0) }
    }

    @Test func `10: a coordinator stopped for several leases blames nobody and commits nothing twice`() throws {
      let fleet = try Fleet(.faulty)
      for _ in 1...2 { try fleet.addWorker() }
      _ = try fleet.waitForTrial(of: fleet.workers[0])
      fleet.coordinator.signal(SIGSTOP)
      usleep(5_000_000)
      fleet.coordinator.signal(SIGCONT)
      try fleet.finish()
      #expect(fleet.out.count(of: "woke_up") >= 1)
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
      #expect(fleet.out.count(of: "worker_lost") == 0)
    }

    @Test func `30: SIGTERM to the coordinator under load loses nothing, and the workers go on with the next`() throws {
      let fleet = try Fleet(.many)
      for _ in 1...2 { try fleet.addWorker() }
      try fleet.waitForLog("ended", count: 3)
      fleet.coordinator.signal(SIGTERM)
      #expect(try fleet.coordinator.end().exitCode == 143)
      try fleet.remember()
      try fleet.startCoordinator()
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }
  }
}
