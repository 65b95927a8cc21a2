// `attune theory`: what theory and simple predictors reach on a task, on the test prompts that networks are judged on.
internal import ArgumentParser
import Foundation
import Kernels
import Manifests
import Shared
import Theory
import Training

struct TheoryCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "theory",
    abstract: "Compare networks with theory: baselines of a task, structure of a trained network.",
    subcommands: [TheoryTableCommand.self, TheoryStructureCommand.self], defaultSubcommand: TheoryTableCommand.self)
}

struct TheoryTableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Show what theory and simple predictors reach on a task (default).",
    discussion: """
      Judges baselines on the test prompts of a seed, the same that networks are judged on, and tunes them on its
      validation prompts: bayes (the posterior mean), zero, context mean, least squares, ridge, nadaraya-watson, nearest
      neighbours; gd in the kernel (steps of functional gradient descent in the task's own kernel); and for every
      activation h and number of steps or layers: gd (one step size), gd++ (x moves too), polygd (the optimal polynomial)
      and, with --references, the attainable reference (the best isotropic network; seconds each).
      ln is the natural logarithm of the mean squared error, excess the mean squared distance from bayes.

      Examples:
        attune theory --task relu exp --activation relu exp softmax --context 14 --dimension 5 --layers 3
        attune theory sweeps/quickstart.yaml --format csv
      """)

  @Argument(help: "A sweep's manifest: its tasks, activations and shapes.", completion: .file(extensions: ["yaml"]))
  var manifest: String?

  @Option(parsing: .upToNextOption, help: "Tasks: linear, relu, exp or exp(s) (default: the first three).")
  var task: [String] = []
  @Option(parsing: .upToNextOption, help: "Activations; heads joined by + (default: linear relu exp softmax).")
  var activation: [String] = []
  @Option(parsing: .upToNextOption, help: "Context pairs per prompt (default: 14).")
  var context: [Int] = []
  @Option(parsing: .upToNextOption, help: "Dimension of x (default: 5).")
  var dimension: [Int] = []
  @Option(parsing: .upToNextOption, help: "Steps of descent, layers of references (default: 3).")
  var layers: [Int] = []
  @Option(help: ArgumentHelp("The covariance's σ, joined by commas (default: ones).", valueName: "σ,σ,…"))
  var covariance: String?
  @Option(help: "Standard deviation of the noise on context labels.")
  var labelNoise: Double?
  @Option(help: "The reporting seed whose prompts are used.")
  var seed: UInt32 = 0
  @Option(help: "Test prompts.")
  var prompts = 30_000
  @Option(help: "Validation prompts, on which everything is tuned.")
  var tuningPrompts = 8192
  @Flag(help: "Train the attainable references too.")
  var references = false
  @Option(help: "Threads (default: one per core).")
  var threads: Int?
  @Option(help: "text, csv or json.")
  var format = TableFormat.text

  func validate() throws {
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    if manifest != nil, !(task + activation).isEmpty || !(context + dimension + layers).isEmpty || covariance != nil {
      throw ValidationError(
        "a manifest says which problems to look at; leave out it or --task, --activation and shapes")
    }
    try requireCount(prompts, "--prompts", 2...10_000_000)
    try requireCount(tuningPrompts, "--tuning-prompts", 2...10_000_000)
    try requireCount(threads ?? 1, "--threads", 1...1024)
  }

  func run() throws {
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let requests =
      try manifest.map { theoryRequests(of: try readManifest($0).plan, request) } ?? requestsOfOptions()
    let progress = StepProgress()
    var results: [BaselineResult] = []
    for (index, request) in requests.enumerated() {
      let place = "\(request.problem.task), n=\(request.problem.context) (\(index + 1) of \(requests.count))"
      do throws(TheoryError) {
        let comparison = try TheoryComparison(
          request, threads: threads ?? ProcessInfo.processInfo.activeProcessorCount, on: instructionSet
        ) { progress.show("\(place): \($0)") }
        results += comparison.run()
      } catch {
        progress.clear()
        throw CommandFailure("\(place): \(error)")
      }
    }
    progress.clear()
    print(try format.text(rows(results)))
  }

  /// One request per task and shape.
  private func requestsOfOptions() throws -> [TheoryRequest] {
    let activations = try (activation.isEmpty ? ["linear", "relu", "exp", "softmax"] : activation).map {
      try parameters([.activation: headValue($0)]).heads
    }
    let layers = layers.isEmpty ? [3] : layers
    for count in layers { _ = try parameters([.layers: .integer(count)]) }
    var requests: [TheoryRequest] = []
    for task in task.isEmpty ? ["linear", "relu", "exp"] : task {
      for context in context.isEmpty ? [14] : context {
        for dimension in dimension.isEmpty ? [5] : dimension {
          var values: [ParameterName: ParameterValue] = [
            .task: .text(task), .context: .integer(context), .dimension: .integer(dimension),
          ]
          if let covariance { values[.covariance] = .list(try numberList(covariance).map { .number($0) }) }
          if let labelNoise { values[.labelNoise] = .number(labelNoise) }
          requests.append(request(try parameters(values), activations, layers))
        }
      }
    }
    return requests
  }

  private func request(_ problem: TrialParameters, _ activations: [Heads], _ layers: [Int]) -> TheoryRequest {
    TheoryRequest(
      problem: problem, activations: activations, steps: layers, seed: Seed(rawValue: seed),
      tuningPrompts: tuningPrompts, testPrompts: prompts, trainsReferences: references)
  }

  private func parameters(_ values: [ParameterName: ParameterValue]) throws -> TrialParameters {
    do throws(ParameterError) { return try TrialParameters(values: values) } catch {
      throw ValidationError("--\(error.description.replacingOccurrences(of: "_", with: "-"))")
    }
  }

  private func headValue(_ text: String) -> ParameterValue {
    .list(heads(text))
  }
}

/// One row per result.
private func rows(_ results: [BaselineResult]) -> [[TableValue]] {
  let head = [
    "task", "context", "dimension", "baseline", "h", "steps", "mse", "mse_se", "ln", "excess", "excess_se", "prompts",
    "tuned",
  ]
  return [head.map { .text($0) }]
    + results.map { result in
      [
        .text(result.task), .text("\(result.context)"), .text("\(result.dimension)"), .text(result.baseline),
        .text(result.activation ?? ""), .text(result.steps.map { "\($0)" } ?? ""), .number(result.mse),
        .number(result.standardError), .number(result.ln), .number(result.excess), .number(result.excessStandardError),
        .text("\(result.prompts)"), .text(result.tuned ?? ""),
      ]
    }
}
