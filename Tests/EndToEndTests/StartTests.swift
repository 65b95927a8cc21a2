// Trials that start from a checkpoint, and activations with coefficients, with real processes: what they start from travels with
// the configuration, and the sweep needs the file no more.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Starts {
    private func manifest(_ name: String, _ more: String) -> String {
      """
      name: \(name)
      method: grid
      activations: {leaky: "max(s, c0 * s); c0 = 0.2"}
      parameters:
        task: {value: relu}
        activation: {values: [leaky, relu]}
        dimension: {value: 3}
        context: {value: 5}
        layers: {value: 2}
        steps: {value: 40}
        batch: {value: 70}
        validation_prompts: {value: 64}
        test_prompts: {value: 200}
      \(more)
      seeds: 2

      """
    }

    @Test func `a sweep starts from what another has learned, and goes on when that is gone`() throws {
      let directory = try TestDirectory()
      try directory.write(manifest("first", ""), to: "first.yaml")
      #expect(try attune(["run", "first.yaml", "--out", "first", "--workers", "2"], in: directory).exitCode == 0)
      let trials = try directory.sweep("first").trials()
      let leaky = try #require(
        trials.first { $0.record.stage == .reporting && $0.record.parameters.trainedNumbers == 2 * 28 + 1 })
      let explained = try attune(["explain", "first", "\(leaky.record.id)"], in: directory).outputLines
      let line = try #require(explained.first { $0.contains("network ") })
      let file = try #require(line.split(separator: " ").last.map(String.init))
      try directory.write(
        manifest("second", "  init: {values: [identity, {checkpoint: \(file)}]}\nreport: {rows: init}"),
        to: "second.yaml")
      let command = ["run", "second.yaml", "--out", "second", "--workers", "2"]
      // relu has no place for the other's coefficient.
      let refused = try attune(["plan", "second.yaml"], in: directory)
      #expect(refused.exitCode == 1 && refused.errors.contains("a checkpoint with 1 coefficients of activations"))

      try directory.write(
        try directory.read("second.yaml").replacing("values: [leaky, relu]", with: "value: leaky"), to: "second.yaml")
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(try directory.read("second/report/index.html").contains(file))
      let stored = try directory.sweep("second").trials().filter { $0.record.stage == .reporting }
      #expect(stored.count == 4)
      for seed in Set(stored.map(\.record.seed)) {
        // Not further behind than where the other has ended.
        let losses = stored.filter { $0.record.seed == seed }.map(\.record).reduce(into: [Bool: Double]()) {
          $0[$1.parameters.initialization.checkpoint != nil] = $1.result?.metrics.testLoss
        }
        #expect(try #require(losses[true]) < #require(losses[false]))
      }

      try FileManager.default.removeItem(atPath: directory.path + "/first")
      #expect(try attune(["audit", "second"], in: directory).exitCode == 0)
      let again = try attune(["run", "second/manifest.yaml", "--out", "second"], in: directory)
      #expect(again.exitCode == 0 && again.errors.contains("holds this whole sweep already"))
      #expect(try digest(in: again.output) == digest(in: ended.output))
      let gone = try attune(command, in: directory)
      #expect(gone.exitCode == 1)
      #expect(gone.errors.contains("there is no such file; name a checkpoint's file, relative to the manifest"))
    }

    @Test func `theory speaks of activations with coefficients`() throws {
      let directory = try TestDirectory()
      try directory.write(manifest("first", ""), to: "first.yaml")
      #expect(try attune(["run", "first.yaml", "--out", "first", "--workers", "2"], in: directory).exitCode == 0)
      let trial = try #require(
        try directory.sweep("first").trials().first { $0.record.parameters.trainedNumbers == 57 })
      let structure = try attune(
        [
          "theory", "structure", "first", "--trial", "\(trial.record.id)", "--along", "--every", "20", "--prompts",
          "256",
        ],
        in: directory)
      #expect(structure.exitCode == 0, "\(structure.errors)")
      let table = try attune(
        ["theory", "first.yaml", "--references", "--prompts", "512"], in: directory)
      #expect(table.exitCode == 0 && table.output.contains("reference"), "\(table.errors)")
    }
  }
}
