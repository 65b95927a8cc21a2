// Mistakes in manifests, flags and directories: one line that says where and what to do, and nothing made or lost.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct BadInput {
    struct BadManifest: CustomTestStringConvertible, Sendable {
      let what: String
      /// The line of the good manifest to replace, and by what.
      let line: String
      let replacement: String
      /// Where the error is and what the message must hold.
      let errorLine: Int
      let parts: [String]
      var testDescription: String { what }

      init(_ what: String, _ line: String, _ replacement: String, at errorLine: Int, _ parts: String...) {
        (self.what, self.line, self.replacement) = (what, line, replacement)
        (self.errorLine, self.parts) = (errorLine, parts)
      }
    }

    private nonisolated static let good = """
      name: tiny
      method: grid
      parameters:
        task: {values: [linear, relu]}
        activation: {values: [relu, softmax]}
        learning_rate: {values: [0.01, 0.03]}
        layers: {value: 1}
        context: {value: 4}
      seeds: {tune: 1, report: 6}

      """

    @Test(
      arguments: [
        BadManifest("an unknown key", "method: grid", "methd: grid", at: 2, "methd", "did you mean method?"),
        BadManifest("an unknown parameter", "  layers:", "  layrs:", at: 7, "layrs", "did you mean layers?"),
        BadManifest(
          "a wrong type", "{value: 1}", "{value: three}", at: 7, "layers is \"three\"", "write a whole number"),
        BadManifest("an empty list", "[0.01, 0.03]", "[]", at: 6, "learning_rate", "at least one"),
        BadManifest("min above max", "{value: 1}", "{min: 4, max: 2}", at: 7, "layers has min 4 and max 2", "below"),
        BadManifest(
          "not a number", "[0.01, 0.03]", "[.nan, 0.03]", at: 6, "learning_rate is \".nan\"", "finite number"),
        BadManifest("negative layers", "{value: 1}", "{value: -1}", at: 7, "layers is \"-1\"", "from 1 to 64"),
        BadManifest("no context", "{value: 4}", "{value: 0}", at: 8, "context is \"0\"", "from 1 to 1024"),
        BadManifest("an unknown activation", "softmax", "sofmax", at: 5, "sofmax", "did you mean softmax?"),
        BadManifest("a duplicate key", "method: grid", "name: again", at: 1, "\"name\" is written here and again"),
        BadManifest("no YAML", "method: grid", "method: ]", at: 2, "the text is not YAML"),
        BadManifest("no mapping", good, "just words\n", at: 1, "just words", "write keys"),
      ])
    func `a mistake in a manifest is told with its line and the remedy, and nothing is made`(
      _ bad: BadManifest
    ) throws {
      let directory = try TestDirectory()
      let text = Self.good.replacingOccurrences(of: bad.line, with: bad.replacement)
      try #require(text != Self.good)
      try directory.write(text, to: "bad.yaml")
      for command in [["run", "bad.yaml", "--out", "out"], ["plan", "bad.yaml"]] {
        let refused = try attune(command, in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.output.isEmpty)
        #expect(refused.errorLines.count == 1, "\(refused.errors)")
        #expect(refused.errors.hasPrefix("Error: bad.yaml:\(bad.errorLine): "), "\(refused.errors)")
        for part in bad.parts { #expect(refused.errors.contains(part), "\(refused.errors)") }
      }
      #expect(!directory.contains("out"))
    }

    @Test func `a file that cannot be a manifest is refused by its place, whatever its size`() throws {
      let directory = try TestDirectory()
      try Data([0xff, 0xfe, 0x00, 0x80]).write(to: URL(filePath: directory.path + "/binary.yaml"))
      try directory.write("# nothing yet\n", to: "empty.yaml")
      // 100 MB without a block on the disk.
      let large = directory.path + "/large.yaml"
      #expect(FileManager.default.createFile(atPath: large, contents: nil))
      #expect(truncate(large, 100_000_000) == 0)
      for (name, part) in [
        ("missing.yaml", "there is no such file"), ("large.yaml", "a manifest has at most"),
        (".", "this is a directory"),
        ("binary.yaml", "UTF-8"), ("empty.yaml", "the manifest is empty; write at least method and parameters"),
      ] {
        let refused = try attune(["run", name, "--out", "out"], in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.errorLines.count == 1)
        #expect(refused.errors.hasPrefix("Error: \(name):") && refused.errors.contains(part), "\(refused.errors)")
      }
      #expect(!directory.contains("out"))
    }

    @Test(
      arguments: [
        (["run", "tiny.yaml", "--workers", "0"], "--workers is 0; write a number from 1 to 1024"),
        (["run", "tiny.yaml", "--threads", "-3"], "--threads"),
        (["run", "tiny.yaml", "--workers", "many"], "many"),
        (["run", "tiny.yaml", "--out", ""], "--out is empty; name a directory"),
        (["run", "tiny.yaml", "--wrokers", "1"], "Did you mean '--workers'?"),
        (["run"], "<manifest>"),
        (["plan", "tiny.yaml", "--slots", "0"], "--slots is 0; write a number above 0"),
        (["report", "out", "--format", "cvs"], "--format is \"cvs\"; write one or more of html,"),
        (["prompts", "out", "first", "--out", "x"], "first"),
        (["frob"], "frob"),
      ])
    func `a wrong flag has status 64 and one line that names the help`(words: [String], part: String) throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      let refused = try attune(words, in: directory)
      #expect(refused.exitCode == 64)
      #expect(refused.output.isEmpty)
      #expect(refused.errorLines.count == 1, "\(refused.errors)")
      #expect(refused.errors.contains(part) && refused.errors.contains("--help'"), "\(refused.errors)")
      #expect(!directory.contains("runs") && !directory.contains("out"))
    }

    @Test func `a place where no directory can be is refused with another way`() throws {
      let directory = try TestDirectory()
      try directory.write(TinySweep().yaml, to: "tiny.yaml")
      let long = String(repeating: "x", count: 300)
      for (out, found) in [
        (long, "File name too long"), ("tiny.yaml/out", "Not a directory"), ("/proc/out", "No such file or directory"),
      ] {
        let refused = try attune(["run", "tiny.yaml", "--out", out], in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.errorLines.count == 1)
        #expect(refused.errors.hasPrefix("Error: \(out): ") && refused.errors.contains(found), "\(refused.errors)")
        #expect(refused.errors.contains("choose another place with --out"), "\(refused.errors)")
      }
    }

    @Test func `commands that read refuse a directory without a sweep`() throws {
      let directory = try TestDirectory()
      for command in ["status", "trials", "report", "digest", "audit"] {
        let refused = try attune([command, "nowhere"], in: directory)
        #expect(refused.exitCode == 1)
        #expect(refused.output.isEmpty)
        #expect(refused.errorLines.count == 1)
        #expect(refused.errors.hasPrefix("Error: nowhere: no sweep is stored here; name the directory"))
      }
    }
  }
}
