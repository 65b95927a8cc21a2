// Disks and clocks of the coordinator that fail while workers are far away. Numbers are those of docs/reliability.md.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct StorageFaults {
    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here"))
    func `19: no space for the database: nothing is granted or acknowledged until there is some`() throws {
      let directory = try TestDirectory()
      let disk = try SmallDisk(in: directory, size: "600k")
      defer { disk.unmount() }
      let fleet = try Fleet(.many, in: directory, place: "disk/out")
      for _ in 1...2 { try fleet.addWorker() }
      try waitUntil("the disk is full") { fleet.coordinator.errors.contains("no space is left on the disk") }
      try fleet.remember()
      let stored = try fleet.out.succeeded().count
      #expect(stored < fleet.sweep.trialCount)
      // Several leases long.
      usleep(3_000_000)
      #expect(try fleet.out.succeeded().count == stored)
      try disk.resize("64m")
      let ended = try fleet.finish()
      #expect(ended.errors.contains("the disk takes changes again; the sweep goes on"))
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test(.enabled(if: SmallDisk.isPermitted, "mounting a tmpfs is not permitted here"))
    func `20: no space for checkpoints: they are refused in words, and stored when there is some`() throws {
      let directory = try TestDirectory()
      try FileManager.default.createDirectory(atPath: directory.path + "/out/blobs", withIntermediateDirectories: true)
      let fleet = try Fleet(.faulty, in: directory)
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      try fleet.killCoordinator()
      // What is stored so far, on a file system without room for more.
      let blobs = fleet.out.path + "/blobs"
      let disk = try SmallDisk(in: directory, size: "1m", at: "out/small")
      defer { disk.unmount() }
      try FileManager.default.copyItem(atPath: blobs, toPath: fleet.out.path + "/small/blobs")
      try FileManager.default.removeItem(atPath: blobs)
      try FileManager.default.createSymbolicLink(atPath: blobs, withDestinationPath: "small/blobs")
      try disk.fill()
      try fleet.startCoordinator()
      try waitUntil("a checkpoint is refused") { fleet.coordinator.errors.contains("no space is left on the disk") }
      #expect(!worker.program.hasEnded)
      try disk.empty()
      try fleet.finish()
    }

    @Test(.enabled(if: LibcFaults.compiler != nil, "a C compiler is needed"))
    func `21: an fsync that fails ends the coordinator in words, and nothing of it was acknowledged`() throws {
      let directory = try TestDirectory()
      let faults = try LibcFaults(in: directory)
      let fleet = try Fleet(.many, in: directory, with: faults)
      for _ in 1...2 { try fleet.addWorker() }
      try fleet.waitForLog("ended", count: 3)
      try faults.set(failsFsync: true)
      let ended = try fleet.coordinator.end()
      #expect(ended.exitCode == 1)
      #expect(ended.errorLines.last?.contains("out/") == true, "\(ended.errors)")
      try fleet.remember()
      try fleet.startCoordinator()
      try fleet.finish()
    }

    @Test(.enabled(if: LibcFaults.compiler != nil, "a C compiler is needed"), arguments: [86_400, -86_400])
    func `18: a wall clock that jumps by a day ends no lease`(seconds: Int) throws {
      let directory = try TestDirectory()
      let faults = try LibcFaults(in: directory)
      let fleet = try Fleet(.faulty, in: directory, with: faults)
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      try faults.set(shift: .seconds(seconds))
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 && $0.record.failures == 0 })
      #expect(fleet.out.count(of: "worker_lost") == 0)
      // The clock did jump: the log shows two days.
      #expect(Set(fleet.out.log().compactMap { $0.time?.prefix(10) }).count >= 2)
    }
  }
}
