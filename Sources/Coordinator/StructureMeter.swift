// Measures how near stored networks are to theory's form, in the end or, by training their trials once more, along the way.
import Foundation
import Kernels
import Shared
import Theory
import Training

/// The numbers of one step.
struct StructurePoint: Encodable {
  var step: Int
  /// Of the loss on validation prompts.
  var loss: Double
  var gradientNorm: Double
  var heads: [HeadStructure]
}

struct StructureMeter {
  let sweep: StoredSweep
  /// Prompts for gradients and errors.
  let prompts: Int
  let pool: WorkerPool
  let kernels: InstructionSet
  private let progress: StepProgress

  init(_ sweep: StoredSweep, prompts: Int, threads: Int, _ instructionSet: InstructionSet, _ progress: StepProgress) {
    (self.sweep, self.prompts, self.progress) = (sweep, prompts, progress)
    (pool, kernels) = (WorkerPool(threadCount: threads), instructionSet)
  }

  func draw(_ record: TrialRecord, _ purpose: PromptStream.Purpose) throws -> PromptSet {
    do throws(TheoryError) {
      return try PromptSet(
        record.parameters, seed: record.seed, purpose: purpose, count: prompts, pool: pool, kernels: kernels.kernels)
    } catch { throw CommandFailure("--prompts: \(error)") }
  }

  /// One point for the stored network, or one per `every` steps of its training, from the start on.
  /// - validation: drawn for this trial.
  /// - every: nil for the end alone.
  func points(of record: TrialRecord, on validation: PromptSet, every: Int?) throws -> [StructurePoint] {
    let stored = try sweep.network(of: record)
    let parameters = record.parameters
    let metric = scoreMetric(parameters, seed: record.seed), layout = TrainableLayout(parameters)
    func measure(_ network: Network, step: Int) -> StructurePoint {
      let (loss, gradient) = validation.gradient(network, layout)
      return StructurePoint(
        step: step, loss: loss, gradientNorm: gradient.reduce(0) { $0 + $1 * $1 }.squareRoot(),
        heads: structure(of: network, metric: metric))
    }
    guard let every else { return [measure(stored, step: record.result?.steps ?? record.plannedSteps)] }
    var points = [measure(initialNetwork(parameters, seed: record.seed, restart: 0), step: 0)]
    var last: Network?
    do throws(TrainingError) {
      try replayTrial(parameters, seed: record.seed, every: every, threads: pool.threadCount) {
        progress.show("trial \(record.id) again: step \(countText($0)) of \(countText(record.plannedSteps))")
        points.append(measure($1, step: $0))
        last = $1
      }
    } catch { throw CommandFailure("\(sweep.store.directory.path): trial \(record.id): \(error)") }
    guard last == stored else {
      progress.clear()
      throw CommandFailure(
        "\(sweep.store.directory.path): trial \(record.id) trained again ends at another network than is stored; leave out "
          + "--along, and check this machine with `attune verify`")
    }
    return points
  }

  /// Per layer, on test prompts, beside descent tuned on `validation`.
  func layers(of record: TrialRecord, on validation: PromptSet) throws -> [LayerDistance] {
    progress.show("descent")
    let descent = tuneDescent(record.parameters, on: validation, steps: record.parameters.layers)
    return layerDistances(
      try sweep.network(of: record), metric: scoreMetric(record.parameters, seed: record.seed), descent: descent,
      on: try draw(record, .test))
  }
}

extension TheoryFindings.Point {
  init(_ point: StructurePoint, layers: Int) {
    func byLayer(_ value: (HeadStructure) -> Double?) -> [[Double?]] {
      (0..<layers).map { layer in point.heads.filter { $0.layer == layer }.map(value) }
    }
    self.init(
      step: point.step, gradientNorm: point.gradientNorm, scores: byLayer(\.scoreDistance),
      shifts: byLayer(\.shiftDistance))
  }
}
