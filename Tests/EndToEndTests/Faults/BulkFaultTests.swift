// Faults of the bulk channel alone: checkpoints and results wait for it, contact and training do not.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct BulkFaults {
    @Test func `a bulk channel that is cut off for several leases delays results and loses no worker`() throws {
      let fleet = try Fleet(.faulty)
      let worker = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      worker.proxy?.bulk.setBoth { $0.isSwallowed = true }
      try waitUntil("the worker says what waits") { worker.program.errors.contains("checkpoints and results wait") }
      // Two leases and more: by then control would have been given up if it had been silent.
      usleep(4_500_000)
      #expect(fleet.out.count(of: "worker_lost") == 0 && fleet.out.count(of: "worker_joined") == 1)
      #expect(try fleet.out.succeeded().isEmpty)
      let before = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id })
      #expect(before.record.state == .running)
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 && $0.record.failures == 0 })
      #expect(try worker.program.end().exitCode == 0)
    }

    @Test func `a worker that cannot reach the bulk channel ends in words, and its trials go on elsewhere`() throws {
      let fleet = try Fleet(.faulty)
      let lost = try fleet.addWorker(flags: ["--patience", "3s"])
      lost.proxy?.bulk.refuse()
      let ended = try lost.program.end()
      #expect(ended.exitCode == 1)
      let last = try #require(ended.errorLines.last)
      #expect(last.contains("no checkpoint could be handed over at tcp://127.0.0.1:"), "\(last)")
      #expect(last.contains("--bulk-connect"), "\(last)")
      try fleet.addWorker()
      try fleet.finish()
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 }, "leaving in words is nobody's failure")
    }

    @Test func `a bulk endpoint that cannot be bound is said in words`() throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      let (taken, port) = try listenOnLoopback()
      defer { close(taken) }
      let words = ["serve", "tiny.yaml", "--bind", "ipc://\(directory.path)/s"]
      let ended = try attune(words + ["--bulk-bind", "tcp://127.0.0.1:\(port)"], in: directory)
      #expect(ended.exitCode == 1)
      #expect(
        ended.errors.contains(
          "the socket for checkpoints: bind tcp://127.0.0.1:\(port): Address already in use; another process listens "
            + "there; stop it or choose another endpoint"), "\(ended.errors)")
      let open = try attune(words + ["--bulk-bind", "tcp://0.0.0.0:\(port)"], in: directory)
      #expect(open.errors.contains("other machines could connect, and no keys say which may"), "\(open.errors)")
    }
  }
}
