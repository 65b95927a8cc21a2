// `attune plan`: what a manifest means and would cost. Runs no trial; it times a few training steps for the estimate.
internal import ArgumentParser
import Foundation
import Kernels
import Manifests
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
    if let slots, slots < 1 { throw ValidationError("--slots is \(slots); write a number above 0") }
  }

  func run() throws {
    let loaded = try loadManifest(at: manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    var sample = loaded.plan.cells[0].candidates[0]
    sample.batch = min(sample.batch, 512)
    let measured = measureTraining(sample, threads: 1, instructionSet: instructionSet, seconds: 0.2)
    let secondsPerOperation = (measured.stepMs + measured.datagenMs) / 1000 / nominalOperations(sample)
    let summary = PlanSummary(
      loaded.plan, slots: slots ?? ProcessInfo.processInfo.activeProcessorCount
    ) { parameters, stage in
      secondsPerOperation * operations(of: parameters, stage)
    }
    print(json ? summary.json : summary.text)
  }

  /// Nominal operations of a whole trial: its steps, and its evaluations, which have no backward pass and so a third of
  /// the work.
  private func operations(of parameters: TrialParameters, _ stage: TrialStage) -> Double {
    let perPrompt = nominalOperations(parameters) / Double(parameters.batch)
    let trained = Double(parameters.batch) * Double(parameters.steps) * Double(parameters.restarts)
    let evaluations = Double(parameters.steps / max(1, parameters.evaluateEvery)) * Double(parameters.restarts)
    let evaluated =
      evaluations * Double(parameters.validationPrompts) + (stage == .reporting ? Double(parameters.testPrompts) : 0)
    return perPrompt * (trained + evaluated / 3)
  }
}
