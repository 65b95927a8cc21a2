// Messages that come twice, late, in another order or damaged, and strangers at the socket. Numbers are those of
// docs/reliability.md.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct StreamFaults {
    @Test func `16: messages that come twice have no second effect`() throws {
      let fleet = try Fleet(.faulty)
      for _ in 1...2 { try fleet.addWorker().proxy?.setBoth { $0.repeats = true } }
      try fleet.waitForLog("ended", count: 4)
      try fleet.finish()
      #expect(fleet.dropped("repeated_end") >= 1)
      #expect(fleet.dropped("hello_repeated") >= 1)
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 && $0.record.attempts == 1 })
    }

    @Test func `16: messages that change places have no effect but delay`() throws {
      let fleet = try Fleet(.faulty)
      for _ in 1...2 {
        let worker = try fleet.addWorker()
        _ = try fleet.waitForTrial(of: worker)
        worker.proxy?.setToCoordinator { $0.swaps = true }
      }
      try fleet.waitForLog("ended", count: 3)
      try fleet.finish()
    }

    @Test func `17: what a worker said, said again later and to the next coordinator, changes nothing`() throws {
      let fleet = try Fleet(.faulty, lease: "8s")
      let worker = try fleet.addWorker()
      worker.proxy?.record()
      worker.proxy?.reset()
      try fleet.waitForLog("ended", count: 2)
      let recording = try #require(worker.proxy?.control.recordings.max { $0.count < $1.count })
      let checkpoints = try #require(worker.proxy?.bulk.recordings.max { $0.count < $1.count })
      #expect(recording.count > 1000 && checkpoints.count > 1000, "\(recording.count), \(checkpoints.count)")
      say(recording, to: fleet.port)
      say(checkpoints, to: fleet.bulkPort)
      try fleet.waitForLog("ended", count: 3)
      try fleet.killCoordinator()
      try fleet.startCoordinator()
      say(recording, to: fleet.port)
      say(checkpoints, to: fleet.bulkPort)
      try fleet.finish()
      #expect(
        ["hello_repeated", "repeated_end", "stale_token"].contains { fleet.dropped($0) >= 1 },
        "\(fleet.out.log().filter { ["dropped_so_far", "worker_joined", "malformed"].contains($0.event) })")
    }

    @Test func `22: a piece of a checkpoint that changed on its way is asked for again`() throws {
      let fleet = try Fleet(.faulty)
      let worker = try fleet.addWorker()
      _ = try fleet.waitForTrial(of: worker)
      for _ in 1...3 {
        worker.proxy?.setToCoordinator { $0.corrupts = WireType.chunk }
        try waitUntil("a piece is damaged") { worker.proxy?.isPending == false }
      }
      try fleet.finish()
      #expect(fleet.dropped("malformed_corrupt_chunk") >= 3)
      #expect(try fleet.out.trials().allSatisfy { $0.record.attempts == 1 })
    }

    @Test func `25: a message without end ends the coordinator before it takes the memory, and the next one goes on`()
      throws
    {
      let fleet = try Fleet(.faulty, lease: "8s", flags: ["--memory-limit", "96MiB"])
      let worker = try fleet.addWorker()
      let trial = try fleet.waitForTrial(of: worker, withCheckpoint: true)
      // One message of hundreds of frames, each below the limit, and always one more.
      let frame = [UInt8(3), 0, 0, 0, 0, 0, 3, 0, 0] + [UInt8](repeating: 7, count: 0x30000)
      say(zmtp((0..<700).flatMap { _ in frame }), to: fleet.port, atMost: .seconds(20))
      let ended = try fleet.coordinator.end()
      #expect(ended.exitCode == 75, "\(ended.errors)")
      #expect(ended.errors.contains("of memory are in use, --memory-limit is 96"), "\(ended.errors)")
      try fleet.remember()
      try fleet.startCoordinator()
      try fleet.finish()
      let record = try #require(try fleet.out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.failures == 0, "the coordinator's end is nobody's failure")
    }

    @Test func `26: strangers at the socket are dropped, and the sweep goes on`() throws {
      let fleet = try Fleet(.faulty)
      try fleet.addWorker()
      try fleet.waitForLog("granted")
      var generator = SystemRandomNumberGenerator()
      var strangers: [[UInt8]] = (0..<8).map { _ in
        (0..<4096).map { _ in UInt8.random(in: 0...255, using: &generator) }
      }
      strangers.append(Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8))
      // ZMTP 1 and 2, and ZMTP 3 with frames that are too long, unknown, nested without end, and commands only.
      strangers += [[1, 0], [0xff] + [UInt8](repeating: 0, count: 8) + [0x7f, 1, 5, 0, 0]]
      let attn = Array("ATTN".utf8)
      let nested = attn + [0, 1, 0, 1, 0, 0, 0x20, 0] + (0..<0x2000).map { UInt8($0 % 2 == 0 ? 0x0a : 0x7f) }
      strangers += [
        zmtp([2] + [0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        zmtp([2, 0, 0, 0, 0, 0, 0x10, 0, 0] + [UInt8](repeating: 7, count: 1 << 20)),
        zmtp([0, 5] + Array("hello".utf8)), zmtp([2, 0, 0, 0, 0, 0, 0, 0x20, 0x0c] + nested),
        zmtp([0, 12] + attn + [0, 9, 0, 1, 0, 0, 0, 0]), zmtp([0, 12] + attn + [0, 1, 0, 99, 0, 0, 0, 0]),
        zmtp((0..<50).flatMap { _ in [UInt8(1), 1, 0] } + [0, 1, 0]),
      ]
      for bytes in strangers {
        for port in [fleet.port, fleet.bulkPort] { say(bytes, to: port, atMost: .milliseconds(100)) }
      }
      try fleet.finish()
      for reason in ["not_attune", "frame_version", "unknown_type", "frame_count"] {
        #expect(fleet.dropped("malformed_\(reason)") >= 2, "\(reason)")
      }
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `28: without descriptors connected workers go on, and others come when there are some again`() throws {
      let fleet = try Fleet(.faulty, lease: "10s")
      try fleet.addWorker()
      try fleet.waitForLog("granted")
      // As few as it has now, and some.
      let files = try FileManager.default.contentsOfDirectory(atPath: "/proc/\(fleet.coordinator.processID)/fd").count
      let limited = try RunningProgram(
        ["--pid", "\(fleet.coordinator.processID)", "--nofile=\(files + 12):\(files + 12)"], of: "/usr/bin/prlimit",
        in: fleet.directory
      ).end()
      #expect(limited.exitCode == 0, "\(limited.errors)")
      let flood = (0..<200).compactMap { _ in connectToLoopback(fleet.port) }
      #expect(flood.count == 200)
      // Several heartbeats long. Checkpoints cannot be opened meanwhile, so that results wait.
      usleep(3_000_000)
      try fleet.waitForLog("descriptors_exhausted")
      let late = try fleet.addWorker()
      for descriptor in flood { close(descriptor) }
      try waitUntil("the late worker takes part") { late.program.errors.contains("taking part in sweep") }
      try fleet.finish()
      #expect(fleet.dropped("no_free_descriptor") >= 1)
      #expect(fleet.out.log().contains { $0.event == "descriptors_free" })
      #expect(try fleet.out.trials().allSatisfy { $0.record.failures == 0 })
    }
  }
}
