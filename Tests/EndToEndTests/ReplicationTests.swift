// Seeds that are added to undecided rows, with real processes: the same trials on any number of workers, whatever is killed.
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct ReplicatedRows {
    private static func manifest(maximum: Int = 14, horizon: Int? = nil, steps: Int = 200) -> String {
      """
      name: rows
      method: grid
      parameters:
        task: {values: [linear, relu]}
        activation: {values: [linear, relu, softmax]}
        learning_rate: {values: [0.01, 0.03]}
        layers: {value: 1}
        context: {value: 4}
        dimension: {value: 2}
        batch: {value: 64}
        steps: {value: \(steps)}
        validation_prompts: {value: 64}
        test_prompts: {value: 200}
      seeds: {tune: 1}
      replicate: {min: 6, max: \(maximum), \(horizon.map { "horizon: \($0), " } ?? "")until: decided}

      """
    }

    private func command(workers: Int) -> [String] {
      ["run", "rows.yaml", "--out", "out", "--workers", "\(workers)", "--threads", "\(workers)"]
    }

    /// Reporting seeds by cell.
    private func seeds(in directory: TestDirectory) throws -> [Int] {
      let reporting = try directory.sweep().trials().map(\.record).filter { $0.stage == .reporting }
      return ["linear", "relu"].flatMap { task in
        ["linear", "relu", "softmax"].map { activation in
          reporting.count { "\($0.parameters.task)" == task && "\($0.parameters.heads)" == activation }
        }
      }
    }

    @Test func `one, two and five workers give every cell the same seeds and the sweep the same digest`() throws {
      var digests: Set<String> = [], counts: Set<[Int]> = []
      for workers in [1, 2, 5] {
        let directory = try TestDirectory()
        try directory.write(Self.manifest(), to: "rows.yaml")
        let ended = try attune(command(workers: workers), in: directory)
        #expect(ended.exitCode == 0, "\(ended.errors)")
        digests.insert(try digest(in: ended.output))
        let seeds = try seeds(in: directory)
        counts.insert(seeds)
        #expect(seeds.allSatisfy { (6...14).contains($0) } && seeds.contains { $0 > 6 }, "\(seeds)")
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
        let planned = 12 + 6 + seeds.reduce(0, +)
        let status = try attune(["status", "out"], in: directory).output
        #expect(status.contains("rows: \(planned) of \(planned) trials have ended"))
        #expect(status.contains("reporting seeds"), "\(status)")
        let last = directory.sweep().log().filter { $0.event == "replicated" }.suffix(3)
        #expect(last.allSatisfy { $0.count == 0 })
        let words = ended.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(words.contains("Seeds until decided: linear \(seeds[0]) ("), "\(words)")
      }
      #expect(digests.count == 1 && counts.count == 1)
    }

    @Test func `killed between rounds, and run again when complete: the same digest`() throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(Self.manifest(steps: 3000), to: "rows.yaml")
      // 12 tuning trials, 6 references and 36 reporting trials come before the first further seed.
      for count in [40, 58, 66] {
        let program = try RunningProgram(command(workers: 2), in: directory)
        try waitUntil("\(count) trials have been granted") { out.count(of: "granted") >= count }
        program.signal(SIGKILL)
        #expect(try program.end().exitCode == nil)
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
      }
      let ended = try attune(command(workers: 2), in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let again = try attune(command(workers: 2), in: directory)
      let undisturbed = try TestDirectory()
      try undisturbed.write(Self.manifest(steps: 3000), to: "rows.yaml")
      let expected = try digest(in: try attune(command(workers: 2), in: undisturbed).output)
      #expect(try digest(in: ended.output) == expected && digest(in: again.output) == expected)
      #expect(try seeds(in: directory).max() ?? 0 > 6)
    }

    @Test func `a smaller maximum than what was run is refused, a larger one adds seeds`() throws {
      let directory = try TestDirectory()
      try directory.write(Self.manifest(maximum: 8), to: "rows.yaml")
      #expect(try attune(command(workers: 2), in: directory).exitCode == 0)
      let before = try seeds(in: directory)
      try directory.write(Self.manifest(maximum: 6), to: "rows.yaml")
      let refused = try attune(command(workers: 2), in: directory)
      #expect(refused.exitCode != 0 && refused.errors.contains("such as reporting seed "), "\(refused.errors)")
      try directory.write(Self.manifest(maximum: 14), to: "rows.yaml")
      let other = try attune(command(workers: 2), in: directory)
      #expect(
        other.exitCode != 0 && other.errors.contains("aims at 14 seeds instead of 8")
          && other.errors.contains("write horizon: 8 beside max"), "\(other.errors)")
      try directory.write(Self.manifest(maximum: 14, horizon: 8), to: "rows.yaml")
      #expect(try attune(command(workers: 2), in: directory).exitCode == 0)
      let after = try seeds(in: directory)
      #expect(zip(before, after).allSatisfy { $0 <= $1 } && before != after)
    }
  }
}
