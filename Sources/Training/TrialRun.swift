// The training loop of one trial: steps, evaluations, checkpoints, restarts, and the numbers at the end.
// Everything it computes follows from parameters, seed and stage; when it is stopped and resumed changes nothing.
import Foundation
import KernelTypes
import Kernels
import Shared

/// The name of the instruction set that trials run with here.
package var instructionSetName: String { InstructionSet.best?.rawValue ?? "none" }

package func requireSupportedProcessor() throws(TrainingError) {
  if InstructionSet.best == nil { throw .unsupportedProcessor }
}

/// Posterior means shared by the trials of this process.
private let sharedBayesCache = BayesCache()

/// Trains one trial on the calling thread and `assignment.threads − 1` others, until it ends or is asked to stop.
/// - instructionSet: which build of the kernels runs it; all give the same bits.
package func runTrial(
  _ assignment: TrialAssignment, on instructionSet: InstructionSet? = .best, observer: some TrialObserver
) throws(TrainingError) -> TrialEnd {
  guard let kernels = instructionSet?.kernels else { throw .unsupportedProcessor }
  return try runTrial(assignment, with: kernels, observer: observer)
}

/// The same with any table of kernels.
package func runTrial(
  _ assignment: TrialAssignment, with kernels: KernelTable, observer: some TrialObserver
) throws(TrainingError) -> TrialEnd {
  let run = try TrialRun(assignment, kernels: kernels, observer: observer)
  return try run.run()
}

final class TrialRun<Observer: TrialObserver> {
  private let assignment: TrialAssignment
  private let parameters: TrialParameters
  private let kernels: KernelTable
  private let observer: Observer
  private var pool: WorkerPool
  private let layout: TrainableLayout
  private let prepared: PreparedNetwork
  private var batch: BatchGradient
  private let stream: PromptStream
  /// `batch` holds no prompts yet.
  private var batchIsEmpty = true
  private let validation: ValidationSet
  private var state: TrainingState
  /// What `state.packed` stood for when a step last asked.
  private var network: Network
  private var gradient: [Float]
  private let started = ContinuousClock.now
  private var lastReport: ContinuousClock.Instant
  private let firstStep: Int

  init(_ assignment: TrialAssignment, kernels: KernelTable, observer: Observer) throws(TrainingError) {
    self.assignment = assignment
    parameters = assignment.parameters
    self.kernels = kernels
    self.observer = observer
    layout = TrainableLayout(parameters)
    if let resume = assignment.resume {
      state = try TrainingState(layout, seed: assignment.seed, checkpoint: resume)
    } else {
      state = TrainingState(layout, seed: assignment.seed)
    }
    network = layout.expand(state.packed)
    prepared = PreparedNetwork(network)
    stream = PromptStream(parameters, seed: assignment.seed, purpose: .training, kernels: kernels)
    let scratch = kernels.networkScratch(prepared.pass) + stream.scratchCount
    try Self.checkMemory(parameters, bytesPerThread: 4 * scratch, threads: assignment.threads)
    pool = WorkerPool(threadCount: assignment.threads)
    batch = BatchGradient(parameters, stream: stream, pool: pool, kernels: kernels, pass: prepared.pass)
    validation = ValidationSet(parameters, seed: assignment.seed, pool: pool, kernels: kernels)
    gradient = Array(repeating: 0, count: layout.count)
    lastReport = started
    firstStep = state.step
  }

  private static func checkMemory(
    _ parameters: TrialParameters, bytesPerThread: Int, threads: Int
  ) throws(TrainingError) {
    let promptBytes = (parameters.context + 1) * (parameters.dimension + 1) * 4
    let bytes = (parameters.batch + parameters.validationPrompts) * promptBytes + bytesPerThread * max(1, threads)
    if bytes > 16 << 30 { throw .tooLarge(what: "the batch with its states", bytes: bytes) }
  }

  func run() throws(TrainingError) -> TrialEnd {
    // Where the last checkpoint was the trial's end, the loop does nothing.
    while state.step < parameters.steps * parameters.restarts {
      if observer.stopRequested { return .stopped(state.checkpoint(layout)) }
      if let threads = observer.threadsGranted, threads != pool.threadCount { try share(threads) }
      let local = state.step % parameters.steps
      if local == 0, state.step > 0 { beginRestart() }
      let drawing =
        local % parameters.resampleEvery == 0 || batchIsEmpty ? local / parameters.resampleEvery : nil
      // A batch with one huge prompt is no divergence: exponential attention has them, and clipping bounds the step.
      guard takeStep(local, drawing: drawing) else {
        if parameters.restarts == 1 || !skipDivergedRestart() { return try finish(diverged: true) }
        continue
      }
      state.step += 1
      try afterStep(local + 1)
    }
    return try finish(diverged: false)
  }

  /// Goes on with another number of threads. The batch at hand is drawn again: it may have been drawn for several steps.
  private func share(_ threads: Int) throws(TrainingError) {
    let scratch = kernels.networkScratch(prepared.pass) + stream.scratchCount
    try Self.checkMemory(parameters, bytesPerThread: 4 * scratch, threads: threads)
    pool = WorkerPool(threadCount: threads)
    batch = BatchGradient(parameters, stream: stream, pool: pool, kernels: kernels, pass: prepared.pass)
    batchIsEmpty = true
  }

  /// False if the loss is not finite: then nothing is updated, so that a trial resumed from here ends the same way.
  private func takeStep(_ local: Int, drawing: Int?) -> Bool {
    prepare()
    // The batches of a restart are its own, so that restarts differ in more than their start.
    let restart = state.step / parameters.steps
    let first = restart * ((parameters.steps + parameters.resampleEvery - 1) / parameters.resampleEvery)
    let (loss, raw) = batch.evaluate(prepared, drawing: drawing.map { $0 + first })
    batchIsEmpty = false
    state.lastLoss = loss
    guard loss.isFinite else { return false }
    layout.pullBack(raw, network, into: &gradient)
    clip(&gradient, layout, step: local)
    state.update(gradient: gradient, local: local)
    return true
  }

  /// Brings the network in the kernels' form up to date with the trained vector.
  private func prepare() {
    layout.expand(state.packed, into: &network)
    prepared.update(network)
  }

  /// - local: steps taken in this restart.
  private func afterStep(_ local: Int) throws(TrainingError) {
    let ends = local == parameters.steps
    let now = ContinuousClock.now
    if local % parameters.evaluateEvery == 0 || ends {
      prepare()
      let loss = validation.loss(prepared, pool: pool)
      let point = MetricPoint(
        step: state.step, trainLoss: state.lastLoss, validationLoss: loss,
        learningRate: learningRate(parameters, step: local - 1))
      report([point], now)
      if ends, parameters.restarts > 1, loss.isFinite, loss < state.best?.validationLoss ?? .infinity {
        state.best = (state.packed, state.lastLoss, loss)
      }
    } else if now - lastReport > .milliseconds(500) {
      report([], now)
    }
    if state.step % parameters.checkpointEvery == 0, state.step < parameters.steps * parameters.restarts {
      observer.wrote(state.checkpoint(layout))
    }
  }

  private func report(_ points: [MetricPoint], _ now: ContinuousClock.Instant) {
    lastReport = now
    let seconds = max(1e-9, (now - started).seconds)
    observer.progressed(
      points: points, step: state.step, stepsPerSecond: Double(state.step - firstStep) / seconds)
  }

  private func beginRestart() {
    let restart = state.step / parameters.steps
    state.packed = layout.pack(initialNetwork(parameters, seed: assignment.seed, restart: restart))
    state.optimizer = OptimizerState(count: layout.count)
  }

  /// Gives up the current restart; false if it was the last and none has succeeded.
  private func skipDivergedRestart() -> Bool {
    let restart = state.step / parameters.steps
    state.step = (restart + 1) * parameters.steps
    if restart + 1 < parameters.restarts { return true }
    return state.best != nil
  }

  private func finish(diverged: Bool) throws(TrainingError) -> TrialEnd {
    if parameters.restarts > 1, let best = state.best {
      (state.packed, state.lastLoss) = (best.packed, best.lastLoss)
    }
    prepare()
    var metrics = FinalMetrics()
    metrics.trainLoss = state.lastLoss
    metrics.validationLoss = validation.loss(prepared, pool: pool)
    if assignment.stage == .reporting { try measureTest(&metrics) }
    var losses = [metrics.trainLoss, metrics.validationLoss]
    if assignment.stage == .reporting { losses.append(metrics.testLoss) }
    let outcome: TrialOutcome = diverged || losses.contains { !$0.isFinite } ? .diverged : .finite
    let checkpoint = state.checkpoint(layout)
    let result = TrialResult(
      outcome: outcome, metrics: metrics.canonical, checkpoint: checkpoint.digest, steps: state.step,
      seconds: (ContinuousClock.now - started).seconds)
    return .finished(result, checkpoint: checkpoint)
  }

  private func measureTest(_ metrics: inout FinalMetrics) throws(TrainingError) {
    var reference: PreparedNetwork?
    if let bytes = assignment.reference {
      reference = PreparedNetwork(try TrainingState.network(try Safetensors(bytes: bytes), parameters))
    }
    metrics.measure(
      predictTestPrompts(
        parameters, seed: assignment.seed, network: prepared, reference: reference, pool: pool, kernels: kernels,
        cache: sharedBayesCache))
  }
}

extension FinalMetrics {
  /// The same with every NaN in its one canonical bit pattern.
  fileprivate var canonical: FinalMetrics {
    var copy = self
    for field in [
      \FinalMetrics.trainLoss, \.validationLoss, \.testLoss, \.testLossStandardError, \.excess,
      \.excessStandardError, \.bayesLoss, \.zeroLoss, \.referenceLoss, \.bayesIdentityZ,
    ] where copy[keyPath: field].isNaN { copy[keyPath: field] = .nan }
    return copy
  }
}

extension Duration {
  /// As a number of seconds.
  package var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
