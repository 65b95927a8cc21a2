// What `attune plan` answers: what a sweep would run and what it would cost, as text or JSON. Runs nothing.

package struct PlanSummary: Sendable {
  package struct Stage: Equatable, Sendable {
    package let stage: TrialStage
    package let trials: Int
    /// Of one slot.
    package let seconds: Double
  }

  package let plan: SweepPlan
  /// Tuning, reference, reporting.
  package let stages: [Stage]
  /// Slots the estimate is spread over.
  package let slots: Int
  /// Trained numbers of the smallest and the largest network.
  package let networkParameters: ClosedRange<Int>
  package let candidatesPerCell: Int

  /// - slots: trials that run at once, at least 1.
  /// - secondsPerTrial: how long one trial takes one slot. A cell's reporting trials are charged the mean over its
  ///   candidates, since nobody knows yet which one is chosen.
  package init(
    _ plan: SweepPlan, slots: Int, secondsPerTrial: (TrialParameters, TrialStage) -> Double
  ) {
    self.plan = plan
    self.slots = max(1, slots)
    var trials: [TrialStage: Int] = [:], seconds: [TrialStage: Double] = [:]
    var smallest = Int.max, largest = 0, candidates = 0
    for cell in plan.cells {
      let planned = plan.plannedTrials(in: cell)
      let counts: [(TrialStage, Int)] = [
        (.tuning, planned.tuning), (.reference, planned.reference), (.reporting, planned.reporting),
      ]
      for (stage, count) in counts where count > 0 {
        let costs = cell.candidates.map { secondsPerTrial(stage == .reference ? $0.reference : $0, stage) }
        trials[stage, default: 0] += count
        seconds[stage, default: 0] += Double(count) * costs.reduce(0, +) / Double(max(1, costs.count))
      }
      for candidate in cell.candidates {
        smallest = min(smallest, candidate.trainedNumbers)
        largest = max(largest, candidate.trainedNumbers)
      }
      candidates = max(candidates, cell.candidates.count)
    }
    stages = [TrialStage.tuning, .reference, .reporting].map {
      Stage(stage: $0, trials: trials[$0, default: 0], seconds: seconds[$0, default: 0])
    }
    networkParameters = min(smallest, largest)...largest
    candidatesPerCell = candidates
  }

  package var trials: Int { stages.reduce(0) { $0 + $1.trials } }
  /// Of one slot.
  package var seconds: Double { stages.reduce(0) { $0 + $1.seconds } }

  /// A tuned parameter's values over the candidates of the first cell (they are the same in all), in their order.
  package func values(ofTuned name: ParameterName) -> [ParameterValue] {
    var seen: Set<ParameterValue> = []
    let candidates = plan.cells.first.map { Array($0.candidates) } ?? []
    return candidates.map { $0.value(of: name) }.filter { seen.insert($0).inserted }
  }
}

extension TrialParameters {
  /// Numbers that training changes: A, r, B, C of every head and layer (docs/science.md §1); A only where the value matrix is
  /// free, one layer where they are tied, and a, b, r alone in an isotropic reference.
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
    return (perHead * heads.activations.count + factors) * (tiedLayers ? 1 : layers)
  }
}
