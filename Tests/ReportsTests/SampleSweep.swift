// Fake results of the quickstart sweep with values near those of docs/science.md §8, for tests of the matrix and its formats.
// Losses are a level per cell, a common effect per seed and a little noise, all from fixed draws.
import Reports
import Shared

/// Builds `SweepResults`; tests change what they are about and leave the rest.
struct SampleSweep {
  var name = "quickstart"
  var description = "Which attention activation suits which task?"
  var tasks: [TaskKernel] = [.linear, .relu, .exponential(scale: 0.5)]
  var heads: [Heads] = [Heads([.linear]), Heads([.relu]), Heads([.exp]), Heads([.softmax])]
  var learningRates = [0.007, 0.02]
  var contexts: [Int] = []
  var tuneSeeds = 2
  var reportSeeds = 8
  /// SD of the noise of ln loss of one run.
  var noise = 0.004
  var confidence = 0.95
  var machines = ["avx512 on bench-1 (AMD EPYC, 2 threads)"]
  /// Called for every trial before it is stored.
  var change: (inout TrialRecord) -> Void = { _ in }

  /// Test losses at n = 14, d = 5, 3 layers: [task][activation].
  static let levels: [[Double]] = [
    [0.0062, 0.284, 0.342, 0.301], [0.704, 0.306, 0.341, 0.347], [1.396, 0.171, 0.161, 0.150],
  ]
  /// Linear labels without noise are known exactly once n ≥ d.
  static let bayes = [0, 0.181, 0.117]
  static let zero = [1.0, 1.032, 1.6487]

  func results() -> SweepResults {
    let plan = makePlan()
    var generator = TestGenerator(seed: 77)
    var trials: [TrialRecord] = []
    var curves: [TrialID: [MetricPoint]] = [:]
    let effects = plan.reportSeeds.map { _ in 0.03 * generator.normal() }
    for cell in plan.cells {
      let (task, column) = indices(of: cell)
      let level = Self.levels[task % 3][column % 4]
      for candidate in cell.candidates where cell.candidates.count > 1 {
        for seed in plan.tuneSeeds {
          let penalty = candidate.learningRate == learningRates.last ? 0 : 0.12
          let loss = level * exponentialOf(penalty + 0.01 * generator.normal())
          add(&trials, cell, .tuning, candidate, seed, metrics(task, loss: loss, effect: 0))
        }
      }
      guard let selected = cell.candidates.last else { continue }
      add(&trials, cell, .reference, selected.reference, .reference, metrics(task, loss: level * 1.05, effect: 0))
      for (index, seed) in plan.reportSeeds.enumerated() {
        let loss = level * exponentialOf(effects[index] + noise * generator.normal())
        add(&trials, cell, .reporting, selected, seed, metrics(task, loss: loss, effect: effects[index]))
        curves[trials[trials.count - 1].id] = curve(task, loss: loss, using: &generator)
      }
    }
    return SweepResults(
      plan: plan, trials: trials, curves: curves,
      provenance: SweepProvenance(
        programVersion: "0.1.0", machines: machines, wallSeconds: 148.2, trialSeconds: 281.7,
        digest: String(repeating: "0123456789abcdef", count: 4)))
  }

  func matrix() -> SweepMatrix { SweepMatrix(results: results()) }

  /// The same results with contexts side by side as columns, and a row per task and activation.
  func resultsByContext() -> SweepResults {
    var results = results()
    results.plan.axes = results.plan.axes.map { axis in
      let role: AxisRole = axis.name == .context ? .columns : axis.name == .activation ? .facet : axis.role
      return Axis(name: axis.name, role: role, values: axis.values)
    }
    return results
  }

  private func makePlan() -> SweepPlan {
    var axes = [
      Axis(name: .task, role: .rows, values: tasks.map { .text($0.description) }),
      Axis(name: .activation, role: .columns, values: heads.map(headsValue)),
    ]
    if !contexts.isEmpty { axes.append(Axis(name: .context, role: .x, values: contexts.map { .integer($0) })) }
    var cells: [CellPlan] = []
    for task in tasks {
      for heads in heads {
        for context in contexts.isEmpty ? [14] : contexts {
          let candidates = learningRates.map { rate in
            var parameters = TrialParameters()
            (parameters.task, parameters.heads, parameters.context) = (task, heads, context)
            parameters.learningRate = rate
            return parameters
          }
          let further: [ParameterValue] = contexts.isEmpty ? [] : [.integer(context)]
          cells.append(
            CellPlan(
              id: CellID(rawValue: cells.count), coordinates: [.text(task.description), headsValue(heads)] + further,
              candidates: candidates))
        }
      }
    }
    var report = ReportSettings()
    report.confidence = confidence
    return SweepPlan(
      name: name, description: description, method: .grid, axes: axes,
      tuned: learningRates.count > 1 ? [.learningRate] : [], cells: cells,
      tuneSeeds: (0..<tuneSeeds).map { Seed(rawValue: Seed.firstTuning + UInt32($0)) },
      reportSeeds: (0..<reportSeeds).map { Seed(rawValue: UInt32($0)) }, report: report,
      source: "name: \(name)\nmethod: grid\n")
  }

  private func headsValue(_ heads: Heads) -> ParameterValue {
    let values = heads.activations.map { ParameterValue.text($0.description) }
    return values.count == 1 ? values[0] : .list(values)
  }

  private func indices(of cell: CellPlan) -> (task: Int, column: Int) {
    let parameters = cell.candidates.first
    let standard = SampleSweep()
    return (
      standard.tasks.firstIndex { $0 == parameters?.task } ?? 0,
      standard.heads.firstIndex { $0 == parameters?.heads } ?? 0
    )
  }

  private func add(
    _ trials: inout [TrialRecord], _ cell: CellPlan, _ stage: TrialStage, _ parameters: TrialParameters, _ seed: Seed,
    _ metrics: FinalMetrics
  ) {
    let result = TrialResult(
      outcome: .finite, metrics: metrics, checkpoint: BlobDigest(of: []), steps: parameters.steps, seconds: 1.4)
    var trial = TrialRecord(
      id: TrialID(rawValue: Int64(trials.count + 1)), cell: cell.id, stage: stage, parameters: parameters,
      configuration: parameters.id, seed: seed, state: .succeeded, attempts: 1, result: result)
    change(&trial)
    trials.append(trial)
  }

  private func metrics(_ task: Int, loss: Double, effect: Double) -> FinalMetrics {
    var metrics = FinalMetrics()
    (metrics.trainLoss, metrics.validationLoss, metrics.testLoss) = (loss, loss, loss)
    metrics.testLossStandardError = 0.01 * loss
    metrics.bayesLoss = Self.bayes[task % 3] * exponentialOf(effect)
    metrics.zeroLoss = Self.zero[task % 3]
    metrics.excess = max(0, loss - metrics.bayesLoss)
    metrics.excessStandardError = 0.002
    metrics.referenceLoss = 1.05 * loss
    metrics.bayesIdentityZ = 0.7
    return metrics
  }

  /// Falls from the zero predictor's loss to `loss` over 2,000 steps.
  private func curve(_ task: Int, loss: Double, using generator: inout TestGenerator) -> [MetricPoint] {
    (1...20).map { point in
      let progress = Double(point) / 20
      let value =
        loss
        * exponentialOf(
          deterministicLogarithm(Self.zero[task % 3] / loss) * exponentialOf(-5 * progress)
            + 0.02 * generator.normal())
      return MetricPoint(step: 100 * point, trainLoss: value, validationLoss: value, learningRate: 0.02)
    }
  }
}

/// e^x for |x| ≤ 10 by halving and its Taylor series; no test depends on its last digits.
private func exponentialOf(_ x: Double) -> Double {
  let reduced = x / 1024
  var power = 1 + reduced + reduced * reduced / 2 + reduced * reduced * reduced / 6
  for _ in 0..<10 { power *= power }
  return power
}
