// From what the keys of a manifest say to the plan they make together: axes, cells, candidates, limits.
// Counts are checked before anything is enumerated, so no manifest can ask for more memory than a plan may have.
import Search
import Shared

/// Trials a sweep may plan. Above it a mistake is likelier than a wish.
let maximumTrials = 1_000_000
let maximumSeeds = 100_000

struct PlanDraft {
  var name: String
  var description = ""
  var method = SearchMethod.grid
  var parameters: [ParameterName: ParameterEntry] = [:]
  var parametersLine = 1
  /// Axes the manifest names, with their lines.
  var axes: [AxisRole: (name: ParameterName, line: Int)] = [:]
  var report = ReportSettings()
  /// Of its contrasts, in their order.
  var contrastLines: [Int] = []
  var metric = SweepMetric()
  var checkpoints = CheckpointRetention()
  var names: [String: String] = [:]
  var runCap: (value: Int, line: Int)?
  var samplerSeed: UInt64 = 0
  var tuneSeeds: (count: Int, line: Int)?
  var reportSeeds: (count: Int, line: Int)?
  var earlyTermination: (settings: EarlyTermination, line: Int)?
  var replication: (settings: Replication, line: Int)?
  var generations: (sizes: GenerationSizes, line: Int)?

  init(name: String) { self.name = name }

  /// The plan and notes on it.
  func plan(source: String) throws(Issue) -> (SweepPlan, notes: [String]) {
    let axisEntries = try enumeratedAxes()
    let (draft, notes) = try resolvingConditions(axes: Set(axisEntries.map(\.entry.name)))
    let (plan, more) = try draft.plan(axisEntries, source: source)
    return (plan, notes + more)
  }

  private func plan(
    _ axisEntries: [(role: AxisRole, entry: ParameterEntry)], source: String
  ) throws(Issue) -> (SweepPlan, notes: [String]) {
    let axisNames = Set(axisEntries.map(\.entry.name))
    let tuned = parameters.values.filter { $0.isTuned && !axisNames.contains($0.name) }.sorted { $0.name < $1.name }
    for entry in tuned where entry.name.decidesTheProblem {
      let name = entry.name.rawValue
      throw Issue(
        line: entry.line, "\(name) is tuned, although each of its values is another problem",
        "to compare them write report: {x: \(name)}, else give it one value")
    }
    var notes = tuned.compactMap(surprise)

    let cellCount = axisEntries.reduce(UInt64(1)) { saturatingProduct($0, $1.entry.gridCount ?? 1) }
    let space = SearchSpace(tuned.map(\.dimension), conditions: searchConditions(tuned))
    let candidateCount = try candidateCount(cells: cellCount, tuned: tuned, space)
    let tuneCount = candidateCount > 1 ? try checkedTuneSeeds(tuned) : 0
    try checkTrialCount(cells: cellCount, candidates: candidateCount, tuneSeeds: tuneCount)

    let configurations = min(Int(candidateCount), space.tupleCount ?? .max)
    let initial = method == .bayes ? initialCount(of: configurations, tuned: tuned.count) : Int(candidateCount)
    let draws =
      switch method {
      case .grid: try gridTuples(tuned, space, count: initial)
      case .random: try randomTuples(tuned, space, count: initial)
      case .sobol, .bayes: try sobolTuples(tuned, space, count: initial)
      }
    if method == .bayes ? configurations < Int(candidateCount) : draws.count < initial {
      notes.append(
        "run_cap allows \(candidateCount) configurations per cell, but only \(method == .bayes ? configurations : draws.count) different ones \(method == .bayes ? "exist" : "were drawn")"
      )
    }
    var axes: [Axis] = []
    for (role, entry) in axisEntries {
      var values: [ParameterValue] = []
      for index in 0..<Int(entry.gridCount ?? 1) { values.append(try entry.gridValue(at: index)) }
      axes.append(Axis(name: entry.name, role: role, values: values))
    }
    let cells = try cells(axes: axes, space, tuples: draws)
    let isTuned = draws.count > 1
    try checkSearchKeys(cells, isTuned: isTuned, &notes)
    var plan = SweepPlan(
      name: name, description: description, method: method, axes: axes, tuned: tuned.map(\.name), cells: cells,
      tuneSeeds: (0..<UInt32(isTuned ? tuneCount : 0)).map { Seed(rawValue: Seed.firstTuning + $0) },
      reportSeeds: (0..<UInt32(smallestReportSeeds)).map { Seed(rawValue: $0) }, metric: metric, report: report,
      source: source)
    plan.checkpoints = checkpoints
    plan.names = names
    plan.conditions = space.conditions
    plan.replication = replication?.settings
    if isTuned {
      plan.earlyTermination = earlyTermination?.settings
      if method == .bayes {
        plan.search = SearchSettings(
          space: space, samplerSeed: samplerSeed, configurations: configurations, initial: draws.count,
          generation: generations?.sizes.generation ?? Self.standardGeneration, constants: constants(axisNames))
      }
    }
    try checkContrasts(plan)
    return (plan, notes)
  }

  /// Axes in the order rows, columns, x, facet, each with its entry.
  private func enumeratedAxes() throws(Issue) -> [(role: AxisRole, entry: ParameterEntry)] {
    // Without a task or an activation there is no matrix, whatever the axes are.
    for name in [ParameterName.task, .activation] where parameters[name] == nil {
      let example = name == .task ? ["linear", "relu", "exp"] : Activation.classic.map(\.description)
      throw Issue(
        line: parametersLine, "\(name.rawValue) is missing from parameters",
        "add `\(name.rawValue): {values: [\(example.joined(separator: ", "))]}`")
    }
    let named: [(AxisRole, (name: ParameterName, line: Int)?)] = [
      (.rows, axes[.rows] ?? (.task, parametersLine)), (.columns, axes[.columns] ?? (.activation, parametersLine)),
      (.x, axes[.x]), (.facet, axes[.facet]),
    ]
    var result: [(role: AxisRole, entry: ParameterEntry)] = []
    for (role, axis) in named {
      guard let axis else { continue }
      if let other = result.first(where: { $0.entry.name == axis.name }) {
        throw Issue(
          line: axis.line, "report.\(role.rawValue) is \"\(axis.name.rawValue)\", as report.\(other.role.rawValue) is",
          "name another parameter")
      }
      guard let entry = parameters[axis.name] else {
        throw Issue(
          line: axis.line, "report.\(role.rawValue) is \"\(axis.name.rawValue)\", which parameters does not have",
          "add `\(axis.name.rawValue): {values: […]}` to parameters")
      }
      if case .choices(_, .some) = entry.domain {
        throw Issue(
          line: entry.line, "\(axis.name.rawValue) has probabilities, but is an axis and takes every value",
          "remove the probabilities")
      }
      guard entry.gridCount != nil else {
        throw Issue(
          line: entry.line, "\(axis.name.rawValue) is an axis, which takes every value, but has a range without steps",
          "write values, int_uniform or q_uniform")
      }
      result.append((role, entry))
    }
    return result
  }

  /// Configurations per cell: the same number in every cell.
  private func candidateCount(
    cells: UInt64, tuned: [ParameterEntry], _ space: SearchSpace
  ) throws(Issue) -> UInt64 {
    var perCell: UInt64?
    if let runCap {
      perCell = UInt64(runCap.value) / cells
      guard perCell != 0 else {
        throw Issue(
          line: runCap.line, "run_cap is \"\(runCap.value)\" for \(cells) cells",
          "write at least \(cells), one configuration per cell")
      }
    }
    switch method {
    case .grid:
      for entry in tuned {
        guard entry.gridCount != nil else {
          throw Issue(
            line: entry.line, "\(entry.name.rawValue) has a range without steps, which method grid cannot enumerate",
            "write values, int_uniform or q_uniform, or `method: random`")
        }
        if case .choices(_, .some) = entry.domain {
          throw Issue(
            line: entry.line, "\(entry.name.rawValue) has probabilities, which method grid cannot follow",
            "remove them, or write `method: random`")
        }
      }
      let count = space.countTuples { tuned[$0].gridCount } ?? .max
      guard space.conditions.isEmpty || count <= maximumTrials else {
        throw Issue(
          line: parametersLine, "the grid has more than \(maximumTrials) configurations per cell",
          "shorten a list, or write `method: random`")
      }
      return min(count, perCell ?? .max)
    case .random, .sobol, .bayes:
      guard let perCell else {
        throw Issue(
          "method \(method.rawValue) has no run_cap",
          "add `run_cap: \(saturatingProduct(cells, 8))` for 8 configurations per cell")
      }
      return tuned.isEmpty ? 1 : perCell
    }
  }

  private func checkedTuneSeeds(_ tuned: [ParameterEntry]) throws(Issue) -> Int {
    guard let tuneSeeds else { return 2 }
    guard tuneSeeds.count > 0 else {
      let names = tuned.map(\.name.rawValue).joined(separator: ", ")
      throw Issue(line: tuneSeeds.line, "seeds.tune is \"0\", but \(names) is tuned", "write at least 1")
    }
    return tuneSeeds.count
  }

  private func checkTrialCount(cells: UInt64, candidates: UInt64, tuneSeeds: Int) throws(Issue) {
    let perCell = saturatingProduct(candidates, UInt64(tuneSeeds)).addingReportingOverflow(
      UInt64(largestReportSeeds) + 1)
    let total = saturatingProduct(cells, perCell.overflow ? .max : perCell.partialValue)
    guard total > UInt64(maximumTrials) else { return }
    func shown(_ count: UInt64) -> String { count == .max ? "more than 10^19" : "\(count)" }
    let tuning = tuneSeeds > 0 ? "\(shown(candidates)) configurations × \(tuneSeeds) tuning seeds + " : ""
    throw Issue(
      line: parametersLine,
      "the sweep has \(shown(total)) trials: \(shown(cells)) cells × (\(tuning)1 reference + \(largestReportSeeds) seeds)",
      "at most \(maximumTrials) are allowed, set run_cap or shorten a list")
  }

  /// What is legal but seldom meant.
  private func surprise(_ entry: ParameterEntry) -> String? {
    let name = entry.name.rawValue
    if case .range(let distribution) = entry.domain, case .integers = distribution.shape, !entry.name.takesIntegers {
      return "\(name) takes whole numbers only, as min and max are whole; write one with a decimal point for fractions"
    }
    return nil
  }
}

/// a · b, or the largest number if that is less.
func saturatingProduct(_ a: UInt64, _ b: UInt64) -> UInt64 {
  let product = a.multipliedReportingOverflow(by: b)
  return product.overflow ? .max : product.partialValue
}
