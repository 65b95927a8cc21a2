// One row's paired differences: how far every other column is behind the row's leader, seed by seed, with the t-interval
// of the mean and a line at 0.
import Shared

struct DifferenceChart {
  let row: MatrixRow
  let confidence: Double

  private let width = 920.0, lane = 30.0, top = 22.0, bottom = 40.0, names = 150.0, numbers = 290.0

  /// One rival of the leader: the differences of the seeds that both have.
  private struct Rival {
    let index: Int
    let name: String
    let seeds: [(seed: Seed, difference: Double)]
    let summary: SampleSummary
    let p: Double?
    let adjusted: Double?
  }

  private var rivals: [Rival] {
    guard let leader = row.leader else { return [] }
    return row.cells.indices.filter { $0 != leader }.compactMap { index in
      let seeds = zip(row.cells[index].measured.scores, row.cells[leader].measured.scores).compactMap {
        own, other -> (seed: Seed, difference: Double)? in
        guard let own, let other else { return nil }
        return (own.seed, own.lnTestLoss - other.lnTestLoss)
      }
      guard let summary = SampleSummary(seeds.map(\.difference)) else { return nil }
      let pair = row.bestSet.pair(leader, beats: index)
      return Rival(
        index: index, name: row.columnName(index), seeds: seeds, summary: summary, p: pair?.p,
        adjusted: pair.map { row.bestSet.sequential?.trainedP(index) ?? row.bestSet.adjusted($0.p) })
    }
  }

  /// Nil where nothing leads or nothing rivals.
  func drawing() -> Drawing? {
    let rivals = rivals
    guard let leader = row.leader, !rivals.isEmpty else { return nil }
    let height = top + lane * Double(rivals.count) + bottom
    let x = scale(rivals)
    var content: Markup = ""
    for tick in x.ticks(count: 7) {
      let place = x.place(tick.value)
      content += SVG.line(place, top - 4, place, height - bottom, style: tick.value == 0 ? "zero" : "grid")
      content += SVG.text(tick.label, place, height - bottom + 15, anchor: .middle, style: "tick")
    }
    let unit = x.linearWidth > 0 ? "nats, logarithmic beyond ±\(settingText(x.linearWidth))" : "nats"
    content += SVG.text(
      "ln test loss − that of \(shortened(row.columnName(leader), to: 20)) (\(unit))", (x.start + x.end) / 2,
      height - 6,
      anchor: .middle, style: "axis-name")
    content += SVG.text(
      "mean (\(percentLabel(confidence)) interval), \(row.bestSet.sequential == nil ? "sign-flip" : "anytime-valid") p",
      width - numbers + 14, top - 8, style: "level-name")
    for (index, rival) in rivals.enumerated() { content += drawn(rival, top + lane * (Double(index) + 0.5), x) }
    return Drawing(
      width: width, height: height, label: "Paired differences from \(row.columnName(leader)), \(row.label)",
      content: content)
  }

  private func scale(_ rivals: [Rival]) -> ChartScale {
    let intervals = rivals.compactMap { $0.summary.interval(confidence: confidence) }
    var values = [0.0]
    for rival in rivals { values += rival.seeds.map(\.difference) }
    for interval in intervals { values += [interval.low, interval.high] }
    let low = values.min() ?? 0
    let high = values.max() ?? 1
    let space = max(0.04 * (high - low), 1e-6)
    let means = rivals.map { abs($0.summary.mean) }.filter { $0 > 0 }
    let range = (low - space)...(high + space)
    // One rival far behind would squeeze those that the row is about.
    guard let least = means.min(), let most = means.max(), most > 20 * least else {
      return ChartScale(linear: range, start: names, end: width - numbers)
    }
    let spreads = intervals.map { $0.high - $0.low }.filter { $0 > 0 }
    let width = powerOfTen(atMost: max(least, spreads.min() ?? least, most * 1e-4))
    return ChartScale(
      symmetric: (low - 0.1 * width)...(high * 1.1), width: width, start: names, end: self.width - numbers)
  }

  private func drawn(_ rival: Rival, _ y: Double, _ x: ChartScale) -> Markup {
    let colour = "c\(rival.index % chartColours)"
    var content = SVG.text(shortened(rival.name, to: 20), names - 12, y + 4, anchor: .end, style: "name")
    for seed in rival.seeds {
      content += SVG.marker(
        rival.index, x.place(seed.difference), y - 4, style: "seed \(colour)",
        title: "\(rival.name), seed \(seed.seed): \(fixedText(seed.difference, decimals: 4))")
    }
    if let interval = rival.summary.interval(confidence: confidence) {
      let (left, right) = (x.place(interval.low), x.place(interval.high))
      content += SVG.line(left, y + 7, right, y + 7, style: "interval \(colour)")
      for end in [left, right] { content += SVG.line(end, y + 4, end, y + 10, style: "interval \(colour)") }
    }
    let mean = x.place(rival.summary.mean)
    content += SVG.line(mean, y + 3, mean, y + 11, style: "interval \(colour)")
    return content + SVG.text(numbers(rival), width - numbers + 14, y + 4, style: "tick")
  }

  /// `0.112 (0.105 to 0.119), p = 0.0039, adjusted 0.012`
  private func numbers(_ rival: Rival) -> String {
    var text = fixedText(rival.summary.mean, decimals: 3)
    if let interval = rival.summary.interval(confidence: confidence) {
      text += " (\(fixedText(interval.low, decimals: 3)) to \(fixedText(interval.high, decimals: 3)))"
    }
    return text + ", \(pEquation(rival.p)), adj. \(pText(rival.adjusted))"
  }

  /// What is drawn: every seed's difference, and per rival the mean with its interval and p.
  func csv() -> String {
    let leader = row.leader.map(row.columnName) ?? ""
    let rows = rivals.flatMap { rival -> [[JSONValue]] in
      let interval = rival.summary.interval(confidence: confidence)
      let seeds = rival.seeds.map { seed -> [JSONValue] in
        [
          .text(rival.name), .text(leader), .integer(Int(seed.seed.rawValue)), .number(seed.difference), .null, .null,
          .null, .null,
        ]
      }
      let mean: [JSONValue] = [
        .text(rival.name), .text(leader), .text("mean"), .number(rival.summary.mean), .optional(interval?.low),
        .optional(interval?.high), .optional(rival.p), .optional(rival.adjusted),
      ]
      return seeds + [mean]
    }
    return csvTable(["series", "minus", "seed", "ln_loss_difference", "low", "high", "p", "p_adjusted"], rows)
  }
}
