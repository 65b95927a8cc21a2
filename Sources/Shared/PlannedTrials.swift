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
    return cell.configurations.map { candidate in
      trials(of: candidate, stage: .tuning, cell: cell, seeds: tuneSeeds)
    }
  }

  package func referenceTrial(of cell: CellPlan, selected: Int) -> PlannedTrial {
    PlannedTrial(
      cell: cell.id, stage: .reference, configuration: TrialConfiguration(cell.candidates[selected].reference),
      seed: .reference)
  }

  package func reportingTrials(of cell: CellPlan, selected: Int) -> [PlannedTrial] {
    trials(of: cell.configurations[selected], stage: .reporting, cell: cell, seeds: reportSeeds)
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

  /// Sorts stored trials by what this plan says about them.
  package func place(_ stored: [TrialRecord]) -> PlacedTrials {
    var byIdentity: [TrialIdentity: Int] = [:]
    byIdentity.reserveCapacity(stored.count)
    for (index, record) in stored.enumerated() where byIdentity[record.identity] == nil {
      byIdentity[record.identity] = index
    }
    var placed = PlacedTrials()
    var taken: Set<TrialIdentity> = []
    func take(_ planned: PlannedTrial) {
      guard taken.insert(planned.identity).inserted else {
        placed.shared += 1
        return
      }
      guard let index = byIdentity[planned.identity] else {
        placed.missing += 1
        return
      }
      var record = stored[index]
      (record.cell, record.stage) = (planned.cell, planned.stage)
      placed.current.append(record)
    }
    for cell in cells {
      let tuning = tuningTrials(of: cell)
      for perSeed in tuning { for planned in perSeed { take(planned) } }
      switch selection(tuning: tuning.map { $0.map { byIdentity[$0.identity].map { stored[$0] } } }) {
      case .undecided: placed.missing += 1 + reportSeeds.count
      case .impossible:
        take(referenceTrial(of: cell, selected: 0))
        for planned in reportingTrials(of: cell, selected: 0) { take(planned) }
      case .selected(let candidate):
        take(referenceTrial(of: cell, selected: candidate))
        for planned in reportingTrials(of: cell, selected: candidate) { take(planned) }
      }
    }
    placed.superseded = stored.filter { !taken.contains($0.identity) }
    return placed
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
