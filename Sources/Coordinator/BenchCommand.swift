// `attune bench`: what this machine does, measured. `training` times one step of one network; in files of their own,
// `gang` trials that share their batches and `dispatch` the coordinator.
internal import ArgumentParser
import Foundation
import Kernels
import Shared
import Training

struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure this machine.",
    subcommands: [
      BenchTraining.self, BenchGang.self, BenchDispatch.self, BenchIdle.self, BenchUploads.self,
      BenchIdleCoordinator.self,
      BenchSimulation.self, BenchLayout.self,
    ])
}

struct BenchTraining: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "training",
    abstract: "Time a training step and compare it with the processor's peak.",
    discussion: """
      step_ms is the median time of forward pass, backward pass and optimiser on a batch at hand; datagen_ms of drawing
      a batch. fraction_of_peak relates the step's nominal operations to the multiply-adds the same threads can do.
      pool_us is the median time to hand the step's chunks to the threads and to wait for them, with nothing to do in
      any (pool_us_p99: all but one in a hundred take less); serial_us is what one thread does alone in every step.
      attune plan uses the figures on machines of the same kind (~/.local/state/attune/training.json).

      Example:
        attune bench training --activation exp --layers 3 --context 14 --dimension 5 --batch 30000 --threads 2
      """)

  @Option(help: "linear, relu, exp or softmax; several heads joined by +.")
  var activation = "exp"
  @Option(help: "linear, relu, exp or exp(s).")
  var task = "exp"
  @Option(help: "Layers.")
  var layers = 3
  @Option(help: "Context pairs per prompt.")
  var context = 14
  @Option(help: "Dimension of x.")
  var dimension = 5
  @Option(help: "Prompts per batch.")
  var batch = 30_000
  @Option(help: "Threads (default: one per core).")
  var threads: Int?
  @Option(help: "avx2 or avx512 (default: the widest this processor runs).")
  var isa: String?
  @Option(help: "Seconds to measure steps, and again for batches.")
  var seconds = 1.5
  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
    guard (1...1024).contains(threads) else {
      throw ValidationError("--threads is \(threads); write a number from 1 to 1024")
    }
    guard seconds > 0, seconds <= 600 else {
      throw ValidationError("--seconds is \(seconds); write a number above 0 and up to 600")
    }
    let measurement = measureTraining(
      try parameters(), threads: threads, instructionSet: try chosenInstructionSet(isa), seconds: seconds)
    print(json ? try jsonText(measurement) : text(measurement))
    keep(measurement)
  }

  /// For `attune plan`. A measurement is no less worth where it cannot be kept.
  private func keep(_ measurement: TrainingMeasurement) {
    guard let path = MeasuredSpeeds.path(ProcessInfo.processInfo.environment) else { return }
    var speeds = MeasuredSpeeds(readingFrom: path)
    speeds.keep(
      measurement, of: MeasuredSpeeds.machine(measurement.instructionSet), day: MeasuredSpeeds.today)
    do { try speeds.write(to: path) } catch {
      tell("attune: \(path): the figures were not kept for attune plan: \(error.localizedDescription)")
    }
  }

  private func parameters() throws -> TrialParameters {
    do throws(ParameterError) {
      return try TrialParameters(values: [
        .activation: .list(heads(activation)), .task: .text(task), .layers: .integer(layers),
        .context: .integer(context), .dimension: .integer(dimension), .batch: .integer(batch),
      ])
    } catch { throw ValidationError("--\(error)") }
  }

  private func text(_ m: TrainingMeasurement) -> String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    return """
      \(m.task) labels, \(m.activation) attention, \(m.layers) layers, n=\(m.context), d=\(m.dimension), \
      batch \(m.batch), \(m.threads) threads, \(m.instructionSet)
      step        \(number(m.stepMs, 3)) ms  (median of \(m.steps); fastest \(number(m.stepMsMin, 3)) ms)
      batch drawn \(number(m.datagenMs, 3)) ms
      arithmetic  \(number(m.gflopPerStep, 4)) GFLOP per step, \(number(m.gflops, 1)) GFLOP/s, \
      \(number(100 * m.fractionOfPeak, 1)) % of \(number(m.peakGflops, 1)) measured
      threads     \(number(m.poolUs, 2)) us per step to share it out and wait (99 % within \(number(m.poolUsP99, 1)) us); \
      \(number(m.serialUs, 1)) us on one thread alone
      memory      \(number(m.peakMemoryMib, 0)) MiB at most
      """
  }
}

/// The heads of `exp+linear`.
func heads(_ text: String) -> [ParameterValue] {
  Heads.texts(in: text).map { .text($0) }
}

/// The build of the kernels that `--isa` names.
func chosenInstructionSet(_ isa: String?) throws -> InstructionSet {
  let supported = InstructionSet.allCases.filter(\.isSupported)
  guard let best = InstructionSet.best else { throw CommandFailure(TrainingError.unsupportedProcessor.description) }
  guard let isa else { return best }
  guard let set = InstructionSet(rawValue: isa), set.isSupported else {
    let names = supported.map(\.rawValue).joined(separator: " or ")
    throw ValidationError("--isa is \"\(isa)\"; this processor runs \(names)")
  }
  return set
}
