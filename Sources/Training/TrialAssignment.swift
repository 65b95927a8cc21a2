// What the training module is asked to do and what it answers: the border between a worker's slot and the numbers.
// `runTrial` blocks its thread until the trial ends; it owns its other threads.
import Shared

package struct TrialAssignment: Sendable {
  package var parameters: TrialParameters
  package var seed: Seed
  package var stage: TrialStage
  /// Threads to use; any number gives the same bits.
  package var threads: Int
  /// A checkpoint of this very trial to go on from, or of a shorter one that it continues.
  package var resume: [UInt8]?
  /// The checkpoint of the cell's attainable reference, evaluated beside the trained network on a reporting trial.
  package var reference: [UInt8]?
  /// The step after which it pauses, an evaluation's; nil, or the trial's last step or beyond, trains to the end.
  package var until: Int?
  package init(
    parameters: TrialParameters, seed: Seed, stage: TrialStage, threads: Int, resume: [UInt8]? = nil,
    reference: [UInt8]? = nil, until: Int? = nil
  ) {
    self.parameters = parameters
    self.seed = seed
    self.stage = stage
    self.threads = threads
    self.resume = resume
    self.reference = reference
    self.until = until
  }
}

/// A checkpoint's safetensors bytes: network, optimiser and the learning curve so far; nothing else is needed to go on.
package struct WrittenCheckpoint: Sendable {
  package var digest: BlobDigest
  package var step: Int
  package var bytes: [UInt8]
  package init(digest: BlobDigest, step: Int, bytes: [UInt8]) {
    (self.digest, self.step, self.bytes) = (digest, step, bytes)
  }
}

/// Called on the thread that runs the trial.
package protocol TrialObserver: AnyObject, Sendable {
  /// New points of the learning curve (each exactly once per attempt; an attempt that resumes does not repeat points
  /// before its checkpoint) and the state of progress; called at every evaluation and at least about once a second.
  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double)
  /// A checkpoint to keep, every `checkpoint_every` steps.
  func wrote(_ checkpoint: WrittenCheckpoint)
  /// Asked at least every few milliseconds of training; true ends the trial at the next step with `.stopped`.
  var stopRequested: Bool { get }
  /// Asked as often: how many threads the trial has from the next step on, nil for as many as before.
  var threadsGranted: Int? { get }
}

extension TrialObserver {
  package var threadsGranted: Int? { nil }
}

package enum TrialEnd: Sendable {
  /// Trained to the end, diverged, or paused where it was told to. The final checkpoint is the one `result.checkpoint` names.
  case finished(TrialResult, checkpoint: WrittenCheckpoint)
  /// Stopped on request; the trial can go on from here.
  case stopped(WrittenCheckpoint)
}
