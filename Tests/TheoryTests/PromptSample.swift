// Prompt sets for the tests of this module.
import Kernels
import Shared
import Testing
import Theory
import Training

func promptSet(
  _ parameters: TrialParameters, seed: UInt32 = 0, purpose: PromptStream.Purpose = .test, count: Int,
  labelScale: Double = 1, threads: Int = 2
) throws -> PromptSet {
  try PromptSet(
    parameters, seed: Seed(rawValue: seed), purpose: purpose, count: count, labelScale: labelScale,
    pool: WorkerPool(threadCount: threads), kernels: try #require(InstructionSet.best?.kernels))
}

func configuration(_ task: TaskKernel, _ activations: [Activation] = [.linear], layers: Int = 3) -> TrialParameters {
  var parameters = TrialParameters()
  (parameters.task, parameters.heads, parameters.layers) = (task, Heads(activations), layers)
  return parameters
}

/// ‖a − b‖ / ‖b‖
func relativeDistance(_ a: [Double], _ b: [Double]) -> Double {
  var difference = 0.0, norm = 0.0
  for i in b.indices {
    difference += (a[i] - b[i]) * (a[i] - b[i])
    norm += b[i] * b[i]
  }
  return (difference / norm).squareRoot()
}
