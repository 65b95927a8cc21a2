// A coordinator whose workers are not its children: they outlive it, come back with what they train, and end with the
// sweep.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Serve {
    private let sweep = TinySweep.long

    /// - place: the manifest or the sweep's directory.
    private func serve(
      _ place: String, _ flags: [String] = [], in directory: TestDirectory
    ) throws -> RunningProgram {
      try RunningProgram(["serve", place, "--bind", endpoint(directory), "--lease", "5s"] + flags, in: directory)
    }

    private func worker(in directory: TestDirectory) throws -> RunningProgram {
      try RunningProgram(
        ["--connect", endpoint(directory), "--slots", "1", "--threads", "1"], of: "attune-worker", in: directory)
    }

    private func endpoint(_ directory: TestDirectory) -> String { "ipc://\(directory.path)/s" }

    private func waitForRunning(_ count: Int, in out: StoredDirectory) throws {
      try waitUntil("\(count) trials run from a checkpoint on") {
        try out.trials().count { $0.record.state == .running && ($0.checkpoint?.step ?? 0) > 0 } == count
      }
    }

    @Test func `a killed coordinator: its workers go on training and their trials are taken up again`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let first = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let workers = [try worker(in: directory), try worker(in: directory)]
      try waitForRunning(2, in: out)
      first.signal(SIGKILL)
      #expect(try first.end().exitCode == nil)
      #expect(workers.allSatisfy { !$0.hasEnded })
      // A grant may have been on its way; what its worker has begun is certain.
      let running = try out.trials().filter { $0.record.state == .running }.map(\.record.id)

      let ended = try serve("out", in: directory).end()
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      for trial in try out.trials() {
        #expect(trial.record.attempts == 1 || !running.contains(trial.record.id), "trial \(trial.record.id)")
        #expect(trial.record.failures == 0)
      }
      for worker in workers {
        let ending = try worker.end()
        #expect(ending.exitCode == 0)
        #expect(ending.errorLines.last == "attune-worker: the sweep is complete")
      }
    }

    @Test func `SIGTERM stops the coordinator only, and the command it prints goes on`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let first = try serve("tiny.yaml", ["--out", "out"], in: directory)
      let worker = try worker(in: directory)
      try waitForRunning(1, in: out)
      first.signal(SIGTERM)
      let stopped = try first.end()
      #expect(stopped.exitCode == 143)
      let command = "attune serve tiny.yaml --bind \(endpoint(directory)) --lease 5s --out out"
      #expect(stopped.errorLines.last?.hasSuffix("to go on: \(command)") == true, "\(stopped.errors)")
      #expect(!worker.hasEnded)

      let ended = try attune(command.split(separator: " ").dropFirst().map(String.init), in: directory)
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      #expect(try out.trials().allSatisfy { $0.record.failures == 0 })
      #expect(try worker.end().exitCode == 0)
    }

    @Test func `with --release-workers a stop sends the workers away`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let first = try serve("tiny.yaml", ["--out", "out", "--release-workers"], in: directory)
      let worker = try worker(in: directory)
      try waitForRunning(1, in: out)
      first.signal(SIGINT)
      #expect(try first.end().exitCode == 130)
      #expect(try worker.end().exitCode == 0)
      let ended = try serve("out", ["--local-workers", "2", "--threads", "1"], in: directory).end()
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
    }

    @Test(arguments: [
      (["--bind", "tcp://0.0.0.0:7400"], 1, "add --keys DIR"),
      (["--bind", "tcp://127.0.0.1"], 64, "has no host and port"),
      (["--bind", "ipc:///tmp/x", "--lease", "5"], 64, "--lease is \"5\"; write a duration from 1s to 1h"),
      (["--bind", "ipc:///tmp/x", "--lease", "2s", "--heartbeat", "1s"], 64, "a quarter of the lease, 500 ms"),
    ])
    func `wrong flags are told in one line`(flags: [String], code: Int32, part: String) throws {
      let directory = try TestDirectory()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let ended = try attune(["serve", "tiny.yaml"] + flags, in: directory)
      #expect(ended.exitCode == code)
      #expect(ended.errorLines.count == 1 && ended.errors.contains(part), "\(ended.errors)")
    }
  }
}
