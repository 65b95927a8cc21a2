// Trials of an edition with more steps: they go on where those of the edition before ended, wherever that gives the same bits.
import Shared

/// What a longer trial and the shorter one that it goes on from have in common.
struct ContinuedTrial: Hashable {
  let parameters: TrialParameters
  let seed: Seed

  init?(_ record: TrialRecord) {
    guard record.stage != .reference, let parameters = record.parameters.continuation else { return nil }
    (self.parameters, seed) = (parameters, record.seed)
  }
}

extension SweepScheduler {
  /// Those that the plan does not ask for, of which there are few: what it asks for goes on by itself.
  mutating func findShorterTrials() {
    guard !trials.isEmpty else { return }
    let candidates = Set(plan.cells.lazy.flatMap(\.configurations).map(\.id))
    for (index, trial) in trials.enumerated() {
      guard !candidates.contains(trial.record.configuration), trial.record.state == .succeeded,
        trial.record.result?.outcome == .finite, trial.checkpoint != nil, let key = ContinuedTrial(trial.record)
      else { continue }
      shorterTrials[key, default: []].append(index)
    }
  }

  /// Lets a new trial begin where the longest of its shorter ones ended. Trials that are judged by their whole curve begin
  /// anew: their checkpoints hold it, and those of trials that were not judged hold none.
  mutating func goOn(_ entry: inout TrialEntry) {
    guard !shorterTrials.isEmpty, !(judgesCurves && entry.record.stage == .tuning),
      let key = ContinuedTrial(entry.record), let known = shorterTrials[key]
    else { return }
    let parameters = entry.record.parameters
    let shorter = known.filter { parameters.continues(trials[$0].record.parameters) }
    guard let best = shorter.max(by: { trials[$0].record.parameters.steps < trials[$1].record.parameters.steps }),
      let checkpoint = trials[best].checkpoint
    else { return }
    (entry.checkpoint, entry.step) = (checkpoint, checkpoint.step)
    newContinuations.append(
      .continued(
        entry.record.id, from: trials[best].record.id, checkpoint, evaluateEvery: parameters.evaluateEvery))
  }
}
