// What a sweep leaves for others: checkpoints and prompts that any program can read and recompute the losses from.
import Foundation
import Shared
import Store
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Checkpoints {
    @Test func `a checkpoint and its test prompts give the stored test loss by another implementation`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep(
        tasks: ["linear", "exp"], activations: ["linear", "relu", "exp", "softmax", "[exp, softmax]"],
        learningRates: ["0.02"], layers: 2, context: 5, dimension: 3, reportSeeds: 1)
      let run = try attune(try sweep.command(in: directory), in: directory)
      #expect(run.exitCode == 0)
      let trials = try directory.sweep().trials().map(\.record).filter { $0.stage == .reporting }
      #expect(trials.count == sweep.cellCount)
      for trial in trials {
        let written = try attune(
          ["prompts", "out", "\(trial.id)", "--out", "prompts.safetensors"], in: directory)
        #expect(written.exitCode == 0)
        let prompts = try TensorFile(directory.path + "/prompts.safetensors")
        #expect(
          try prompts.shape("X") == [200, 6, 3] && prompts.shape("y") == [200, 5] && prompts.shape("target") == [200])
        let result = try #require(trial.result)
        let checkpoint = try TensorFile(blob(result.checkpoint, in: directory))
        #expect(checkpoint.metadata["configuration"] == trial.parameters.canonicalJSON)
        #expect(prompts.metadata["configuration"] == trial.parameters.canonicalJSON)
        #expect(checkpoint.metadata["seed"] == "\(trial.seed)" && prompts.metadata["seed"] == "\(trial.seed)")
        #expect(checkpoint.metadata["step"] == "\(sweep.steps)")
        #expect(try checkpoint.shape("layers.1.heads.0.A") == [3, 3] && checkpoint.shape("layers.1.heads.0.r") == [1])
        let loss = try meanSquaredError(
          checkpoint: checkpoint, prompts: prompts, layers: sweep.layers,
          activations: trial.parameters.heads.activations.map(\.description), scale: { $0 == "softmax" ? 1 : 1.0 / 5 })
        let stored = result.metrics.testLoss
        #expect(
          abs(loss - stored) <= 1e-5 * stored, "\(trial.parameters.task) \(trial.parameters.heads): \(loss), \(stored)")
      }
    }

    @Test func `test prompts share their inputs across tasks, and differ between seeds`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep(activations: ["relu"], learningRates: ["0.02"], reportSeeds: 2)
      _ = try attune(try sweep.command(in: directory), in: directory)
      var files: [String: TensorFile] = [:]
      for trial in try directory.sweep().trials().map(\.record) where trial.stage == .reporting {
        let name = "\(trial.parameters.task)-\(trial.seed).safetensors"
        _ = try attune(["prompts", "out", "\(trial.id)", "--out", name], in: directory)
        files[name] = try TensorFile(directory.path + "/" + name)
      }
      let linear = try #require(files["linear-0.safetensors"]), relu = try #require(files["relu-0.safetensors"])
      let other = try #require(files["linear-1.safetensors"])
      #expect(try linear.values("X") == relu.values("X"))
      #expect(try linear.values("y") != relu.values("y"))
      #expect(try linear.values("X") != other.values("X"))
    }

    @Test func `prompts are refused for what was not tested and for what does not exist`() throws {
      let directory = try TestDirectory()
      _ = try attune(try TinySweep(reportSeeds: 1).command(in: directory), in: directory)
      let tuning = try #require(try directory.sweep().trials().first { $0.record.stage == .tuning }).record.id
      for (words, part) in [
        (
          ["\(tuning)", "--out", "p"],
          "trial \(tuning) is a tuning trial, which is not tested; choose a reporting trial"
        ),
        (["9999", "--out", "p"], "there is no trial 9999; `attune trials out` lists those there are"),
        (["\(tuning)", "--out", "out"], "out: it is a directory; choose a file with --out"),
        (["9999", "--out", "nowhere/p"], "nowhere/p: there is no directory nowhere; make it, or choose another --out"),
      ] {
        let refused = try attune(["prompts", "out"] + words, in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.errorLines.count == 1)
        #expect(refused.errors.contains(part), "\(refused.errors)")
      }
      #expect(!directory.contains("p"))
    }

    @Test func `an audit finds a checkpoint that was changed or is gone`() throws {
      let directory = try TestDirectory()
      _ = try attune(try TinySweep(reportSeeds: 1).command(in: directory), in: directory)
      let results = try directory.sweep().trials().compactMap(\.record.result)
      let changed = blob(try #require(results.first).checkpoint, in: directory)
      let gone = blob(try #require(results.last).checkpoint, in: directory)
      var bytes = try Data(contentsOf: URL(filePath: changed))
      bytes[bytes.count - 1] ^= 1
      try bytes.write(to: URL(filePath: changed))
      try FileManager.default.removeItem(atPath: gone)
      let audit = try attune(["audit", "out"], in: directory)
      #expect(audit.exitCode == 1)
      #expect(audit.output.contains((changed as NSString).lastPathComponent + ": its bytes have another digest"))
      #expect(audit.output.contains((gone as NSString).lastPathComponent + ": it is missing"))
      #expect(audit.outputLines.last == "2 problems found")
    }

    private func blob(_ digest: BlobDigest, in directory: TestDirectory) -> String {
      "\(directory.path)/out/blobs/sha256/\(digest.rawValue.prefix(2))/\(digest)"
    }
  }
}
