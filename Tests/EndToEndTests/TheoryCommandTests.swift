// The commands that compare trained networks with theory and take them to other prompts: their numbers are those of the
// sweep that they read.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct TheoryCommands {
    @Test func `a network evaluated without any change has its stored loss, and files have every prompt`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep(learningRates: ["0.03"], layers: 2, reportSeeds: 2)
      #expect(try attune(try sweep.command(in: directory), in: directory).exitCode == 0)
      struct Line: Decodable {
        var task: String, activation: String, seeds: String
        var trained: Double, mse: Double, bayes: Double, excess: Double
      }
      func evaluate(_ arguments: [String]) throws -> [Line] {
        let ended = try attune(["evaluate", "out", "--format", "json"] + arguments, in: directory)
        #expect(ended.exitCode == 0 && ended.errors.isEmpty, "\(ended.errors)")
        return try ended.outputLines.map { try JSONDecoder().decode(Line.self, from: Data($0.utf8)) }
      }
      let same = try evaluate(["--per-prompt", "errors.csv"])
      #expect(same.map(\.task) == ["linear", "linear", "relu", "relu"] && same.allSatisfy { $0.seeds == "2" })
      for line in same { #expect(abs(line.mse - line.trained) < 1e-9 * (1 + line.trained)) }
      let errors = try directory.read("errors.csv").split(separator: "\n")
      #expect(errors.count == 1 + 8 * 200)
      #expect(errors[0] == "network,task,activation,seed,prompt,target,bayes,prediction,squared_error")

      let longer = try evaluate(["--cell", "task=relu", "activation=softmax", "--context", "7", "--scale-x", "1.5"])
      #expect(longer.count == 1 && longer[0].mse != same[3].mse && longer[0].mse.isFinite)
      // The linear task's posterior mean scales with its labels, whatever the network does.
      let scaled = try evaluate(["--cell", "task=linear", "--label-scale", "3", "--label-noise", "0.1"])
      #expect(scaled.count == 2 && scaled[0].bayes == scaled[1].bayes && scaled[0].bayes > same[0].bayes)

      let trial = try #require(try directory.sweep().trials().last { $0.record.stage == .reporting }?.record)
      let digest = try #require(trial.result?.checkpoint.rawValue)
      let file = try attune(["evaluate", "out/blobs/sha256/\(digest.prefix(2))/\(digest)"], in: directory)
      #expect(file.exitCode == 0 && file.outputLines.count == 2)

      let structure = try attune(
        ["theory", "structure", "out", "--trial", "\(trial.id)", "--along", "--prompts", "256", "--json"], in: directory
      )
      #expect(structure.exitCode == 0, "\(structure.errors)")
      let object = try #require(JSONSerialization.jsonObject(with: Data(structure.output.utf8)) as? [String: Any])
      // The start, and every evaluation of 40 steps.
      #expect((object["points"] as? [Any])?.count == 21 && (object["layers"] as? [Any])?.count == 2)
      let cell = ["theory", "structure", "out", "--cell", "task=relu", "activation=softmax", "--prompts", "256"]
      let seeds = try attune(cell + ["--json"], in: directory)
      #expect(seeds.exitCode == 0 && seeds.outputLines.count == 2, "\(seeds.errors)")
      #expect(try attune(cell, in: directory).output.contains("means ± standard deviations over seeds"))

      #expect(try attune(["report", "out", "--theory", "--along"], in: directory).exitCode == 0)
      // What was computed stays on the page of later reports.
      #expect(try attune(["report", "out"], in: directory).exitCode == 0)
      let page = try directory.read("out/report/index.html")
      #expect(page.contains("<h2>Beside theory</h2>") && page.contains("trained: relu"))
      #expect(page.components(separatedBy: "distance of BᵀC from cΣ⁻¹</text>").count == 4 + 1)
    }

    @Test func `the table has every baseline of a manifest's tasks`() throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      let ended = try attune(
        ["theory", "tiny.yaml", "--prompts", "256", "--tuning-prompts", "256", "--format", "csv"], in: directory)
      #expect(ended.exitCode == 0 && ended.errors.isEmpty, "\(ended.errors)")
      // Per task: bayes and six others without an activation, descent in the kernel, three for each activation.
      #expect(ended.outputLines.count == 1 + 2 * (7 + 1 + 2 * 3))
      for name in ["bayes", "ridge", "polygd", "gd++"] { #expect(ended.output.contains(",\(name),")) }
    }

    @Test func `what is asked for in vain is told in one line`() throws {
      let directory = try TestDirectory()
      for (arguments, found) in [
        (["theory", "--task", "cubic"], "cubic"), (["theory", "--prompts", "1"], "--prompts is 1"),
        (["evaluate", "nowhere"], "nowhere"), (["evaluate", "x", "--scale-x", "0"], "--scale-x is 0"),
        (["theory", "structure", "nowhere", "--trial", "1"], "nowhere"),
        (["theory", "structure", "out"], "write --trial with a number or --cell"),
        (["report", "out", "--along"], "--along and --references need --theory"),
      ] {
        let ended = try attune(arguments, in: directory)
        #expect(ended.exitCode != 0 && ended.output.isEmpty)
        #expect(ended.errors.contains(found) && ended.errors.split(separator: "\n").count == 1, "\(ended.errors)")
      }
    }
  }
}
