// Reports of several directories, comparisons and exports through the real program; what other programs make of them is
// tested in OtherProgramTests.
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
    }
  }
}
