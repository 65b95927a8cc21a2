// From predictions on the test prompts to the numbers of a trial (docs/science.md §4, §8). Sums run in double precision and in
// prompt order.
import Shared

extension FinalMetrics {
  /// Fills the fields that are measured on test prompts.
  mutating func measure(_ predictions: TestPredictions) {
    let targets = predictions.targets.map(Double.init)
    let network = predictions.network.map(Double.init)
    let bayes = predictions.bayes
    (testLoss, testLossStandardError) = meanAndError(network.indices.map { square(network[$0] - targets[$0]) })
    (excess, excessStandardError) = meanAndError(network.indices.map { square(network[$0] - bayes[$0]) })
    bayesLoss = meanAndError(targets.indices.map { square(bayes[$0] - targets[$0]) }).mean
    zeroLoss = meanAndError(targets.map(square)).mean
    if let reference = predictions.reference {
      referenceLoss = meanAndError(targets.indices.map { square(Double(reference[$0]) - targets[$0]) }).mean
    }
    // L − L_Bayes − E(ŷ − m)² = 2 E(ŷ − m)(m − target), zero in expectation.
    let identity = meanAndError(targets.indices.map { 2 * (network[$0] - bayes[$0]) * (bayes[$0] - targets[$0]) })
    // Both exactly zero where the network is the Bayes predictor; not a number where nothing could be measured.
    bayesIdentityZ = identity.mean == 0 && identity.error == 0 ? 0 : identity.mean / identity.error
  }
}

private func square(_ x: Double) -> Double { x * x }

/// Mean and its standard error.
private func meanAndError(_ values: [Double]) -> (mean: Double, error: Double) {
  let count = Double(values.count)
  let mean = values.reduce(0, +) / count
  guard values.count > 1 else { return (mean, .nan) }
  let variance = values.reduce(0) { $0 + square($1 - mean) } / (count - 1)
  return (mean, (variance / count).squareRoot())
}
