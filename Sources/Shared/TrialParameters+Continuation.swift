// When a longer trial goes on where a shorter one of the same seed ended, with the bits of one that was longer from the start.
// An edition of a manifest that raises `steps` trains no step twice then.

extension TrialParameters {
  /// What trials have in common of which the longer goes on where the shorter ended. Nil where a step depends on how many
  /// follow: the schedules but `constant`, and restarts, which begin anew after `steps`. Where and how often a trial is
  /// evaluated or kept changes no step.
  package var continuation: TrialParameters? {
    guard schedule == .constant, restarts == 1 else { return nil }
    var common = self
    let standard = TrialParameters()
    (common.steps, common.evaluateEvery) = (standard.steps, standard.evaluateEvery)
    common.checkpointEvery = standard.checkpointEvery
    return common
  }

  /// Whether the steps of `shorter` are the first ones of this.
  package func continues(_ shorter: TrialParameters) -> Bool {
    guard shorter.steps < steps, let continuation else { return false }
    return continuation == shorter.continuation
  }

  /// Why trials of this cannot go on as those of `longer`, which differ in `steps`; nil where they can, or differ in more.
  package func obstacle(to longer: TrialParameters) -> String? {
    if longer.steps < steps { return "trials do not become shorter" }
    if restarts > 1 { return "each restart begins after steps, so trials cannot go on" }
    if schedule != .constant {
      return
        "its \(schedule.rawValue) schedule depends on steps from the start, so trials cannot go on; a constant one's can"
    }
    if warmupSteps != longer.warmupSteps {
      return "warmup_steps follows steps, so trials cannot go on; write warmup_steps: \(warmupSteps)"
    }
    return nil
  }
}
