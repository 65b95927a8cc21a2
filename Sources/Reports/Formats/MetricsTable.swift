// Every metric of every trial as a tidy table: one line per trial, step and metric, for pandas, R and databases.
import Shared

/// Lines of CSV, one at a time: a sweep of 50,000 trials has millions.
package struct MetricsTable: Sendable {
  private let plan: SweepPlan
  private let searched: [ParameterName]

  package init(_ plan: SweepPlan) {
    self.plan = plan
    searched = plan.axes.map(\.name) + plan.tuned
  }

  package var header: String {
    line(
      ["trial", "configuration", "stage", "seed", "state", "outcome"].map { .text($0) }
        + searched.map { .text($0.rawValue) } + ["kind", "step", "metric", "value"].map { .text($0) })
  }

  /// The final numbers of a trial (kind `final`) and its curve (kind `curve`), without what was not measured.
  /// - name: of the trial.
  package func lines(_ trial: TrialRecord, name: String, curve: [MetricPoint]) -> [String] {
    // A reference's training parameters are not those of a candidate.
    let own = searched.map { parameter -> JSONValue in
      if trial.stage == .reference, parameter.concernsTrainingOnly { return .null }
      let value = trial.parameters.value(of: parameter)
      return parameter == .task || parameter == .activation ? .text(plan.shown(value)) : JSONValue(value)
    }
    let head: [JSONValue] =
      [
        .text(name), .text(trial.configuration.rawValue), .text(trial.stage.rawValue),
        .integer(Int(trial.seed.rawValue)), .text(trial.state.rawValue),
        trial.result.map { .text($0.outcome.rawValue) } ?? .null,
      ] + own
    // The part that all lines of the trial share is written once.
    let prefix = line(head) + ","
    var lines: [String] = []
    func add(_ kind: String, _ step: Int, _ metric: String, _ value: Double) {
      guard !value.isNaN else { return }
      lines.append("\(prefix)\(kind),\(step),\(metric),\(value.isFinite ? "\(value)" : value > 0 ? "inf" : "-inf")")
    }
    for point in curve {
      add("curve", point.step, "train_loss", point.trainLoss)
      add("curve", point.step, "validation_loss", point.validationLoss)
      add("curve", point.step, "learning_rate", point.learningRate)
    }
    if let result = trial.result {
      for (metric, value) in result.metrics.named { add("final", result.steps, metric, value) }
      add("final", result.steps, "seconds", result.seconds)
    }
    return lines
  }

  private func line(_ fields: [JSONValue]) -> String { fields.map { csvField(csvText($0)) }.joined(separator: ",") }
}

extension FinalMetrics {
  /// Every number under the name that files give it.
  package var named: [(name: String, value: Double)] {
    [
      ("train_loss", trainLoss), ("validation_loss", validationLoss), ("test_loss", testLoss),
      ("test_loss_standard_error", testLossStandardError), ("excess", excess),
      ("excess_standard_error", excessStandardError), ("bayes_loss", bayesLoss), ("zero_loss", zeroLoss),
      ("reference_loss", referenceLoss), ("bayes_identity_z", bayesIdentityZ),
    ]
  }
}
