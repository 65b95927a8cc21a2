// Processes that are killed or asked to stop at any moment: the same command goes on, to the same bits.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Interruption {
    @Test func `a worker killed in the middle of a trial: the trial goes on from its checkpoint`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.long, out = directory.sweep()
      let program = try RunningProgram(try sweep.command(in: directory, workers: 1), in: directory)
      let trial = try reportingTrialWithCheckpoint(of: out)
      let worker = try #require(out.workerProcesses().last)
      kill(pid_t(worker), SIGKILL)
      let ended = try program.end()

      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let grants = out.log().filter { $0.event == "granted" && $0.trial == trial.record.id.rawValue }
      #expect(grants.count == 2)
      #expect((grants.last?.step ?? 0) > 0, "the second attempt starts at a checkpoint")
      let record = try #require(try out.trials().first { $0.record.id == trial.record.id }?.record)
      #expect(record.attempts == 2 && record.failures == 1)
      #expect(ended.errors.contains("worker 1: its process was ended by signal 9"))
      #expect(out.workerProcesses().count == 2)
    }

    @Test func `the coordinator killed: workers leave at once, and the same command repeats nothing`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.many, out = directory.sweep()
      let command = try sweep.command(in: directory)
      let program = try RunningProgram(command, in: directory)
      try waitUntil("some trials have ended") { out.count(of: "ended") >= 12 }
      let workers = out.workerProcesses()
      #expect(workers.count == 2)
      program.signal(SIGKILL)
      #expect(try program.end().exitCode == nil)
      try waitUntil("the workers have gone") { workers.allSatisfy(isGone) }

      let acknowledged = try out.succeeded()
      #expect(acknowledged.count >= 12 && acknowledged.count < sweep.trialCount)
      // Intact, only not complete.
      let audit = try attune(["audit", "out"], in: directory)
      #expect(audit.outputLines.last == "clean", "\(audit.output)")
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0)
      #expect(
        ended.errorLines.first?.contains("\(acknowledged.count) of \(sweep.trialCount) trials have ended") == true)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let after = try out.succeeded()
      for (id, row) in acknowledged { #expect(after[id] == row, "trial \(id) was repeated") }
    }

    @Test func `killed three times, workers and coordinator: the same digest, no trial lost or doubled`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.many, out = directory.sweep()
      let command = try sweep.command(in: directory)
      for endedTrials in [2, 12, 24] {
        let program = try RunningProgram(command, in: directory)
        try waitUntil("\(endedTrials) trials have ended") { out.count(of: "ended") >= endedTrials }
        let workers = out.workerProcesses()
        // A worker first, so that the coordinator dies while it looks after a dead one.
        if let first = workers.first { kill(pid_t(first), SIGKILL) }
        program.signal(SIGKILL)
        #expect(try program.end().exitCode == nil)
        try waitUntil("the workers have gone") { workers.allSatisfy(isGone) }
        let audit = try attune(["audit", "out"], in: directory)
        #expect(audit.outputLines.last == "clean", "\(audit.output)")
      }
      let before = try out.succeeded()
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let trials = try out.trials()
      #expect(trials.count == sweep.trialCount)
      #expect(trials.allSatisfy { $0.record.state == .succeeded })
      let after = try out.succeeded()
      for (id, row) in before { #expect(after[id] == row, "trial \(id) was repeated") }
      #expect(try attune(["audit", "out"], in: directory).exitCode == 0)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `a signal stops the sweep in order; its last line says how to go on, and that works`(number: Int32)
      throws
    {
      let directory = try TestDirectory()
      let sweep = TinySweep.long, out = directory.sweep()
      let program = try RunningProgram(try sweep.command(in: directory, workers: 1), in: directory)
      let trial = try reportingTrialWithCheckpoint(of: out)
      let workers = out.workerProcesses()
      // Ctrl-C reaches the workers too, and they leave the decision to the coordinator.
      if number == SIGINT { program.signalGroup(number) } else { program.signal(number) }
      let stopped = try program.end()
      #expect(stopped.exitCode == 128 + number)
      #expect(stopped.output.isEmpty)
      let remedy = try #require(stopped.errorLines.last)
      let parts = remedy.components(separatedBy: "to go on: attune ")
      #expect(remedy.hasPrefix("attune: stopped with ") && parts.count == 2, "\(remedy)")
      #expect(workers.allSatisfy(isGone))
      // What was running was given back, with its latest step.
      #expect(try out.trials().allSatisfy { $0.record.state == .pending || $0.record.state == .succeeded })
      let given = try #require(try out.trials().first { $0.record.id == trial.record.id })
      #expect(given.record.failures == 0)

      let before = try out.succeeded()
      let words = try #require(parts.last).split(separator: " ").map(String.init)
      let ended = try attune(words, in: directory)
      #expect(ended.exitCode == 0)
      #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      let grants = out.log().filter { $0.event == "granted" && $0.trial == trial.record.id.rawValue }
      #expect(grants.last?.step == given.checkpoint?.step, "it goes on at the step where it was given back")
      let after = try out.succeeded()
      for (id, row) in before { #expect(after[id] == row, "trial \(id) was repeated") }
    }

    @Test func `a second signal ends the sweep at once`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.long, out = directory.sweep()
      let program = try RunningProgram(try sweep.command(in: directory, workers: 1), in: directory)
      _ = try reportingTrialWithCheckpoint(of: out)
      // A worker that stands still cannot give anything back, so the coordinator waits for it.
      let worker = try #require(out.workerProcesses().last)
      kill(pid_t(worker), SIGSTOP)
      program.signal(SIGTERM)
      try waitUntil("it says that it stops") { program.errors.contains("attune: stopping") }
      program.signal(SIGTERM)
      #expect(try program.end().exitCode == 143)
      kill(pid_t(worker), SIGCONT)
      try waitUntil("the worker has gone") { isGone(worker) }
      #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
    }

    /// Waits for a reporting trial that runs and has stored a checkpoint, with most of its steps still to come.
    private func reportingTrialWithCheckpoint(of out: StoredDirectory) throws -> StoredTrial {
      var found: StoredTrial?
      try waitUntil("a reporting trial has stored a checkpoint") {
        found = try out.trials().first {
          $0.record.stage == .reporting && $0.record.state == .running && $0.checkpoint != nil
        }
        return found != nil
      }
      return try #require(found)
    }
  }
}
