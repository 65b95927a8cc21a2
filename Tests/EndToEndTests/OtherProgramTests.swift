// What other programs make of a sweep's results, where they are installed: pandas, PyTorch, TensorBoard's own reader, LaTeX.
// ATTUNE_PYTHON names an interpreter that is tried before python3 of the PATH and Debian's.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct OtherPrograms {
    private func sweep(in directory: TestDirectory) throws -> TinySweep {
      let sweep = TinySweep()
      let ended = try attune(try sweep.command(in: directory, out: "sweep"), in: directory)
      try #require(ended.exitCode == 0, "\(ended.errors)")
      return sweep
    }

    private func export(_ arguments: String..., in directory: TestDirectory) throws {
      let ended = try attune(["export"] + arguments, in: directory)
      try #require(ended.exitCode == 0, "\(ended.errors)")
    }

    /// Examples of docs/python.md that import nothing but `modules` and what comes with Python.
    private func examples(importing modules: Set<String>) throws -> [String] {
      let page = try String(contentsOfFile: packagePath("docs/python.md"), encoding: .utf8)
      let all = page.components(separatedBy: "```python\n").dropFirst().map { $0.components(separatedBy: "```")[0] }
      #expect(all.count >= 4)
      return all.filter { example in
        let imported = example.matches(of: /^(?:import|from) (\w+)/.anchorsMatchLineEndings()).map { String($0.1) }
        return Set(imported).isSubset(of: modules.union(["json"]))
      }
    }

    private func run(_ examples: [String], with python: Python) throws {
      let directory = try TestDirectory()
      _ = try sweep(in: directory)
      try export("metrics", "sweep", "--out", "metrics.csv", in: directory)
      try export("checkpoints", "sweep", "--out", "winners", in: directory)
      // One after the other in one process: most of the time goes into importing.
      let ended = try python.run(examples.joined(separator: "\n"), in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      #expect(ended.output.contains("relu") && ended.output.contains("softmax"))
    }

    @Test(.enabled(if: Python.with(["pandas"]) != nil, "no Python with pandas: `scripts/setup python3-pandas`"))
    func `pandas reads the tables as docs/python.md says`() throws {
      let examples = try examples(importing: ["pandas"])
      #expect(examples.count >= 2)
      try run(examples, with: try #require(Python.with(["pandas"])))
    }

    @Test(
      .enabled(
        if: Python.with(["pandas", "torch", "safetensors"]) != nil,
        "no Python with pandas, torch and safetensors: name one in ATTUNE_PYTHON"))
    func `PyTorch reads the networks as docs/python.md says`() throws {
      let modules: Set = ["pandas", "torch", "safetensors"]
      let examples = try examples(importing: modules)
      #expect(examples.count >= 4)
      try run(examples, with: try #require(Python.with(modules)))
    }

    @Test(.enabled(if: Python.with(["tensorboard"]) != nil, "no Python with tensorboard: name one in ATTUNE_PYTHON"))
    func `TensorBoard's own reader lists every run, with all scalars`() throws {
      let directory = try TestDirectory()
      let sweep = try sweep(in: directory)
      try export("tensorboard", "sweep", "--out", "logs", "--all", in: directory)
      try export("metrics", "sweep", "--out", "metrics.csv", in: directory)
      let ended = try #require(Python.with(["tensorboard"])).run(
        """
        from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
        logs = EventMultiplexer().AddRunsFromDirectory("logs")
        logs.Reload()
        print(len(logs.Runs()))
        run = "relu/softmax/seed-0"
        print(*sorted(logs.Runs()[run]["scalars"]))
        print([event.step for event in logs.Scalars(run, "validation_loss")][-1])
        print(logs.Scalars(run, "final/test_loss")[0].value)
        """, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let lines = ended.outputLines
      #expect(lines.first == "\(sweep.trialCount)")
      #expect(lines.dropFirst().first?.contains("final/test_loss") == true)
      #expect(lines.dropFirst(2).first == "\(sweep.steps)")
      let loss = try #require(lines.last.flatMap(Double.init))
      let table = try directory.read("metrics.csv").split(separator: "\n").first {
        $0.contains(",reporting,0,") && $0.contains(",relu,softmax,") && $0.contains(",final,")
          && $0.contains(",test_loss,")
      }
      #expect(Float(try #require(table?.split(separator: ",").last)) == Float(loss))
    }

    @Test(
      .enabled(
        if: installedProgram("pdflatex") != nil,
        "no pdflatex: `scripts/setup texlive-latex-base texlive-latex-recommended texlive-pictures`"))
    func `LaTeX makes a PDF of a report whose names are hostile`() throws {
      let directory = try TestDirectory()
      var sweep = TinySweep()
      sweep.tasks = ["relu"]
      try directory.write(
        sweep.yaml.replacing(
          "name: tiny",
          with: #"""
            name: "\\input{/etc/passwd} $x_1^2 & 50 % #1 ~ {\\write18{touch pwned}} ---- ]{}[ <b> \"q\""
            description: "one \u202e\n\n\\end{document} \U0001F642 任务 \#(String(repeating: "x", count: 3000))"
            """#),
        to: "hostile.yaml")
      let run = try attune(["run", "hostile.yaml", "--out", "sweep"], in: directory)
      try #require(run.exitCode == 0, "\(run.errors)")
      let ended = try RunningProgram(
        ["sweep/report", "report.pdf"], of: packagePath("scripts/check-latex"), in: directory
      ).end()
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let pdf = try Data(contentsOf: URL(filePath: directory.path + "/report.pdf"))
      #expect(pdf.starts(with: Data("%PDF-".utf8)) && pdf.count > 10_000)
      #expect(!directory.contains("pwned"))
    }
  }
}

/// An interpreter that has what a test asks for.
private struct Python {
  let path: String

  /// The first that can import all of `modules`; asked once per test, by a short program.
  static func with(_ modules: Set<String>) -> Python? {
    let named = ProcessInfo.processInfo.environment["ATTUNE_PYTHON"]
    let found = [named, installedProgram("python3"), "/usr/bin/python3"].compactMap { $0 }
    return found.first { has(modules, $0) }.map(Python.init)
  }

  private static func has(_ modules: Set<String>, _ path: String) -> Bool {
    guard access(path, X_OK) == 0 else { return false }
    let wanted = modules.sorted().map { "'\($0)'" }.joined(separator: ", ")
    let process = Process()
    process.executableURL = URL(filePath: path)
    process.arguments = [
      "-c", "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in [\(wanted)]))",
    ]
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }

  @ProcessThread func run(_ code: String, in directory: TestDirectory) throws -> EndedProgram {
    try RunningProgram(["-c", code], of: path, in: directory).end()
  }
}

private func packagePath(_ name: String) -> String {
  URL(filePath: #filePath).appending(path: "../../../\(name)").standardized.path
}
