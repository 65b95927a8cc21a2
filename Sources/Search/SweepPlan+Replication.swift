// Where replication meets a sweep: a row whose reporting trials have all ended is judged by their results, and its plan
// grows by the seeds that this asks for.
import Shared

extension SweepPlan {
  /// What the cells of a row get next. Call when all their reporting trials have ended; adds nothing without `replicate`.
  /// - row: indices of cells.
  /// - trials: the reporting trials of each, in the order of its seeds; none for a cell without a selected configuration.
  package func nextSeeds(row: [Int], trials: [[TrialRecord]]) -> [ReplicationStep] {
    guard let replication else { return row.map { _ in ReplicationStep(seeds: 0, reason: .incomparable) } }
    let baselines = rowBaselines(trials.joined())
    var problems: [Problem] = []
    let measured = zip(row, trials).map { index, trials -> SequentialCell in
      let problem = trials.first.map { Problem($0.parameters) }
      if let problem { problems.append(problem) }
      return SequentialCell(
        CellScores(
          seeds: reportSeeds(of: cells[index]), trials: trials, selected: trials.first?.configuration,
          fallback: problem.flatMap { baselines[$0] } ?? [:]
        ).scores)
    }
    return replication.nextSeeds(
      SequentialRow(
        cells: measured, confidence: report.confidence, tieMargin: report.tieMargin, horizon: replication.horizon),
      isComparable: Problem.differences(problems, besides: axis(.columns)?.name).isEmpty)
  }

  /// Adds to every row the seeds that results have led to, round by round.
  package mutating func growSeeds(_ stored: [TrialIdentity: TrialRecord]) {
    for row in rows {
      while let trials = endedReportingTrials(row: row, stored) {
        let steps = nextSeeds(row: row, trials: trials)
        for (index, step) in zip(row, steps) { cells[index].furtherSeeds += step.seeds }
        if steps.allSatisfy({ $0.seeds == 0 }) { break }
      }
    }
  }

  /// Nil while some trial of the row has not ended.
  private func endedReportingTrials(row: [Int], _ stored: [TrialIdentity: TrialRecord]) -> [[TrialRecord]]? {
    var trials: [[TrialRecord]] = []
    for index in row {
      let cell = cells[index]
      switch selection(tuning: tuningTrials(of: cell).map { $0.map { stored[$0.identity] } }) {
      case .undecided: return nil
      case .impossible: trials.append([])
      case .selected(let candidate):
        var ended: [TrialRecord] = []
        for planned in reportingTrials(of: cell, selected: candidate) {
          guard let record = stored[planned.identity], record.state.isTerminal else { return nil }
          ended.append(record)
        }
        trials.append(ended)
      }
    }
    return trials
  }
}
