// `attune plan`: what a manifest means and would cost. Runs no trial; for the estimate it takes what `attune bench training`
// has measured on such a machine, and times a few training steps of what it has not.
internal import ArgumentParser
import Foundation
import Kernels
import Manifests
import Search
import Shared
import Training

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Show what a sweep would run and about what it would cost.",
    discussion: """
      Counts cells, seeds and trials, and estimates the time from what attune bench training has measured on a machine
      of this kind, or from a few training steps now. Runs nothing.

      Example:
        attune plan sweeps/quickstart.yaml --slots 8
      """)

  @Argument(help: "The sweep's manifest.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String

  @Option(help: ArgumentHelp("Trials that run at the same time (default: one per core).", valueName: "n"))
  var slots: Int?

  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    if let slots, slots < 1 { throw ValidationError("--slots is \(slots); write a number above 0") }
  }

  func run() throws {
    let loaded = try readManifest(manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let clock = ContinuousClock()
    let start = clock.now
    let machine = MeasuredSpeeds.machine(instructionSet.rawValue)
    let speeds = MeasuredSpeeds.path(ProcessInfo.processInfo.environment).map(MeasuredSpeeds.init(readingFrom:))
    let stored = speeds?.entries(of: machine).compactMap(\.timing) ?? []
    var costs = TrialCosts(stored: stored, elapsed: { clock.now - start }) { sample in
      let timed = measureTraining(sample, threads: 1, instructionSet: instructionSet, seconds: 0.05)
      return .init(drawing: timed.datagenMs / 1000, step: timed.stepMs / 1000)
    }
    var summary = PlanSummary(
      loaded.plan, slots: slots ?? ProcessInfo.processInfo.activeProcessorCount, forecast: loaded.plan.tuningForecast
    ) { parameters, stage in
      costs.seconds(of: parameters, stage)
    }
    summary.timing = timingText(costs, machine)
    print(json ? summary.json : summary.text)
  }
}

/// Where the estimate comes from: `Steps were timed by attune bench training on 2026-11-22, AMD EPYC, 2 cores, avx512.`
package func timingText(_ costs: TrialCosts, _ machine: String) -> String {
  let now = countText(costs.measurements, "shape") + (costs.measurements == 1 ? " was" : " were") + " timed now"
  guard let first = costs.storedDays.min(), let last = costs.storedDays.max() else { return "\(now), \(machine)." }
  let days = first == last ? "on \(first)" : "from \(first) to \(last)"
  return "Steps were timed by attune bench training \(days), \(machine)"
    + (costs.measurements > 0 ? "; \(now)." : ".")
}
