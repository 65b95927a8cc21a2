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
    var costs = TrialCosts(instructionSet)
    let summary = PlanSummary(
      loaded.plan, slots: slots ?? ProcessInfo.processInfo.activeProcessorCount
    ) { parameters, stage in
      costs.seconds(of: parameters, stage)
    }
    print(json ? summary.json : summary.text)
  }
}

/// What trials cost on this machine, from a few steps of each task and shape.
private struct TrialCosts {
  private struct Shape: Hashable {
    let task: TaskKernel
    let context: Int
    let dimension: Int
  }
  private struct Measured {
    var secondsPerPrompt: Double
    var secondsPerOperation: Double
  }

  /// Beyond so many shapes the first one stands for all: an estimate must not take long itself.
  private static let mostMeasured = 12
  private let instructionSet: InstructionSet
  private var measured: [Shape: Measured] = [:]
  private var first: Measured?

  init(_ instructionSet: InstructionSet) { self.instructionSet = instructionSet }

  /// One thread's time for a whole trial: its steps, and its evaluations, which have no backward pass and so a third of
  /// the work. Data is drawn once per batch.
  mutating func seconds(of parameters: TrialParameters, _ stage: TrialStage) -> Double {
    let cost = measure(parameters)
    let steps = Double(parameters.steps) * Double(parameters.restarts)
    let perPrompt = nominalOperations(parameters) / Double(parameters.batch) * cost.secondsPerOperation
    let evaluations = steps / Double(max(1, parameters.evaluateEvery))
    let tested = stage == .reporting ? Double(parameters.testPrompts) : 0
    let evaluated = evaluations * Double(parameters.validationPrompts) + tested
    let drawn =
      steps / Double(parameters.resampleEvery) * Double(parameters.batch) + Double(parameters.validationPrompts)
      + tested
    return (steps * Double(parameters.batch) + evaluated / 3) * perPrompt + drawn * cost.secondsPerPrompt
  }

  private mutating func measure(_ parameters: TrialParameters) -> Measured {
    let shape = Shape(task: parameters.task, context: parameters.context, dimension: parameters.dimension)
    if let known = measured[shape] { return known }
    if let first, measured.count >= Self.mostMeasured { return first }
    var sample = parameters
    sample.batch = min(sample.batch, 512)
    let timed = measureTraining(sample, threads: 1, instructionSet: instructionSet, seconds: 0.1)
    let cost = Measured(
      secondsPerPrompt: timed.datagenMs / 1000 / Double(sample.batch),
      secondsPerOperation: timed.stepMs / 1000 / nominalOperations(sample))
    measured[shape] = cost
    first = first ?? cost
    return cost
  }
}
