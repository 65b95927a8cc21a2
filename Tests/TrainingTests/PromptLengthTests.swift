// Training prompts of several lengths: which they are, and what a step makes of them.
import Foundation
import KernelTypes
import Kernels
import Shared
import Testing
import Training

@Suite struct PromptLengthTests {
  static let cases: [TrialParameters] = [
    lengths { $0.heads = Heads([.relu]) },
    lengths { ($0.heads, $0.attentionScale) = (Heads([.exp, .linear]), .oneOverN) },
    lengths { ($0.heads, $0.value, $0.covariance) = (Heads([.softmax, .exp]), .sparse, [1, 0.5, 2]) },
    lengths { $0.heads = Heads([try! Activation("gaussian"), .linear]) },
    lengths { $0.heads = Heads([try! Activation("expression(relu(s) + c0 * s; c0 = 0.3)")]) },
    lengths { ($0.heads, $0.contextMin, $0.batch) = (Heads([.exp]), 6, 333) },
  ]

  private static func lengths(_ change: (inout TrialParameters) -> Void) -> TrialParameters {
    tinyParameters {
      ($0.contextMin, $0.context) = (2, 7)
      change(&$0)
    }
  }

  @Test func `every prompt has one length, all lengths are as likely, and equal lengths stand together`() throws {
    let parameters = tinyParameters { ($0.contextMin, $0.context, $0.batch) = (3, 7, 2000) }
    let lengths = try #require(PromptLengths(parameters, seed: Seed(rawValue: 4)))
    var counts: [Int: Int] = [:]
    for batch in 0..<5 {
      let chunks = lengths.chunks(batch: batch)
      #expect(chunks.count <= lengths.mostChunks && chunks.map(\.context) == chunks.map(\.context).sorted())
      #expect(chunks.flatMap(\.prompts).sorted() == Array(0..<2000))
      for chunk in chunks {
        #expect((1...promptsPerChunk).contains(chunk.prompts.count))
        for index in chunk.prompts { #expect(lengths.context(batch: batch, index: Int(index)) == chunk.context) }
        counts[chunk.context, default: 0] += chunk.prompts.count
      }
    }
    #expect(counts.keys.sorted() == [3, 4, 5, 6, 7])
    // 2,000 expected, standard deviation 40.
    for count in counts.values { #expect(abs(count - 2000) < 200) }
    #expect(lengths.chunks(batch: 0).map(\.prompts) != lengths.chunks(batch: 1).map(\.prompts))
    #expect(PromptLengths(tinyParameters(), seed: Seed(rawValue: 4)) == nil)
  }

  /// A plain step of size 1 moves the numbers by the gradient of the mean over prompts, each with its own n and factor 1/n.
  @Test(arguments: cases.indices)
  func `a step is that of the mean over prompts of their own lengths`(index: Int) throws {
    let parameters = Self.cases[index].changed {
      ($0.optimizer, $0.beta1, $0.learningRate, $0.clipNorm) = (.sgd, 0, 1, nil)
      ($0.steps, $0.warmupSteps, $0.schedule, $0.initScale) = (1, 0, .constant, 0.3)
    }
    let seed = Seed(rawValue: 5), layout = TrainableLayout(parameters)
    let start = initialNetwork(parameters, seed: seed, restart: 0)
    let end = try finish(parameters, seed: 5)
    let before = layout.pack(start), after = layout.pack(try trained(end.checkpoint.bytes, parameters))
    let lengths = try #require(PromptLengths(parameters, seed: seed))
    let groups = try lengths.contexts.map { n in
      let sample = try PromptSample(
        parameters.withContext(n), seed: 5, purpose: .training, count: parameters.batch)
      return (n, (0..<parameters.batch).filter { lengths.context(batch: 0, index: $0) == n }.map(sample.reference))
    }
    func loss(_ packed: [Float]) -> Double {
      let numbers = layout.expand(packed)
      return groups.reduce(0) { sum, group in
        guard !group.1.isEmpty else { return sum }
        var network = Network(parameters.withContext(group.0))
        (network.A, network.r, network.B, network.C) = (numbers.A, numbers.r, numbers.B, numbers.C)
        network.coefficients = numbers.coefficients
        return sum + network.reference.loss(group.1) * Double(group.1.count) / Double(parameters.batch)
      }
    }
    #expect(abs(end.result.metrics.trainLoss - loss(before)) < 2e-5)
    var error = 0.0, norm = 0.0
    for place in stride(from: 0, to: layout.count, by: max(1, layout.count / 25)) + [layout.count - 1] {
      var (up, down) = (before, before)
      up[place] += 1e-4
      down[place] -= 1e-4
      // What single precision has made of the change.
      let slope = (loss(up) - loss(down)) / (Double(up[place]) - Double(down[place]))
      let step = Double(before[place]) - Double(after[place])
      error += (step - slope) * (step - slope)
      norm += slope * slope
    }
    #expect(norm > 0 && (error / norm).squareRoot() < 1e-3)
  }

  @Test func `a trial's bits do not depend on threads, instruction sets, interruptions or who trains beside it`() throws
  {
    let trial = Self.cases[1], other = trial.changed { $0.learningRate = 0.005 }
    let alone = try [finish(trial), finish(other)]
    #expect(try finish(trial, threads: 2).identity == alone[0].identity)
    #expect(try finish(trial, on: .avx2).identity == alone[0].identity)
    #expect(try finish(trial, stoppedAfter: [4, 11]).identity == alone[0].identity)
    let together = try trainGang([GangSeat(trial), GangSeat(other)], threads: 2)
    for place in 0..<2 { #expect(try together[place].finished().identity == alone[place].identity) }
    let fixed = try finish(trial.changed { $0.contextMin = nil })
    // Judged on the same prompts, of the full length.
    #expect(fixed.result.metrics.zeroLoss == alone[0].result.metrics.zeroLoss)
    #expect(fixed.result.metrics.testLoss != alone[0].result.metrics.testLoss)
  }

  @Test func `lengths separate streams of prompts, are trained with, and cannot be judged by`() throws {
    let parameters = Self.cases[0]
    #expect(PromptSource(parameters) != PromptSource(parameters.changed { $0.contextMin = nil }))
    #expect(parameters.reference == parameters.changed { $0.contextMin = nil }.reference)
    #expect(try TrialParameters(canonicalJSON: parameters.canonicalJSON) == parameters)
    func found(_ changes: [ParameterName: ParameterValue]) -> String? {
      let values: [ParameterName: ParameterValue] = [
        .task: .text("relu"), .activation: .text("relu"), .contextMin: .integer(5),
      ]
      do { _ = try TrialParameters(values: values.merging(changes) { $1 }) } catch { return error.description }
      return nil
    }
    #expect(found([:]) == nil)
    #expect(found([.context: .integer(5)]) == "context_min is \"5\"; write a number below context, 5")
    #expect(found([.pool: .integer(1000)])?.contains("prompts of a pool have one length") == true)
  }
}
