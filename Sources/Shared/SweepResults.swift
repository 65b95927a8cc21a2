// What a sweep has found so far, as the report needs it: read from the store, without any I/O of its own.

/// One trial as stored.
package struct TrialRecord: Equatable, Sendable {
  package var id: TrialID
  package var cell: CellID
  package var stage: TrialStage
  package var seed: Seed
  package var state: TrialState
  /// Unclean ends so far: lost workers and expired leases.
  package var failures: Int
  /// Times it was granted.
  package var attempts: Int
  /// Why it failed, in words.
  package var reason: String?
  /// Shared by all trials of the configuration.
  private var sharedConfiguration: TrialConfiguration
  /// Apart, since most trials of a large sweep have none yet.
  private var sharedResult: SharedResult?

  package var configuration: ConfigurationID { sharedConfiguration.id }
  package var parameters: TrialParameters {
    get { sharedConfiguration.parameters }
    set { sharedConfiguration = TrialConfiguration(newValue) }
  }
  package var result: TrialResult? {
    get { sharedResult?.value }
    set { sharedResult = newValue.map { SharedResult(value: $0) } }
  }

  package init(
    id: TrialID, cell: CellID, stage: TrialStage, configuration: TrialConfiguration, seed: Seed,
    state: TrialState = .pending, failures: Int = 0, attempts: Int = 0, result: TrialResult? = nil,
    reason: String? = nil
  ) {
    self.id = id
    self.cell = cell
    self.stage = stage
    sharedConfiguration = configuration
    self.seed = seed
    self.state = state
    self.failures = failures
    self.attempts = attempts
    self.reason = reason
    self.result = result
  }

  package init(
    id: TrialID, cell: CellID, stage: TrialStage, parameters: TrialParameters, configuration: ConfigurationID,
    seed: Seed, state: TrialState = .pending, failures: Int = 0, attempts: Int = 0, result: TrialResult? = nil,
    reason: String? = nil
  ) {
    self.init(
      id: id, cell: cell, stage: stage, configuration: TrialConfiguration(parameters, id: configuration), seed: seed,
      state: state, failures: failures, attempts: attempts, result: result, reason: reason)
  }

  package static func == (a: Self, b: Self) -> Bool {
    (a.id, a.cell, a.stage, a.seed, a.state) == (b.id, b.cell, b.stage, b.seed, b.state)
      && (a.failures, a.attempts, a.reason, a.configuration) == (b.failures, b.attempts, b.reason, b.configuration)
      && a.parameters == b.parameters && a.result == b.result
  }
}

private final class SharedResult: Sendable {
  let value: TrialResult
  init(value: TrialResult) { self.value = value }
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
  /// What people call the trials, where their numbers are not those of one directory.
  package var names: [TrialID: String] = [:]
  package init(
    plan: SweepPlan, trials: [TrialRecord], curves: [TrialID: [MetricPoint]], provenance: SweepProvenance
  ) {
    self.plan = plan
    self.trials = trials
    self.curves = curves
    self.provenance = provenance
  }

  package func name(of trial: TrialID) -> String { names[trial] ?? trial.description }
}
