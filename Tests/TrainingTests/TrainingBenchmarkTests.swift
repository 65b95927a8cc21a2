// The counted work of a training step, and that a measurement is consistent with itself. No test depends on time.
import Shared
import Testing
import Training

@Suite struct TrainingBenchmarkTests {
  /// The count that every measurement of this project uses: 1.015 billion operations for three layers at n = 14, d = 5
  /// and a batch of 30,000.
  @Test func `the nominal operations of a step are those of the formulas`() {
    var parameters = TrialParameters()
    parameters.batch = 30_000
    #expect(nominalOperations(parameters) == 1_015_020_000)
    // One layer, one target: 2d² + n(2d+1) + 1 forward, 4d² + n(2d+1) backward, two operations each.
    (parameters.layers, parameters.dimension, parameters.context, parameters.batch) = (1, 2, 3, 10)
    #expect(nominalOperations(parameters) == Double(10 * 2 * (8 + 15 + 1 + 16 + 15)))
    parameters.heads = Heads([.exp, .linear])
    #expect(nominalOperations(parameters) == Double(2 * 10 * 2 * (8 + 15 + 1 + 16 + 15)))
  }

  @Test func `a measurement's numbers fit together`() throws {
    let set = try #require(Golden.instructionSets.last)
    let parameters = tinyParameters { $0.batch = 64 }
    let measured = measureTraining(parameters, threads: 2, instructionSet: set, seconds: 0.01)
    #expect(measured.instructionSet == set.rawValue && measured.threads == 2 && measured.batch == 64)
    #expect(measured.gflopPerStep == nominalOperations(parameters) / 1e9)
    #expect(abs(measured.gflops * measured.stepMs / 1e3 / measured.gflopPerStep - 1) < 1e-9)
    #expect(abs(measured.fractionOfPeak * measured.peakGflops / measured.gflops - 1) < 1e-9)
    #expect(measured.steps > 0 && measured.stepMsMin <= measured.stepMs && measured.datagenMs > 0)
    #expect(measured.poolUs > 0 && measured.poolUs <= measured.poolUsP99 && measured.serialUs > 0)
  }
}
