// The same directory again: finished, with an edited manifest, with another one, or while it is in use.
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Editions {
    @Test func `running a finished sweep again trains nothing and reports again`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep(), out = directory.sweep()
      let command = try sweep.command(in: directory)
      let first = try attune(command, in: directory)
      let rows = try out.succeeded()
      let granted = out.count(of: "granted")
      try FileManager.default.removeItem(atPath: directory.path + "/out/report")
      let second = try attune(command, in: directory)
      #expect(second.exitCode == 0)
      #expect(second.output == first.output)
      #expect(second.errorLines == ["attune: out holds this whole sweep already; its report is written anew"])
      #expect(directory.contains("out/report/index.html"))
      #expect(try out.succeeded() == rows)
      #expect(out.count(of: "granted") == granted)
    }

    @Test func `values and seeds added to the manifest: only what is missing runs`() throws {
      let directory = try TestDirectory()
      let out = directory.sweep()
      var sweep = TinySweep()
      _ = try attune(try sweep.command(in: directory), in: directory)
      let edits: [(inout TinySweep) -> Void] = [
        { $0.reportSeeds = 8 }, { $0.activations.append("exp") }, { $0.learningRates.append("0.05") },
      ]
      for edit in edits {
        let before = try out.succeeded()
        let granted = out.count(of: "granted")
        edit(&sweep)
        let ended = try attune(try sweep.command(in: directory), in: directory)
        #expect(ended.exitCode == 0)
        let after = try out.succeeded()
        for (id, row) in before { #expect(after[id] == row, "trial \(id) was repeated") }
        #expect(out.count(of: "granted") - granted == after.count - before.count)
        #expect(try directory.read("out/manifest.yaml") == sweep.yaml)
        let audit = try attune(["audit", "out"], in: directory)
        #expect(audit.exitCode == 0)
        #expect(
          audit.output.hasPrefix("\(sweep.trialCount) planned = \(sweep.trialCount) succeeded"), "\(audit.output)")
        #expect(try digest(in: ended.output) == sweep.undisturbedDigest)
      }
    }

    @Test func `more steps of a constant schedule: trials go on, to the digest of a longer sweep`() throws {
      func manifest(steps: Int) -> String {
        TinySweep(steps: steps, reportSeeds: 3).yaml.replacing(
          "parameters:\n", with: "parameters:\n  schedule: {value: constant}\n  warmup_steps: {value: 5}\n")
      }
      let command = ["run", "tiny.yaml", "--out", "out", "--workers", "2", "--threads", "1"]
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(manifest(steps: 40), to: "tiny.yaml")
      #expect(try attune(command, in: directory).exitCode == 0)
      let granted = out.count(of: "granted")
      try directory.write(manifest(steps: 100), to: "tiny.yaml")
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let grants = out.log().filter { $0.event == "granted" }.dropFirst(granted)
      #expect(grants.count == 4 * (2 + 3), "references are those of before")
      // Where more steps select another rate, there are no reporting trials to go on from.
      let tuning = Set(try out.trials().map(\.record).filter { $0.stage == .tuning }.map(\.id.rawValue))
      let fromTheirEnd = grants.filter { $0.step == 40 }
      #expect(fromTheirEnd.count(where: { tuning.contains($0.trial ?? 0) }) == 8 && fromTheirEnd.count > 8)
      let audit = try attune(["audit", "out"], in: directory)
      #expect(audit.outputLines.last == "clean", "\(audit.output)")
      let whole = try TestDirectory()
      try whole.write(manifest(steps: 100), to: "tiny.yaml")
      #expect(try digest(in: try attune(command, in: whole).output) == digest(in: ended.output))
    }

    @Test func `an edit that leaves out or changes what was run is refused with the difference`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep(), out = directory.sweep()
      _ = try attune(try sweep.command(in: directory), in: directory)
      let rows = try out.succeeded()
      let edits: [(difference: String, edit: (inout TinySweep) -> Void)] = [
        ("learning_rate was 0.01, is 0.03", { $0.learningRates = ["0.03", "0.05"] }),
        ("steps was 40, is 50 (its cosine schedule depends on steps from the start", { $0.steps = 50 }),
        ("activation was relu, is exp", { $0.activations = ["exp", "softmax"] }),
        ("reporting seed 5", { $0.reportSeeds = 5 }),
        ("context was 4, is 5", { $0 = TinySweep(tasks: ["linear", "relu"], context: 5) }),
      ]
      for (difference, edit) in edits {
        var other = sweep
        edit(&other)
        let refused = try attune(try other.command(in: directory), in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.errorLines.count == 1, "\(refused.errors)")
        #expect(refused.errors.contains(difference), "\(refused.errors)")
        #expect(refused.errors.contains("use another --out or restore the manifest"))
        #expect(try directory.read("out/manifest.yaml") == sweep.yaml)
      }
      #expect(try out.succeeded() == rows)
      #expect(try attune(["audit", "out"], in: directory).exitCode == 0)
    }

    @Test func `a directory that holds something else is refused and left alone`() throws {
      let directory = try TestDirectory()
      try FileManager.default.createDirectory(atPath: directory.path + "/out", withIntermediateDirectories: true)
      try directory.write("mine", to: "out/notes.txt")
      let refused = try attune(try TinySweep().command(in: directory), in: directory)
      #expect(refused.exitCode == 1)
      #expect(refused.errorLines.count == 1)
      #expect(refused.errors.contains("out: it holds notes.txt, and no sweep; choose another directory with --out"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/out") == ["notes.txt"])

      let file = try attune(try TinySweep().command(in: directory, out: "tiny.yaml"), in: directory)
      #expect(file.exitCode == 1)
      #expect(file.errorLines.count == 1)
      #expect(file.errors.contains("tiny.yaml: it is a file; choose a directory with --out"))
    }

    @Test func `a second run of a directory in use is refused with its owner, and reading works`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep.long, out = directory.sweep()
      let command = try sweep.command(in: directory, workers: 1)
      let first = try RunningProgram(command, in: directory)
      try waitUntil("the first one trains") { out.count(of: "granted") > 0 }
      let second = try attune(command, in: directory)
      #expect(second.exitCode == 1)
      #expect(second.errorLines.count == 1)
      #expect(second.errors.contains("out: process \(first.processID) on "), "\(second.errors)")
      #expect(second.errors.contains("is running this sweep"))
      let status = try attune(["status", "out"], in: directory)
      #expect(status.output.contains("process \(first.processID) on "))
      first.signal(SIGTERM)
      #expect(try first.end().exitCode == 143)
      #expect(try attune(["status", "out"], in: directory).output.contains("nobody is running it; to go on:"))
    }
  }
}
