// `attune plan`: what a manifest means and would cost. Runs no trial; it times a few training steps for the estimate.
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
      Counts cells, seeds and trials, and estimates the time from a few training steps on this machine. Runs nothing.

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
    let loaded = try loadManifest(at: manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let clock = ContinuousClock()
    let start = clock.now
    var costs = TrialCosts(elapsed: { clock.now - start }) { sample in
      let timed = measureTraining(sample, threads: 1, instructionSet: instructionSet, seconds: 0.05)
      return .init(drawing: timed.datagenMs / 1000, step: timed.stepMs / 1000)
    }
    let summary = PlanSummary(
      loaded.plan, slots: slots ?? ProcessInfo.processInfo.activeProcessorCount, forecast: loaded.plan.tuningForecast
    ) { parameters, stage in
      costs.seconds(of: parameters, stage)
    }
    print(json ? summary.json : summary.text)
  }
}
