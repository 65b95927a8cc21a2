// What tables say about reporting seeds that were added where a row was undecided: how many each cell got, and why.
import Search
import Shared

extension SweepMatrix {
  /// `8`, or `8 to 40` where seeds were added.
  var reportSeedsText: String { replication.map { "\($0.minimum) to \($0.maximum)" } ?? "\(reportSeeds)" }
  /// `8 reporting seeds`
  var reportSeedsPhrase: String {
    replication == nil ? countText(reportSeeds, "reporting seed") : "\(reportSeedsText) reporting seeds"
  }
}

/// What being in the best set means, to follow "the best set, ".
func bestSetPhrase(_ matrix: SweepMatrix) -> String {
  let alpha = settingText(1 - matrix.settings.confidence)
  return matrix.replication == nil
    ? "which no rival of the row beats at p ≤ α/(K − 1), one-sided sign-flip tests on paired seeds, α = \(alpha)"
    : "which no rival of the row beats at p ≤ α, tests on paired seeds that are valid at any time, α = \(alpha)"
}

extension ReplicationStep.Reason {
  package var text: String {
    switch self {
    case .belowMinimum: "fewer than every cell gets"
    case .leads: "leads while a rival is unresolved"
    case .unresolved: "unresolved"
    case .excluded(let p): "excluded at \(pEquation(p))"
    case .tied: "tied with the leader"
    case .decided: "leads, decided"
    case .budgetSpent: "still unresolved at the largest number"
    case .incomparable: "nothing to compare"
    }
  }
}

/// ` Seeds until decided: relu 8 (leads, decided), exp 8 (excluded at p = 0.012).`; empty where their number was fixed.
/// While some are still to come there is no reason yet.
func replicationSentence(_ row: MatrixRow) -> String {
  guard let steps = row.replication else { return "" }
  let parts = zip(row.cells.indices, steps).map { index, step in
    "\(row.spokenName(index)) \(row.cells[index].measured.scores.count)"
      + (row.pending == 0 ? " (\(step.reason.text))" : "")
  }
  return " Seeds until decided: \(parts.joined(separator: ", "))."
}
