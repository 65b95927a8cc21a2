// The plan's summary as a table for people and as JSON for programs.

extension PlanSummary {
  /// Several lines, no trailing newline.
  package var text: String {
    var lines = [
      "\(plan.name): \(countText(plan.cells.count, "cell")), \(countText(trials, "trial")) by method \(plan.method.rawValue)"
    ]
    if !plan.description.isEmpty { lines.append(plan.description) }
    lines.append("")
    var axes = plan.axes.map { [$0.role.rawValue, $0.name.rawValue, shortList($0.values)] }
    axes += plan.tuned.map { name in
      let condition = plan.conditions.text(of: name, shown: plan.shown).map { ", where \($0)" } ?? ""
      return ["tuned", name.rawValue, shortList(values(ofTuned: name)) + condition]
    }
    lines += aligned(axes)
    lines.append("")
    var rows = [["stage", "in every cell", "trials", "one slot"]]
    rows += stages.map { [$0.stage.rawValue, share(of: $0.stage), countText($0.trials), cost($0.seconds)] }
    rows.append(["all", "", countText(trials), cost(seconds)])
    lines += aligned(rows, rightFrom: 2)
    lines.append("")
    lines += adaptiveNotes + plan.labelNotes
    let range = networkParameters
    lines.append(
      "A network has "
        + (range.lowerBound == range.upperBound
          ? countText(range.lowerBound, "trained number")
          : "\(countText(range.lowerBound)) to \(countText(range.upperBound, "trained number"))") + ".")
    if let timing { lines.append(timing) }
    let most = secondsAtMost > seconds ? " to \(cost(secondsAtMost / Double(slots)))" : ""
    lines.append("About \(cost(seconds / Double(slots)))\(most) on \(countText(slots, "slot")); nothing was run.")
    return lines.joined(separator: "\n")
  }

  /// One JSON object, keys in a fixed order, no trailing newline.
  package var json: String {
    func list(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }
    let axes = plan.axes.map { axis in
      "{\"role\":\(jsonString(axis.role.rawValue)),\"parameter\":\(jsonString(axis.name.rawValue)),"
        + "\"values\":\(list(axis.values.map(jsonValue)))}"
    }
    let tuned = plan.tuned.map { name in
      "{\"parameter\":\(jsonString(name.rawValue)),"
        + "\"values\":\(list(values(ofTuned: name).map(jsonValue)))\(conditionsJSON(name))}"
    }
    let stages = stages.map {
      "{\"stage\":\(jsonString($0.stage.rawValue)),\"trials\":\($0.trials),\"seconds\":\(jsonNumber($0.seconds))}"
    }
    let fields: [(String, String)] = [
      ("name", jsonString(plan.name)), ("method", jsonString(plan.method.rawValue)), ("axes", list(axes)),
      ("tuned", list(tuned)), ("cells", "\(plan.cells.count)"), ("candidates_per_cell", "\(candidatesPerCell)"),
      ("tune_seeds", "\(plan.tuneSeeds.count)"), ("report_seeds", "\(plan.reportSeeds.count)"),
      ("stages", list(stages)), ("trials", "\(trials)"),
      ("network_parameters", "[\(networkParameters.lowerBound),\(networkParameters.upperBound)]"),
      ("slots", "\(slots)"), ("seconds_of_one_slot", jsonNumber(seconds)),
      ("seconds", jsonNumber(seconds / Double(slots))), ("report_seeds_max", "\(largestReportSeeds)"),
      ("trials_max", "\(trialsAtMost)"), ("seconds_max", jsonNumber(secondsAtMost / Double(slots))),
      ("generations", list((forecast?.generations ?? []).map(String.init))),
      (
        "rungs", list((forecast?.rungs ?? []).map { "{\"step\":\($0.step),\"configurations\":\($0.configurations)}" })
      ),
      ("timing", timing.map(jsonString) ?? "null"),
      ("notes", list((adaptiveNotes + plan.labelNotes).map(jsonString))),
    ]
    return "{" + fields.map { "\(jsonString($0.0)):\($0.1)" }.joined(separator: ",") + "}"
  }

  /// `,"when":{"schedule":["cosine"]}`; empty for a parameter that always takes part.
  private func conditionsJSON(_ name: ParameterName) -> String {
    let conditions = plan.conditions.filter { $0.name == name }.map { condition in
      "\(jsonString(condition.parent.rawValue)):[\(condition.values.map(jsonValue).joined(separator: ","))]"
    }
    return conditions.isEmpty ? "" : ",\"when\":{\(conditions.joined(separator: ","))}"
  }

  private var largestReportSeeds: Int { max(plan.reportSeeds.count, plan.replication?.maximum ?? 0) }

  /// What results will decide, one sentence each.
  private var adaptiveNotes: [String] {
    var notes: [String] = []
    if let forecast, forecast.generations.count > 1 {
      let sizes = forecast.generations, further = sizes.dropFirst()
      notes.append(
        "Every cell proposes its configurations in \(countText(sizes.count)) generations: \(sizes[0]), then "
          + (Set(further).count == 1 && further.count > 2
            ? "\(countText(further.count)) times \(sizes[1])" : further.map(String.init).joined(separator: ", ")) + ".")
    }
    if let forecast, !forecast.rungs.isEmpty {
      let rungs = forecast.rungs.map { "\(countText($0.configurations)) to step \(countText($0.step))" }
      notes.append(
        "Of a cell's \(countText(forecast.configurations, "configuration")) train \(rungs.joined(separator: ", ")): "
          + "\(Int((100 * forecast.shareOfSteps).rounded())) % of the steps that all of them would take.")
    } else if plan.earlyTermination != nil {
      notes.append("How many trials are stopped early depends on their results; the time is that of stopping none.")
    }
    if largestReportSeeds > plan.reportSeeds.count {
      notes.append(
        "Undecided rows get up to \(countText(largestReportSeeds)) seeds per cell, which would make "
          + "\(countText(trialsAtMost, "trial")).")
    }
    return notes
  }

  private func share(of stage: TrialStage) -> String {
    switch stage {
    case .tuning:
      candidatesPerCell > 1
        ? "\(countText(candidatesPerCell)) configurations × \(countText(plan.tuneSeeds.count, "seed"))"
        : "nothing to tune"
    case .reference: "the attainable reference"
    case .reporting:
      largestReportSeeds > plan.reportSeeds.count
        ? "\(plan.reportSeeds.count) to \(countText(largestReportSeeds, "seed"))"
        : countText(plan.reportSeeds.count, "seed")
    }
  }

  private func cost(_ seconds: Double) -> String { durationText(duration(seconds: seconds)) }

  /// Up to eight values, numbers ascending; of more, the ends or the first, and how many there are.
  private func shortList(_ values: [ParameterValue]) -> String {
    let numbers = values.compactMap(\.real).sorted().map(shortNumber)
    let texts = numbers.count == values.count ? numbers : values.map(plan.shown)
    guard texts.count > 8 else { return texts.joined(separator: ", ") }
    let shown =
      numbers.count == values.count
      ? "\(texts[0]) to \(texts[texts.count - 1])" : texts.prefix(8).joined(separator: ", ") + ", …"
    return "\(shown) (\(countText(values.count)) values)"
  }

  /// Columns two spaces apart under an indent of two; those from `rightFrom` on end where their widest entry ends.
  private func aligned(_ rows: [[String]], rightFrom: Int = .max) -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        line += "  " + (column >= rightFrom ? padding + cell : cell + padding)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}

/// A finite number as JSON; JSON has no others, so they become null.
private func jsonNumber(_ number: Double) -> String { number.isFinite ? "\(number)" : "null" }

/// A value as JSON, numbers as numbers: for readers, where `canonicalJSON` is for identities.
private func jsonValue(_ value: ParameterValue) -> String {
  switch value {
  case .integer(let integer): "\(integer)"
  case .number(let number): jsonNumber(number)
  case .text(let text): jsonString(text)
  case .flag(let flag): "\(flag)"
  case .list(let items): "[" + items.map(jsonValue).joined(separator: ",") + "]"
  case .mapping(let entries):
    "{"
      + entries.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonValue($0.value))" }
      .joined(separator: ",") + "}"
  }
}

extension ParameterValue {
  fileprivate var real: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .text, .flag, .list, .mapping: nil
    }
  }
}

/// Four significant digits of a drawn number; a written one is mostly shorter and stays as it is.
private func shortNumber(_ number: Double) -> String {
  let exact = ParameterValue.number(number).description
  guard exact.count > 7, number.isFinite, number != 0 else { return exact }
  let decimals = 3 - Int((deterministicLogarithm(abs(number)) / 2.302585092994046).rounded(.down))
  guard (1...20).contains(decimals) else { return exact }
  let power = (0..<decimals).reduce(1.0) { power, _ in power * 10 }
  return ParameterValue.number((number * power).rounded() / power).description
}
