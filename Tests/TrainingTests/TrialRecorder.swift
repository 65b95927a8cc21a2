// Runs small trials for the tests and keeps everything they report.
import Kernels
import Shared
import Testing
import Training

/// Keeps points and checkpoints; asks the trial to stop when it is about to take step `stopBefore` of its attempt.
final class TrialRecorder: TrialObserver, @unchecked Sendable {
  private(set) var points: [MetricPoint] = []
  private(set) var checkpoints: [WrittenCheckpoint] = []
  private(set) var steps: [Int] = []
  private let stopBefore: Int?
  private let threads: [Int: Int]
  private var polls = 0

  /// - threads: the number of threads from a step of the attempt on.
  init(stopBefore: Int? = nil, threads: [Int: Int] = [:]) { (self.stopBefore, self.threads) = (stopBefore, threads) }

  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {
    self.points += points
    steps.append(step)
  }
  func wrote(_ checkpoint: WrittenCheckpoint) { checkpoints.append(checkpoint) }
  var stopRequested: Bool {
    polls += 1
    return polls - 1 == stopBefore
  }
  var threadsGranted: Int? { threads[polls - 1] }
}

/// A finished trial.
struct FinishedTrial {
  var result: TrialResult
  var checkpoint: WrittenCheckpoint
  var points: [MetricPoint]
  var checkpoints: [WrittenCheckpoint]

  /// What must not depend on threads, instruction sets or interruptions: everything but the time it took.
  var identity: [String] {
    let m = result.metrics
    return [
      result.outcome.rawValue, "\(result.steps)", result.checkpoint.rawValue, checkpoint.digest.rawValue,
    ]
      + [
        m.trainLoss, m.validationLoss, m.testLoss, m.testLossStandardError, m.excess, m.excessStandardError,
        m.bayesLoss, m.zeroLoss, m.referenceLoss, m.bayesIdentityZ,
      ].map { hexadecimal($0.bitPattern) }
  }
}

/// A trial of a few milliseconds: no size is a multiple of another.
func tinyParameters(_ change: (inout TrialParameters) -> Void = { _ in }) -> TrialParameters {
  var parameters = TrialParameters()
  parameters.task = .relu
  parameters.heads = Heads([.relu])
  (parameters.layers, parameters.context, parameters.dimension) = (2, 6, 3)
  (parameters.batch, parameters.steps, parameters.warmupSteps) = (100, 30, 3)
  (parameters.evaluateEvery, parameters.checkpointEvery) = (7, 9)
  (parameters.validationPrompts, parameters.testPrompts) = (150, 200)
  parameters.learningRate = 0.02
  change(&parameters)
  return parameters
}

/// Runs a trial to its end.
func finish(
  _ parameters: TrialParameters, seed: UInt32 = 5, stage: TrialStage = .reporting, threads: Int = 1,
  on instructionSet: InstructionSet? = .best, resume: [UInt8]? = nil, reference: [UInt8]? = nil,
  changingThreads: [Int: Int] = [:]
) throws -> FinishedTrial {
  let recorder = TrialRecorder(threads: changingThreads)
  let assignment = TrialAssignment(
    parameters: parameters, seed: Seed(rawValue: seed), stage: stage, threads: threads, resume: resume,
    reference: reference)
  let end = try runTrial(assignment, on: instructionSet, observer: recorder)
  guard case .finished(let result, let checkpoint) = end else {
    Issue.record("the trial stopped without being asked to")
    throw TrainingError.badCheckpoint(found: "no end")
  }
  return FinishedTrial(
    result: result, checkpoint: checkpoint, points: recorder.points, checkpoints: recorder.checkpoints)
}

/// Runs a trial that is stopped before its `stops[0]`-th step, resumed, stopped again, …, and at last left to end.
func finish(_ parameters: TrialParameters, seed: UInt32 = 5, stoppedAfter stops: [Int]) throws -> FinishedTrial {
  var resume: [UInt8]?
  var points: [MetricPoint] = []
  for stop in stops {
    let recorder = TrialRecorder(stopBefore: stop)
    let assignment = TrialAssignment(
      parameters: parameters, seed: Seed(rawValue: seed), stage: .reporting, threads: 1, resume: resume)
    guard case .stopped(let checkpoint) = try runTrial(assignment, observer: recorder) else {
      Issue.record("the trial ended before it was stopped")
      break
    }
    #expect(checkpoint.digest == BlobDigest(of: checkpoint.bytes))
    resume = checkpoint.bytes
    points += recorder.points
  }
  var end = try finish(parameters, seed: seed, resume: resume)
  end.points = points + end.points
  return end
}

/// The trained network of a checkpoint's bytes.
func trained(_ bytes: [UInt8], _ parameters: TrialParameters) throws -> Network {
  try TrainingState.network(try Safetensors(bytes: bytes), parameters)
}

/// How a trial takes part in a gang.
struct GangSeat {
  var parameters: TrialParameters
  var resume: [UInt8]?
  /// Of the gang's turns.
  var stopBefore: Int?
  var threads: [Int: Int] = [:]

  init(_ parameters: TrialParameters, resume: [UInt8]? = nil) { (self.parameters, self.resume) = (parameters, resume) }
}

/// How it ended there.
struct GangEnd {
  var end: Result<TrialEnd, TrainingError>
  var recorder: TrialRecorder

  func finished() throws -> FinishedTrial {
    guard case .finished(let result, let checkpoint) = try end.get() else {
      throw TrainingError.badCheckpoint(found: "a trial that stopped without being asked to")
    }
    return FinishedTrial(
      result: result, checkpoint: checkpoint, points: recorder.points, checkpoints: recorder.checkpoints)
  }

  func stopped() throws -> WrittenCheckpoint {
    guard case .stopped(let checkpoint) = try end.get() else {
      throw TrainingError.badCheckpoint(found: "a trial that did not stop")
    }
    return checkpoint
  }
}

/// Runs a gang until all its members have ended, each once.
func trainGang(
  _ seats: [GangSeat], seed: UInt32 = 5, threads: Int = 1, on instructionSet: InstructionSet? = .best
) throws -> [GangEnd] {
  let recorders = seats.map { TrialRecorder(stopBefore: $0.stopBefore, threads: $0.threads) }
  let members = zip(seats, recorders).map { seat, recorder in
    GangMember(
      TrialAssignment(
        parameters: seat.parameters, seed: Seed(rawValue: seed), stage: .reporting, threads: threads,
        resume: seat.resume), recorder)
  }
  var ends = [Result<TrialEnd, TrainingError>?](repeating: nil, count: seats.count)
  runGang(members, on: instructionSet) { place, end in
    #expect(ends[place] == nil, "member \(place) ended twice")
    ends[place] = end
  }
  return try zip(ends, recorders).map { GangEnd(end: try #require($0), recorder: $1) }
}
