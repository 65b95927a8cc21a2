// What the tables of all formats have in common: a cell's loss with its marks, the baselines, the legend, and the list
// of what was run.
import Shared

extension MatrixRow {
  /// The cell of a column by its name.
  package func cell(column: String) -> MatrixCell? {
    cells.first { ($0.measured.coordinates.first { $0.role == .columns }?.text ?? "") == column }
  }
}

/// `0.306`, the geometric mean over seeds of the test loss, with marks: `?` trials pending, `d` a run diverged, `s` too
/// few seeds, `o` optimiser-limited.
func lossText(_ cell: MatrixCell) -> String {
  let loss = cell.measured.lnTestLoss.map { numberText(exponential($0.mean)) } ?? "–"
  return loss + statusMark(cell.status)
}

/// What `lossText` appends.
func statusMark(_ status: CellStatus) -> String {
  switch status {
  case .pending: "?"
  case .diverged: "d"
  case .tooFewSeeds: "s"
  case .optimiserLimited: "o"
  case .ok: ""
  }
}

extension MatrixRow {
  /// Bayes loss and the zero predictor's on the row's prompts, means over its cells; NaN where nothing was measured, nil
  /// where the cells have different problems and so no loss in common.
  var baselines: (bayes: Double, zero: Double)? {
    guard Set(cells.compactMap(\.measured.problem)).count <= 1 else { return nil }
    return (meanOfFinite(cells.map(\.measured.bayesLoss)), meanOfFinite(cells.map(\.measured.zeroLoss)))
  }
}

/// Bayes and zero predictor's loss of a row as tables write them.
func baselineTexts(_ row: MatrixRow) -> [String] {
  guard let baselines = row.baselines else { return ["varies", "varies"] }
  return [baselineText(baselines.bayes), baselineText(baselines.zero)]
}

/// A loss below 1e-10 is a Bayes loss of 0 with rounding errors; programs read the number itself.
func baselineText(_ loss: Double) -> String { abs(loss) < 1e-10 ? "0" : numberText(loss) }

func tableLegend(_ matrix: SweepMatrix) -> String {
  var text = "Test loss, geometric mean over \(matrix.reportSeedsPhrase). "
  text +=
    matrix.replication == nil
    ? "Best set (*, bold): no rival beats it at p ≤ α/(K − 1), one-sided sign-flip tests over all pairs of the row, "
    : "Best set (*, bold): no rival beats it at p ≤ α, tests over all pairs of the row that are valid at any time, "
  text += "α = \(settingText(1 - matrix.settings.confidence))."
  let statuses = Set(matrix.cells.map(\.status))
  let marks: [(CellStatus, String)] = [
    (.pending, "? trials pending"), (.diverged, "d a run diverged"), (.tooFewSeeds, "s too few seeds to decide"),
    (.optimiserLimited, "o optimiser-limited"),
  ]
  let used = marks.filter { statuses.contains($0.0) }.map(\.1)
  return used.isEmpty ? text : text + " Marks: \(used.joined(separator: ", "))."
}

/// What was run and how long, one item a line.
func runSummary(_ matrix: SweepMatrix) -> [(label: String, text: String)] {
  let provenance = matrix.provenance
  let states = TrialState.allCases.compactMap { state in matrix.trialCounts[state].map { "\($0) \(state.rawValue)" } }
  return [
    ("trials", "\(matrix.plannedTrials) planned" + (states.isEmpty ? "" : "; " + states.joined(separator: ", "))),
    (
      "cells",
      "\(matrix.cells.count) (\(matrix.axes.map { "\($0.name.rawValue) \($0.values.count)" }.joined(separator: " × ")))"
    ),
    ("seeds", "\(matrix.tuneSeeds) tuning, \(matrix.reportSeedsText) reporting, all different"),
    (
      "search",
      "\(matrix.method.rawValue) over \(matrix.tuned.isEmpty ? "nothing" : listText(matrix.tunedTexts))"
        + ", judged by \(matrix.metric.name.rawValue)"
    ),
    ("wall time", durationText(seconds: provenance.wallSeconds)),
    ("trial time", durationText(seconds: provenance.trialSeconds) + ", summed over attempts"),
    ("machines", provenance.machines.isEmpty ? "–" : provenance.machines.joined(separator: "; ")),
    ("program", "attune \(provenance.programVersion)"),
    ("digest", provenance.digest.isEmpty ? "–" : provenance.digest),
  ]
}
