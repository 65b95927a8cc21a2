// The file in which bench training keeps its figures for plan.
import Coordinator
import Foundation
import Shared
import Testing
import Training

@Suite struct MeasuredSpeedTests {
  private func measurement(
    _ activation: String = "exp", threads: Int = 2, step: Double = 6, batch: Int = 512
  ) throws -> TrainingMeasurement {
    // As JSON has it, since a measurement is made by measuring alone.
    let text = """
      {"task": "relu", "activation": "\(activation)", "layers": 3, "context": 14, "dimension": 5, "batch": \(batch),
       "threads": \(threads), "instructionSet": "avx2", "stepMs": \(step), "stepMsMin": 5, "datagenMs": 1, "poolUs": 1,
       "poolUsP99": 2, "serialUs": 1, "gflopPerStep": 1, "gflops": 1, "peakGflops": 2, "fractionOfPeak": 0.5,
       "steps": 10, "peakMemoryMib": 20}
      """
    return try JSONDecoder().decode(TrainingMeasurement.self, from: Data(text.utf8))
  }

  @Test func `figures survive the file, by machine, and the latest of a shape counts`() throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("speeds-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    let path = directory.appendingPathComponent("attune/training.json").path
    #expect(MeasuredSpeeds(readingFrom: path) == MeasuredSpeeds())
    var speeds = MeasuredSpeeds()
    speeds.keep(try measurement(), of: "one", day: "2026-11-20")
    speeds.keep(try measurement(step: 8), of: "one", day: "2026-11-22")
    speeds.keep(try measurement("relu"), of: "other", day: "2026-11-21")
    try speeds.write(to: path)
    let read = MeasuredSpeeds(readingFrom: path)
    #expect(read == speeds)
    #expect(read.entries(of: "one").map(\.stepMs) == [8] && read.entries(of: "one").map(\.day) == ["2026-11-22"])
    #expect(read.entries(of: "other").map(\.activation) == ["relu"])
    #expect(read.entries(of: "third").isEmpty)
    try Data("not JSON".utf8).write(to: URL(fileURLWithPath: path))
    #expect(MeasuredSpeeds(readingFrom: path) == MeasuredSpeeds())
  }

  @Test func `threads that share a step are counted with all their time`() throws {
    var speeds = MeasuredSpeeds()
    speeds.keep(try measurement(threads: 4), of: "one", day: "2026-11-20")
    let timing = try #require(speeds.entries(of: "one")[0].timing)
    #expect(abs(timing.timing.step - 0.024) < 1e-12 && abs(timing.timing.drawing - 0.004) < 1e-12)
    #expect(timing.parameters.batch == 512 && "\(timing.parameters.heads)" == "exp")
    speeds.keep(try measurement("no_such_activation"), of: "one", day: "2026-11-20")
    #expect(speeds.entries(of: "one").count == 2 && speeds.entries(of: "one")[1].timing == nil)
  }

  @Test func `the file stays small`() throws {
    var speeds = MeasuredSpeeds()
    for batch in 1...300 { speeds.keep(try measurement(batch: batch), of: "one", day: "2026-11-20") }
    #expect(speeds.entries(of: "one").map(\.batch) == Array(101...300))
  }
}
