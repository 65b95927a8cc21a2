// A trial trained once more, to see its network along the way. A trial's bits follow from its parameters and seed alone,
// so this is the trained network itself, and nothing needs to have been kept; the stored result proves it.
import Shared
import Training

/// The network after every `every` steps, and at the end.
/// - visit: called on this thread, in the order of steps; the last call is the network that the trial reports on, which
///   with restarts is that of the best one.
/// - Throws: what the trial throws.
package func replayTrial(
  _ parameters: TrialParameters, seed: Seed, every: Int, threads: Int, visit: @escaping (Int, Network) -> Void
) throws(TrainingError) {
  var parameters = parameters
  // Says only when checkpoints are written, and each shows the network.
  parameters.checkpointEvery = every
  let observer = NetworkObserver(parameters, visit)
  // A tuning trial ends without a test that nobody would read.
  let assignment = TrialAssignment(parameters: parameters, seed: seed, stage: .tuning, threads: threads)
  if case .finished(_, let checkpoint) = try runTrial(assignment, observer: observer) { observer.wrote(checkpoint) }
}

/// Everything happens on the thread that called `runTrial`.
private final class NetworkObserver: TrialObserver, @unchecked Sendable {
  private let parameters: TrialParameters
  private let visit: (Int, Network) -> Void

  init(_ parameters: TrialParameters, _ visit: @escaping (Int, Network) -> Void) {
    (self.parameters, self.visit) = (parameters, visit)
  }

  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {}
  var stopRequested: Bool { false }
  func wrote(_ checkpoint: WrittenCheckpoint) {
    // Bytes that the trial itself has just written.
    guard let file = try? Safetensors(bytes: checkpoint.bytes),
      let network = try? TrainingState.network(file, parameters)
    else { preconditionFailure("a checkpoint that was just written cannot be read") }
    visit(checkpoint.step, network)
  }
}
