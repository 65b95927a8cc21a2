// Tuning that depends on results: trials pause at rungs, go on where their candidate is promoted, and new candidates
// follow from those before them. What comes next is Search's; here it becomes trials.
import Search
import Shared

extension SweepScheduler {
  /// Asks for whatever the cell's tuning needs next, until something is on its way or the tuning has ended.
  mutating func continueTuning(of cell: Int) {
    guard var tuning = tunings[cell] else { return }
    while true {
      if tuning.configurations.count > plan.cells[cell].configurations.count {
        plan.cells[cell].configurations = tuning.configurations
      }
      let demands = tuning.demands(plan)
      if demands.isEmpty { break }
      let waiting = demand(demands, in: cell)
      if tuning.promoteArrived(plan, evidence: { evidence(of: $0, in: cell) }) { continue }
      if waiting > 0 {
        (tunings[cell], cells[cell].remaining) = (tuning, waiting)
        return
      }
      tuning.advance(plan) { candidate in evidence(of: candidate, in: cell) }
    }
    tunings[cell] = tuning
    for trial in cells[cell].tuning where trials[trial].record.state == .paused {
      prune(trial)
    }
    select(in: cell)
  }

  /// Lets the demanded trials train as far as demanded. Returns how many of them are not there yet.
  private mutating func demand(_ demands: [TuningDemand], in cell: Int) -> Int {
    let seeds = plan.tuneSeeds.count
    for candidate in cells[cell].tuning.count / seeds..<plan.cells[cell].configurations.count {
      for planned in plan.tuningTrials(of: plan.cells[cell], candidate: candidate) {
        cells[cell].tuning.append(materialise(planned, for: [cell], position: cells[cell].tuning.count + 1))
      }
    }
    persistNewRecords()
    var members: [(trial: Int, until: Int?)] = []
    for demand in demands {
      let first = demand.candidate * seeds
      for trial in cells[cell].tuning[first..<first + seeds] { members.append((trial, demand.until)) }
    }
    var waiting = 0
    for (trial, until) in members where !hasTrained(trial, until: until) {
      waiting += 1
      trials[trial].until = until
      promote(trial)
      makeReady(trial)
    }
    return waiting
  }

  private func hasTrained(_ trial: Int, until: Int?) -> Bool {
    let record = trials[trial].record
    if record.state.isTerminal, record.state != .pruned { return true }
    guard let until else { return false }
    return (curves[trial]?.last?.step ?? 0) >= until
  }

  private func evidence(of candidate: Int, in cell: Int) -> [TuningEvidence] {
    let seeds = plan.tuneSeeds.count
    return cells[cell].tuning[candidate * seeds..<(candidate + 1) * seeds].map { trial in
      let record = trials[trial].record, hasEnded = record.state.isTerminal && record.state != .pruned
      return TuningEvidence(
        loss: hasEnded ? plan.tuningLoss(of: record) : nil, hasEnded: hasEnded,
        curve: (curves[trial] ?? []).map { (step: $0.step, loss: plan.tuningLoss(at: $0)) })
    }
  }

  /// Takes over a pause: where the trial is judged from its whole curve, which becomes durable with it.
  /// Returns false where the trial was not to pause there.
  mutating func paused(_ index: Int, _ result: TrialResult) -> Bool {
    guard let until = trials[index].until, result.steps == until, result.curve.last?.step == until,
      move(index, to: .paused, result: result)
    else { return false }
    commands.append(.persist(.points(trials[index].record.id, result.curve)))
    curves[index] = result.curve
    trials[index].step = result.steps
    stepsDone += result.steps
    for cell in trials[index].cells where cells[cell].phase == .tuning { arrived(in: cell) }
    return true
  }

  /// Lets a trial that was stopped early go on; nothing happens to any other.
  mutating func promote(_ index: Int) {
    let state = trials[index].record.state, step = trials[index].step
    guard state == .paused || state == .pruned else { return }
    stepsDone -= step
    if state == .pruned { stepsKnown += trials[index].record.plannedSteps - step }
    move(index, to: .pending, reason: "its candidate was promoted at step \(step)")
  }

  /// The trial goes no further: what it would still have taken is no longer expected.
  private mutating func prune(_ index: Int) {
    let planned = trials[index].record.plannedSteps, step = trials[index].step
    // As for every end, all its steps are counted with it.
    guard move(index, to: .pruned, reason: "its candidate was stopped at step \(step)") else { return }
    stepsDone -= planned
    stepsKnown -= planned - step
  }

  /// Takes over the evaluations of a stored trial, as far as it is judged by them: what it did after its latest pause may
  /// not be all there yet.
  mutating func adopt(_ curve: [MetricPoint], of trial: TrialID) {
    guard let index = indexByID[trial] else { return }
    let state = trials[index].record.state
    let last = state.isTerminal && state != .pruned ? .max : pauses[index] ?? 0
    let judged = curve.filter { $0.step <= last }
    if !judged.isEmpty { curves[index] = judged }
  }
}
