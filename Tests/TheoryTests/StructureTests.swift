// T1 of docs/science.md §4 and what measures it: distances to theory's form, gradients, layers and replays.
import Foundation
import Shared
import Testing
import Theory
import Training

@Suite struct StructureTests {
  static let covariance = [1, 1, 0.25, 2.25, 1]

  @Test func `the construction has theory's form exactly, with its own factors`() {
    var parameters = configuration(.relu, [.relu])
    parameters.covariance = Self.covariance
    let seed = Seed(rawValue: 2)
    let network = Network(
      descent: parameters, seed: seed, heads: [DescentHead(scale: 1.5, step: 0.7, shift: 0.3)], layers: 3)
    for head in structure(of: network, metric: scoreMetric(parameters, seed: seed)) {
      #expect(abs(head.scoreScale - 1.5) < 1e-6 && (head.scoreDistance ?? 1) < 1e-6)
      #expect(abs(head.shift + 0.3) < 1e-6 && (head.shiftDistance ?? 1) < 1e-6)
      #expect(abs(head.r + 0.7) < 1e-6)
    }
    // Measured against the wrong covariance it has not.
    let others = structure(of: network, metric: scoreMetric(configuration(.relu), seed: seed))
    #expect(others.allSatisfy { ($0.scoreDistance ?? 0) > 0.3 })
  }

  @Test func `a random network is about as far as a random matrix is`() {
    var parameters = configuration(.linear, [.linear, .relu], layers: 8)
    parameters.initialization = .gaussian
    let network = initialNetwork(parameters, seed: Seed(rawValue: 0), restart: 0)
    let found = structure(of: network, metric: scoreMetric(parameters, seed: Seed(rawValue: 0)))
    #expect(found.count == 16)
    // √(1 − 1/25) in the root mean square.
    let mean = found.reduce(0) { $0 + ($1.shiftDistance ?? 0) } / 16
    #expect(abs(mean - 0.98) < 0.02)
    parameters.value = .sparse
    let sparse = initialNetwork(parameters, seed: Seed(rawValue: 0), restart: 0)
    #expect(structure(of: sparse, metric: scoreMetric(parameters, seed: Seed(rawValue: 0)))[0].shiftDistance == nil)
  }

  @Test func `gradients are the slopes of the loss`() throws {
    let parameters = configuration(.relu, [.softmax], layers: 2)
    let prompts = try promptSet(parameters, count: 100)
    let layout = TrainableLayout(parameters)
    let packed = layout.pack(initialNetwork(parameters, seed: Seed(rawValue: 0), restart: 0))
    let (loss, gradient) = prompts.gradient(layout.expand(packed), layout)
    #expect(abs(loss - prompts.loss(prompts.predictions(layout.expand(packed)))) < 1e-5)
    for i in stride(from: 0, to: layout.count, by: 7) {
      let h: Float = 1e-2
      var (up, down) = (packed, packed)
      up[i] += h
      down[i] -= h
      let slope =
        (prompts.loss(prompts.predictions(layout.expand(up))) - prompts.loss(prompts.predictions(layout.expand(down))))
        / Double(up[i] - down[i])
      #expect(abs(slope - gradient[i]) < 2e-3 * (1 + abs(slope)))
    }
  }

  /// T1 on the paper's covariance: with A = 0, BᵀC comes near a multiple of Σ⁻¹, from a start far from it.
  @Test func `training with A = 0 brings the scores to the inverse covariance`() throws {
    var parameters = configuration(.linear, [.linear], layers: 1)
    (parameters.value, parameters.covariance) = (.sparse, Self.covariance)
    (parameters.initialization, parameters.initScale) = (.gaussian, 0.3)
    (parameters.batch, parameters.steps, parameters.evaluateEvery) = (512, 600, 200)
    (parameters.warmupSteps, parameters.learningRate) = (30, 0.03)
    let seed = Seed(rawValue: 1), metric = scoreMetric(parameters, seed: seed)
    var path: [(step: Int, distance: Double, gradient: Double)] = []
    let prompts = try promptSet(parameters, seed: 1, purpose: .validation, count: 4096)
    let layout = TrainableLayout(parameters)
    try replayTrial(parameters, seed: seed, every: 200, threads: 1) { step, network in
      let gradient = prompts.gradient(network, layout).gradient
      path.append(
        (
          step, structure(of: network, metric: metric)[0].scoreDistance ?? 1,
          gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
        ))
    }
    #expect(path.map(\.step) == [200, 400, 600])
    let start = structure(of: initialNetwork(parameters, seed: seed, restart: 0), metric: metric)[0].scoreDistance
    #expect((start ?? 0) > 0.8 && path[2].distance < 0.1, "\(path)")
    #expect(path[2].gradient < 0.05, "\(path)")
  }

  @Test func `a replay ends at the network that the trial reports, restarts and all`() throws {
    var parameters = configuration(.relu, [.relu], layers: 2)
    (parameters.batch, parameters.steps, parameters.restarts) = (64, 20, 2)
    (parameters.evaluateEvery, parameters.warmupSteps) = (10, 0)
    (parameters.validationPrompts, parameters.testPrompts) = (128, 64)
    let seed = Seed(rawValue: 5)
    let end = try runTrial(
      TrialAssignment(parameters: parameters, seed: seed, stage: .reporting, threads: 1), observer: Unwatched())
    guard case .finished(_, let checkpoint) = end else {
      Issue.record("the trial did not end")
      return
    }
    let expected = try TrainingState.network(try Safetensors(bytes: checkpoint.bytes), parameters)
    var visited: [(Int, Network)] = []
    try replayTrial(parameters, seed: seed, every: 10, threads: 2) { visited.append(($0, $1)) }
    #expect(visited.map(\.0) == [10, 20, 30, 40] && visited[3].1 == expected)
  }

  @Test func `the layers of a construction are steps of descent, and a truncated network is its beginning`() throws {
    let parameters = configuration(.exponential(scale: 0.5), [.exp], layers: 3)
    let prompts = try promptSet(parameters, purpose: .validation, count: 500)
    let descent = tuneDescent(parameters, on: prompts, steps: 3)
    let metric = scoreMetric(parameters, seed: prompts.seed)
    let network = descent.network(steps: 3)
    let same = layerDistances(network, metric: metric, descent: descent, on: prompts)
    #expect(same.map(\.layer) == [1, 2, 3])
    for layer in same { #expect(layer.toForm < 1e-5 && layer.toDescent < 1e-6) }
    #expect(same[2].mse < same[0].mse)
    var other = network
    other.r[1] *= 2
    let changed = layerDistances(other, metric: metric, descent: descent, on: prompts)
    #expect(changed[0].toDescent < 1e-6 && changed[1].toDescent > 0.05 && changed[1].toForm < 1e-5)
  }
}

private final class Unwatched: TrialObserver {
  func progressed(points: [MetricPoint], step: Int, stepsPerSecond: Double) {}
  func wrote(_ checkpoint: WrittenCheckpoint) {}
  var stopRequested: Bool { false }
}
