// `attune theory structure`: how near a trained network is to the form that theory gives its stationary points, in the
// end and along its training.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Theory
import Training

struct TheoryStructureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "structure",
    abstract: "Measure how near a trained network is to theory's form.",
    discussion: """
      Per layer and head: the c of the multiple of the inverse covariance S that is nearest to B'C, and the relative
      distance |B'C - cS|/|B'C|; the a of the multiple of I nearest to A, and its distance (0: has the form; about 0.98: a
      random matrix at d = 5); r. With the norm of the loss's gradient, as theory speaks of stationary points. Then per
      layer, on test prompts: the error of the prediction read there, and its distance from the nearest network of theory's
      form (A = aI, B'C = cS) and from as many steps of descent with one tuned step size.
      --along trains the trial once more, which takes as long as it did, and measures at every evaluation; that it ends at
      the stored network is checked.

      Example:
        attune theory structure runs/quickstart --trial 57 --along
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String
  @Option(help: "The trial's number, as `attune trials` shows it.")
  var trial: Int64
  @Flag(help: "Measure along the training too, by training the trial once more.")
  var along = false
  @Option(help: ArgumentHelp("Measure every so many steps (default: the trial's evaluate_every).", valueName: "steps"))
  var every: Int?
  @Option(help: "Prompts for gradients and errors.")
  var prompts = 8192
  @Option(help: "Threads (default: one per core).")
  var threads: Int?
  @Flag(help: "Print one JSON object.")
  var json = false

  /// The numbers of one step.
  private struct Point: Encodable {
    var step: Int
    var loss: Double
    var gradientNorm: Double
    var heads: [HeadStructure]
  }

  private struct Answer: Encodable {
    var trial: Int64
    var configuration: String
    var seed: UInt32
    var points: [Point]
    var layers: [LayerDistance]
  }

  func validate() throws {
    try requireSweepName(directory)
    if let every, every < 1 { throw ValidationError("--every is \(every); write a number above 0") }
    if !along, every != nil { throw ValidationError("--every needs --along") }
    try requireCount(prompts, "--prompts", 2...10_000_000)
    try requireCount(threads ?? 1, "--threads", 1...1024)
  }

  func run() throws {
    guard let instructionSet = InstructionSet.best else {
      throw CommandFailure(TrainingError.unsupportedProcessor.description)
    }
    let sweep = try StoredSweep(reading: directory)
    let record = try sweep.record(trial)
    let stored = try sweep.network(of: record)
    let parameters = record.parameters
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    let pool = WorkerPool(threadCount: threads)
    func draw(_ purpose: PromptStream.Purpose) throws -> PromptSet {
      do throws(TheoryError) {
        return try PromptSet(
          parameters, seed: record.seed, purpose: purpose, count: prompts, pool: pool, kernels: instructionSet.kernels)
      } catch { throw CommandFailure("--prompts: \(error)") }
    }
    let validation = try draw(.validation)
    let metric = scoreMetric(parameters, seed: record.seed)
    let layout = TrainableLayout(parameters)
    func measure(_ network: Network, step: Int) -> Point {
      let (loss, gradient) = validation.gradient(network, layout)
      return Point(
        step: step, loss: loss, gradientNorm: gradient.reduce(0) { $0 + $1 * $1 }.squareRoot(),
        heads: structure(of: network, metric: metric))
    }
    let progress = StepProgress()
    var points: [Point] = []
    if along {
      points.append(measure(initialNetwork(parameters, seed: record.seed, restart: 0), step: 0))
      var last: Network?
      do throws(TrainingError) {
        try replayTrial(parameters, seed: record.seed, every: every ?? parameters.evaluateEvery, threads: threads) {
          progress.show("training again: step \(countText($0)) of \(countText(record.plannedSteps))")
          points.append(measure($1, step: $0))
          last = $1
        }
      } catch { throw CommandFailure("\(sweep.store.directory.path): trial \(trial): \(error)") }
      guard last == stored else {
        progress.clear()
        throw CommandFailure(
          "\(sweep.store.directory.path): trial \(trial) trained again ends at another network than is stored; leave out "
            + "--along, and check this machine with `attune verify`")
      }
    } else {
      points.append(measure(stored, step: record.result?.steps ?? record.plannedSteps))
    }
    progress.show("descent")
    let descent = tuneDescent(parameters, on: validation, steps: parameters.layers)
    let layers = layerDistances(stored, metric: metric, descent: descent, on: try draw(.test))
    progress.clear()
    let answer = Answer(
      trial: trial, configuration: parameters.canonicalJSON, seed: record.seed.rawValue, points: points, layers: layers)
    print(json ? try jsonText(answer) : text(answer, parameters))
  }

  private func text(_ answer: Answer, _ parameters: TrialParameters) -> String {
    func number(_ value: Double?, _ format: String = "%.4g") -> String {
      value.map { String(format: format, $0) } ?? "-"
    }
    let head = ["step", "loss", "|gradient|", "layer", "head", "c", "|B'C-cS|", "a", "|A-aI|", "r"]
    var rows = [head]
    for point in answer.points {
      for (index, found) in point.heads.enumerated() {
        let first =
          index == 0 ? ["\(point.step)", number(point.loss), number(point.gradientNorm, "%.2g")] : ["", "", ""]
        rows.append(
          first + [
            "\(found.layer + 1)", "\(parameters.heads.activations[found.head])", number(found.scoreScale, "%.3f"),
            number(found.scoreDistance, "%.3f"), number(found.shift, "%.3f"), number(found.shiftDistance, "%.3f"),
            number(found.r, "%.3f"),
          ])
      }
    }
    let layerHead = ["layer", "mse read here", "from theory's form", "from descent"]
    let layers =
      [layerHead]
      + answer.layers.map {
        ["\($0.layer)", number($0.mse), number($0.toForm, "%.3f"), number($0.toDescent, "%.3f")]
      }
    return """
      trial \(answer.trial): \(parameters.task) labels, \(parameters.heads), \(countText(parameters.layers, "layer")), \
      n=\(parameters.context), d=\(parameters.dimension), value \(parameters.value.rawValue)

      \(table(rows))

      \(table(layers))
      """
  }
}
