// The pipeline of a cell: tuning trials of all candidates, then the selected candidate's attainable reference, then its
// reporting trials. A cell goes on when the last trial of a stage has ended, so that nothing depends on their order.
import Search
import Shared

/// How far a cell is.
struct CellProgress {
  enum Phase {
    case tuning, reference, reporting
    /// For the other cells of its row, whose results may ask for more of its seeds.
    case waiting
    case done
  }
  var phase = Phase.tuning
  /// Index of the selected configuration, as soon as there is one.
  var candidate = 0
  /// Every tuning trial failed.
  var isImpossible = false
  /// Indices of trials, candidate by candidate, a candidate's tuning seeds side by side.
  var tuning: [Int] = []
  var reference: Int?
  var reporting: [Int] = []
  /// Trials of the present phase that have not ended, or not come as far as their cell's tuning asks for.
  var remaining = 0
}

extension SweepScheduler {
  /// Takes over a trial from the store.
  mutating func adopt(_ stored: StoredTrial, holdLeases: Bool, at now: MonotonicInstant) {
    guard indexByID[stored.record.id] == nil, index(of: stored.record.identity) == nil else {
      commands.append(.note(.alarm("trial \(stored.record.id) is stored twice; the first one counts")))
      return
    }
    var entry = TrialEntry(record: stored.record, rank: TrialRank(stage: 0, cell: 0, position: 0))
    (entry.token, entry.grantee) = (stored.token, stored.holder)
    entry.checkpoint = stored.checkpoint
    entry.step = stored.checkpoint?.step ?? 0
    if let result = stored.record.result, result.outcome == .paused {
      pauses[trials.count] = result.steps
      // What comes under a later token is another result.
      if entry.record.state != .paused, entry.record.state != .pruned { entry.record.result = nil }
    }
    entry.lastHeard = now
    let index = trials.count
    indexByID[entry.record.id] = index
    nextTrialID = max(nextTrialID, entry.record.id.rawValue + 1)
    trials.append(entry)
    enter(index)
    guard entry.isLeased else { return }
    if !holdLeases {
      move(index, to: .pending, reason: "the coordinator was restarted")
    } else if let holder = stored.holder {
      awaitedTrials[holder, default: []].insert(index)
    }
  }

  mutating func startCell(_ cell: Int) {
    cells.append(CellProgress())
    stepsExpected += expectedLaterSteps(of: cell)
    let candidates = plan.cells[cell].configurations.count, own = [cell]
    if plan.adaptsTuning, candidates > 1 {
      tunings[cell] = CellTuning(plan.cells[cell], plan)
      return continueTuning(of: cell)
    }
    var tuning: [Int] = []
    if candidates > 1 {
      tuning.reserveCapacity(candidates * plan.tuneSeeds.count)
      for candidate in 0..<candidates {
        for planned in plan.tuningTrials(of: plan.cells[cell], candidate: candidate) {
          tuning.append(materialise(planned, for: own, position: tuning.count + 1))
        }
      }
    }
    persistNewRecords()
    for trial in tuning {
      // An earlier edition of the manifest stopped it early.
      promote(trial)
      makeReady(trial)
    }
    cells[cell].tuning = tuning
    enter(.tuning, with: tuning, cell: cell)
  }

  private func index(of identity: TrialIdentity) -> Int? {
    indexByIdentity.position(of: identity) { trials[$0].record.identity }
  }

  private mutating func enter(_ index: Int) {
    let trials = trials
    indexByIdentity.insert(index) { trials[$0].record.identity }
  }

  /// The index of a planned trial, made now unless it exists.
  /// - own: the cell that asks for it, as the list that all trials of that cell alone share.
  mutating func materialise(_ planned: PlannedTrial, for own: [Int], position: Int) -> Int {
    let rank = TrialRank(stage: planned.stage.order, cell: own[0], position: position)
    if let index = index(of: planned.identity) {
      if trials[index].cells.isEmpty {
        trials[index].rank = rank
        (trials[index].record.cell, trials[index].record.stage) = (planned.cell, planned.stage)
        trials[index].cells = own
        count(index)
      } else {
        sharedTrials += 1
        trials[index].cells += own
      }
      return index
    }
    let record = TrialRecord(
      id: TrialID(rawValue: nextTrialID), cell: planned.cell, stage: planned.stage,
      configuration: planned.configuration, seed: planned.seed)
    nextTrialID += 1
    let index = trials.count
    var entry = TrialEntry(record: record, rank: rank)
    entry.cells = own
    goOn(&entry)
    trials.append(entry)
    indexByID[record.id] = index
    enter(index)
    count(index)
    newRecords.append(record)
    return index
  }

  /// One change for all: a change apiece would take more memory than the trials.
  mutating func persistNewRecords() {
    if !newRecords.isEmpty { commands.append(.persist(.plannedTrials(newRecords))) }
    for change in newContinuations { commands.append(.persist(change)) }
    (newRecords, newContinuations) = ([], [])
  }

  private mutating func count(_ index: Int) {
    let state = trials[index].record.state
    stateCounts[state] += 1
    stepsKnown += state == .pruned ? trials[index].step : trials[index].record.plannedSteps
    if state == .paused || state == .pruned {
      stepsDone += trials[index].step
    } else if state.isTerminal {
      stepsDone += trials[index].record.plannedSteps
    }
  }

  /// Lets a trial be granted as soon as it is pending.
  mutating func makeReady(_ index: Int) {
    guard !trials[index].isReady else { return }
    trials[index].isReady = true
    if trials[index].record.state == .pending { enqueue(index) }
  }

  mutating func enter(_ phase: CellProgress.Phase, with members: [Int], cell: Int) {
    cells[cell].phase = phase
    cells[cell].remaining = members.count { !trials[$0].record.state.isTerminal }
    if cells[cell].remaining == 0 { leavePhase(of: cell) }
  }

  /// A trial has just reached a terminal state.
  mutating func trialEnded(_ index: Int) {
    stepsDone += trials[index].record.plannedSteps
    for cell in trials[index].cells where isMember(index, ofPresentPhaseOf: cell) { arrived(in: cell) }
  }

  /// One of those that the cell's present phase waits for has come.
  mutating func arrived(in cell: Int) {
    cells[cell].remaining -= 1
    let mayGoOn = cells[cell].phase == .tuning && plan.earlyTermination?.dependsOnTiming == true
    if cells[cell].remaining == 0 || mayGoOn { leavePhase(of: cell) }
  }

  private func isMember(_ index: Int, ofPresentPhaseOf cell: Int) -> Bool {
    switch cells[cell].phase {
    // Stopped early when nothing is waited for any more.
    case .tuning: trials[index].record.stage == .tuning && trials[index].record.state != .pruned
    case .reference: cells[cell].reference == index
    case .reporting: trials[index].record.stage == .reporting
    case .waiting, .done: false
    }
  }

  mutating func leavePhase(of cell: Int) {
    switch cells[cell].phase {
    case .tuning: if tunings[cell] == nil { select(in: cell) } else { continueTuning(of: cell) }
    case .reference:
      for trial in cells[cell].reporting { makeReady(trial) }
      enter(.reporting, with: cells[cell].reporting, cell: cell)
    case .reporting: finish(cell)
    case .waiting, .done: break
    }
  }

  /// All tuning trials of the cell have ended: choose, and lay out what follows.
  mutating func select(in cell: Int) {
    let tuning = cells[cell].tuning, seeds = plan.tuneSeeds.count
    let records = stride(from: 0, to: tuning.count, by: max(1, seeds)).map { first in
      tuning[first..<first + seeds].map { trials[$0].record }
    }
    switch plan.selection(tuning: records) {
    case .undecided:
      commands.append(.note(.alarm("cell \(cell) was to be decided before its tuning trials had ended")))
    case .selected(let candidate):
      if !cells[cell].tuning.isEmpty {
        commands.append(.note(.selected(plan.cells[cell].id, candidate: candidate)))
      }
      let reference = layOutLaterTrials(of: cell, candidate: candidate)
      makeReady(reference)
      enter(.reference, with: [reference], cell: cell)
    case .impossible:
      let reason = "every tuning trial of its cell failed, so there is nothing to report on"
      commands.append(.note(.cellCancelled(plan.cells[cell].id, reason: reason)))
      let reference = layOutLaterTrials(of: cell, candidate: 0)
      (cells[cell].phase, cells[cell].isImpossible) = (.done, true)
      for trial in [reference] + cells[cell].reporting where trials[trial].record.state == .pending {
        // A reference that another cell still needs is run for that one.
        if trials[trial].cells.allSatisfy({ cells[$0].phase == .done }) {
          move(trial, to: .cancelled, reason: reason)
        }
      }
      finish(cell)
    }
  }

  /// Steps of a cell's reference and reporting trials; those of its first candidate stand for those of any.
  private func expectedLaterSteps(of cell: Int) -> Int {
    guard let candidate = plan.cells[cell].candidates.first else { return 0 }
    let reference = candidate.reference
    return reference.steps * reference.restarts + plan.reportSeeds.count * candidate.steps
  }

  private mutating func layOutLaterTrials(of cell: Int, candidate: Int) -> Int {
    stepsExpected -= expectedLaterSteps(of: cell)
    cells[cell].candidate = candidate
    let reference = materialise(
      plan.referenceTrial(of: plan.cells[cell], selected: candidate), for: [cell], position: 0)
    cells[cell].reference = reference
    cells[cell].reporting = plan.reportingTrials(of: plan.cells[cell], selected: candidate).enumerated().map {
      materialise($0.element, for: [cell], position: $0.offset)
    }
    persistNewRecords()
    return reference
  }

  /// What a reporting trial is compared with: the checkpoint of a cell's reference, if that ended well.
  func referenceCheckpoint(for index: Int) -> CheckpointOffer? {
    guard trials[index].record.stage == .reporting, let cell = trials[index].cells.first,
      let reference = cells[cell].reference, trials[reference].record.state == .succeeded,
      trials[reference].record.result?.outcome == .finite
    else { return nil }
    return trials[reference].checkpoint
  }
}

extension TrialStage {
  /// Position in the order of granting; see `TrialRank`.
  fileprivate var order: Int {
    switch self {
    case .reference: 0
    case .tuning: 1
    case .reporting: 2
    }
  }
}

extension TrialRecord {
  /// Optimiser steps of the whole trial, restarts included.
  package var plannedSteps: Int {
    let (steps, overflow) = parameters.steps.multipliedReportingOverflow(by: parameters.restarts)
    return overflow ? parameters.steps : steps
  }
}
