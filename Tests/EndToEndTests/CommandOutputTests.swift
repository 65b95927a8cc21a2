// What programs read of the commands: JSON that parses, and numbers that agree with one another.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct CommandOutput {
    @Test func `plan counts what a run then does, and runs nothing`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep()
      try directory.write(sweep.yaml, to: "tiny.yaml")
      let ended = try attune(["plan", "tiny.yaml", "--json"], in: directory)
      #expect(ended.exitCode == 0 && ended.errors.isEmpty)
      struct Plan: Decodable {
        struct Stage: Decodable { var stage: String, trials: Int }
        var trials: Int, cells: Int, tune_seeds: Int, report_seeds: Int
        var stages: [Stage]
        var seconds: Double
      }
      let plan = try JSONDecoder().decode(Plan.self, from: Data(ended.output.utf8))
      #expect(plan.trials == 36 && plan.cells == 4 && plan.tune_seeds == 1 && plan.report_seeds == 6)
      #expect(plan.stages.map { "\($0.stage) \($0.trials)" } == ["tuning 8", "reference 4", "reporting 24"])
      #expect(plan.seconds > 0)
      #expect(!directory.contains("runs") && !directory.contains("out"))
      let text = try attune(["plan", "tiny.yaml"], in: directory)
      #expect(text.exitCode == 0 && text.output.contains("36"))
    }

    @Test func `status, trials, audit and report are read by programs, during a sweep and after it`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.many
      let program = try RunningProgram(try sweep.command(in: directory), in: directory)
      try waitUntil("some trials have ended") { directory.sweep().count(of: "ended") >= 10 }
      let during = try status(in: directory)
      #expect(during.planned == 36 && during.succeeded >= 10)
      #expect(during.succeeded + during.failed + during.cancelled + during.running + during.pending == 36)
      let unfinished = try attune(["digest", "out"], in: directory)
      #expect(try digest(in: unfinished.output).count == 64)
      let early = try attune(["report", "out", "--out", "early"], in: directory)
      #expect(early.exitCode == 0 && directory.contains("early/matrix.csv"))
      let ended = try program.end()
      #expect(ended.exitCode == 0)

      let after = try status(in: directory)
      #expect(after.owner == nil && after.succeeded == 36 && after.pending == 0 && after.running == 0)
      #expect(try after.digest == digest(in: ended.output))
      let audit = try attune(["audit", "out", "--json"], in: directory)
      let counts = try #require(JSONSerialization.jsonObject(with: Data(audit.output.utf8)) as? [String: Any])
      #expect(counts["clean"] as? Bool == true && counts["duplicates"] as? Int == 0 && counts["planned"] as? Int == 36)
      try checkTrials(in: directory)
    }

    private struct Status: Decodable {
      var owner: String?
      var planned: Int, succeeded: Int, failed: Int, cancelled: Int, running: Int, pending: Int
      var digest: String
    }

    private func status(in directory: TestDirectory) throws -> Status {
      let ended = try attune(["status", "out", "--json"], in: directory)
      #expect(ended.exitCode == 0 && ended.errors.isEmpty)
      return try JSONDecoder().decode(Status.self, from: Data(ended.output.utf8))
    }

    /// `attune trials --json` is what the store holds, to the bit.
    private func checkTrials(in directory: TestDirectory) throws {
      struct Line: Decodable {
        var trial: Int64, configuration: String, seed: UInt32, stage: String, state: String, attempts: Int
        var parameters: [String: String]
        var metrics: [String: Double]
        var checkpoint: String
      }
      let ended = try attune(["trials", "out", "--json"], in: directory)
      let lines = try ended.outputLines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
      let stored = try directory.sweep().trials().map(\.record)
      #expect(lines.count == stored.count && Set(lines.map(\.trial)).count == lines.count)
      for line in lines {
        let record = try #require(stored.first { $0.id.rawValue == line.trial })
        #expect(line.configuration == record.configuration.rawValue && line.seed == record.seed.rawValue)
        #expect(line.state == "succeeded" && line.stage == record.stage.rawValue && line.attempts == record.attempts)
        #expect(line.checkpoint == record.result?.checkpoint.rawValue)
        #expect(line.metrics["validation_loss"] == record.result?.metrics.validationLoss)
        #expect((line.metrics["test_loss"] != nil) == (record.stage == .reporting))
        #expect(line.parameters["task"] == "\(record.parameters.task)")
      }
      let table = try attune(["trials", "out"], in: directory)
      #expect(table.outputLines.count == lines.count + 1)
    }

    @Test func `report writes the formats asked for, where asked for`() throws {
      let directory = try TestDirectory()
      _ = try attune(try TinySweep(reportSeeds: 2).command(in: directory), in: directory)
      let some = try attune(["report", "out", "--format", "csv,json", "--out", "some"], in: directory)
      #expect(some.exitCode == 0)
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/some").sorted()
      #expect(names == ["matrix.csv", "matrix.json"])
      #expect(some.output.contains("wrote  some/matrix.csv\nwrote  some/matrix.json\n"))
      #expect(try directory.read("some/matrix.csv") == directory.read("out/report/matrix.csv"))
      // Two seeds cannot decide anything, and the report says so.
      #expect(try directory.read("some/matrix.csv").contains("too-few-seeds"))
    }
  }
}
