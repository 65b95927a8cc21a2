// Which trials a plan asks for, stage by stage: all candidates on the tuning seeds, then the selected candidate's
// attainable reference and its reporting trials. One definition for the scheduler, the digest, the audit and the report.

/// What makes two trials the same trial.
package struct TrialIdentity: Hashable, Comparable, Sendable {
  package let configuration: ConfigurationID
  package let seed: Seed
  package init(configuration: ConfigurationID, seed: Seed) { (self.configuration, self.seed) = (configuration, seed) }
  package static func < (a: Self, b: Self) -> Bool { (a.configuration, a.seed) < (b.configuration, b.seed) }
}

extension TrialRecord {
  package var identity: TrialIdentity { TrialIdentity(configuration: configuration, seed: seed) }
}

/// A trial the plan asks for, whether or not it exists yet.
package struct PlannedTrial: Sendable {
  package let cell: CellID
  package let stage: TrialStage
  package let configuration: TrialConfiguration
  package let seed: Seed
  package var parameters: TrialParameters { configuration.parameters }
  package var identity: TrialIdentity { TrialIdentity(configuration: configuration.id, seed: seed) }
}

/// What a cell's tuning trials decide.
package enum CellSelection: Equatable, Sendable {
  /// Some tuning trial has not ended.
  case undecided
  /// Index into the cell's candidates.
  case selected(Int)
  /// Every candidate lacks a score: there is nothing to report on.
  case impossible
}

extension SweepPlan {
  /// The cell's tuning trials, [candidate][tuning seed]; empty for a cell with one candidate, which is not tuned.
  package func tuningTrials(of cell: CellPlan) -> [[PlannedTrial]] {
    guard cell.configurations.count > 1 else { return [] }
    return cell.configurations.indices.map { tuningTrials(of: cell, candidate: $0) }
  }

  /// Those of one candidate, of a cell that is tuned.
  package func tuningTrials(of cell: CellPlan, candidate: Int) -> [PlannedTrial] {
    trials(of: cell.configurations[candidate], stage: .tuning, cell: cell, seeds: tuneSeeds)
  }

  package func referenceTrial(of cell: CellPlan, selected: Int) -> PlannedTrial {
    PlannedTrial(
      cell: cell.id, stage: .reference, configuration: TrialConfiguration(cell.candidates[selected].reference),
      seed: .reference)
  }

  package func reportingTrials(of cell: CellPlan, selected: Int) -> [PlannedTrial] {
    trials(of: cell.configurations[selected], stage: .reporting, cell: cell, seeds: reportSeeds(of: cell))
  }

  private func trials(
    of configuration: TrialConfiguration, stage: TrialStage, cell: CellPlan, seeds: [Seed]
  ) -> [PlannedTrial] {
    seeds.map { PlannedTrial(cell: cell.id, stage: stage, configuration: configuration, seed: $0) }
  }

  /// Which candidate the cell reports on, from its tuning trials [candidate][seed]. Depends on results alone, never on
  /// the order in which they came.
  package func selection(tuning: [[TrialRecord?]]) -> CellSelection {
    if tuning.isEmpty { return .selected(0) }
    var losses: [[Double?]] = []
    for perSeed in tuning {
      var row: [Double?] = []
      for record in perSeed {
        guard let record, record.state.isTerminal else { return .undecided }
        row.append(tuningLoss(of: record))
      }
      losses.append(row)
    }
    let selection = selectCandidate(losses: losses)
    return selection.scores[selection.candidate] == nil ? .impossible : .selected(selection.candidate)
  }

  /// What tuning compares: infinity for a diverged trial, nil for one without a result.
  package func tuningLoss(of record: TrialRecord) -> Double? {
    guard record.state == .succeeded, let result = record.result else { return nil }
    if result.outcome == .diverged { return .infinity }
    switch metric.name {
    case .validationLoss: return result.metrics.validationLoss
    case .trainLoss: return result.metrics.trainLoss
    }
  }

  /// What tuning compares of one evaluation; +∞ where that is not finite.
  package func tuningLoss(at point: MetricPoint) -> Double {
    let loss = metric.name == .validationLoss ? point.validationLoss : point.trainLoss
    return loss.isFinite ? loss : .infinity
  }

  /// Sorts stored trials by what this plan says about them.
  package func place(_ stored: [TrialRecord]) -> PlacedTrials {
    var placed = PlacedTrials()
    let visit = visitTrials(in: stored.indices, { stored[$0].identity }, { stored[$0] }) { planned, index in
      var record = stored[index]
      (record.cell, record.stage) = (planned.cell, planned.stage)
      placed.current.append(record)
    }
    (placed.missing, placed.shared) = (visit.missing, visit.shared)
    placed.superseded = zip(stored, visit.isCurrent).filter { !$0.1 }.map(\.0)
    return placed
  }

  /// How many trials the sweep will have when it ends, as far as that is known by now, and how many have ended.
  package func census(_ stored: [StoredTrial]) -> (planned: Int, ended: Int) {
    var ended = 0
    let visit = visitTrials(in: stored.indices, { stored[$0].record.identity }, { stored[$0].record }) { _, index in
      let state = stored[index].record.state
      // What an earlier edition stopped early goes on where the present one stops nothing.
      if state.isTerminal, state != .pruned || earlyTermination != nil { ended += 1 }
    }
    return (plannedTrialCount - visit.shared, ended)
  }

  /// Goes through all trials of the plan, in its order, and shows those that are stored.
  /// - indices: of stored trials; `identity` and `record` give what stands there. Of equal identities the first counts.
  private func visitTrials(
    in indices: Range<Int>, _ identity: (Int) -> TrialIdentity, _ record: (Int) -> TrialRecord,
    show: (PlannedTrial, Int) -> Void
  ) -> (missing: Int, shared: Int, isCurrent: [Bool]) {
    var table = IdentityTable(capacity: indices.count)
    for index in indices where table.position(of: identity(index), identity) == nil { table.insert(index, identity) }
    var missing = 0, shared = 0
    var isCurrent = [Bool](repeating: false, count: indices.count)
    var absent: Set<TrialIdentity> = []
    func take(_ planned: PlannedTrial) -> Int? {
      guard let index = table.position(of: planned.identity, identity) else {
        if absent.insert(planned.identity).inserted { missing += 1 } else { shared += 1 }
        return nil
      }
      if isCurrent[index] {
        shared += 1
      } else {
        isCurrent[index] = true
        show(planned, index)
      }
      return index
    }
    for cell in cells {
      let tuning = tuningTrials(of: cell).map { $0.map { take($0).map(record) } }
      let choice = selection(tuning: tuning)
      if choice == .undecided {
        missing += 1 + reportSeeds.count + cell.furtherSeeds
        continue
      }
      let candidate = if case .selected(let candidate) = choice { candidate } else { 0 }
      _ = take(referenceTrial(of: cell, selected: candidate))
      for planned in reportingTrials(of: cell, selected: candidate) { _ = take(planned) }
    }
    return (missing, shared, isCurrent)
  }
}

/// Stored trials as a plan sees them.
package struct PlacedTrials: Sendable {
  /// Trials of the plan, with the cell and stage this plan gives them, in the plan's order.
  package var current: [TrialRecord] = []
  /// Trials of the plan that do not exist yet; those of an undecided cell are counted, not known.
  package var missing = 0
  /// How often a trial serves a second cell: cells that differ in training only have one reference.
  package var shared = 0
  /// Trials of an earlier edition of the manifest that the present one no longer reports on, such as the reporting
  /// trials of a candidate that a new one has beaten.
  package var superseded: [TrialRecord] = []
  package init() {}
}
