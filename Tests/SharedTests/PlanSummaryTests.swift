// The text and JSON of `attune plan`, word for word.
import Foundation
import Shared
import Testing

@Suite struct PlanSummaryTests {
  /// 2 tasks × 1 activation, tuned over `rates`.
  private func plan(rates: [Double]) throws -> SweepPlan {
    var cells: [CellPlan] = []
    for (index, task) in ["linear", "relu"].enumerated() {
      let candidates = try rates.map { rate in
        try TrialParameters(values: [
          .task: .text(task), .activation: .list([.text("exp"), .text("linear")]), .learningRate: .number(rate),
        ])
      }
      cells.append(
        CellPlan(
          id: CellID(rawValue: index), coordinates: [.text(task), .list([.text("exp"), .text("linear")])],
          candidates: candidates))
    }
    return SweepPlan(
      name: "small", method: .grid,
      axes: [
        Axis(name: .task, role: .rows, values: [.text("linear"), .text("relu")]),
        Axis(name: .activation, role: .columns, values: [.list([.text("exp"), .text("linear")])]),
      ], tuned: rates.count > 1 ? [.learningRate] : [], cells: cells,
      tuneSeeds: rates.count > 1 ? [Seed(rawValue: Seed.firstTuning), Seed(rawValue: Seed.firstTuning + 1)] : [],
      reportSeeds: (0..<8).map { Seed(rawValue: $0) })
  }

  private let cost: @Sendable (TrialParameters, TrialStage) -> Double = { parameters, stage in
    stage == .reference ? 5 : parameters.learningRate * 1000
  }

  @Test func `the summary counts trials by stage and adds their cost`() throws {
    let summary = PlanSummary(try plan(rates: [0.01, 0.03]), slots: 2, secondsPerTrial: cost)
    #expect(summary.trials == 2 * (2 * 2 + 1 + 8))
    #expect(summary.trials == summary.plan.plannedTrialCount)
    #expect(summary.stages.map(\.seconds) == [160, 10, 320])
    #expect(
      summary.text == """
        small: 2 cells, 26 trials by method grid

          rows     task           linear, relu
          columns  activation     exp+linear
          tuned    learning_rate  0.01, 0.03

          stage      in every cell               trials    one slot
          tuning     2 configurations × 2 seeds       8  2 min 40 s
          reference  the attainable reference         2        10 s
          reporting  8 seeds                         16  5 min 20 s
          all                                        26  8 min 10 s

        A network has 456 trained numbers.
        About 4 min 5 s on 2 slots; nothing was run.
        """)
  }

  @Test func `what results will decide is told with its bounds`() throws {
    var plan = try plan(rates: [0.01, 0.03])
    plan.replication = Replication(minimum: 8, maximum: 40)
    plan.earlyTermination = EarlyTermination(rule: .hyperband, spacing: .from(4), eta: 5)
    let forecast = TuningForecast(
      generations: [4, 2, 2], rungs: [.init(step: 400, configurations: 8), .init(step: 2000, configurations: 2)])
    #expect(forecast.shareOfSteps == 0.4)
    let summary = PlanSummary(plan, slots: 2, forecast: forecast, secondsPerTrial: cost)
    #expect(summary.stages[0].trials == 2 * 2 * 8 && summary.stages[0].seconds == 0.4 * 2 * 2 * 8 * 20)
    #expect(summary.trials == 32 + 2 + 16 && summary.trialsAtMost == 32 + 2 + 80)
    #expect(summary.secondsAtMost == summary.seconds + 64 * 20)
    #expect(
      summary.text.contains(
        """
        Every cell proposes its configurations in 3 generations: 4, then 2, 2.
        Of a cell's 8 configurations train 8 to step 400, 2 to step 2,000: 40 % of the steps that all of them would take.
        Undecided rows get up to 40 seeds per cell, which would make 114 trials.
        """), "\(summary.text)")
    #expect(summary.text.contains("reporting  8 to 40 seeds"))
    let object = try #require(try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
    #expect(object["trials_max"] as? Int == 114 && object["generations"] as? [Int] == [4, 2, 2])
    #expect((object["rungs"] as? [[String: Int]])?.last == ["step": 2000, "configurations": 2])
    let unknown = PlanSummary(plan, slots: 2, secondsPerTrial: cost)
    #expect(unknown.text.contains("the time is that of stopping none"))
  }

  @Test func `without tuning the summary says so`() throws {
    let summary = PlanSummary(try plan(rates: [0.01]), slots: 1, secondsPerTrial: cost)
    #expect(summary.text.contains("tuning     nothing to tune                0"))
    #expect(summary.trials == 18)
  }

  @Test func `drawn values are shown shortly and in order`() throws {
    let few = PlanSummary(try plan(rates: [0.0123456789, 0.003, 0.1]), slots: 1, secondsPerTrial: cost)
    #expect(few.text.contains("learning_rate  0.003, 0.01235, 0.1\n"))
    let many = PlanSummary(try plan(rates: (1...1200).map { Double($0) / 1e4 }), slots: 1, secondsPerTrial: cost)
    #expect(many.text.contains("learning_rate  0.0001 to 0.12 (1,200 values)\n"))
  }

  @Test func `the JSON form has every number and is valid`() throws {
    let summary = PlanSummary(try plan(rates: [0.01, 0.03]), slots: 2, secondsPerTrial: cost)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(summary.json.utf8)) as? [String: Any])
    #expect(object["trials"] as? Int == 26)
    #expect(object["seconds"] as? Double == 245)
    #expect(object["network_parameters"] as? [Int] == [456, 456])
    #expect((object["axes"] as? [[String: Any]])?.first?["values"] as? [String] == ["linear", "relu"])
    #expect((object["tuned"] as? [[String: Any]])?.first?["values"] as? [Double] == [0.01, 0.03])
    let endless = PlanSummary(try plan(rates: [0.01]), slots: 0) { _, _ in .infinity }
    #expect(endless.json.contains("\"seconds\":null"))
    #expect(endless.slots == 1)
  }

  @Test func `trained numbers follow the network's form`() throws {
    var parameters = try TrialParameters(values: [.task: .text("relu"), .activation: .text("exp")])
    #expect(parameters.trainedNumbers == 3 * 76)
    #expect(parameters.reference.trainedNumbers == 9)
    parameters.value = .sparse
    #expect(parameters.trainedNumbers == 3 * 51)
    parameters.tiedLayers = true
    #expect(parameters.trainedNumbers == 51)
  }

  @Test func `durations take two units at most`() {
    let texts: [(Duration, String)] = [
      (.zero, "0 s"), (.seconds(-3), "0 s"), (.milliseconds(850), "850 ms"), (.milliseconds(1499), "1 s"),
      (.milliseconds(59_600), "1 min"), (.seconds(72), "1 min 12 s"), (.seconds(3600), "1 h"),
      (.seconds(7530), "2 h 5 min"), (.seconds(273_600), "3 d 4 h"),
    ]
    for (duration, text) in texts { #expect(durationText(duration) == text) }
    for seconds in [Double.nan, -1, -Double.infinity] { #expect(durationText(duration(seconds: seconds)) == "0 s") }
    #expect(durationText(duration(seconds: .infinity)).hasSuffix(" h"))
  }

  @Test func `counts group their thousands`() {
    #expect([0, 999, 1000, 30_000, 1_234_567].map { countText($0) } == ["0", "999", "1,000", "30,000", "1,234,567"])
    #expect(countText(-1000) == "-1,000")
    #expect(countText(Int.min) == "-9,223,372,036,854,775,808")
    #expect(countText(1, "cell") == "1 cell")
  }
}
