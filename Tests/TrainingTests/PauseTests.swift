// Trials that pause where they are told to: what they say there, and that going on from there changes nothing.
import Kernels
import Shared
import Testing
import Training

@Suite struct PauseTests {
  /// Runs to `until` from a checkpoint, or from the beginning.
  private func pause(
    _ parameters: TrialParameters, until: Int, resume: [UInt8]? = nil, recorder: TrialRecorder = TrialRecorder()
  ) throws -> (result: TrialResult, checkpoint: WrittenCheckpoint) {
    let assignment = TrialAssignment(
      parameters: parameters, seed: Seed(rawValue: 5), stage: .tuning, threads: 1, resume: resume, until: until)
    guard case .finished(let result, let checkpoint) = try runTrial(assignment, observer: recorder) else {
      throw TrainingError.badCheckpoint(found: "a trial that stopped without being asked to")
    }
    return (result, checkpoint)
  }

  @Test func `a paused trial tells its losses there and every evaluation so far`() throws {
    let parameters = tinyParameters(), whole = try finish(parameters, stage: .tuning)
    let (result, checkpoint) = try pause(parameters, until: 14)
    #expect(result.outcome == .paused && result.steps == 14 && checkpoint.step == 14)
    #expect(result.checkpoint == BlobDigest(of: checkpoint.bytes))
    #expect(result.curve == whole.points.filter { $0.step <= 14 } && result.curve.map(\.step) == [7, 14])
    #expect(result.metrics.validationLoss == result.curve.last?.validationLoss)
    #expect(result.metrics.trainLoss == result.curve.last?.trainLoss && result.metrics.testLoss.isNaN)
  }

  @Test(arguments: DeterminismTests.trials.indices.filter { DeterminismTests.trials[$0].restarts == 1 })
  func `a trial that pauses and goes on ends as one that did not`(trial: Int) throws {
    let parameters = DeterminismTests.trials[trial], whole = try finish(parameters, stage: .tuning)
    let first = try pause(parameters, until: 7)
    let second = try pause(parameters, until: 21, resume: first.checkpoint.bytes)
    #expect(second.result.curve == whole.points.filter { $0.step <= 21 })
    let rest = try finish(parameters, stage: .tuning, resume: second.checkpoint.bytes)
    #expect(rest.identity == whole.identity && rest.result.curve.isEmpty)
  }

  @Test func `the curve survives a worker that dies on the way, checkpoint by checkpoint`() throws {
    let parameters = tinyParameters()
    let recorder = TrialRecorder()
    let straight = try pause(parameters, until: 28, recorder: recorder)
    #expect(recorder.checkpoints.map(\.step) == [9, 18, 27])
    for checkpoint in recorder.checkpoints {
      let again = try pause(parameters, until: 28, resume: checkpoint.bytes)
      #expect(again.result.curve == straight.result.curve)
      #expect(again.checkpoint.digest == straight.checkpoint.digest)
    }
    // A worker that is told again to go where the trial is already says the same.
    let there = try pause(parameters, until: 28, resume: straight.checkpoint.bytes)
    #expect(there.result.curve == straight.result.curve && there.checkpoint.digest == straight.checkpoint.digest)
  }

  @Test func `a longer trial goes on where a shorter one of a constant schedule ended, with the same bits`() throws {
    let short = tinyParameters { $0.schedule = .constant }
    let long = tinyParameters { ($0.schedule, $0.steps, $0.evaluateEvery) = (.constant, 50, 10) }
    let end = try finish(short), whole = try finish(long)
    let rest = try finish(long, resume: end.checkpoint.bytes)
    #expect(rest.identity == whole.identity && rest.points == whole.points.filter { $0.step > 30 })
    #expect(throws: TrainingError.self) { try finish(short, resume: whole.checkpoint.bytes) }
    let cosine = tinyParameters { $0.steps = 50 }, ended = try finish(tinyParameters())
    #expect(throws: TrainingError.self) { try finish(cosine, resume: ended.checkpoint.bytes) }
  }

  @Test func `a pause at the last step or beyond is the end`() throws {
    let parameters = tinyParameters(), whole = try finish(parameters, stage: .tuning)
    for until in [30, 31, 1000] {
      let (result, checkpoint) = try pause(parameters, until: until)
      #expect(result.outcome == .finite && result.curve.isEmpty && checkpoint.digest == whole.checkpoint.digest)
    }
  }

  @Test func `a trial that diverges before its pause has diverged`() throws {
    let parameters = TrialTests.divergent[0]
    let (result, _) = try pause(parameters, until: 28)
    #expect(result.outcome == .diverged && result.curve.isEmpty)
  }
}
