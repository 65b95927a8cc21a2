// Whether trials that see the same prompts end sooner side by side, on batches drawn once for all, than one after
// another: whole trials, both ways in turns.
import Foundation
import Kernels
import Shared

package struct GangMeasurement: Codable, Sendable {
  package var task: String
  package var activations: [String]
  package var layers: Int
  package var context: Int
  package var dimension: Int
  package var batch: Int
  package var resampleEvery: Int
  package var steps: Int
  package var threads: Int
  package var instructionSet: String
  /// Processor seconds for all trials, one after another and side by side: medians of the rounds. Wall time says the
  /// same on a machine that does nothing else, and little on one that does.
  package var alone: Double
  package var together: Double
  /// Median over the rounds of alone / together within a round.
  package var ratio: Double
  package var ratios: [Double]
}

/// - members: parameters of one prompt source.
package func measureGang(
  _ members: [TrialParameters], threads: Int, rounds: Int, instructionSet: InstructionSet
) -> GangMeasurement {
  let assignments = members.map {
    TrialAssignment(parameters: $0, seed: Seed(rawValue: 1), stage: .tuning, threads: threads)
  }
  func seconds(_ gangs: [[TrialAssignment]]) -> Double {
    let start = processorSeconds()
    for gang in gangs { runGang(gang.map { GangMember($0, SilentObserver()) }, on: instructionSet) { _, _ in } }
    return processorSeconds() - start
  }
  var alone: [Double] = [], together: [Double] = []
  for _ in 0..<rounds {
    alone.append(seconds(assignments.map { [$0] }))
    together.append(seconds([assignments]))
  }
  let ratios = zip(alone, together).map(/).sorted()
  let shape = members[0]
  return GangMeasurement(
    task: shape.task.description, activations: members.map(\.heads.description), layers: shape.layers,
    context: shape.context, dimension: shape.dimension, batch: shape.batch, resampleEvery: shape.resampleEvery,
    steps: shape.steps, threads: threads, instructionSet: instructionSet.rawValue,
    alone: alone.sorted()[rounds / 2], together: together.sorted()[rounds / 2], ratio: ratios[rounds / 2],
    ratios: ratios)
}

/// Of all threads of this process so far.
private func processorSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

private final class SilentObserver: TrialObserver {
  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {}
  func wrote(_ checkpoint: WrittenCheckpoint) {}
  var stopRequested: Bool { false }
}
