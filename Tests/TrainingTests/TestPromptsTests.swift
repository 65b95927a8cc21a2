// A trial's test prompts as plain arrays: the very prompts that its test loss is measured on.
import Shared
import Testing
import Training

@Suite struct TestPromptsTests {
  @Test(arguments: Golden.instructionSets.map(\.rawValue))
  func `the arrays are the trial's prompts, in order`(instructionSet: String) throws {
    let parameters = tinyParameters { $0.labelNoise = 0.3 }
    let set = try #require(Golden.instructionSets.first { $0.rawValue == instructionSet })
    let prompts = TestPrompts(parameters, seed: Seed(rawValue: 5), on: set)
    let sample = try PromptSample(parameters, seed: 5, purpose: .test, count: 200)
    #expect(prompts.x.count == 200 * 7 * 3 && prompts.labels.count == 200 * 6 && prompts.targets.count == 200)
    for i in [0, 1, 63, 64, 127, 199] {
      #expect(Array(prompts.x[i * 21..<(i + 1) * 21]) == sample.prompt(i).x)
      #expect(prompts.labels[i * 6..<(i + 1) * 6].map(Double.init) == sample.prompt(i).labels)
      #expect(Double(prompts.targets[i]) == sample.targets[i])
    }
    // Their mean square is the zero predictor's loss that the trial reports.
    let zero = meanAndError(prompts.targets.map { Double($0) * Double($0) }).mean
    #expect(abs(zero - (try finish(parameters).result.metrics.zeroLoss)) < 1e-12)
  }

  @Test func `the file names its tensors and where they come from`() throws {
    let parameters = tinyParameters()
    let written = TestPrompts(parameters, seed: Seed(rawValue: 5), on: try #require(Golden.instructionSets.first)).file
    let file = try Safetensors(bytes: written.bytes)
    #expect(file == written)
    #expect(file.tensors.map(\.name) == ["X", "y", "target"])
    #expect(file.tensors.map(\.shape) == [[200, 7, 3], [200, 6], [200]])
    #expect(file.metadata == ["configuration": parameters.canonicalJSON, "seed": "5"])
  }
}
