// What a sweep has found so far, as the report needs it: read from the store, without any I/O of its own.

/// One trial as stored.
package struct TrialRecord: Equatable, Sendable {
  package var id: TrialID
  package var cell: CellID
  package var stage: TrialStage
  package var configuration: ConfigurationID
  package var parameters: TrialParameters
  package var seed: Seed
  package var state: TrialState
  /// Unclean ends so far: lost workers and expired leases.
  package var failures: Int
  /// Times it was granted.
  package var attempts: Int
  package var result: TrialResult?
  /// Why it failed, in words.
  package var reason: String?
  package init(
    id: TrialID, cell: CellID, stage: TrialStage, parameters: TrialParameters, configuration: ConfigurationID,
    seed: Seed, state: TrialState = .pending, failures: Int = 0, attempts: Int = 0, result: TrialResult? = nil,
    reason: String? = nil
  ) {
    self.id = id
    self.cell = cell
    self.stage = stage
    self.configuration = configuration
    self.parameters = parameters
    self.seed = seed
    self.state = state
    self.failures = failures
    self.attempts = attempts
    self.result = result
    self.reason = reason
  }
}

/// What a report may say about how the results came to be.
package struct SweepProvenance: Sendable {
  package var programVersion: String
  /// "avx512 on host (AMD EPYC, 2 threads)", one per kind of worker seen.
  package var machines: [String]
  /// Wall time over all sessions on this directory, seconds.
  package var wallSeconds: Double
  /// Sum over attempts of the workers' time, seconds.
  package var trialSeconds: Double
  package var digest: String
  package init(
    programVersion: String, machines: [String], wallSeconds: Double, trialSeconds: Double, digest: String
  ) {
    self.programVersion = programVersion
    self.machines = machines
    self.wallSeconds = wallSeconds
    self.trialSeconds = trialSeconds
    self.digest = digest
  }
}

package struct SweepResults: Sendable {
  package var plan: SweepPlan
  package var trials: [TrialRecord]
  /// Learning curves by trial, ascending by step.
  package var curves: [TrialID: [MetricPoint]]
  package var provenance: SweepProvenance
  package init(
    plan: SweepPlan, trials: [TrialRecord], curves: [TrialID: [MetricPoint]], provenance: SweepProvenance
  ) {
    self.plan = plan
    self.trials = trials
    self.curves = curves
    self.provenance = provenance
  }
}
