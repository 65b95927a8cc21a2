// /metrics in Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
import Foundation
import Shared

func prometheusText(_ snapshot: DashboardSnapshot, live: CoordinatorStatus?) -> String {
  var text = ""
  func family(_ name: String, _ kind: String, _ help: String, _ samples: [(labels: [(String, String)], value: Double)])
  {
    guard !samples.isEmpty else { return }
    text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    for sample in samples {
      let labels = sample.labels.map { "\($0.0)=\"\(escapedLabel($0.1))\"" }.joined(separator: ",")
      text += name + (labels.isEmpty ? "" : "{\(labels)}") + " \(number(sample.value))\n"
    }
  }
  let sweep = [("sweep", snapshot.matrix.name)]
  family(
    "attune_trials_planned", "gauge", "Trials that the sweep has when it ends.",
    [(sweep, Double(snapshot.plannedCount))])
  family(
    "attune_trials", "gauge", "Stored trials by state.",
    TrialState.allCases.map { (sweep + [("state", $0.rawValue)], Double(snapshot.counts[$0] ?? 0)) })
  family(
    "attune_trial_seconds_total", "counter", "Training time of all trials that have ended, in seconds.",
    [(sweep, snapshot.matrix.provenance.trialSeconds)])
  family("attune_coordinator_up", "gauge", "Whether a coordinator runs the sweep.", [(sweep, live == nil ? 0 : 1)])
  guard let live else { return text }
  family("attune_workers", "gauge", "Workers in contact.", [(sweep, Double(live.workerCount))])
  family("attune_trials_waiting", "gauge", "Trials that could be granted now.", [(sweep, Double(live.waiting))])
  family("attune_paused", "gauge", "Whether granting is paused.", [(sweep, live.isPaused == true ? 1 : 0)])
  if let rate = live.stepsPerSecond {
    family("attune_steps_per_second", "gauge", "Optimiser steps per second of all running trials.", [(sweep, rate)])
  }
  if let remaining = live.remainingSeconds {
    family("attune_remaining_seconds", "gauge", "Estimate of the time left, in seconds.", [(sweep, remaining)])
  }
  family(
    "attune_messages_dropped_total", "counter", "Messages that were dropped or refused since the coordinator started.",
    live.counters.sorted { $0.key < $1.key }.map { (sweep + [("reason", $0.key)], Double($0.value)) })
  return text
}

private func escapedLabel(_ text: String) -> String {
  text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"")
    .replacingOccurrences(of: "\n", with: "\\n")
}

private func number(_ value: Double) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
  return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
}
