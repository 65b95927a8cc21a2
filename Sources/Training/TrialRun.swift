// One trial in training: its steps on batches that are handed to it, evaluations, checkpoints, restarts, and the numbers
// at the end. Everything it computes follows from parameters, seed and stage; when it is stopped and resumed, and who
// trains beside it on the same prompts, changes nothing.
import Foundation
import KernelTypes
import Kernels
import Shared

final class TrialRun {
  private let assignment: TrialAssignment
  private let parameters: TrialParameters
  let observer: any TrialObserver
  private let layout: TrainableLayout
  private let prepared: PreparedNetwork
  /// Where the norm to clip counts entries that are not trained.
  private let whole: WholeMatrices?
  /// Where activations have coefficients.
  private let tangents: CoefficientTangents?
  private var state: TrainingState
  /// What `state.packed` stood for when a step last asked.
  private var network: Network
  private var gradient: [Float]
  private let started = ContinuousClock.now
  private var lastReport: ContinuousClock.Instant
  private let firstStep: Int
  /// Its share of the time of the thread that runs it.
  private(set) var seconds = 0.0
  /// Its last loss was not finite and no restart is left.
  private var hasDiverged = false

  init(_ assignment: TrialAssignment, observer: any TrialObserver) throws(TrainingError) {
    self.assignment = assignment
    parameters = assignment.parameters
    self.observer = observer
    layout = TrainableLayout(parameters)
    if let resume = assignment.resume {
      state = try TrainingState(layout, seed: assignment.seed, checkpoint: resume)
    } else {
      state = TrainingState(layout, seed: assignment.seed)
    }
    network = layout.expand(state.packed)
    prepared = PreparedNetwork(network, lengths: parameters.lengthScales)
    whole = parameters.layerClip?.entries == .all ? WholeMatrices(network, parameters) : nil
    tangents = CoefficientTangents(network, layout)
    gradient = Array(repeating: 0, count: layout.count)
    lastReport = started
    firstStep = state.step
  }

  /// The network whose gradient a step takes.
  var stepped: PreparedNetwork { whole?.prepared ?? tangents?.prepared ?? prepared }

  /// Nothing is left but `finish`. Where the last checkpoint was the trial's end, from the beginning.
  var takesNoMoreSteps: Bool { hasDiverged || state.step >= min(assignment.until ?? lastStep, lastStep) }

  private var lastStep: Int { parameters.steps * parameters.restarts }

  /// The number of the batch that its next step takes, which never falls. The batches of a restart are its own, so that
  /// restarts differ in more than their start.
  var nextBatch: Int {
    let (restart, local) = state.step.quotientAndRemainder(dividingBy: parameters.steps)
    let batchesPerRestart = (parameters.steps + parameters.resampleEvery - 1) / parameters.resampleEvery
    return restart * batchesPerRestart + local / parameters.resampleEvery
  }

  /// Brings the network in the kernels' form up to date for the next step.
  func beginStep() {
    if state.step > 0, state.step % parameters.steps == 0 { beginRestart() }
    layout.expand(state.packed, into: &network)
    if let whole {
      whole.update(network)
    } else if let tangents {
      tangents.update(network)
    } else {
      prepared.update(network)
    }
  }

  /// Takes the step that began, with the loss and gradient of its batch. If the loss is not finite nothing is updated, so
  /// that a trial resumed from here ends the same way. A batch with one huge prompt is no divergence: exponential
  /// attention has them, and clipping bounds the step.
  func takeStep(loss: Double, gradient raw: UnsafePointer<Float>, evaluatingOn validation: Validation) {
    let local = state.step % parameters.steps
    state.lastLoss = loss
    guard loss.isFinite else {
      hasDiverged = parameters.restarts == 1 || !skipDivergedRestart()
      return
    }
    var squares: [Double]?
    if let whole {
      squares = whole.pullBack(raw, trained: layout, into: &gradient)
    } else if let tangents {
      tangents.pullBack(raw, of: network, into: &gradient)
    } else {
      layout.pullBack(raw, network, into: &gradient)
    }
    for block in layout.frozenBlocks { for i in block.range { gradient[i] = 0 } }
    clip(&gradient, layout, step: local, layerSquares: squares)
    let kept = layout.frozenBlocks.map { state.packed[$0.range] }
    state.update(gradient: gradient, local: local)
    // Weight decay moves what has no gradient too.
    for (block, numbers) in zip(layout.frozenBlocks, kept) { state.packed.replaceSubrange(block.range, with: numbers) }
    state.step += 1
    afterStep(local + 1, validation)
  }

  func spend(_ duration: Duration, sharedBy count: Int = 1) { seconds += duration.seconds / Double(count) }

  private func prepare() {
    layout.expand(state.packed, into: &network)
    prepared.update(network)
  }

  /// - local: steps taken in this restart.
  private func afterStep(_ local: Int, _ validation: Validation) {
    let ends = local == parameters.steps
    let now = ContinuousClock.now
    if local % parameters.evaluateEvery == 0 || ends {
      prepare()
      let loss = validation.loss(prepared)
      let point = MetricPoint(
        step: state.step, trainLoss: state.lastLoss, validationLoss: loss,
        learningRate: learningRate(parameters, step: local - 1))
      report([point], now)
      if assignment.until != nil { state.curve.append(point) }
      if ends, parameters.restarts > 1, loss.isFinite, loss < state.best?.validationLoss ?? .infinity {
        state.best = (state.packed, state.lastLoss, loss)
      }
    } else if now - lastReport > .milliseconds(500) {
      report([], now)
    }
    if state.step % parameters.checkpointEvery == 0, !takesNoMoreSteps {
      observer.wrote(checkpoint)
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

  /// The trial can go on from here.
  var checkpoint: WrittenCheckpoint { state.checkpoint(layout) }

  /// What the trial has come to, once it takes no more steps.
  func finish(_ validation: Validation, since mark: ContinuousClock.Instant) throws(TrainingError) -> TrialEnd {
    let pauses = !hasDiverged && state.step < lastStep
    if !pauses { state.curve = [] }
    if parameters.restarts > 1, let best = state.best {
      (state.packed, state.lastLoss) = (best.packed, best.lastLoss)
    }
    prepare()
    var metrics = FinalMetrics()
    metrics.trainLoss = state.lastLoss
    metrics.validationLoss = validation.loss(prepared)
    var losses = [metrics.trainLoss, metrics.validationLoss]
    if assignment.stage == .reporting, !pauses {
      try measureTest(&metrics, validation)
      losses.append(metrics.testLoss)
    }
    // Whether a validation loss that is infinite half-way stays so is seen at the end.
    let outcome: TrialOutcome =
      pauses ? .paused : hasDiverged || losses.contains { !$0.isFinite } ? .diverged : .finite
    let checkpoint = checkpoint
    spend(ContinuousClock.now - mark)
    let result = TrialResult(
      outcome: outcome, metrics: metrics.canonical, checkpoint: checkpoint.digest, steps: state.step, seconds: seconds,
      curve: state.curve)
    return .finished(result, checkpoint: checkpoint)
  }

  private func measureTest(_ metrics: inout FinalMetrics, _ validation: Validation) throws(TrainingError) {
    var reference: PreparedNetwork?
    if let bytes = assignment.reference {
      reference = PreparedNetwork(try TrainingState.network(try Safetensors(bytes: bytes), parameters))
    }
    metrics.measure(
      predictTestPrompts(
        parameters, seed: assignment.seed, network: prepared, reference: reference, pool: validation.pool,
        kernels: validation.kernels, cache: sharedBayesCache))
  }
}

/// Posterior means shared by the trials of this process.
private let sharedBayesCache = BayesCache()

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
