// Which trials go on where shorter ones ended, and what is said of those that cannot.
import Shared
import Testing

@Suite struct ContinuationTests {
  private func parameters(_ steps: Int, _ change: (inout TrialParameters) -> Void = { _ in }) -> TrialParameters {
    var parameters = TrialParameters()
    (parameters.steps, parameters.schedule) = (steps, .constant)
    change(&parameters)
    return parameters
  }

  @Test func `a longer trial of a constant schedule continues a shorter one, however often it is evaluated`() {
    #expect(parameters(200).continues(parameters(100)))
    #expect(parameters(200) { $0.evaluateEvery = 3 }.continues(parameters(100) { $0.checkpointEvery = 7 }))
    #expect(!parameters(100).continues(parameters(200)) && !parameters(100).continues(parameters(100)))
    #expect(!parameters(200).continues(parameters(100) { $0.learningRate = 0.5 }))
    #expect(!parameters(200).continues(parameters(100) { $0.testPrompts = 7 }))
  }

  @Test func `whatever depends on the number of steps keeps trials from going on, and is named`() {
    func obstacle(_ change: (inout TrialParameters) -> Void, _ longer: (inout TrialParameters) -> Void) -> String? {
      let short = parameters(100, change), long = parameters(200, longer)
      #expect(long.continues(short) == (short.obstacle(to: long) == nil))
      return short.obstacle(to: long)
    }
    #expect(obstacle({ _ in }, { _ in }) == nil)
    #expect(
      obstacle({ $0.schedule = .cosine }, { $0.schedule = .cosine })
        == "its cosine schedule depends on steps from the start, so trials cannot go on; a constant one's can")
    #expect(obstacle({ $0.schedule = .step }, { $0.schedule = .step })?.hasPrefix("its step schedule") == true)
    #expect(
      obstacle({ $0.warmupSteps = 5 }, { $0.warmupSteps = 10 })
        == "warmup_steps follows steps, so trials cannot go on; write warmup_steps: 5")
    #expect(
      obstacle({ $0.restarts = 3 }, { $0.restarts = 3 })
        == "each restart begins after steps, so trials cannot go on")
    #expect(parameters(200).obstacle(to: parameters(100)) == "trials do not become shorter")
  }
}
