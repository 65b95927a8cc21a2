// The cases that arm64 is compared on: draws of every kind, networks of every activation and of dimensions with and
// without code of their own, sums, sweeps of exponential and logarithm, the reference cases, and whole trials.
import Foundation
import KernelTypes
import Kernels
import Shared
import Training

struct RecordingError: Error, CustomStringConvertible {
  let description: String
}

/// The records of all cases, from the AVX2 build, whose bits are those of every build for x86.
func recordCases(goldenFolder: String) throws -> [UInt8] {
  guard InstructionSet.avx2.isSupported else { throw TrainingError.unsupportedProcessor }
  let recorder = CallRecorder()
  let cases = CaseWriter(recorder, recorder.recording(InstructionSet.avx2.kernels))
  cases.recordDraws()
  cases.recordNetworks()
  cases.recordSums()
  cases.recordSweeps()
  try cases.recordReferenceCases(goldenFolder)
  try cases.recordTrials()
  // The comparison has to notice these.
  recorder.changesExpected = true
  cases.recordNetwork("a changed bit", dimension: 2, context: 3, layers: 1, heads: [.relu], blocks: 1)
  return recorder.bytes
}

struct CaseWriter {
  let recorder: CallRecorder
  let kernels: KernelTable

  init(_ recorder: CallRecorder, _ kernels: KernelTable) { (self.recorder, self.kernels) = (recorder, kernels) }

  func recordDraws() {
    func draw(
      _ labels: LabelCode, _ inputs: InputCode, _ d: Int, _ n: Int, noise: Float = 0, onX: Bool = false,
      scale: Float = 0.5, count: Int = 64
    ) {
      recorder.start("draw \(labels) \(inputs) d\(d) n\(n)\(noise > 0 ? " noise" : "")\(onX ? " on x" : "")")
      let transform = AlignedFloats(count: d * d)
      for i in 0..<d * d { transform.pointer[i] = i % (d + 1) == 0 ? 1.25 : 0.0625 * Float(i % 7 - 3) }
      let recipe = DataRecipe(
        dimension: d, context: n, inputs: inputs, labels: labels, kernelScale: scale, kernelOnX: onX, noise: noise,
        transform: transform.pointer, seed: 41, inputStream: StreamCode.trainInputs.rawValue,
        labelStream: StreamCode.trainLabels.rawValue, noiseStream: StreamCode.trainNoise.rawValue)
      _ = generate(recipe, count: count, hasLatent: true)
      withExtendedLifetime(transform) {}
    }
    draw(.linear, .sphere, 5, 14)
    draw(.linear, .gaussian, 2, 3, noise: 0.25)
    draw(.linear, .cube, 20, 40, count: 17)
    draw(.linear, .sphere, 128, 2, count: 5)
    draw(.relu, .sphere, 5, 14)
    draw(.relu, .gaussian, 16, 20, onX: true)
    draw(.relu, .sphere, 2, 12, noise: 0.5, count: 33)
    draw(.relu, .cube, 1, 1, count: 3)
    draw(.relu, .sphere, 20, 40)
    draw(.exponential, .sphere, 5, 14)
    draw(.exponential, .gaussian, 16, 9, onX: true, scale: 0.1)
    draw(.exponential, .sphere, 2, 40, noise: 0.1, scale: 2)
    draw(.exponential, .cube, 20, 40, count: 20)
    // Normals come from logarithm, square root, sine and cosine of every kind of draw.
    draw(.linear, .gaussian, 4, 15, count: 4096)
  }

  /// Draws and returns the prompts and targets.
  @discardableResult
  func generate(_ recipe: DataRecipe, count: Int, hasLatent: Bool) -> (AlignedFloats, AlignedFloats) {
    let blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    let tokens = recipe.context + 1, d = recipe.dimension
    let prompts = AlignedFloats(count: blocks * tokens * (d + 1) * lanesPerBlock)
    let targets = AlignedFloats(count: blocks * lanesPerBlock)
    let latent = AlignedFloats(count: blocks * tokens * d * lanesPerBlock)
    let scratch = AlignedFloats(count: kernels.dataScratch(recipe))
    // Numbers in floats' memory, for its alignment.
    let memory = AlignedFloats(count: blocks * lanesPerBlock)
    memory.pointer.withMemoryRebound(to: UInt32.self, capacity: memory.count) { indices in
      for i in 0..<memory.count { indices[i] = UInt32(7 + 3 * i) }
      kernels.generate(
        recipe, 11, indices, count, blocks, scratch.pointer, prompts.pointer, targets.pointer,
        hasLatent ? latent.pointer : nil)
    }
    return (prompts, targets)
  }

  func recordNetworks() {
    for code in ActivationCode.classic {
      for (d, n, layers) in [(1, 3, 2), (2, 5, 3), (5, 14, 3), (7, 9, 2), (16, 6, 2), (20, 11, 2)] {
        recordNetwork("network \(code) d\(d) n\(n) k\(layers)", dimension: d, context: n, layers: layers, heads: [code])
      }
    }
    for d in [3, 4, 6, 8, 10, 32] {
      recordNetwork("network mixed d\(d)", dimension: d, context: 5, layers: 2, heads: [.exp, .softmax])
    }
    let all = ActivationCode.classic
    recordNetwork("network 4 heads d5 k7", dimension: 5, context: 14, layers: 7, heads: all)
    recordNetwork("network 4 heads d9", dimension: 9, context: 4, layers: 3, heads: all.reversed())
    recordNetwork("network n1", dimension: 5, context: 1, layers: 1, heads: all)
    // Contexts where activations are computed again in the backward pass.
    recordNetwork("network softmax n130", dimension: 3, context: 130, layers: 2, heads: [.softmax], blocks: 1)
    recordNetwork("network mixed d10 n100", dimension: 10, context: 100, layers: 2, heads: [.softmax, .exp], blocks: 1)
  }

  /// Predictions, loss and gradient of a random network on prompts with exponential labels.
  func recordNetwork(
    _ name: String, dimension d: Int, context n: Int, layers: Int, heads: [ActivationCode], blocks: Int = 3
  ) {
    recorder.start(name)
    var draw = SplitMix(state: UInt64(d * 1000 + n * 10 + layers))
    let count = layers * heads.count
    let keyQuery = AlignedFloats(count: count * d * d), value = AlignedFloats(count: count * d * d)
    let residual = AlignedFloats(count: count), transform = AlignedFloats(count: d * d)
    for i in 0..<count * d * d {
      keyQuery.pointer[i] = (i % (d * d) % (d + 1) == 0 ? 0.75 : 0) + 0.25 * draw.symmetric()
      value.pointer[i] = 0.0625 * draw.symmetric() / Float(n)
    }
    for i in 0..<count { residual.pointer[i] = (draw.symmetric() - 1) / (4 * Float(n)) }
    for i in 0..<d { transform.pointer[i * d + i] = 1 }
    let recipe = DataRecipe(
      dimension: d, context: n, inputs: .sphere, labels: .linear, kernelScale: 1, kernelOnX: false, noise: 0.125,
      transform: transform.pointer, seed: 43, inputStream: 1, labelStream: 2, noiseStream: 3)
    let (prompts, targets) = generate(recipe, count: blocks * lanesPerBlock - 3, hasLatent: false)
    withExtendedLifetime(transform) {}
    run(heads, d, n, layers, keyQuery, value, residual, prompts, targets, blocks: blocks)
  }

  private func run(
    _ heads: [ActivationCode], _ d: Int, _ n: Int, _ layers: Int, _ keyQuery: AlignedFloats, _ value: AlignedFloats,
    _ residual: AlignedFloats, _ prompts: AlignedFloats, _ targets: AlignedFloats, blocks: Int
  ) {
    heads.withUnsafeBufferPointer { codes in
      guard let activations = codes.baseAddress else { return }
      let pass = NetworkPass(
        dimension: d, context: n, layers: layers, heads: heads.count, activations: activations,
        keyQuery: keyQuery.pointer, value: value.pointer, residual: residual.pointer)
      let scratch = AlignedFloats(count: kernels.networkScratch(pass))
      let predictions = AlignedFloats(count: blocks * lanesPerBlock), loss = AlignedFloats(count: 1)
      let gradient = AlignedFloats(count: pass.gradientCount)
      kernels.predict(pass, prompts.pointer, blocks, scratch.pointer, predictions.pointer)
      kernels.lossAndGradient(
        pass, prompts.pointer, targets.pointer, blocks, 0.03125, scratch.pointer, gradient.pointer, loss.pointer)
    }
  }

  func recordSums() {
    for rowCount in [1, 2, 3, 7, 64] {
      recorder.start("sum of \(rowCount) rows")
      var draw = SplitMix(state: UInt64(rowCount))
      let rows = AlignedFloats(count: rowCount * 48)
      for i in 0..<rows.count { rows.pointer[i] = draw.symmetric() * (i % 3 == 0 ? 1e6 : 1) }
      kernels.sumRows(rows.pointer, rowCount, 48)
    }
  }

  /// One source with y = 1 and x = s under a query of 1: the prediction of an exponential head is e^s, its gradient
  /// e^s too. Arguments from far below the smallest normal result to infinity.
  func recordSweeps() {
    recorder.start("sweep of the exponential")
    let blocks = 512, count = blocks * lanesPerBlock
    let prompts = AlignedFloats(count: blocks * 4 * lanesPerBlock), targets = AlignedFloats(count: count)
    let keyQuery = AlignedFloats(count: 1), value = AlignedFloats(count: 1), residual = AlignedFloats(count: 1)
    (keyQuery.pointer[0], value.pointer[0], residual.pointer[0]) = (1, 0.5, -1)
    let special: [Float] = [0, -0.0, .infinity, -.infinity, 88, 89, -87, -88, 1e-30, -1e-30, .leastNonzeroMagnitude]
    for i in 0..<count {
      let source = prompts.pointer + i / lanesPerBlock * 4 * lanesPerBlock + i % lanesPerBlock
      source[0] = i < special.count ? special[i] : -100 + 200 * Float(i) / Float(count)
      source[lanesPerBlock] = 1
      source[2 * lanesPerBlock] = 1
    }
    run([.exp], 1, 1, 1, keyQuery, value, residual, prompts, targets, blocks: blocks)
    run([.softmax], 1, 1, 1, keyQuery, value, residual, prompts, targets, blocks: blocks)
  }

  /// Every pass of every step of the reference cases, checked here against their double-precision numbers.
  func recordReferenceCases(_ folder: String) throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".json") }.sorted()
    for file in files where !file.hasPrefix("bayes") {
      recorder.start(String(file.dropLast(".json".count)))
      let report = verify(try ReferenceCase(path: "\(folder)/\(file)"), on: kernels)
      if !report.passes { throw RecordingError(description: "\(file): the reference case fails on this machine") }
    }
  }

  /// Draws, steps, evaluations and sums of whole trials: if all their calls give the same bits on arm64, then so does
  /// the trial, for what lies between the calls is the host's scalar arithmetic in IEEE operations.
  func recordTrials() throws {
    let trials: [(TaskKernel, [Activation], dimension: Int)] = [
      (.linear, [.linear], 3), (.relu, [.relu, .softmax], 3), (.exponential(scale: 0.5), [.exp], 7),
      (.exponential(scale: 0.5), [.softmax], 5),
    ]
    for (task, heads, dimension) in trials {
      var parameters = TrialParameters()
      (parameters.task, parameters.heads) = (task, Heads(heads))
      (parameters.layers, parameters.context, parameters.dimension) = (2, 6, dimension)
      (parameters.batch, parameters.steps, parameters.warmupSteps) = (100, 30, 3)
      (parameters.evaluateEvery, parameters.checkpointEvery) = (7, 30)
      (parameters.validationPrompts, parameters.testPrompts, parameters.learningRate) = (150, 200, 0.02)
      recorder.start("trial \(task) \(heads.map(\.description).joined(separator: "+"))")
      let assignment = TrialAssignment(
        parameters: parameters, seed: Seed(rawValue: 7), stage: .reporting, threads: 1)
      _ = try runTrial(assignment, with: kernels, observer: SilentObserver())
    }
  }
}

private final class SilentObserver: TrialObserver {
  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {}
  func wrote(_ checkpoint: WrittenCheckpoint) {}
  var stopRequested: Bool { false }
}

/// Source: Steele, Lea & Flood 2014 (SplitMix64).
private struct SplitMix {
  var state: UInt64
  /// In (−1, 1), exactly representable in single precision.
  mutating func symmetric() -> Float {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    z ^= z >> 31
    return Float(Int64(z >> 40) - (1 << 23)) / Float(1 << 23)
  }
}
