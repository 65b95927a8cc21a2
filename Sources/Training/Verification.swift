// This machine's kernels against a reference case: the largest relative errors, and whether they are within tolerance.
import KernelTypes
import Kernels
import Shared

package struct VerificationCheck: Sendable {
  /// `loss`, `gradient`, `trajectory` or `bayes`.
  package var name: String
  /// Relative.
  package var error: Double
  package var tolerance: Double
  package var passes: Bool
}

package struct VerificationReport: Sendable {
  package var name: String
  package var instructionSet: String
  package var checks: [VerificationCheck]
  package var passes: Bool { checks.allSatisfy(\.passes) }
}

/// Checks one case. Tolerances: loss 1e-5 relative or 1e-7 absolute; gradients 1e-4 norm-wise for each of A, r, B, C;
/// losses and parameters along an optimiser's steps 1e-3; Bayes predictions 1e-6.
package func verify(_ reference: ReferenceCase, on instructionSet: InstructionSet) -> VerificationReport {
  verify(reference, on: instructionSet.kernels)
}

/// The same on any table of kernels.
package func verify(_ reference: ReferenceCase, on kernels: KernelTable) -> VerificationReport {
  let checks: [VerificationCheck]
  switch reference.subject {
  case .bayes(let task, let ridge):
    checks = verifyBayes(reference, task, ridge)
  case .network(let parameters, let weights, let gradient, let optimiser):
    let harness = CaseHarness(reference, parameters, kernels)
    checks =
      harness.verifyPass(reference, weights, gradient)
      + (optimiser.map { harness.verifyTrajectory($0, weights) } ?? [])
  }
  return VerificationReport(name: reference.name, instructionSet: kernels.instructionSet, checks: checks)
}

private func verifyBayes(_ reference: ReferenceCase, _ task: TaskKernel, _ ridge: Double) -> [VerificationCheck] {
  let n = reference.context, d = reference.dimension
  let predictor = BayesPredictor(task: task, context: n, dimension: d, ridge: ridge)
  var worst = 0.0, loss = 0.0
  for i in 0..<reference.batch {
    let prediction = predictor.predict(
      points: Array(reference.X[i * (n + 1) * d..<(i + 1) * (n + 1) * d]),
      labels: Array(reference.y[i * n..<(i + 1) * n]))
    let difference = abs(prediction - reference.prediction[i]) / max(1, abs(reference.prediction[i]))
    // `max` would let a NaN pass unseen.
    worst = difference.isNaN ? .infinity : max(worst, difference)
    let error = prediction - reference.target[i]
    loss += error * error / Double(reference.batch)
  }
  return [
    check("bayes", worst, within: 1e-6),
    lossCheck(loss, reference.loss),
  ]
}

private func check(_ name: String, _ error: Double, within tolerance: Double) -> VerificationCheck {
  VerificationCheck(
    name: name, error: error.isNaN ? .infinity : error, tolerance: tolerance, passes: error <= tolerance)
}

/// A loss passes within 1e-5 relative or 1e-7 absolute.
private func lossCheck(_ loss: Double, _ expected: Double) -> VerificationCheck {
  var result = check("loss", abs(loss - expected) / abs(expected), within: 1e-5)
  result.passes = result.passes || abs(loss - expected) <= 1e-7
  return result
}

/// ‖a − b‖ / ‖b‖; where b is zero, ‖a‖.
private func normwiseError(_ a: [Float], _ b: [Double]) -> Double {
  var difference = 0.0, norm = 0.0
  for i in b.indices {
    difference += (Double(a[i]) - b[i]) * (Double(a[i]) - b[i])
    norm += b[i] * b[i]
  }
  let error = norm > 0 ? (difference / norm).squareRoot() : difference.squareRoot()
  return error.isNaN ? .infinity : error
}

/// A case's batch in lanes, and kernels to run on it.
private final class CaseHarness {
  private let parameters: TrialParameters
  private let kernels: KernelTable
  private let layout: TrainableLayout
  private let count: Int
  private let blocks: Int
  private let prompts: AlignedFloats
  private let targets: AlignedFloats

  init(_ reference: ReferenceCase, _ parameters: TrialParameters, _ kernels: KernelTable) {
    self.parameters = parameters
    self.kernels = kernels
    layout = TrainableLayout(parameters)
    count = reference.batch
    let n = reference.context, d = reference.dimension, f = d + 1
    blocks = (count + lanesPerBlock - 1) / lanesPerBlock
    prompts = AlignedFloats(count: blocks * (n + 1) * f * lanesPerBlock)
    targets = AlignedFloats(count: blocks * lanesPerBlock)
    for i in 0..<count {
      let z = prompts.pointer + i / lanesPerBlock * (n + 1) * f * lanesPerBlock + i % lanesPerBlock
      for t in 0...n {
        for k in 0..<d { z[(t * f + k) * lanesPerBlock] = Float(reference.X[(i * (n + 1) + t) * d + k]) }
        if t < n { z[(t * f + d) * lanesPerBlock] = Float(reference.y[i * n + t]) }
      }
      targets.pointer[i] = Float(reference.target[i])
    }
  }

  private func network(_ weights: ReferenceCase.Parameters) -> Network {
    var network = Network(parameters)
    (network.A, network.r) = (weights.A.map(Float.init), weights.r.map(Float.init))
    (network.B, network.C) = (weights.B.map(Float.init), weights.C.map(Float.init))
    return network
  }

  /// Loss and trained vector's gradient, chunk by chunk as in training.
  private func evaluate(_ network: Network) -> (loss: Double, gradient: [Float]) {
    let prepared = PreparedNetwork(network)
    let pass = prepared.pass
    let chunks = (blocks + blocksPerChunk - 1) / blocksPerChunk
    let rows = AlignedFloats(count: chunks * pass.gradientCount), losses = AlignedFloats(count: chunks)
    let scratch = AlignedFloats(count: kernels.networkScratch(pass))
    for chunk in 0..<chunks {
      let first = chunk * blocksPerChunk
      kernels.lossAndGradient(
        pass, prompts.pointer + first * pass.vectorsPerBlock * lanesPerBlock, targets.pointer + first * lanesPerBlock,
        min(blocksPerChunk, blocks - first), 2 / Float(count), scratch.pointer,
        rows.pointer + chunk * pass.gradientCount, losses.pointer + chunk)
    }
    kernels.sumRows(rows.pointer, chunks, pass.gradientCount)
    var gradient = [Float](repeating: 0, count: layout.count)
    layout.pullBack(rows.pointer, network, into: &gradient)
    return (treeSum(losses.pointer, chunks) / Double(count), gradient)
  }

  func verifyPass(
    _ reference: ReferenceCase, _ weights: ReferenceCase.Parameters, _ expected: ReferenceCase.Parameters
  ) -> [VerificationCheck] {
    let (loss, gradient) = evaluate(network(weights))
    let found = layout.expand(gradient)
    let worst =
      [
        normwiseError(found.A, expected.A), normwiseError(found.r, expected.r), normwiseError(found.B, expected.B),
        normwiseError(found.C, expected.C),
      ].max() ?? 0
    return [
      lossCheck(loss, reference.loss), check("gradient", worst, within: 1e-4),
    ]
  }

  func verifyTrajectory(_ optimiser: ReferenceCase.Optimiser, _ start: ReferenceCase.Parameters) -> [VerificationCheck]
  {
    var packed = layout.pack(network(start))
    var state = OptimizerState(count: layout.count)
    var losses: [Float] = []
    for step in 0..<optimiser.steps {
      var (loss, gradient) = evaluate(layout.expand(packed))
      losses.append(Float(loss))
      clip(&gradient, layout, step: step)
      state.update(
        &packed, gradient: gradient, step: step + 1, learningRate: learningRate(parameters, step: step), parameters)
    }
    let end = layout.expand(packed), expected = optimiser.parameters
    let worst =
      [
        normwiseError(losses, optimiser.losses), normwiseError(end.A, expected.A), normwiseError(end.r, expected.r),
        normwiseError(end.B, expected.B), normwiseError(end.C, expected.C),
      ].max() ?? 0
    return [check("trajectory", worst, within: 1e-3)]
  }
}
