// Resuming from bytes that came over a network or from a disk: another trial's checkpoint, a missing tensor, a wrong
// shape or hostile bytes are refused in words, and nothing traps.
import Foundation
import Shared
import Testing
import Training

@Suite struct CheckpointTests {
  private let parameters = tinyParameters { ($0.restarts, $0.steps, $0.checkpointEvery) = (2, 6, 8) }

  /// The checkpoint after 8 of 12 steps, with the best network of the first restart.
  private func checkpoint() throws -> Safetensors {
    let bytes = try #require(try finish(parameters).checkpoints.first).bytes
    return try Safetensors(bytes: bytes)
  }

  /// What resuming from a changed checkpoint says, or nil where it works.
  private func refusal(
    _ parameters: TrialParameters? = nil, seed: UInt32 = 5, _ change: (inout Safetensors) -> Void
  ) throws -> String? {
    var file = try checkpoint()
    change(&file)
    do {
      _ = try finish(parameters ?? self.parameters, seed: seed, resume: file.bytes)
      return nil
    } catch TrainingError.badCheckpoint(let found) {
      #expect(
        "\(TrainingError.badCheckpoint(found: found))"
          == "checkpoint is unusable: \(found); delete it or start the trial without it")
      return found
    }
  }

  @Test func `a checkpoint holds the network first, then the optimiser, then the best restart`() throws {
    let file = try checkpoint()
    let blocks = ["layers.0.heads.0.", "layers.1.heads.0."]
    let network = blocks.flatMap { block in ["A", "r", "B", "C"].map { block + $0 } }
    let optimizer = network.flatMap { ["optimizer.m." + $0, "optimizer.v." + $0] }
    #expect(file.tensors.map(\.name) == network + optimizer + network.map { "best." + $0 })
    for tensor in file.tensors { #expect(tensor.shape == (tensor.name.hasSuffix("r") ? [1] : [3, 3])) }
    #expect(
      file.metadata.keys.sorted() == [
        "arithmetic_version", "best.train_loss", "best.validation_loss", "configuration", "seed", "step", "train_loss",
      ])
    #expect(file.metadata["configuration"] == parameters.canonicalJSON)
    #expect(file.metadata["seed"] == "5" && file.metadata["step"] == "8")
    #expect(try refusal { _ in } == nil)
  }

  @Test func `another trial's checkpoint is refused`() throws {
    let other = "it belongs to another configuration, seed or arithmetic version"
    #expect(try refusal(seed: 6) { _ in } == other)
    #expect(try refusal(tinyParameters()) { _ in } == other)
    #expect(try refusal { $0.metadata["arithmetic_version"] = "0" } == other)
    #expect(try refusal { $0.metadata["seed"] = nil } == other)
    #expect(try refusal { $0.metadata = [:] } == other)
  }

  @Test func `a step outside the trial is refused`() throws {
    for step in ["-1", "13", "9223372036854775807", "99999999999999999999", "", "x", "3.5"] {
      #expect(try refusal { $0.metadata["step"] = step } == "it has no step within the trial", "step \(step)")
    }
  }

  @Test func `what is missing or misshapen is named`() throws {
    #expect(try refusal { $0.metadata["train_loss"] = "-" } == "it has no train_loss")
    #expect(try refusal { $0.metadata["best.train_loss"] = nil } == "it has no best.train_loss")
    for name in try checkpoint().tensors.map(\.name) {
      let missing = try #require(try refusal { $0.tensors.removeAll { $0.name == name } })
      let misshapen = try #require(
        try refusal {
          guard let index = $0.tensors.firstIndex(where: { $0.name == name }) else { return }
          $0.tensors[index].shape = [$0.tensors[index].values.count, 1]
        })
      let parameter = name.replacingOccurrences(of: "optimizer.m.", with: "")
        .replacingOccurrences(of: "optimizer.v.", with: "")
      let expected =
        name.hasPrefix("optimizer")
        ? "it has no optimiser state for \(parameter)"
        : "it has no tensor \(name) of shape \(name.hasSuffix("r") ? [1] : [3, 3])"
      #expect(missing == expected)
      #expect(misshapen == expected)
    }
  }

  @Test func `bytes that are no checkpoint are refused, for resuming and as a reference`() throws {
    for bytes: [UInt8] in [[], [1, 2, 3], [UInt8](repeating: 0xFF, count: 64), Array("{}      ".utf8)] {
      #expect(throws: TrainingError.self) { try finish(parameters, resume: bytes) }
      #expect(throws: TrainingError.self) { try finish(parameters, reference: bytes) }
    }
  }

  @Test func `a checkpoint of numbers that are not finite ends as a diverged trial`() throws {
    var file = try checkpoint()
    for index in file.tensors.indices where !file.tensors[index].name.hasPrefix("best.") {
      for i in file.tensors[index].values.indices { file.tensors[index].values[i] = i % 2 == 0 ? .nan : .infinity }
    }
    // The first restart's best is still good.
    #expect(try finish(parameters, resume: file.bytes).result.outcome == .finite)
    file.tensors.removeAll { $0.name.hasPrefix("best.") }
    (file.metadata["best.train_loss"], file.metadata["best.validation_loss"]) = (nil, nil)
    #expect(try finish(parameters, resume: file.bytes).result.outcome == .diverged)
  }

  @Test func `initial draws have their distribution, and the two initialisations differ by half the identity`() {
    let start = initialNetwork(tinyParameters(), seed: Seed(rawValue: 0), restart: 0)
    let wide = initialNetwork(tinyParameters { $0.initialization = .gaussian }, seed: Seed(rawValue: 0), restart: 0)
    for i in 0..<18 {
      #expect(abs(start.B[i] - wide.B[i] - (i % 9 % 4 == 0 ? 0.5 : 0)) < 1e-7)
      #expect(start.A[i] == wide.A[i])
    }
    #expect(start.r.allSatisfy { $0 <= 0 && $0 > -0.1 })
    var draws: [Double] = []
    for seed in 0..<200 {
      let parameters = tinyParameters { $0.initialization = .gaussian }
      let network = initialNetwork(parameters, seed: Seed(rawValue: UInt32(seed)), restart: 0)
      draws += (network.A + network.B + network.C + network.r).map(Double.init)
    }
    let first = meanAndError(draws), second = meanAndError(draws.map { $0 * $0 })
    #expect(abs(first.mean) < 4 * first.error)
    #expect(abs(second.mean - 0.01) < 4 * second.error)
    #expect(Set(draws).count > draws.count - 10)
  }
}
