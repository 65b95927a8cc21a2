// The same trial gives the same bits for any number of threads, on both instruction sets, and however often it is
// stopped and resumed.
import Foundation
import Kernels
import Shared
import Synchronization
import Testing
import Training

@Suite struct DeterminismTests {
  /// Trials that differ in everything that threads, restarts or resampling could disturb.
  static let trials: [TrialParameters] = [
    tinyParameters(),
    tinyParameters {
      $0.task = .exponential(scale: 0.5)
      $0.heads = Heads([.softmax, .linear, .exp])
      ($0.batch, $0.resampleEvery, $0.layers) = (513, 4, 3)
    },
    tinyParameters {
      $0.task = .linear
      ($0.heads, $0.dimension, $0.pool, $0.labelNoise) = (Heads([.exp]), 7, 300, 0.2)
      ($0.restarts, $0.steps, $0.resampleEvery) = (3, 17, 3)
      $0.covariance = [1, 2, 0.5, 1, 1, 1, 3]
    },
    tinyParameters {
      ($0.optimizer, $0.schedule, $0.tiedLayers) = (.adamw, .step, true)
      ($0.weightDecay, $0.inputs, $0.kernelOn) = (0.01, .gaussian, .x)
      $0.initialization = .gaussian
    },
    tinyParameters {
      ($0.network, $0.restarts, $0.heads, $0.steps) = (.isotropic, 4, Heads([.softmax]), 11)
    },
    tinyParameters {
      ($0.optimizer, $0.learningRate, $0.value, $0.steps) = (.sgd, 0.05, .sparse, 25)
      ($0.batch, $0.validationPrompts, $0.testPrompts) = (1, 1, 2)
    },
  ]

  @Test(arguments: trials.indices, [2, 3])
  func `the number of threads changes no bit`(trial: Int, threads: Int) throws {
    let one = try finish(Self.trials[trial]), several = try finish(Self.trials[trial], threads: threads)
    #expect(one.identity == several.identity)
    #expect(one.points == several.points)
    #expect(one.checkpoints.map(\.digest) == several.checkpoints.map(\.digest))
    #expect(one.result.outcome == .finite)
  }

  /// Batches of one lane, of whole and broken blocks and chunks: few chunks are shared between threads, many are not.
  @Test(arguments: [1, 16, 17, 33, 64, 65, 1000])
  func `threads that share chunks of few prompts change no bit`(batch: Int) throws {
    let parameters = tinyParameters { ($0.batch, $0.steps, $0.dimension) = (batch, 6, 7) }
    let one = try finish(parameters)
    for threads in [2, 3, 5] {
      let several = try finish(parameters, threads: threads)
      #expect(one.identity == several.identity && one.points == several.points, "\(threads) threads")
    }
  }

  /// Also in the middle of the steps that share a batch, and across restarts.
  @Test(arguments: trials.indices)
  func `threads that come and go while a trial runs change no bit`(trial: Int) throws {
    let steady = try finish(Self.trials[trial])
    let changing = try finish(Self.trials[trial], changingThreads: [0: 2, 2: 3, 5: 1, 6: 2, 20: 2, 21: 4, 23: 1])
    #expect(steady.identity == changing.identity)
    #expect(steady.points == changing.points)
  }

  @Test(
    .enabled(if: InstructionSet.allCases.allSatisfy(\.isSupported), "this processor has no AVX-512"),
    arguments: trials.indices)
  func `the instruction set changes no bit`(trial: Int) throws {
    let narrow = try finish(Self.trials[trial], on: .avx2), wide = try finish(Self.trials[trial], on: .avx512)
    #expect(narrow.identity == wide.identity)
    #expect(narrow.points == wide.points)
  }

  @Test(arguments: trials.indices, [[0], [1], [4, 4, 4], [7], [16, 1, 1], [9, 0, 0, 9]])
  func `a trial that was stopped and resumed ends as one that was not`(trial: Int, stops: [Int]) throws {
    let whole = try finish(Self.trials[trial]), pieces = try finish(Self.trials[trial], stoppedAfter: stops)
    #expect(pieces.identity == whole.identity)
    // Each point of the learning curve is reported once.
    #expect(pieces.points == whole.points)
  }

  @Test(arguments: trials.indices)
  func `every checkpoint on the way leads to the same end`(trial: Int) throws {
    let parameters = Self.trials[trial]
    let whole = try finish(parameters)
    let total = parameters.steps * parameters.restarts
    #expect(whole.checkpoints.map(\.step) == Array(stride(from: 9, to: total, by: 9)))
    for checkpoint in whole.checkpoints {
      let rest = try finish(parameters, resume: checkpoint.bytes)
      #expect(rest.identity == whole.identity)
      #expect(rest.points == whole.points.filter { $0.step > checkpoint.step })
    }
    // The last checkpoint stands for the trial's end, for a worker that died before its result was known.
    #expect(whole.checkpoint.step == total)
    #expect(try finish(parameters, resume: whole.checkpoint.bytes).identity == whole.identity)
  }

  @Test func `seeds, restarts and stages differ`() throws {
    let parameters = Self.trials[0]
    let base = try finish(parameters)
    #expect(try finish(parameters, seed: 6).result.checkpoint != base.result.checkpoint)
    let tuning = try finish(parameters, stage: .tuning)
    #expect(tuning.result.checkpoint == base.result.checkpoint)
    #expect(tuning.result.metrics.validationLoss == base.result.metrics.validationLoss)
    #expect(tuning.result.metrics.testLoss.isNaN && base.result.metrics.testLoss.isFinite)
    let seed = Seed(rawValue: 5)
    #expect(initialNetwork(parameters, seed: seed, restart: 0) != initialNetwork(parameters, seed: seed, restart: 1))
    #expect(initialNetwork(parameters, seed: seed, restart: 0) == initialNetwork(parameters, seed: seed, restart: 0))
  }

  /// A larger batch begins with the prompts of a smaller one, so their gradients differ by the added prompts alone; here
  /// only that a first step sees the same first prompts is visible: same seed, same start, nearby losses.
  @Test func `starts do not depend on the task, the activation or the batch`() {
    let seed = Seed(rawValue: 9)
    let a = tinyParameters(),
      b = tinyParameters {
        ($0.task, $0.batch, $0.heads) = (.linear, 7, Heads([.softmax]))
      }
    let first = initialNetwork(a, seed: seed, restart: 0), second = initialNetwork(b, seed: seed, restart: 0)
    #expect(first.A == second.A && first.B == second.B && first.C == second.C && first.r == second.r)
  }
}

@Suite struct WorkerPoolTests {
  @Test(arguments: [1, 2, 3, 8])
  func `every index is handed out once, whichever thread takes it`(threads: Int) {
    let pool = WorkerPool(threadCount: threads)
    #expect(pool.threadCount == threads)
    for count in [0, 1, 2, 7, 64, 1000] {
      let calls = (0..<max(1, count)).map { _ in Atomic64() }
      for _ in 0..<20 {
        pool.run(count: count) { index, thread in
          precondition(thread < threads)
          calls[index].value.add(1, ordering: .relaxed)
        }
      }
      if count > 0 { #expect(calls.allSatisfy { $0.value.load(ordering: .relaxed) == 20 }) }
    }
  }

  /// Threads that have gone to sleep between two runs, that are more than the cores, and whose work is uneven.
  @Test(arguments: [2, 7])
  func `a pool that has slept wakes for all its work`(threads: Int) {
    let pool = WorkerPool(threadCount: threads)
    let calls = Atomic64(), longest = Atomic64()
    for round in 1...20 {
      usleep(round % 2 == 0 ? 2000 : 0)
      pool.run(count: 12) { index, _ in
        // The caller, too, sleeps until the longest is over.
        if index == 11 { usleep(3000) }
        calls.value.add(1, ordering: .relaxed)
        if index == 11 { longest.value.add(1, ordering: .relaxed) }
      }
      #expect(calls.value.load(ordering: .relaxed) == 12 * round)
      #expect(longest.value.load(ordering: .relaxed) == round)
    }
  }

  @Test(arguments: [2, 3])
  func `threads that are done take over the share of one that is held up`(threads: Int) {
    let pool = WorkerPool(threadCount: threads)
    let others = Atomic64()
    let deadline = ContinuousClock.now + .seconds(60)
    for held in [0, 5, 9] {
      others.value.store(0, ordering: .relaxed)
      pool.run(count: 10) { index, _ in
        guard index == held else {
          others.value.add(1, ordering: .relaxed)
          return
        }
        while others.value.load(ordering: .relaxed) < 9, ContinuousClock.now < deadline { usleep(100) }
      }
      #expect(ContinuousClock.now < deadline)
      #expect(others.value.load(ordering: .relaxed) == 9)
    }
  }

  @Test func `pools come and go`() {
    for _ in 0..<50 {
      let pool = WorkerPool(threadCount: 3)
      let sum = Atomic64()
      pool.run(count: 10) { index, _ in sum.value.add(index, ordering: .relaxed) }
      #expect(sum.value.load(ordering: .relaxed) == 45)
    }
  }
}

/// A counter that closures can share.
final class Atomic64: Sendable {
  let value = Atomic<Int>(0)
}
