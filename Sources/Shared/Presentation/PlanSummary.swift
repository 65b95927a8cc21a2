// What `attune plan` answers: what a sweep would run and what it would cost, as text or JSON. Runs nothing.

/// How the tuning of a cell goes where it depends on results, as far as that is known beforehand.
package struct TuningForecast: Equatable, Sendable {
  package struct Rung: Equatable, Sendable {
    /// Where candidates are compared; of the last one the end.
    package let step: Int
    /// Those that train up to there.
    package let configurations: Int
    package init(step: Int, configurations: Int) { (self.step, self.configurations) = (step, configurations) }
  }
  /// Configurations that are proposed together: one number where all are known from the start.
  package let generations: [Int]
  /// Empty where how many go on is not known, or where nothing is stopped.
  package let rungs: [Rung]
  package init(generations: [Int], rungs: [Rung]) { (self.generations, self.rungs) = (generations, rungs) }

  package var configurations: Int { generations.reduce(0, +) }
  /// Of the steps that all configurations would take.
  package var shareOfSteps: Double {
    guard let end = rungs.last?.step, end > 0, configurations > 0 else { return 1 }
    var steps = 0, last = 0
    for rung in rungs {
      steps += rung.configurations * (rung.step - last)
      last = rung.step
    }
    return Double(steps) / Double(configurations * end)
  }
}

package struct PlanSummary: Sendable {
  package struct Stage: Equatable, Sendable {
    package let stage: TrialStage
    package let trials: Int
    /// Of one slot.
    package let seconds: Double
    /// With every seed that `replicate` may add.
    package var trialsAtMost: Int
    package var secondsAtMost: Double
  }

  package let plan: SweepPlan
  /// Tuning, reference, reporting.
  package let stages: [Stage]
  /// Slots the estimate is spread over.
  package let slots: Int
  /// Trained numbers of the smallest and the largest network.
  package let networkParameters: ClosedRange<Int>
  package let candidatesPerCell: Int
  /// Nil where the trials do not depend on results.
  package let forecast: TuningForecast?
  /// Where the seconds come from, as a sentence.
  package var timing: String?

  /// - slots: trials that run at once, at least 1.
  /// - forecast: what results will make of tuning, for methods that depend on them.
  /// - secondsPerTrial: how long one trial takes one slot. A cell's reporting trials are charged the mean over its
  ///   candidates, since nobody knows yet which one is chosen.
  package init(
    _ plan: SweepPlan, slots: Int, forecast: TuningForecast? = nil,
    secondsPerTrial: (TrialParameters, TrialStage) -> Double
  ) {
    self.plan = plan
    self.slots = max(1, slots)
    self.forecast = forecast
    var trials: [TrialStage: Int] = [:], seconds: [TrialStage: Double] = [:], perSeed = 0.0
    var smallest = Int.max, largest = 0, candidates = 0
    for cell in plan.cells {
      let planned = plan.plannedTrials(in: cell)
      let tuned = planned.tuning > 0 ? forecast.map { $0.configurations * plan.tuneSeeds.count } : nil
      let counts: [(TrialStage, Int)] = [
        (.tuning, tuned ?? planned.tuning), (.reference, planned.reference), (.reporting, planned.reporting),
      ]
      for (stage, count) in counts where count > 0 {
        let costs = cell.candidates.map { secondsPerTrial(stage == .reference ? $0.reference : $0, stage) }
        let cost = costs.reduce(0, +) / Double(max(1, costs.count))
        trials[stage, default: 0] += count
        seconds[stage, default: 0] += Double(count) * cost * (stage == .tuning ? forecast?.shareOfSteps ?? 1 : 1)
        if stage == .reporting { perSeed += cost }
      }
      for candidate in cell.candidates {
        smallest = min(smallest, candidate.trainedNumbers)
        largest = max(largest, candidate.trainedNumbers)
      }
      candidates = max(candidates, cell.candidates.count)
    }
    let further = max(0, (plan.replication?.maximum ?? 0) - plan.reportSeeds.count)
    stages = [TrialStage.tuning, .reference, .reporting].map { stage in
      let trials = trials[stage, default: 0], seconds = seconds[stage, default: 0]
      let added = stage == .reporting ? further : 0
      return Stage(
        stage: stage, trials: trials, seconds: seconds, trialsAtMost: trials + added * plan.cells.count,
        secondsAtMost: seconds + Double(added) * perSeed)
    }
    networkParameters = min(smallest, largest)...largest
    candidatesPerCell = candidates > 1 ? forecast?.configurations ?? candidates : candidates
  }

  package var trials: Int { stages.reduce(0) { $0 + $1.trials } }
  /// Of one slot.
  package var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }
  /// With every seed that `replicate` may add.
  package var trialsAtMost: Int { stages.reduce(0) { $0 + $1.trialsAtMost } }
  package var secondsAtMost: Double { stages.reduce(0) { $0 + $1.secondsAtMost } }

  /// A tuned parameter's values over the candidates of the first cell (they are the same in all) in which it takes part, in
  /// their order.
  package func values(ofTuned name: ParameterName) -> [ParameterValue] {
    var seen: Set<ParameterValue> = []
    let candidates = plan.cells.first.map { Array($0.candidates) } ?? []
    return candidates.filter { candidate in plan.conditions.activate(name) { candidate.value(of: $0) } }
      .map { $0.value(of: name) }.filter { seen.insert($0).inserted }
  }
}

extension TrialParameters {
  /// Numbers that training changes: A, r, B, C of every head and layer (docs/science.md §1); A only where the value matrix is
  /// free, one layer where they are tied, and a, b, r alone in an isotropic reference; and activations' coefficients.
  package var trainedNumbers: Int {
    let perHead: Int
    switch (network, value) {
    case (.full, _):
      let square = dimension * dimension
      let matrices = (value == .free ? [FrozenParts.value] : []) + [.key, .query]
      perHead = matrices.count { !frozen.contains($0) } * square + (frozen.contains(.residual) ? 0 : 1)
    case (.isotropic, .free): perHead = 3
    case (.isotropic, .sparse): perHead = 2
    }
    // Of distances an isotropic network trains both factors.
    let factors = network == .isotropic ? heads.activations.count { $0.usesDistance } : 0
    let coefficients = heads.activations.reduce(0) { $0 + $1.coefficients.count }
    return (perHead * heads.activations.count + factors) * (tiedLayers ? 1 : layers)
      + (frozen.contains(.coefficients) ? 0 : coefficients)
  }
}
