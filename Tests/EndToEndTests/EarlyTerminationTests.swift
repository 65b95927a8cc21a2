// Sweeps that stop tuning trials early, with real processes: the same trials stop wherever they run, whoever is killed.
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct EarlyTerminationRuns {
    /// Four cells of six candidates on two tuning seeds; rungs at 500 and 1500 of 5000 steps.
    private static let sweep = TinySweep(
      learningRates: ["0.001", "0.002", "0.005", "0.01", "0.02", "0.05"], batch: 128, steps: 5000, tuneSeeds: 2,
      reportSeeds: 2, checkpointEvery: 400)
    private static let yaml = sweep.yaml + "early_terminate: {type: hyperband, min_iter: 2, strict: true}\n"

    private func command(in directory: TestDirectory, workers: Int = 2) throws -> [String] {
      try directory.write(Self.yaml, to: "rungs.yaml")
      return ["run", "rungs.yaml", "--out", "out", "--workers", "\(workers)", "--threads", "\(workers)"]
    }

    private func undisturbedDigest() throws -> String {
      let directory = try TestDirectory()
      return try digest(in: try attune(command(in: directory, workers: 1), in: directory).output)
    }

    @Test func `one, two and five workers stop the same trials at the same steps`() throws {
      var digests: Set<String> = []
      for workers in [1, 2, 5] {
        let directory = try TestDirectory()
        let ended = try attune(command(in: directory, workers: workers), in: directory)
        #expect(ended.exitCode == 0, "\(ended.errors)")
        digests.insert(try digest(in: ended.output))
        let trials = try directory.sweep().trials().map(\.record)
        // Of 12 tuning trials of a cell 8 stop at the first rung and 2 at the second.
        let stopped = trials.filter { $0.state == .pruned }.compactMap(\.result?.steps)
        #expect(stopped.count { $0 == 500 } == 32 && stopped.count { $0 == 1500 } == 8 && stopped.count == 40)
        #expect(trials.count == Self.sweep.trialCount)
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
        let status = try attune(["status", "out"], in: directory)
        #expect(status.output.contains("stopped early 40"), "\(status.output)")
      }
      #expect(digests.count == 1)
    }

    @Test func `killed three times on the way, workers and coordinator: the same digest`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      let command = try command(in: directory)
      for count in [4, 30, 50] {
        let program = try RunningProgram(command, in: directory)
        try waitUntil("\(count) grants have been made") { out.count(of: "granted") >= count }
        if let first = out.workerProcesses().first { kill(pid_t(first), SIGKILL) }
        program.signal(SIGKILL)
        #expect(try program.end().exitCode == nil)
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
      }
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try digest(in: ended.output) == undisturbedDigest())
      #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
    }

    @Test func `without early_terminate the same directory trains what was stopped to its end`() throws {
      let directory = try TestDirectory()
      let first = try attune(command(in: directory), in: directory)
      #expect(first.exitCode == 0)
      try directory.write(Self.sweep.yaml, to: "rungs.yaml")
      let ended = try attune(["run", "rungs.yaml", "--out", "out", "--workers", "2", "--threads", "2"], in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try directory.sweep().trials().allSatisfy { $0.record.state == .succeeded })
      #expect(try digest(in: ended.output) == Self.sweep.undisturbedDigest)
    }
  }
}
