// How long a training step takes here, and how near that is to what the processor could do (docs/design.md, Commands).
// Medians of many steps: machines are noisy, and the peak is measured by the same threads in the same run.
import Foundation
import KernelTypes
import Kernels
import Shared

package struct TrainingMeasurement: Codable, Sendable {
  package var task: String
  package var activation: String
  package var layers: Int
  package var context: Int
  package var dimension: Int
  package var batch: Int
  package var threads: Int
  package var instructionSet: String
  /// Forward, backward and optimiser on a batch at hand; milliseconds.
  package var stepMs: Double
  package var stepMsMin: Double
  /// Drawing one batch; milliseconds, median.
  package var datagenMs: Double
  /// Handing a step's chunks to the threads and waiting for all of them, when no chunk takes time; microseconds.
  package var poolUs: Double
  package var poolUsP99: Double
  /// The part of a step that one thread does alone: the network's products, clipping, optimiser; microseconds, median.
  package var serialUs: Double
  /// Nominal: what the formulas of docs/science.md §1 need, whatever is executed.
  package var gflopPerStep: Double
  package var gflops: Double
  package var peakGflops: Double
  package var fractionOfPeak: Double
  /// Steps measured.
  package var steps: Int
  /// Largest resident size of this process so far; MiB.
  package var peakMemoryMib: Double
}

/// Multiply-adds counted as two operations each: per target d² for u, n(2d+1) for scores and weighted sums, d²+1 for the
/// update; backward d², n(4d+3), or n(2d+1) in the first layer, which has no input gradient, and 3d² for parameters.
/// The last layer has one target. Linear, relu, exp and softmax count alike.
package func nominalOperations(_ p: TrialParameters) -> Double {
  let d = Double(p.dimension), n = Double(p.context)
  var sum = 0.0
  for layer in 0..<p.layers {
    let targets = layer == p.layers - 1 ? 1 : n + 1
    let forward = d * d + n * (2 * d + 1) + d * d + 1
    let backward = d * d + n * (layer == 0 ? 2 * d + 1 : 4 * d + 3) + 3 * d * d
    sum += targets * (forward + backward)
  }
  return sum * 2 * Double(p.heads.activations.count) * Double(p.batch)
}

/// - seconds: time to spend on each of steps and batches.
package func measureTraining(
  _ parameters: TrialParameters, threads: Int, instructionSet: InstructionSet, seconds: Double = 1.5
) -> TrainingMeasurement {
  let kernels = instructionSet.kernels
  let seed = Seed(rawValue: 0)
  let layout = TrainableLayout(parameters)
  let pool = WorkerPool(threadCount: threads)
  var state = TrainingState(layout, seed: seed)
  var network = layout.expand(state.packed)
  let prepared = PreparedNetwork(network)
  let stream = PromptStream(parameters, seed: seed, purpose: .training, kernels: kernels)
  let batch = BatchGradient(parameters, stream: stream, pool: pool, kernels: kernels, networks: [prepared])
  var gradient = [Float](repeating: 0, count: layout.count)
  let draws = timings(seconds: seconds) { batch.draw($0) }
  func prepare() {
    layout.expand(state.packed, into: &network)
    prepared.update(network)
  }
  func update(_ index: Int) {
    layout.pullBack(batch.sums[0].gradient, network, into: &gradient)
    clip(&gradient, layout, step: index)
    state.update(gradient: gradient, local: index)
  }
  let steps = timings(seconds: seconds) { index in
    prepare()
    batch.evaluate(batch.sums, drawing: nil)
    update(index)
  }
  let serial = timings(seconds: min(0.1, seconds)) { index in
    prepare()
    update(index)
  }
  let chunks = (parameters.batch + promptsPerChunk - 1) / promptsPerChunk
  let handovers = timings(seconds: min(0.1, seconds)) { _ in pool.run(count: chunks) { _, _ in } }
  let peak = measurePeak(kernels, pool: pool)
  let step = steps[steps.count / 2]
  let gflop = nominalOperations(parameters) / 1e9
  return TrainingMeasurement(
    task: parameters.task.description, activation: parameters.heads.description, layers: parameters.layers,
    context: parameters.context, dimension: parameters.dimension, batch: parameters.batch, threads: threads,
    instructionSet: instructionSet.rawValue, stepMs: step * 1e3, stepMsMin: steps[0] * 1e3,
    datagenMs: draws[draws.count / 2] * 1e3, poolUs: handovers[handovers.count / 2] * 1e6,
    poolUsP99: handovers[handovers.count * 99 / 100] * 1e6, serialUs: serial[serial.count / 2] * 1e6,
    gflopPerStep: gflop, gflops: gflop / step, peakGflops: peak,
    fractionOfPeak: gflop / step / peak, steps: steps.count, peakMemoryMib: peakMemoryMiB())
}

/// Sorted seconds of repeated calls, after three that are not counted; at least five.
private func timings(seconds: Double, _ body: (Int) -> Void) -> [Double] {
  var times: [Double] = []
  let clock = ContinuousClock()
  for index in 0..<3 { body(index) }
  let start = clock.now
  while times.count < 5 || (clock.now - start).seconds < seconds, times.count < 2000 {
    times.append(clock.measure { body(3 + times.count) }.seconds)
  }
  return times.sorted()
}

/// Billions of multiply-add operations per second of all threads at once: the best of many short runs. As long as that is
/// far below what as many cores can do, some thread had no core of its own, and it is tried again, for two seconds at most.
private func measurePeak(_ kernels: KernelTable, pool: WorkerPool) -> Double {
  // In pieces, as a step is: a thread that wakes up late finds the rest, and the other one does not do its whole share.
  let pieces = 64 * pool.threadCount, rounds = 6250
  let clock = ContinuousClock(), start = clock.now
  let sink = AlignedFloats(count: pool.threadCount * lanesPerBlock)
  func speed(_ wide: Bool, pieces: Int, _ run: (@escaping @Sendable (Int, Int) -> Void) -> Void) -> Double {
    let time = clock.measure {
      run { _, thread in sink.pointer[thread * lanesPerBlock] = kernels.multiplyAddRounds(rounds, wide).sink }
    }
    return kernels.multiplyAddRounds(1, wide).operations * Double(rounds) * Double(pieces) / time.seconds / 1e9
  }
  var best = 0.0, alone = 0.0, tries = 0
  repeat {
    for wide in [false, true] {
      alone = max(alone, speed(wide, pieces: 64) { body in for index in 0..<64 { body(index, 0) } })
      best = max(best, speed(wide, pieces: pieces) { body in pool.run(count: pieces, body) })
    }
    tries += 1
  } while tries < 8
    || best < 0.8 * alone * Double(pool.threadCount) && clock.now - start < .seconds(2)
  return best
}

private func peakMemoryMiB() -> Double {
  var usage = rusage()
  getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return Double(usage.ru_maxrss) / 1024
}
