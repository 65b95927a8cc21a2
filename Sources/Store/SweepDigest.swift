// 64 hex digits that two directories share exactly if they hold the same results, bit for bit (docs/design.md, Determinism).
import Shared

/// SHA-256 over the terminal trials sorted by identity, a line each: configuration, seed, outcome (the state of a trial
/// without a result), the bits of its final train, validation and test loss as 16 hex digits (NaN canonical), and the
/// digest of its checkpoint. Fields are parted by one space, absent ones are `-`, every line ends with a newline. Depends on
/// nothing else: not on ids, attempts, times or machines.
package func sweepDigest(_ trials: [TrialRecord]) -> String {
  func bits(_ value: Double?) -> String {
    value.map { hexadecimal(UInt64(bitPattern: storedBits($0))) } ?? "-"
  }
  var text = "attune digest 1\n"
  for trial in trials.filter(\.state.isTerminal).sorted(by: { $0.identity < $1.identity }) {
    let metrics = trial.result?.metrics
    let fields = [
      trial.configuration.rawValue, "\(trial.seed)", trial.result?.outcome.rawValue ?? trial.state.rawValue,
      bits(metrics?.trainLoss), bits(metrics?.validationLoss), bits(metrics?.testLoss),
      trial.result?.checkpoint.rawValue ?? "-",
    ]
    text += fields.joined(separator: " ") + "\n"
  }
  return sha256Hex(Array(text.utf8))
}
