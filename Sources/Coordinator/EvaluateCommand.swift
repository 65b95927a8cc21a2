// `attune evaluate`: trained networks on other prompts than they were trained on.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Theory
import Training

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Evaluate trained networks beyond the prompts they were trained on.",
    discussion: """
      Takes the networks of a sweep's reporting trials, those with the selected settings, or that of one checkpoint, and
      evaluates each on fresh prompts of its seed: with another task, another number of context pairs, scaled inputs,
      another covariance, scaled or noisy labels. All networks of a task and seed see the same prompts. Without any
      change the prompts are the test prompts and the error is the stored one. Prints per cell the mean over seeds of the mean squared error, the standard deviation of its
      logarithm, the posterior mean's and the zero predictor's error on the same prompts, and the excess over the first.

      Example:
        attune evaluate runs/quickstart --cell task=relu --context 20 --scale-x 1.5 --per-prompt errors.csv
      """)

  @Argument(help: "The sweep's directory, or a checkpoint's file.")
  var source: String
  @Option(
    parsing: .upToNextOption, help: ArgumentHelp("Only cells with these coordinates.", valueName: "name=value"))
  var cell: [String] = []
  @Option(help: "The labels' task.")
  var task: String?
  @Option(help: "Context pairs per prompt.")
  var context: Int?
  @Option(help: "Factor on x.")
  var scaleX = 1.0
  @Option(help: ArgumentHelp("The covariance's σ, joined by commas.", valueName: "σ,σ,…"))
  var covariance: String?
  @Option(help: "How inputs are drawn: sphere, gaussian or cube.")
  var inputs: String?
  @Option(help: "Factor on all labels.")
  var labelScale = 1.0
  @Option(help: "Standard deviation of the noise on context labels.")
  var labelNoise: Double?
  @Option(help: "Prompts per seed (default: the sweep's test_prompts).")
  var prompts: Int?
  @Option(help: ArgumentHelp("Write every prompt's error to this CSV file.", valueName: "file"))
  var perPrompt: String?
  @Option(help: "Threads (default: one per core).")
  var threads: Int?
  @Option(help: "text, csv or json.")
  var format = TableFormat.text

  func validate() throws {
    try requireSweepName(source)
    try requireWord(perPrompt, "--per-prompt", "name the file to write")
    for (name, value) in [("--scale-x", scaleX), ("--label-scale", labelScale)]
    where !(value > 0 && value <= 1e6) {
      throw ValidationError("\(name) is \(value); write a number above 0 and up to 1000000")
    }
    if let inputs, InputDistribution(rawValue: inputs) == nil {
      throw ValidationError("--inputs is \"\(inputs)\"; write sphere, gaussian or cube")
    }
    try requireCount(prompts ?? 2, "--prompts", 2...10_000_000)
    try requireCount(threads ?? 1, "--threads", 1...1024)
    _ = try shift()
  }

  private func shift() throws -> DistributionShift {
    var shift = DistributionShift()
    (shift.task, shift.context, shift.inputScale) = (task, context, scaleX)
    (shift.labelScale, shift.labelNoise) = (labelScale, labelNoise)
    shift.covariance = try covariance.map(numberList)
    shift.inputs = inputs.flatMap(InputDistribution.init)
    return shift
  }

  /// A network to evaluate.
  private struct Candidate {
    /// As the output names it: a trial's number, or the checkpoint.
    var name: String
    /// Equal for the networks of one cell: its coordinates.
    var coordinates: [String]
    var parameters: TrialParameters
    var seed: Seed
    /// Its stored test loss.
    var trained: Double?
    var network: () throws -> Network

    /// Those of equal keys see the same prompts.
    var promptKey: String {
      let p = parameters
      return "\(p.task) \(p.context) \(p.dimension) \(p.covariance ?? []) \(p.inputs) \(p.kernelOn) \(p.labelNoise) "
        + "\(p.testPrompts) \(seed)"
    }
  }

  private struct Measured {
    var candidate: Candidate
    var mse: Double
    var excess: Double?
    var bayes: Double?
    var zero: Double
  }

  /// The networks, and the names of their coordinates.
  private func candidates() throws -> ([Candidate], names: [String]) {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: source, isDirectory: &isDirectory), !isDirectory.boolValue {
      guard cell.isEmpty else { throw ValidationError("--cell chooses among a sweep's cells; leave it out") }
      let file = try CheckpointFile(source)
      let values = [file.parameters.task.description, file.parameters.heads.description]
      let candidate = Candidate(
        name: source, coordinates: values, parameters: file.parameters, seed: file.seed, network: { file.network })
      return ([candidate], ["task", "activation"])
    }
    let sweep = try StoredSweep(reading: source)
    let names = sweep.plan.axes.map(\.name)
    let found = try sweep.reportingTrials(where: cell).map { record in
      Candidate(
        name: "\(record.id)", coordinates: names.map { record.parameters.value(of: $0).description },
        parameters: record.parameters, seed: record.seed, trained: record.result?.metrics.testLoss,
        network: { try sweep.network(of: record) })
    }
    return (found, names.map(\.rawValue))
  }

  func run() throws {
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let (candidates, names) = try candidates()
    let shift = try shift()
    let pool = WorkerPool(threadCount: threads ?? ProcessInfo.processInfo.activeProcessorCount)
    let file = try perPrompt.map { try LineFile($0) }
    try file?.write("network,\(names.joined(separator: ",")),seed,prompt,target,bayes,prediction,squared_error")
    let progress = StepProgress()
    defer { progress.clear() }
    var measured: [Int: Measured] = [:]
    // One set of prompts for all networks of a task, shape and seed.
    let groups = Dictionary(grouping: candidates.indices) { candidates[$0].promptKey }.values.sorted { $0[0] < $1[0] }
    for (index, group) in groups.enumerated() {
      progress.show("prompts \(index + 1) of \(groups.count), \(countText(group.count, "network"))")
      let first = candidates[group[0]]
      let set: PromptSet
      do {
        set = try PromptSet(
          try shift.applied(to: first.parameters), seed: first.seed, purpose: .test,
          count: prompts ?? first.parameters.testPrompts, labelScale: shift.labelScale, pool: pool,
          kernels: instructionSet.kernels)
      } catch { throw CommandFailure("\(source): network \(first.name): \(error)") }
      let bayes = bayesPredictions(on: set), bayesLoss = bayes.map(set.loss)
      let zero = set.loss(Array(repeating: 0, count: set.count))
      for index in group {
        let errors = shiftedErrors(
          try candidates[index].network(), try shift.applied(to: candidates[index].parameters), on: set, bayes: bayes)
        measured[index] = Measured(
          candidate: candidates[index], mse: errors.mse, excess: errors.excess, bayes: bayesLoss, zero: zero)
        if let file { try write(candidates[index], errors.predictions, bayes, set.targets, to: file) }
      }
    }
    try file?.close()
    print(try format.text(rows(candidates.indices.compactMap { measured[$0] }, names)))
  }

  private func write(
    _ candidate: Candidate, _ predictions: [Double], _ bayes: [Double]?, _ targets: [Double], to file: LineFile
  ) throws {
    let head = ([candidate.name] + candidate.coordinates).map(csvField).joined(separator: ",")
    for i in targets.indices {
      let error = predictions[i] - targets[i]
      try file.write(
        "\(head),\(candidate.seed),\(i),\(targets[i]),\(bayes.map { "\($0[i])" } ?? ""),\(predictions[i]),\(error * error)"
      )
    }
  }

  /// One row per cell.
  private func rows(_ measured: [Measured], _ names: [String]) -> [[TableValue]] {
    let head = names + ["seeds", "trained", "mse", "ln", "ln_sd", "bayes", "zero", "excess"]
    var cells: [[String]] = []
    for one in measured where !cells.contains(one.candidate.coordinates) { cells.append(one.candidate.coordinates) }
    return [head.map { TableValue.text($0) }]
      + cells.map { cell in
        let group = measured.filter { $0.candidate.coordinates == cell }
        func mean(_ value: (Measured) -> Double?) -> TableValue {
          let values = group.compactMap(value)
          return .number(values.count == group.count ? values.reduce(0, +) / Double(values.count) : nil)
        }
        let (ln, error) = meanAndStandardError(group.map { deterministicLogarithm($0.mse) })
        return cell.map { .text($0) } + [
          .text("\(group.count)"), mean(\.candidate.trained), mean(\.mse), .number(ln),
          .number(group.count > 1 ? error * Double(group.count).squareRoot() : nil), mean(\.bayes), mean(\.zero),
          mean(\.excess),
        ]
      }
  }
}
