// The table of `attune theory`: every baseline's error on one problem's test prompts.
import Kernels
import Shared
import Training

/// One predictor's numbers.
package struct BaselineResult: Sendable {
  package var task: String
  package var context: Int
  package var dimension: Int
  /// `bayes`, `polygd`, …
  package var baseline: String
  /// Attention activations, for what has them.
  package var activation: String?
  package var steps: Int?
  /// What was tuned: `scale 1.2, step 0.8`.
  package var tuned: String?
  package var prompts: Int
  /// Mean of (ŷ − target)² and its standard error over prompts.
  package var mse: Double
  package var standardError: Double
  /// ln mse; nil where it is 0.
  package var ln: Double?
  /// Mean of (ŷ − m_Bayes)² and its standard error; nil where the task has no Bayes predictor.
  package var excess: Double?
  package var excessStandardError: Double?
}

/// What to compare on one problem.
package struct TheoryRequest: Sendable {
  /// Task, context, dimension, covariance, inputs, `kernel_on` and noise; the rest is taken from here too, but activation
  /// and layers.
  package var problem: TrialParameters
  package var activations: [Heads]
  /// Steps of descent, layers of references.
  package var steps: [Int]
  package var seed: Seed
  package var tuningPrompts: Int
  package var testPrompts: Int
  /// Whether attainable references are trained, which takes seconds for each.
  package var trainsReferences: Bool

  package init(
    problem: TrialParameters, activations: [Heads], steps: [Int], seed: Seed, tuningPrompts: Int, testPrompts: Int,
    trainsReferences: Bool
  ) {
    self.problem = problem
    self.activations = activations
    self.steps = steps
    self.seed = seed
    self.tuningPrompts = tuningPrompts
    self.testPrompts = testPrompts
    self.trainsReferences = trainsReferences
  }
}

/// Evaluates all baselines of one request, tuned on validation prompts and judged on test prompts.
package final class TheoryComparison {
  private let request: TheoryRequest
  private let tuning: PromptSet
  private let test: PromptSet
  private let bayes: [Double]?
  private let report: (String) -> Void
  private var results: [BaselineResult] = []

  /// - report: told in words what is evaluated next.
  package init(
    _ request: TheoryRequest, threads: Int, on instructionSet: InstructionSet, report: @escaping (String) -> Void
  ) throws(TheoryError) {
    self.request = request
    self.report = report
    let pool = WorkerPool(threadCount: threads)
    let kernels = instructionSet.kernels
    report("drawing prompts")
    tuning = try PromptSet(
      request.problem, seed: request.seed, purpose: .validation, count: request.tuningPrompts, pool: pool,
      kernels: kernels)
    test = try PromptSet(
      request.problem, seed: request.seed, purpose: .test, count: request.testPrompts, pool: pool, kernels: kernels)
    report("bayes")
    bayes = bayesPredictions(on: test)
  }

  package func run() -> [BaselineResult] {
    results = []
    if let bayes { add("bayes", predictions: bayes) }
    addHostPredictors()
    addKernelDescent()
    for heads in request.activations { for steps in request.steps { addNetworks(heads, steps) } }
    return results
  }

  private func add(
    _ baseline: String, activation: String? = nil, steps: Int? = nil, tuned: String? = nil, predictions: [Double]
  ) {
    let errors = predictions.indices.map { square(predictions[$0] - test.targets[$0]) }
    let (mse, error) = meanAndStandardError(errors)
    let excess = bayes.map { bayes in meanAndStandardError(bayes.indices.map { square(predictions[$0] - bayes[$0]) }) }
    results.append(
      BaselineResult(
        task: request.problem.task.description, context: request.problem.context,
        dimension: request.problem.dimension, baseline: baseline, activation: activation, steps: steps, tuned: tuned,
        prompts: test.count, mse: mse, standardError: error, ln: mse > 0 ? deterministicLogarithm(mse) : nil,
        excess: excess?.mean, excessStandardError: excess?.error))
  }

  private func addHostPredictors() {
    let d = request.problem.dimension, n = request.problem.context
    add("zero", predictions: Array(repeating: 0, count: test.count))
    add("context mean", predictions: test.map(contextMean))
    report("ridge")
    let spectra = test.map { RidgeSpectrum($0, dimension: d) }
    add("least squares", predictions: spectra.map { $0.prediction(penalty: 0) })
    let tuningSpectra = tuning.map { RidgeSpectrum($0, dimension: d) }
    let penalties = stride(from: -8.0, through: 6, by: 1).map(exponential)
    let losses = penalties.map { penalty in tuning.loss(tuningSpectra.map { $0.prediction(penalty: penalty) }) }
    let penalty = penalties[losses.indices.min { losses[$0] < losses[$1] } ?? 0]
    add(
      "ridge", tuned: "penalty \(shortText(penalty))", predictions: spectra.map { $0.prediction(penalty: penalty) })
    addTuned("nadaraya-watson", "bandwidth", stride(from: -3.0, through: 3, by: 0.25).map(exponential)) {
      kernelSmoother($0, dimension: d, bandwidth: $1)
    }
    addTuned("nearest neighbours", "k", (1...min(n, 16)).map(Double.init)) {
      nearestNeighbours($0, dimension: d, neighbours: Int($1))
    }
  }

  /// The best of `values` on the tuning prompts.
  private func addTuned(
    _ baseline: String, _ name: String, _ values: [Double],
    _ predict: @escaping @Sendable (LanePrompt, Double) -> Double
  ) {
    report(baseline)
    let losses = values.map { value in tuning.loss(tuning.map { predict($0, value) }) }
    let best = values[losses.indices.min { losses[$0] < losses[$1] } ?? 0]
    add(baseline, tuned: "\(name) \(shortText(best))", predictions: test.map { predict($0, best) })
  }

  /// Constant steps in the task's kernel itself.
  private func addKernelDescent() {
    guard let kernel = PointKernel(request.problem) else { return }
    for steps in request.steps {
      report("descent in the task's kernel, \(countText(steps, "step"))")
      func predictions(_ prompts: PromptSet, _ step: Double) -> [Double] {
        prompts.map {
          kernelDescent(gram: kernel.gram($0.kernelPoints), labels: $0.labels, steps: steps, step: step)
        }
      }
      let (point, _) = coordinateSearch(starts: [-2.0, -1, 0, 1, 2, 3].map { [$0] }, step: [0.5]) {
        tuning.loss(predictions(tuning, exponential($0[0])))
      }
      let step = exponential(point[0])
      add(
        "gd in the kernel", steps: steps, tuned: "step \(shortText(step))", predictions: predictions(test, step))
    }
  }

  private func addNetworks(_ heads: Heads, _ steps: Int) {
    let name = heads.description
    func add(_ baseline: String, _ fit: DescentFit) {
      self.add(
        baseline, activation: name, steps: steps, tuned: fit.text, predictions: fit.predictions(on: test))
    }
    var parameters = request.problem
    (parameters.heads, parameters.layers) = (heads, steps)
    report("gd, \(name), \(countText(steps, "step"))")
    let plain = tuneDescent(parameters, on: tuning, steps: steps)
    add("gd", plain)
    report("gd++, \(name), \(countText(steps, "step"))")
    add("gd++", tuneShiftedDescent(on: tuning, from: plain))
    report("polygd, \(name), \(countText(steps, "step"))")
    add("polygd", tunePolynomialDescent(parameters, on: tuning, steps: steps))
    guard request.trainsReferences else { return }
    for value in [ValueMatrix.sparse, .free] {
      parameters.value = value
      report("attainable reference, \(name), \(countText(steps, "layer")), A \(value == .sparse ? "= 0" : "free")")
      let network = attainableReference(parameters, on: tuning, descent: plain).network
      self.add(
        value == .sparse ? "reference, A = 0" : "reference", activation: name, steps: steps,
        predictions: test.predictions(network))
    }
  }
}

extension DescentFit {
  /// `scale 1.2, step 0.8`, heads joined by `;`. A polynomial's step is none.
  package var text: String {
    heads.map { head in
      var parts = ["scale \(shortText(head.scale))"]
      if mixture == nil { parts.append("step \(shortText(head.step))") }
      if head.shift != 0 { parts.append("shift \(shortText(head.shift))") }
      return parts.joined(separator: ", ")
    }.joined(separator: "; ")
  }
}

func square(_ x: Double) -> Double { x * x }

func exponential(_ x: Double) -> Double { deterministicExponential(x) }

/// Three significant digits.
package func shortText(_ value: Double) -> String {
  guard value.isFinite, value != 0 else { return "\(value)" }
  var scale = 1.0, magnitude = value.magnitude
  while magnitude >= 1000 { (magnitude, scale) = (magnitude / 10, scale / 10) }
  while magnitude < 100 { (magnitude, scale) = (magnitude * 10, scale * 10) }
  let rounded = (value * scale).rounded() / scale
  return rounded == rounded.rounded() && rounded.magnitude < 1e9 ? "\(Int(rounded))" : "\(rounded)"
}
