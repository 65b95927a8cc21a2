// Parts that keep their initial numbers, and trials that start from theory's construction.
import Foundation
import Kernels
import Shared
import Testing
import Training

@Suite struct FrozenTests {
  @Test(arguments: FrozenParts.named.indices, Optimizer.allCases)
  func `a frozen part keeps its initial numbers while all others move`(index: Int, optimizer: Optimizer) throws {
    let part = FrozenParts.named[index]
    let parameters = tinyParameters {
      ($0.frozen, $0.optimizer, $0.weightDecay, $0.layers) = (part.part, optimizer, 0.1, 3)
    }
    let end = try TrainingState.network(try Safetensors(bytes: try finish(parameters).checkpoint.bytes), parameters)
    let start = initialNetwork(parameters, seed: Seed(rawValue: 5), restart: 0)
    let same = ["A": end.A == start.A, "r": end.r == start.r, "B": end.B == start.B, "C": end.C == start.C]
    for (name, isSame) in same { #expect(isSame == (name == part.name), "\(name)") }
  }

  @Test func `what is frozen has no part in the clip, and is no part of other identities`() throws {
    var parameters = tinyParameters()
    let plain = parameters.id
    parameters.frozen = [.value, .residual]
    #expect(parameters.id != plain && parameters.canonicalJSON.contains(#""frozen":["A","r"]"#))
    #expect(try TrialParameters(canonicalJSON: parameters.canonicalJSON) == parameters)
    let values: [ParameterName: ParameterValue] = [.task: .text("relu"), .activation: .text("relu")]
    func read(_ value: ParameterValue) throws(ParameterError) -> FrozenParts {
      try TrialParameters(values: values.merging([.frozen: value]) { $1 }).frozen
    }
    #expect(try read(.list([.text("r"), .text("A")])) == [.value, .residual] && read(.text("C")) == .query)
    for wrong in [
      ParameterValue.text("a"), .list([]), .list(["A", "r", "B", "C"].map { .text($0) }),
      .list([.text("A"), .text("A")]),
    ] {
      #expect(throws: ParameterError.self) { try read(wrong) }
    }
    #expect(parameters.trainedNumbers == 2 * 2 * 9)
  }

  /// P1: with h = κ every layer of the construction is a step of functional gradient descent of size 1.
  @Test(arguments: ["linear", "exp", "exp(1)", "relu"], [false, true])
  func `a start from theory is k steps of descent in the task's kernel`(task: String, hasCovariance: Bool) throws {
    let parameters = tinyParameters {
      $0.task = try! TaskKernel(task)
      $0.heads = Heads([try! Activation(task == "exp" || task == "exp(1)" ? "exp" : task)])
      ($0.initialization, $0.initScale, $0.layers, $0.context) = (.descent, 0, 3, 7)
      if hasCovariance { $0.covariance = [1, 0.25, 2] }
    }
    let sample = try PromptSample(parameters, count: 20)
    let found = sample.predictions(initialNetwork(parameters, seed: Seed(rawValue: 0), restart: 0))
    let n = parameters.context
    for index in 0..<20 {
      let points = sample.points(index), labels = sample.prompt(index).labels
      func kernel(_ a: [Double], _ b: [Double]) -> Double {
        switch parameters.task {
        case .exponential(let s): Foundation.exp(s * dot(a, b))
        case .relu: max(0, dot(a, b))
        default: dot(a, b)
        }
      }
      var values = [Double](repeating: 0, count: n + 1)
      for _ in 0..<3 {
        let residuals = (0..<n).map { labels[$0] - values[$0] }
        for t in 0...n {
          for i in 0..<n { values[t] += residuals[i] * kernel(points[i], points[t]) / Double(n) }
        }
      }
      #expect(abs(found[index] - values[n]) < 2e-5)
    }
  }

  @Test
  func `noise on the construction is what init_scale says, and a trial from it has a start that survives packing`() {
    let exact = tinyParameters { ($0.initialization, $0.initScale) = (.descent, 0) }
    let noisy = exact.changed { $0.initScale = 0.05 }
    let a = initialNetwork(exact, seed: Seed(rawValue: 1), restart: 0)
    let b = initialNetwork(noisy, seed: Seed(rawValue: 1), restart: 0)
    #expect(a.A.allSatisfy { $0 == 0 } && a != b)
    for (x, y) in zip(a.B, b.B) { #expect(abs(x - y) < 0.3) }
    let layout = TrainableLayout(noisy)
    #expect(layout.expand(layout.pack(b)) == b)
  }
}
