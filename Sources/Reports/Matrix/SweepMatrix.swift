// The answer of a sweep: rows (tasks) by columns (activations), compared row by row, and whether the best column depends
// on the row. Built from stored results alone; a sweep that is still running gives a matrix that says so.
import Search
import Shared

/// The interaction test of one value of the further axes.
package struct InteractionSummary: Sendable {
  /// The values of x and facet that its rows share; empty without such axes.
  package let stratum: [Coordinate]
  /// Indices into `SweepMatrix.rows`.
  package let rows: [Int]
  /// Nil with one row or one column, or while trials are pending.
  package let test: InteractionTest?
  package let ranks: FriedmanRanks?
}

package struct SweepMatrix: Sendable {
  package let name: String
  package let description: String
  package let axes: [Axis]
  package let tuned: [ParameterName]
  /// As prose names them: with what they depend on.
  let tunedTexts: [String]
  package let method: SearchMethod
  package let metric: SweepMetric
  package let settings: ReportSettings
  package let tuneSeeds: Int
  /// Reporting seeds that every cell has.
  package let reportSeeds: Int
  /// Where seeds are added until rows are decided; nil where their number is fixed.
  package let replication: Replication?
  /// Values of the columns' axis as tables write them; one unnamed column without such an axis.
  package let columns: [String]
  /// In the plan's order.
  package let rows: [MatrixRow]
  package let interactions: [InteractionSummary]
  /// Trials by state, and how many the plan has in all.
  package let trialCounts: [TrialState: Int]
  package let plannedTrials: Int
  package let provenance: SweepProvenance

  package var rowAxisName: String { axes.first { $0.role == .rows }?.name.rawValue ?? "task" }
  package var columnAxisName: String { axes.first { $0.role == .columns }?.name.rawValue ?? "activation" }
  /// Axes that matrix.csv writes besides task and activation.
  package var furtherAxes: [ParameterName] { axes.map(\.name).filter { $0 != .task && $0 != .activation } }
  package var pendingTrials: Int { rows.reduce(0) { $0 + $1.pending } }
  package var cells: [MatrixCell] { rows.flatMap(\.cells) }

  package init(results: SweepResults) {
    let plan = results.plan
    (name, description, axes, tuned) = (plan.name, plan.description, plan.axes, plan.tuned)
    tunedTexts = plan.tuned.map(plan.tunedText)
    (method, metric, settings) = (plan.method, plan.metric, plan.report)
    (tuneSeeds, reportSeeds, replication) = (plan.tuneSeeds.count, plan.reportSeeds.count, plan.replication)
    columns = plan.axis(.columns)?.values.map(plan.shown) ?? [""]
    provenance = results.provenance
    plannedTrials = plan.plannedTrialCount
    trialCounts = results.trials.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
    let rows = Self.rows(results)
    self.rows = rows
    interactions = Self.interactions(rows)
  }

  private static func rows(_ results: SweepResults) -> [MatrixRow] {
    let plan = results.plan
    let trials = Dictionary(grouping: results.trials, by: \.cell)
    return plan.rows.map { row in
      let cells = row.map { plan.cells[$0] }
      let key = coordinates(of: cells[0], in: plan).filter { $0.role != .columns }
      let baselines = rowBaselines(cells.flatMap { trials[$0.id] ?? [] })
      let measured = cells.map { measure($0, plan, trials[$0.id] ?? [], baselines) }
      return MatrixRow(
        coordinates: key, columns: plan.axis(.columns)?.name, cells: measured, settings: plan.report,
        replication: plan.replication)
    }
  }

  private static func coordinates(of cell: CellPlan, in plan: SweepPlan) -> [Coordinate] {
    zip(plan.axes, cell.coordinates).map { Coordinate(axis: $0.name, role: $0.role, value: $1, text: plan.shown($1)) }
  }

  private static func measure(
    _ cell: CellPlan, _ plan: SweepPlan, _ trials: [TrialRecord],
    _ baselines: [Problem: [Seed: FinalMetrics]]
  ) -> CellMeasurement {
    let tuning = TuningOutcome(cell: cell, plan: plan, trials: trials)
    let chosen = tuning.selected.map { cell.candidates[$0] }
    let problem = chosen.map { Problem($0) }
    let scores = CellScores(
      seeds: plan.reportSeeds(of: cell), trials: trials, selected: chosen?.id,
      fallback: problem.flatMap { baselines[$0] } ?? [:])
    let parameters = chosen ?? cell.candidates.first ?? TrialParameters()
    return CellMeasurement(
      id: cell.id, coordinates: coordinates(of: cell, in: plan), parameters: parameters, task: parameters.task,
      heads: parameters.heads,
      taskText: plan.shown(parameters.value(of: .task)), headsText: plan.shown(parameters.value(of: .activation)),
      problem: problem, tuning: tuning, scores: scores.scores, missing: scores.missing,
      pending: tuning.pending + scores.pending)
  }

  /// One test per value of x and facet: across them a row's task would be counted several times.
  private static func interactions(_ rows: [MatrixRow]) -> [InteractionSummary] {
    var order: [[Coordinate]] = []
    var strata: [[Coordinate]: [Int]] = [:]
    for (index, row) in rows.enumerated() {
      let stratum = row.coordinates.filter { $0.role != .rows }
      if strata[stratum] == nil { order.append(stratum) }
      strata[stratum, default: []].append(index)
    }
    return order.map { stratum in
      let indices = strata[stratum] ?? []
      // Merged directories may have tried other columns in other rows.
      let isWhole = Set(indices.map { rows[$0].cells.map(\.columnName) }).count == 1
      let decided = isWhole && indices.allSatisfy { rows[$0].isDecided }
      let losses = indices.map { rows[$0].cells.map { $0.measured.lnTestLoss?.mean ?? .nan } }
      return InteractionSummary(
        stratum: stratum, rows: indices,
        test: decided ? InteractionTest(rows: indices.map { rows[$0].bestSet }) : nil,
        ranks: decided ? FriedmanRanks(losses: losses) : nil)
    }
  }
}
