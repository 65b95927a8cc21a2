// Trials that start where another training has ended.
import Foundation
import Shared
import Testing

import Training

@Suite struct StartTests {
  private static let source = Result {
    try finish(tinyParameters { ($0.steps, $0.evaluateEvery, $0.checkpointEvery) = (12, 12, 12) })
  }

  private func start(_ parameters: TrialParameters) throws -> TrialParameters {
    let checkpoint = try Self.source.get().checkpoint
    let network = try trained(checkpoint.bytes, tinyParameters())
    return parameters.changed { ($0.initialization, $0.initScale) = (.checkpoint(try! network.startingNetwork()), 0) }
  }

  @Test func `a start has the checkpoint's bits, and with init_scale noise on them`() throws {
    let parameters = try start(tinyParameters())
    let exact = initialNetwork(parameters, seed: Seed(rawValue: 3), restart: 0)
    #expect(exact == (try trained(try Self.source.get().checkpoint.bytes, tinyParameters())))
    let noisy = initialNetwork(parameters.changed { $0.initScale = 0.01 }, seed: Seed(rawValue: 3), restart: 0)
    for (a, b) in [(exact.A, noisy.A), (exact.B, noisy.B), (exact.C, noisy.C), (exact.r, noisy.r)] {
      #expect(a != b)
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 0.06) }
    }
  }

  /// A step of no size from where a trial ended has that trial's loss, on the same validation prompts.
  @Test func `a trial goes on from the loss at which the other ended`() throws {
    let before = try Self.source.get().result.metrics
    let parameters = try start(tinyParameters { ($0.steps, $0.warmupSteps, $0.learningRate) = (1, 0, 1e-30) })
    #expect(try finish(parameters).result.metrics.validationLoss == before.validationLoss)
    let end = try finish(try start(tinyParameters()))
    #expect(end.result.metrics.validationLoss < before.validationLoss)
  }

  @Test func `it is the same trial when it is stopped, read back from its canonical form, and on any thread`() throws {
    let parameters = try start(tinyParameters())
    let alone = try finish(parameters).identity
    #expect(try finish(parameters, stoppedAfter: [4, 3]).identity == alone)
    let read = try TrialParameters(canonicalJSON: parameters.canonicalJSON)
    #expect(read == parameters && read.id == parameters.id)
    #expect(try finish(read, threads: 2).identity == alone)
  }

  @Test func `restarts from one checkpoint see other batches, and with noise start apart`() throws {
    let parameters = try start(tinyParameters { ($0.restarts, $0.initScale) = (2, 0.1) }).changed { $0.initScale = 0.1 }
    let seed = Seed(rawValue: 0)
    #expect(
      initialNetwork(parameters, seed: seed, restart: 0) != initialNetwork(parameters, seed: seed, restart: 1))
  }
}
