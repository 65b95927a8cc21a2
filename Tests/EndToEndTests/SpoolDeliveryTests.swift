// Workers that are killed, told to leave or out of time: what they had finished is handed over by the next one, what
// they were training goes on elsewhere, and the sweep's digest is the undisturbed one's.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct SpoolDelivery {
    /// Trials of two seconds or more, so that processes are ended in the middle of one.
    private let sweep = TinySweep(
      tasks: ["linear"], activations: ["relu", "softmax"], learningRates: ["0.01"], batch: 128, steps: 500_000,
      reportSeeds: 1, checkpointEvery: 500)

    private func serve(_ place: String, _ flags: [String] = [], in directory: TestDirectory) throws -> RunningProgram {
      try RunningProgram(
        ["serve", place, "--bind", "ipc://\(directory.path)/s", "--lease", "5s"] + flags, in: directory)
    }

    private func worker(_ flags: [String] = [], in directory: TestDirectory) throws -> RunningProgram {
      try RunningProgram(
        ["--connect", "ipc://\(directory.path)/s", "--slots", "1", "--threads", "1", "--spool", "spool"] + flags,
        of: "attune-worker", in: directory)
    }

    private func waitForRunning(in out: StoredDirectory) throws -> TrialID {
      var running: TrialID?
      try waitUntil("a trial runs from a checkpoint on") {
        running = try out.trials().first { $0.record.state == .running && ($0.checkpoint?.step ?? 0) > 0 }?.record.id
        return running != nil
      }
      return try #require(running)
    }

    private func spooled(in directory: TestDirectory) -> [String] {
      ((try? FileManager.default.contentsOfDirectory(atPath: directory.path + "/spool")) ?? [])
        .filter { $0.hasSuffix(".attempt") }
    }

    /// Serves the rest of the sweep and checks that it is as if nothing had happened.
    private func finish(_ out: StoredDirectory, in directory: TestDirectory) throws {
      let ended = try serve("out", in: directory).end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      #expect(try attune(["audit", "out"], in: directory).exitCode == 0)
    }

    @Test func `killed after its result was kept and before it was sent: the next worker on the spool delivers it`()
      throws
    {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let coordinator = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let first = try worker(in: directory)
      let trial = try waitForRunning(in: out)
      coordinator.signal(SIGKILL)
      _ = try coordinator.end()
      try waitUntil("the trial has ended without a coordinator") {
        first.errors.split(separator: "\n").contains { $0.contains("trial \(trial) (") && $0.contains("finished,") }
          && !spooled(in: directory).isEmpty
      }
      first.signal(SIGKILL)
      _ = try first.end()
      let second = try worker(in: directory)
      try finish(out, in: directory)
      #expect(try second.end().exitCode == 0)
      let record = try #require(try out.trials().first { $0.record.id == trial }).record
      #expect(record.attempts == 1 && record.failures == 0)
      #expect(spooled(in: directory).isEmpty)
    }

    @Test func `killed in the middle: the next worker on the spool gives the trial back and it counts as one failure`()
      throws
    {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let coordinator = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let first = try worker(in: directory)
      let trial = try waitForRunning(in: out)
      first.signal(SIGKILL)
      _ = try first.end()
      let second = try worker(in: directory)
      let ended = try coordinator.end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      #expect(try second.end().exitCode == 0)
      let record = try #require(try out.trials().first { $0.record.id == trial }).record
      #expect(record.attempts == 2 && record.failures == 1)
      // Its session was over when the next one came, not when its lease ended.
      #expect(out.log().contains { $0.event == "worker_replaced" })
    }

    @Test func `told to leave while the coordinator is gone: out in time, and the checkpoint is handed over later`()
      throws
    {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let coordinator = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let first = try worker(in: directory)
      _ = try waitForRunning(in: out)
      coordinator.signal(SIGKILL)
      _ = try coordinator.end()
      first.signal(SIGTERM)
      let left = try first.end()
      #expect(left.exitCode == 0)
      #expect(
        left.errorLines.last == "attune-worker: SIGTERM: left; trials kept in the spool for the next start: 1",
        "\(left.errors)")
      #expect(spooled(in: directory).count == 1)
      let second = try worker(in: directory)
      try finish(out, in: directory)
      #expect(try second.end().exitCode == 0)
      #expect(try out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `before its walltime ends a worker gives back what it trains, and another one goes on`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let coordinator = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let first = try worker(["--walltime", "3s"], in: directory)
      let left = try first.end()
      #expect(left.exitCode == 75, "\(left.errors)")
      #expect(
        left.errorLines.last?.hasPrefix("attune-worker: its walltime of 3 s ends: left") == true, "\(left.errors)")
      let second = try worker(in: directory)
      let ended = try coordinator.end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      #expect(try second.end().exitCode == 0)
      #expect(try out.trials().allSatisfy { $0.record.failures == 0 })
    }

    @Test func `a second worker on the same spool is refused with the first one's process`() throws {
      let directory = try TestDirectory()
      let first = try worker(in: directory)
      try waitUntil("the first has its spool") { directory.contains("spool/.lock") }
      let second = try worker(in: directory).end()
      #expect(second.exitCode == 1)
      #expect(second.errorLines.count == 1 && second.errors.contains("--spool spool: process \(first.processID) on "))
    }

    @Test(arguments: [
      (["--walltime", "90"], "--walltime: \"90\" has no unit; write 90m or 90s"),
      (["--patience", "soon"], "--patience: \"soon\" is no duration; write 90m"),
    ])
    func `wrong durations are told in one line`(flags: [String], part: String) throws {
      let directory = try TestDirectory()
      let ended = try worker(flags, in: directory).end()
      #expect(ended.exitCode == 64 && ended.errorLines.count == 1 && ended.errors.contains(part), "\(ended.errors)")
    }
  }
}
