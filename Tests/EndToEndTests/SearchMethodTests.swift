// Every way to choose what to try, with real processes: the same trials on any number of workers.
import Foundation
import Shared
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct SearchMethods {
    private static func manifest(_ search: String, steps: Int = 200) -> String {
      // Generations also where one parameter takes part only while another has a certain value.
      let warmup =
        search.contains("generation: 2")
        ? "{min: 0, max: 20, when: {schedule: cosine}}\n  schedule: {values: [cosine, constant]}" : "{min: 0, max: 20}"
      return """
        name: search
        \(search)
        parameters:
          task: {values: [linear, relu]}
          activation: {values: [relu, softmax]}
          learning_rate: {distribution: log_uniform_values, min: 0.001, max: 0.1}
          warmup_steps: \(warmup)
          layers: {value: 1}
          context: {value: 4}
          dimension: {value: 2}
          batch: {value: 64}
          steps: {value: \(steps)}
          validation_prompts: {value: 64}
          test_prompts: {value: 100}
        seeds: {tune: 1, report: 2}

        """
    }

    @Test(arguments: [
      "method: random\nrun_cap: 28", "method: sobol\nrun_cap: 28",
      "method: bayes\nrun_cap: 28\nbayes: {initial: 3, generation: 2}",
      "method: sobol\nrun_cap: 28\nearly_terminate: {type: median, interval: 5}",
      "method: bayes\nrun_cap: 28\nearly_terminate: {type: hyperband, min_iter: 4}",
    ])
    func `one, two and five workers give the same digest`(search: String) throws {
      var digests: Set<String> = []
      for workers in [1, 2, 5] {
        let directory = try TestDirectory()
        try directory.write(Self.manifest(search), to: "search.yaml")
        let ended = try attune(
          ["run", "search.yaml", "--out", "out", "--workers", "\(workers)", "--threads", "\(workers)"], in: directory)
        #expect(ended.exitCode == 0, "\(ended.errors)")
        digests.insert(try digest(in: ended.output))
        let tuning = try directory.sweep().trials().map(\.record).filter { $0.stage == .tuning }
        #expect(tuning.count == 28 && tuning.allSatisfy { $0.state == .succeeded || $0.state == .pruned })
        #expect(tuning.contains { $0.state == .pruned } == search.contains("early_terminate"))
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
        // Whoever opens the directory again sees a whole sweep.
        let again = try attune(["status", "out"], in: directory)
        #expect(again.output.contains("search: \(tuning.count + 12) of \(tuning.count + 12) trials have ended"))
      }
      #expect(digests.count == 1)
    }

    @Test(arguments: [
      "method: bayes\nrun_cap: 28\nbayes: {initial: 3, generation: 2}",
      "method: bayes\nrun_cap: 28\nbayes: {initial: 3, generation: 2}\nearly_terminate: {type: hyperband, min_iter: 4}",
    ])
    func `killed between generations, and run again when complete: the same digest`(search: String) throws {
      let directory = try TestDirectory(), out = directory.sweep()
      try directory.write(Self.manifest(search, steps: 4000), to: "search.yaml")
      let command = ["run", "search.yaml", "--out", "out", "--workers", "2", "--threads", "2"]
      // 12 trials are the first generation's: all kills but the first come after proposals were made.
      for count in [8, 20, 30] {
        let program = try RunningProgram(command, in: directory)
        try waitUntil("\(count) grants have been made") { out.count(of: "granted") >= count }
        program.signal(SIGKILL)
        #expect(try program.end().exitCode == nil)
        #expect(try attune(["audit", "out"], in: directory).outputLines.last == "clean")
      }
      let ended = try attune(command, in: directory)
      #expect(ended.exitCode == 0, "\(ended.errors)")
      let again = try attune(command, in: directory)
      #expect(again.exitCode == 0, "\(again.errors)")
      let undisturbed = try TestDirectory()
      try undisturbed.write(Self.manifest(search, steps: 4000), to: "search.yaml")
      let expected = try digest(in: try attune(command, in: undisturbed).output)
      #expect(try digest(in: ended.output) == expected && digest(in: again.output) == expected)
    }
  }
}
