// The results of several directories as those of one that ran everything: axes, cells and candidates united in the order
// of the directories, trials known by what they are. What two directories hold differently is refused, not averaged.
import Search
import Shared

/// One directory's part: its plan, everything that is stored of it, and what people call the directory.
package struct SweepPart: Sendable {
  package var name: String
  package var plan: SweepPlan
  package var stored: [TrialRecord]
  /// Learning curves by trial, ascending by step.
  package var curves: [TrialID: [MetricPoint]]
  package var provenance: SweepProvenance
  package init(
    name: String, plan: SweepPlan, stored: [TrialRecord], curves: [TrialID: [MetricPoint]],
    provenance: SweepProvenance
  ) {
    (self.name, self.plan, self.stored, self.curves, self.provenance) = (name, plan, stored, curves, provenance)
  }
}

package enum MergeError: Error, Equatable, CustomStringConvertible {
  /// The sweeps differ in something that decides how cells are compared.
  case differentPlans(first: String, second: String, what: String, found: [String])
  /// The same trial has two results.
  case differentResults(first: String, second: String, trial: String, losses: [Double])

  package var description: String {
    switch self {
    case .differentPlans(let first, let second, let what, let found):
      "\(first) and \(second) cannot be one report: \(what) is \(found[0]) in the first and \(found[1]) in the second; run "
        + "them with the same, or report each by itself"
    case .differentResults(let first, let second, let trial, let losses):
      "\(first) and \(second) hold different results of the same trial, \(trial): test loss \(numberText(losses[0], digits: 9)) "
        + "and \(numberText(losses[1], digits: 9)); equal trials give equal bits, so one of the machines is wrong: check "
        + "both with `attune verify`, and leave out the directory that fails"
    }
  }
}

/// - parts: at least one, in the order in which their values are to be shown.
/// - digest: of the trials that the report is about.
package func mergeSweeps(
  _ parts: [SweepPart], digest: ([TrialRecord]) -> String
) throws(MergeError) -> SweepResults {
  var merge = SweepMerge(parts[0])
  for part in parts.dropFirst() { try merge.add(part) }
  return merge.results(digest)
}

private struct SweepMerge {
  private var plan: SweepPlan
  private var parts: [SweepPart]
  private var trials: [TrialRecord] = []
  private var curves: [TrialID: [MetricPoint]] = [:]
  private var names: [TrialID: String] = [:]
  /// Where a trial stands in `trials`, and whose it is.
  private var known: [TrialIdentity: (index: Int, part: Int)] = [:]

  init(_ first: SweepPart) {
    (plan, parts) = (first.plan, [first])
    for record in first.stored { keep(record, of: first, number: 0) }
  }

  mutating func add(_ part: SweepPart) throws(MergeError) {
    try requireComparable(part)
    plan.axes = zip(plan.axes, part.plan.axes).map { own, other in
      Axis(name: own.name, role: own.role, values: own.values + other.values.filter { !own.values.contains($0) })
    }
    plan.names.merge(part.plan.names) { own, _ in own }
    unite(part.plan.cells)
    parts.append(part)
    for record in part.stored {
      guard let found = known[record.identity] else {
        keep(record, of: part, number: parts.count - 1)
        continue
      }
      try take(record, of: part, instead: found)
    }
  }

  /// Cells in the order of their coordinates on the united axes, as one manifest would have them.
  private mutating func unite(_ added: [CellPlan]) {
    var byCoordinates = Dictionary(uniqueKeysWithValues: plan.cells.map { ($0.coordinates, $0) })
    for cell in added {
      guard var own = byCoordinates[cell.coordinates] else {
        byCoordinates[cell.coordinates] = cell
        continue
      }
      let ids = Set(own.configurations.map(\.id))
      own.configurations += cell.configurations.filter { !ids.contains($0.id) }
      byCoordinates[cell.coordinates] = own
    }
    let places = plan.axes.map { axis in
      Dictionary(axis.values.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
    }
    let sorted = byCoordinates.values.map { cell in
      (key: zip(places, cell.coordinates).map { $0[$1] ?? 0 }, cell: cell)
    }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    plan.cells = sorted.enumerated().map { index, entry in
      CellPlan(
        id: CellID(rawValue: index), coordinates: entry.cell.coordinates, configurations: entry.cell.configurations)
    }
  }

  private func requireComparable(_ part: SweepPart) throws(MergeError) {
    func texts(_ plan: SweepPlan) -> [(what: String, text: String)] {
      [
        ("what the axes are", plan.axes.map { "\($0.role.rawValue) \($0.name.rawValue)" }.joined(separator: ", ")),
        (
          "what is tuned",
          plan.tuned.isEmpty ? "nothing" : plan.tuned.map { plan.tunedText($0) }.joined(separator: ", ")
        ),
        ("metric", plan.metric.name.rawValue),
        ("the number of tuning seeds", "\(plan.tuneSeeds.count)"),
        ("the number of reporting seeds", "\(plan.reportSeeds.count)"),
        ("the set of seeds", (plan.tuneSeeds + plan.reportSeeds).map(\.description).joined(separator: ", ")),
        ("report.confidence", settingText(plan.report.confidence)),
        ("report.tie_margin", settingText(plan.report.tieMargin)),
        ("replicate", plan.replication.map { "\($0)" } ?? "absent"),
      ]
    }
    for (own, other) in zip(texts(plan), texts(part.plan)) where own.text != other.text {
      throw .differentPlans(
        first: parts[0].name, second: part.name, what: own.what, found: [own.text, other.text].map { "\"\($0)\"" })
    }
    // A name that means two things would stand for both.
    for (text, name) in part.plan.names {
      if let other = plan.names.first(where: { $0.value == name && $0.key != text }) {
        throw .differentPlans(
          first: parts[0].name, second: part.name, what: "the definition of \(name)", found: [other.key, text])
      }
    }
  }

  private mutating func keep(_ record: TrialRecord, of part: SweepPart, number: Int) {
    known[record.identity] = (trials.count, number)
    trials.append(numbered(record, as: trials.count, part))
  }

  private mutating func numbered(_ record: TrialRecord, as index: Int, _ part: SweepPart) -> TrialRecord {
    var own = record
    own.id = TrialID(rawValue: Int64(index + 1))
    curves[own.id] = part.curves[record.id]
    names[own.id] = "\(record.id) of \(part.name)"
    return own
  }

  private mutating func take(
    _ record: TrialRecord, of part: SweepPart, instead found: (index: Int, part: Int)
  ) throws(MergeError) {
    let own = trials[found.index]
    if let ours = own.result, let theirs = record.result, own.state == .succeeded, record.state == .succeeded {
      guard isSame(ours, theirs) else {
        throw .differentResults(
          first: parts[found.part].name, second: part.name,
          trial: "\(record.parameters.task), \(record.parameters.heads), seed \(record.seed), configuration "
            + record.configuration.rawValue.prefix(12),
          losses: [shownLoss(ours), shownLoss(theirs)])
      }
      return
    }
    // What has ended counts more than what has not, and a result more than a failure.
    guard rank(record) > rank(own) else { return }
    trials[found.index] = numbered(record, as: found.index, part)
    known[record.identity] = (found.index, parts.count - 1)
  }

  private func rank(_ record: TrialRecord) -> Int {
    record.state == .succeeded ? 2 : record.state.isTerminal ? 1 : 0
  }

  func results(_ digest: ([TrialRecord]) -> String) -> SweepResults {
    var plan = plan
    if parts.count > 1 {
      var seen: Set<String> = []
      plan.name = parts.map(\.plan.name).filter { seen.insert($0).inserted }.joined(separator: " + ")
      plan.source = parts.map { "# \($0.name)\n\($0.plan.source)" }.joined(separator: "\n---\n")
    }
    // Which cells of a row got further seeds is decided once more, by what all directories hold of the row.
    if plan.replication != nil { plan.growSeeds(known.mapValues { trials[$0.index] }) }
    let current = plan.place(trials).current
    let ids = Set(current.map(\.id))
    var machines: [String] = []
    for machine in parts.flatMap(\.provenance.machines) where !machines.contains(machine) { machines.append(machine) }
    var results = SweepResults(
      plan: plan, trials: current, curves: curves.filter { ids.contains($0.key) },
      provenance: SweepProvenance(
        programVersion: parts[0].provenance.programVersion, machines: machines,
        wallSeconds: parts.reduce(0) { $0 + $1.provenance.wallSeconds },
        trialSeconds: current.reduce(0) { $0 + ($1.result?.seconds ?? 0) }, digest: digest(current)))
    if parts.count > 1 { results.names = names }
    return results
  }
}

/// All bits that the digest goes by.
private func isSame(_ a: TrialResult, _ b: TrialResult) -> Bool {
  func bits(_ result: TrialResult) -> [UInt64] {
    [result.metrics.trainLoss, result.metrics.validationLoss, result.metrics.testLoss].map {
      $0.isNaN ? Double.nan.bitPattern : $0.bitPattern
    }
  }
  return a.outcome == b.outcome && a.checkpoint == b.checkpoint && bits(a) == bits(b)
}

private func shownLoss(_ result: TrialResult) -> Double {
  result.metrics.testLoss.isNaN ? result.metrics.validationLoss : result.metrics.testLoss
}
