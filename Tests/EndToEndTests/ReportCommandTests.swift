// Reports of several directories, comparisons and exports through the real program; what Python makes of them where it is
// installed (ATTUNE_PYTHON names another interpreter than python3).
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct ReportCommands {
    private func run(_ sweep: TinySweep, _ out: String, in directory: TestDirectory) throws {
      let ended = try attune(try sweep.command(in: directory, out: out), in: directory)
      try #require(ended.exitCode == 0, "\(ended.errors)")
    }

    @Test func `two directories give the table of one that ran everything, and compare says what is only in one`()
      throws
    {
      let directory = try TestDirectory()
      var (first, second) = (TinySweep(), TinySweep())
      (first.tasks, second.tasks) = (["linear"], ["relu"])
      try run(first, "first", in: directory)
      try run(second, "second", in: directory)
      try run(TinySweep(), "whole", in: directory)
      let merged = try attune(["report", "first", "second", "--out", "both"], in: directory)
      #expect(merged.exitCode == 0, "\(merged.errors)")
      #expect(try directory.read("both/matrix.csv") == directory.read("whole/report/matrix.csv"))
      // Overlap is no contradiction where the bits are the same.
      let again = try attune(["report", "whole", "first", "--out", "again", "--format", "csv"], in: directory)
      #expect(again.exitCode == 0)
      #expect(try directory.read("again/matrix.csv") == directory.read("whole/report/matrix.csv"))
      let place = try attune(["report", "first", "second"], in: directory)
      #expect(place.exitCode == 64 && place.errors.contains("add --out DIR"))

      let compared = try attune(["compare", "first", "whole"], in: directory)
      #expect(compared.exitCode == 0)
      #expect(compared.output.contains("4 cells: 2 identical to the bit, 0 changed, 0 only in first, 2 only in whole."))
      first.steps = 60
      try run(first, "longer", in: directory)
      let changed = try attune(["compare", "first", "longer"], in: directory)
      #expect(changed.output.contains("2 cells: 0 identical to the bit, 2 changed"))
      #expect(changed.output.contains("Selected configurations differ in steps 40 → 60 (2 cells)."))
      let json = try attune(["compare", "first", "longer", "--json"], in: directory)
      let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
      #expect((document?["cells"] as? [Any])?.count == 2)
    }

    @Test func `every format is written, and exports hold every trial's numbers and the winners' bytes`() throws {
      let directory = try TestDirectory()
      let sweep = TinySweep()
      try run(sweep, "sweep", in: directory)
      for file in ["index.html", "matrix.csv", "matrix.json", "matrix.md", "matrix.txt", "report.tex", "figures.tex"] {
        #expect(directory.contains("sweep/report/\(file)"))
      }
      #expect(directory.contains("sweep/report/figures/matrix.svg"))
      #expect(try directory.read("sweep/report/figures/captions.md").contains("## seeds-relu"))

      #expect(try attune(["export", "metrics", "sweep", "--out", "metrics.csv"], in: directory).exitCode == 0)
      let lines = try directory.read("metrics.csv").split(separator: "\n")
      #expect(
        lines[0] == "trial,configuration,stage,seed,state,outcome,task,activation,learning_rate,kind,step,metric,value")
      #expect(
        lines.count { $0.contains(",final,") && $0.contains(",test_loss,") } >= sweep.cellCount * sweep.reportSeeds)

      #expect(try attune(["export", "checkpoints", "sweep", "--out", "winners"], in: directory).exitCode == 0)
      let index = try directory.read("winners/index.csv").split(separator: "\n").dropFirst()
      #expect(!index.isEmpty)
      for line in index {
        let fields = line.split(separator: ",").map(String.init)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory.path)/winners/\(fields[6])"))
        #expect(sha256Hex(Array(bytes)) == fields[5])
      }

      #expect(try attune(["export", "tensorboard", "sweep", "--out", "logs", "--all"], in: directory).exitCode == 0)
      #expect(directory.contains("logs/relu/softmax/seed-0/events.out.tfevents.0000000000.attune"))
      try python(sweep, directory)
    }

    /// The examples of docs/python.md, and the reader of TensorBoard itself, where they are installed.
    private func python(_ sweep: TinySweep, _ directory: TestDirectory) throws {
      guard let python = Python() else {
        print("skipped: no python3 on the PATH, so docs/python.md and TensorBoard's reader were not tried")
        return
      }
      if try python.has(["pandas", "torch", "safetensors"], in: directory) {
        let page = try String(contentsOfFile: packagePath("docs/python.md"), encoding: .utf8)
        let examples = page.components(separatedBy: "```python\n").dropFirst().map {
          $0.components(separatedBy: "```")[0]
        }
        #expect(examples.count >= 4)
        // One after the other in one process: most of the time goes into importing torch.
        let ended = try python.run(examples.joined(separator: "\n"), in: directory)
        #expect(ended.exitCode == 0, "\(ended.errors)")
      } else {
        print(
          "skipped: \(python.path) has no pandas, torch and safetensors, so the examples of docs/python.md were not tried"
        )
      }
      if try python.has(["tensorboard"], in: directory) {
        let ended = try python.run(
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
      } else {
        print("skipped: \(python.path) has no tensorboard, so its reader was not tried")
      }
    }
  }
}

/// An interpreter with the packages that a test asks for.
@ProcessThread private struct Python {
  let path: String

  init?() {
    if let named = ProcessInfo.processInfo.environment["ATTUNE_PYTHON"] {
      path = named
      return
    }
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":")
    guard let folder = folders.first(where: { access("\($0)/python3", X_OK) == 0 }) else { return nil }
    path = "\(folder)/python3"
  }

  func has(_ modules: [String], in directory: TestDirectory) throws -> Bool {
    let wanted = modules.map { "'\($0)'" }.joined(separator: ", ")
    let code =
      "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(name) is None for name in [\(wanted)]))"
    return try run(code, in: directory).exitCode == 0
  }

  func run(_ code: String, in directory: TestDirectory) throws -> EndedProgram {
    try RunningProgram(["-c", code], of: path, in: directory).end()
  }
}

private func packagePath(_ name: String) -> String {
  URL(filePath: #filePath).appending(path: "../../../\(name)").standardized.path
}
