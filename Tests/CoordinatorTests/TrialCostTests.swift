// The estimate of `attune plan`: what it measures is small for every legal shape, and scales to the shape at hand.
import Coordinator
import Shared
import Testing
import Training

@Suite struct TrialCostTests {
  private func parameters(
    _ task: String, context: Int, dimension: Int, layers: Int, heads: Int, batch: Int
  ) throws -> TrialParameters {
    try TrialParameters(values: [
      .task: .text(task), .context: .integer(context), .dimension: .integer(dimension), .layers: .integer(layers),
      .activation: .list(Array(repeating: .text("exp"), count: heads)), .batch: .integer(batch),
    ])
  }

  @Test(arguments: ["linear", "relu", "exp"], [1, 7, 1024])
  func `what is measured is small for every legal shape`(task: String, context: Int) throws {
    for dimension in [1, 128] {
      for layers in [1, 64] {
        for (heads, batch) in [(1, 1), (16, 10_000_000)] {
          let sample = TrialCosts.sample(
            of: try parameters(
              task, context: context, dimension: dimension, layers: layers, heads: heads, batch: batch))
          // The last layer has one target.
          let targets = Double((sample.layers - 1) * (sample.context + 1) + 1)
          let scores = targets * Double(sample.context * sample.dimension * sample.batch)
          #expect(scores < TrialCosts.mostOperations)
          #expect(TrialCosts.drawingOperations(sample) * Double(sample.batch) <= TrialCosts.mostOperations)
          #expect((16...512).contains(sample.batch))
          // One block's kernel matrices take a few dozen megabytes at most.
          if task != "linear" { #expect(sample.context <= 256) }
        }
      }
    }
  }

  @Test func `a shape that is small enough is measured as it is`() throws {
    let small = try parameters("exp", context: 14, dimension: 5, layers: 3, heads: 1, batch: 512)
    #expect(TrialCosts.sample(of: small) == small)
  }

  @Test func `a covariance goes with the dimensions it belongs to`() throws {
    var large = try parameters("linear", context: 1024, dimension: 128, layers: 64, heads: 16, batch: 512)
    large.covariance = Array(repeating: 2, count: 128)
    let sample = TrialCosts.sample(of: large)
    #expect(sample.covariance.map(\.count) ?? sample.dimension == sample.dimension)
  }

  @Test func `drawing a larger shape is scaled by its arithmetic`() throws {
    let small = try parameters("relu", context: 14, dimension: 5, layers: 2, heads: 1, batch: 512)
    var large = small
    (large.context, large.layers) = (1024, 2)
    // A machine that draws a billion operations per second and trains in no time.
    func seconds(_ parameters: TrialParameters) -> Double {
      var costs = TrialCosts(elapsed: { .zero }) {
        .init(drawing: TrialCosts.drawingOperations($0) * Double($0.batch) / 1e9, step: 0)
      }
      return costs.seconds(of: parameters, .tuning)
    }
    let prompts = Double(large.steps * large.batch + large.validationPrompts)
    let expected = prompts * TrialCosts.drawingOperations(large) / 1e9
    #expect(abs(seconds(large) / expected - 1) < 1e-9)
    #expect(seconds(large) > 1e4 * seconds(small))
  }

  @Test func `heads are timed each for themselves, and a task's drawing once`() throws {
    var timed: [TrialParameters] = []
    var costs = TrialCosts(elapsed: { .zero }) {
      timed.append($0)
      return .init(drawing: 1, step: $0.heads == Heads([.relu]) ? 3 : 1)
    }
    func parameters(_ task: String, _ heads: [Activation]) throws -> TrialParameters {
      var parameters = try self.parameters(task, context: 14, dimension: 5, layers: 3, heads: 1, batch: 512)
      parameters.heads = Heads(heads)
      return parameters
    }
    let linear = costs.seconds(of: try parameters("relu", [.linear]), .tuning)
    let relu = costs.seconds(of: try parameters("relu", [.relu]), .tuning)
    #expect(relu > linear && timed.count == 2)
    _ = costs.seconds(of: try parameters("exp", [.relu]), .tuning)
    #expect(timed.count == 3)
    // All that these two are made of is known.
    _ = costs.seconds(of: try parameters("exp", [.linear]), .tuning)
    _ = costs.seconds(of: try parameters("relu", [.relu]), .tuning)
    #expect(timed.count == 3)
  }

  @Test func `after so many shapes, or when time is up, nothing more is measured`() throws {
    var count = 0
    var now = Duration.zero
    func plan(_ shapes: Int) throws -> Int {
      count = 0
      var costs = TrialCosts(elapsed: { now }) { _ in
        count += 1
        return .init(drawing: 1, step: 1)
      }
      for context in 1...shapes {
        let shape = try parameters("linear", context: context, dimension: 5, layers: 1, heads: 1, batch: 64)
        #expect(costs.seconds(of: shape, .tuning) > 0)
      }
      return count
    }
    #expect(try plan(40) == TrialCosts.mostMeasured)
    now = TrialCosts.patience + .milliseconds(1)
    #expect(try plan(20) == 1)
  }

  @Test func `what was measured before is not measured again, and is scaled to the shape at hand`() throws {
    let small = try parameters("exp", context: 14, dimension: 5, layers: 3, heads: 1, batch: 512)
    var large = small
    (large.batch, large.layers) = (30_000, 6)
    var timed = 0
    func seconds(_ parameters: TrialParameters, stored: [TrialCosts.StoredTiming]) -> (Double, TrialCosts) {
      var costs = TrialCosts(stored: stored, elapsed: { .zero }) {
        timed += 1
        return .init(drawing: 2, step: 3 * nominalOperations($0) / nominalOperations(small))
      }
      return (costs.seconds(of: parameters, .tuning), costs)
    }
    let stored = TrialCosts.StoredTiming(parameters: small, timing: .init(drawing: 2, step: 3), day: "2026-11-20")
    let (known, costs) = seconds(large, stored: [stored])
    #expect(timed == 0 && costs.measurements == 0 && costs.storedDays == ["2026-11-20"])
    #expect(
      timingText(costs, "a processor, 2 cores, avx2")
        == "Steps were timed by attune bench training on 2026-11-20, a processor, 2 cores, avx2.")
    let (measured, fresh) = seconds(large, stored: [])
    #expect(timed == 1 && abs(known / measured - 1) < 1e-9)
    #expect(timingText(fresh, "a processor") == "1 shape was timed now, a processor.")
    // Another activation is another shape.
    large.heads = Heads([.relu])
    let (_, both) = seconds(large, stored: [stored])
    #expect(timed == 2 && both.storedDays.isEmpty)
  }
}
