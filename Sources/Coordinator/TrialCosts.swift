// What trials cost on this machine, from a few steps of each task, list of heads and shape. Shapes that would take long, or much
// memory, are measured smaller and scaled by their arithmetic.
import KernelTypes
import Shared
import Training

package struct TrialCosts {
  /// Seconds of one thread for one batch.
  package struct Timing {
    package var drawing: Double
    package var step: Double
    package init(drawing: Double, step: Double) { (self.drawing, self.step) = (drawing, step) }
  }

  /// A measurement of another day.
  package struct StoredTiming {
    package var parameters: TrialParameters
    package var timing: Timing
    /// `2026-11-22`
    package var day: String
    package init(parameters: TrialParameters, timing: Timing, day: String) {
      (self.parameters, self.timing, self.day) = (parameters, timing, day)
    }
  }

  /// What the time of drawing a prompt depends on, and what that of a step per operation does.
  private struct Source: Hashable {
    let task: TaskKernel
    let context: Int
    let dimension: Int
    init(_ parameters: TrialParameters) {
      (task, context, dimension) = (parameters.task, parameters.context, parameters.dimension)
    }
  }
  private struct Shape: Hashable {
    let heads: Heads
    let context: Int
    let dimension: Int
    init(_ parameters: TrialParameters) {
      (heads, context, dimension) = (parameters.heads, parameters.context, parameters.dimension)
    }
  }

  /// Beyond so many shapes, or so long, the first one stands for all: an estimate must not take long itself.
  package static let mostMeasured = 32
  package static let patience = Duration.milliseconds(1500)
  /// Of one batch, for its step and for drawing it; each is timed at least eight times.
  package static let mostOperations = 1e8

  private let time: (TrialParameters) -> Timing
  private let elapsed: () -> Duration
  /// Shapes that were timed now.
  package private(set) var measurements = 0
  /// Of the stored measurements that were used.
  package private(set) var storedDays: Set<String> = []
  /// Seconds per operation.
  private var drawing: [Source: Double] = [:]
  private var stepping: [Shape: Double] = [:]
  private var first: (drawing: Double, stepping: Double)?
  private var days: [Shape: String] = [:]

  /// - stored: earlier measurements, later ones of a shape last.
  /// - elapsed: since some moment before the first measurement.
  /// - time: measures one batch of parameters that `sample` returned.
  package init(
    stored: [StoredTiming] = [], elapsed: @escaping () -> Duration, time: @escaping (TrialParameters) -> Timing
  ) {
    (self.elapsed, self.time) = (elapsed, time)
    for entry in stored {
      let cost = Self.cost(entry.timing, of: entry.parameters), shape = Shape(entry.parameters)
      drawing[Source(entry.parameters)] = cost.drawing
      stepping[shape] = cost.stepping
      days[shape] = entry.day
    }
  }

  /// Seconds per operation.
  private static func cost(_ timing: Timing, of sample: TrialParameters) -> (drawing: Double, stepping: Double) {
    (
      drawing: timing.drawing / Double(sample.batch) / drawingOperations(sample),
      stepping: timing.step / nominalOperations(sample)
    )
  }

  /// One thread's time for a whole trial: its steps, and its evaluations, which have no backward pass and so a third of
  /// the work. Data is drawn once per batch.
  package mutating func seconds(of parameters: TrialParameters, _ stage: TrialStage) -> Double {
    let cost = measure(parameters)
    let steps = Double(parameters.steps) * Double(parameters.restarts)
    let perPrompt = nominalOperations(parameters) / Double(parameters.batch) * cost.stepping
    let evaluations = steps / Double(max(1, parameters.evaluateEvery))
    let tested = stage == .reporting ? Double(parameters.testPrompts) : 0
    let evaluated = evaluations * Double(parameters.validationPrompts) + tested
    let drawn =
      steps / Double(parameters.resampleEvery) * Double(parameters.batch) + Double(parameters.validationPrompts)
      + tested
    return (steps * Double(parameters.batch) + evaluated / 3) * perPrompt
      + drawn * Self.drawingOperations(parameters) * cost.drawing
  }

  /// Seconds per operation of drawing and of a step.
  private mutating func measure(_ parameters: TrialParameters) -> (drawing: Double, stepping: Double) {
    let source = Source(parameters), shape = Shape(parameters)
    if let day = days[shape] { storedDays.insert(day) }
    if let drawn = drawing[source], let stepped = stepping[shape] { return (drawn, stepped) }
    if let first, measurements >= Self.mostMeasured || elapsed() > Self.patience {
      return (drawing[source] ?? first.drawing, stepping[shape] ?? first.stepping)
    }
    let sample = Self.sample(of: parameters)
    let timing = time(sample)
    measurements += 1
    let cost = Self.cost(timing, of: sample)
    drawing[source] = drawing[source] ?? cost.drawing
    stepping[shape] = stepping[shape] ?? cost.stepping
    first = first ?? cost
    return cost
  }

  /// Multiply-adds of drawing one prompt: its inputs, and for labels of a Gaussian process the kernel between all of them
  /// and its Cholesky factor, (n+1)³/3 (docs/science.md §2).
  package static func drawingOperations(_ parameters: TrialParameters) -> Double {
    let d = Double(parameters.dimension), n = Double(parameters.context + 1)
    /// About what the random bits, logarithm and cosine behind one normal number cost.
    let inputs = 20 * n * d
    switch parameters.task {
    case .mixture: return parameters.unmixed.reduce(0) { $0 + drawingOperations($1) }
    case .linear: return inputs
    case .relu, .exponential, .kernel: return inputs + n * n * d + n * n * n / 3
    case .function(let function):
      switch function {
      case .quadratic, .noisyLinear: return inputs
      case .sparseLinear: return inputs + d * d
      case .reluNetwork(let hidden): return inputs + Double(hidden) * d * (20 + n)
      case .decisionTree(let depth): return inputs + Double(1 << depth) * d * (4 + n)
      }
    }
  }

  /// The same trial with a batch of few enough operations, whatever its shape. Prompts are worked on in blocks, so a batch
  /// keeps at least one of them.
  package static func sample(of parameters: TrialParameters) -> TrialParameters {
    var sample = parameters
    // Of shapes that may be made smaller.
    (sample.initialization, sample.contextMin) = (.identity, nil)
    func isTooLarge() -> Bool {
      max(nominalOperations(sample), drawingOperations(sample) * Double(sample.batch)) > mostOperations
    }
    sample.batch = min(max(sample.batch, lanesPerBlock), 512)
    while isTooLarge(), sample.batch > lanesPerBlock { sample.batch = max(lanesPerBlock, sample.batch / 2) }
    // Two layers still have one with an input gradient and all targets, and one with the query alone.
    while isTooLarge(), sample.layers > 2 { sample.layers -= 1 }
    while isTooLarge(), sample.heads.activations.count > 1 {
      sample.heads = Heads(Array(sample.heads.activations.dropLast()))
    }
    while isTooLarge(), sample.context > 1 { sample.context /= 2 }
    while isTooLarge(), sample.dimension > 1 {
      sample.dimension /= 2
      sample.covariance = nil
    }
    return sample
  }
}
