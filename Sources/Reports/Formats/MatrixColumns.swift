// The columns of matrix.csv (docs/design.md, Output directory): one definition for CSV and JSON.
// A column's order and name are a contract; a change needs a new `matrixVersion`.
import Shared

/// Version of the columns and of matrix.json.
package let matrixVersion = 1

struct MatrixColumn {
  let name: String
  let value: (MatrixCell) -> JSONValue
}

/// The columns of this sweep: the fixed ones with its further axes and tuned parameters in between.
func matrixColumns(_ matrix: SweepMatrix) -> [MatrixColumn] {
  var columns = [
    MatrixColumn(name: "task") { .text($0.measured.taskText) },
    MatrixColumn(name: "activation") { .text($0.measured.headsText) },
  ]
  for axis in matrix.furtherAxes {
    columns.append(
      MatrixColumn(name: axis.rawValue) { $0.measured.value(of: axis).map { JSONValue($0) } ?? .null })
  }
  for (index, name) in matrix.tuned.enumerated() {
    columns.append(
      MatrixColumn(name: name.rawValue) { cell in
        let tuning = cell.measured.tuning
        return tuning.selected.map { JSONValue(tuning.candidates[$0].values[index]) } ?? .null
      })
  }
  let confidence = matrix.settings.confidence
  return columns + [
    MatrixColumn(name: "edge") { .integer($0.measured.tuning.edges.isEmpty ? 0 : 1) },
    MatrixColumn(name: "tune_seeds") { .integer($0.measured.tuning.seeds) },
    MatrixColumn(name: "seeds") { .integer($0.measured.present.count) },
    MatrixColumn(name: "diverged") { .integer($0.measured.divergedCount) },
    MatrixColumn(name: "ln_test_loss_mean") { .optional($0.measured.lnTestLoss?.mean) },
    MatrixColumn(name: "ln_test_loss_sd") { .optional($0.measured.lnTestLoss?.standardDeviation) },
    MatrixColumn(name: "ln_test_loss_ci_low") {
      .optional($0.measured.lnTestLoss?.interval(confidence: confidence)?.low)
    },
    MatrixColumn(name: "ln_test_loss_ci_high") {
      .optional($0.measured.lnTestLoss?.interval(confidence: confidence)?.high)
    },
    MatrixColumn(name: "bayes_loss") { .number($0.measured.bayesLoss) },
    MatrixColumn(name: "zero_loss") { .number($0.measured.zeroLoss) },
    MatrixColumn(name: "excess") { .number($0.measured.excess) },
    MatrixColumn(name: "normalised_excess") { .number($0.measured.normalisedExcess) },
    MatrixColumn(name: "reference_ln_loss") { .number($0.measured.lnReference) },
    MatrixColumn(name: "matched") { .integer($0.measured.isMatched ? 1 : 0) },
    MatrixColumn(name: "leader") { .integer($0.isLeader ? 1 : 0) },
    MatrixColumn(name: "in_best_set") { .integer($0.inBestSet ? 1 : 0) },
    MatrixColumn(name: "verdict") { .text($0.verdict.rawValue) },
    MatrixColumn(name: "p_raw") { .optional($0.pRaw) },
    MatrixColumn(name: "p_adjusted") { .optional($0.pAdjusted) },
    MatrixColumn(name: "status") { .text($0.status.rawValue) },
  ]
}
