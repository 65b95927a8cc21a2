// matrix.json: everything the report knows, for programs: the columns of matrix.csv, every seed and candidate, the pair
// tests, the interaction test and the provenance.
import Search
import Shared

package func matrixJSON(_ matrix: SweepMatrix) -> String {
  let columns = matrixColumns(matrix)
  return JSONValue.object([
    ("version", .integer(matrixVersion)),
    ("name", .text(matrix.name)),
    ("description", .text(matrix.description)),
    ("columns", .texts(columns.map(\.name))),
    ("rows", .list(matrix.cells.map { cell in .object(columns.map { ($0.name, $0.value(cell)) }) })),
    ("cells", .list(matrix.cells.map { cellDetail($0, matrix) })),
    ("row_summaries", .list(matrix.rows.map { rowSummary($0, matrix) })),
    ("interaction", .list(matrix.interactions.map { interaction($0, matrix) })),
    ("contrasts", .list(matrix.contrastTests.map { contrast($0, matrix) })),
    ("settings", settings(matrix)),
    ("trials", trials(matrix)),
    ("provenance", provenance(matrix.provenance)),
  ]).text() + "\n"
}

private func coordinates(_ coordinates: [Coordinate]) -> JSONValue {
  .object(coordinates.map { ($0.axis.rawValue, JSONValue($0.value)) })
}

private func cellDetail(_ cell: MatrixCell, _ matrix: SweepMatrix) -> JSONValue {
  let measured = cell.measured
  return .object([
    ("cell", .integer(measured.id.rawValue)),
    ("coordinates", coordinates(measured.coordinates)),
    ("pending_trials", .integer(measured.pending)),
    ("seeds", .list(measured.present.map(seed))),
    ("missing", .list(measured.missing.map(missing))),
    ("candidates", .list(measured.tuning.candidates.enumerated().map { candidate($0, $1, measured.tuning) })),
    ("importance", .list(measured.tuning.importance(tuned: matrix.tuned).map(importance))),
    ("edge_parameters", .texts(measured.tuning.edges.map(\.rawValue))),
    ("reference_gap", .optional(measured.optimiserLimit?.gap.mean)),
    ("reference_gap_allowed", .optional(measured.optimiserLimit?.allowedGap)),
    ("equivalence_p", .optional(cell.equivalence?.p)),
    ("equivalence_difference", .optional(cell.equivalence?.meanDifference)),
  ])
}

private func importance(_ importance: ParameterImportance) -> JSONValue {
  .object([
    ("parameter", .text(importance.parameter.rawValue)), ("main", .number(importance.main)),
    ("total", .number(importance.total)),
  ])
}

private func seed(_ score: SeedScore) -> JSONValue {
  .object([
    ("seed", .integer(Int(score.seed.rawValue))),
    ("trial", .integer(Int(score.trial.rawValue))),
    ("diverged", .flag(score.isDiverged)),
    ("test_loss", .number(score.testLoss)),
    ("ln_test_loss", .number(score.lnTestLoss)),
    ("bayes_loss", .number(score.bayesLoss)),
    ("zero_loss", .number(score.zeroLoss)),
    ("excess", .number(score.excess)),
    ("normalised_excess", .number(score.normalisedExcess)),
    ("reference_ln_loss", .optional(score.lnReference)),
    ("bayes_identity_z", .number(score.bayesIdentityZ)),
  ])
}

private func missing(_ trial: MissingTrial) -> JSONValue {
  .object([
    ("seed", .integer(Int(trial.seed.rawValue))), ("state", .text(trial.state.rawValue)),
    ("reason", .text(trial.reason)),
  ])
}

private func candidate(_ index: Int, _ candidate: TuningCandidate, _ tuning: TuningOutcome) -> JSONValue {
  .object([
    ("values", .list(candidate.values.map { JSONValue($0) })),
    ("score", .optional(candidate.score)),
    ("diverged", .integer(candidate.losses.count { $0 == .infinity })),
    ("losses", .list(candidate.losses.map { .optional($0) })),
    ("selected", .flag(index == tuning.selected)),
  ])
}

private func rowSummary(_ row: MatrixRow, _ matrix: SweepMatrix) -> JSONValue {
  func name(_ index: Int?) -> JSONValue { index.map { .text(row.columnName($0)) } ?? .null }
  return .object([
    ("row", .text(row.label)),
    ("coordinates", coordinates(row.coordinates)),
    ("leader", name(row.leader)),
    ("runner_up", name(row.runnerUp)),
    ("best_set", .texts(row.best.map(\.columnName))),
    ("matched", name(row.matched)),
    ("decided", .flag(row.isDecided)),
    ("not_comparable", .texts(row.differences.map(\.rawValue))),
    ("optimiser_limited", .flag(row.isOptimiserLimited)),
    ("too_few_seeds", .flag(row.hasTooFewSeeds)),
    ("seeds_needed", .integer(row.bestSet.seedsNeeded)),
    ("threshold", .number(row.bestSet.threshold)),
    ("test", .text(row.bestSet.sequential == nil ? "sign-flip" : "anytime-valid")),
    ("replication", .texts((row.replication ?? []).map(\.reason.text))),
    ("sentence", .text(rowSentence(row, matrix))),
    ("pairs", .list(row.bestSet.pairs.map { pair($0, row) })),
  ])
}

private func pair(_ pair: PairTest, _ row: MatrixRow) -> JSONValue {
  .object([
    ("winner", .text(row.columnName(pair.winner))), ("loser", .text(row.columnName(pair.loser))),
    ("seeds", .integer(pair.difference.count)), ("ln_loss_difference", .number(pair.difference.mean)),
    ("p_sign_flip", .number(pair.p)), ("p_sign_flip_guarded", .number(pair.guardedP)),
    ("p_paired_t", .optional(pair.tTestP)), ("excludes", .flag(row.bestSet.excludes(pair.guardedP))),
  ])
}

private func interaction(_ summary: InteractionSummary, _ matrix: SweepMatrix) -> JSONValue {
  let first = summary.rows.first.map { matrix.rows[$0] }
  let entries = (summary.test?.entries ?? []).enumerated().map { index, entry in
    JSONValue.object([
      ("column", .text(first?.columnName(index) ?? "")), ("p", .number(entry.p)),
      ("beaten_in", entry.row.map { .text(matrix.rows[summary.rows[$0]].label) } ?? .null),
      ("beaten_by", entry.rival.map { .text(first?.columnName($0) ?? "") } ?? .null),
    ])
  }
  return .object([
    ("stratum", coordinates(summary.stratum)),
    ("p", .optional(summary.test?.p)),
    ("columns", .list(entries)),
    ("mean_ranks", .list((summary.ranks?.meanRanks ?? []).map { .number($0) })),
    ("friedman_p", .optional(summary.ranks?.p)),
  ])
}

private func contrast(_ test: ContrastTest, _ matrix: SweepMatrix) -> JSONValue {
  func weights(_ terms: [Contrast.Term]) -> JSONValue { .object(terms.map { ($0.value, .number($0.weight)) }) }
  let interval = test.estimate?.interval(confidence: matrix.settings.confidence)
  return .object([
    ("name", .text(test.contrast.name)), ("columns", weights(test.contrast.columns)),
    ("rows", weights(test.contrast.rows)), ("place", .text(test.place)),
    ("seeds", .integer(test.estimate?.count ?? 0)), ("nats", .optional(test.estimate?.mean)),
    ("ci_low", .optional(interval?.low)), ("ci_high", .optional(interval?.high)),
    ("p_sign_flip", .optional(test.p)), ("p_paired_t", .optional(test.tTestP)),
  ])
}

private func settings(_ matrix: SweepMatrix) -> JSONValue {
  .object([
    ("method", .text(matrix.method.rawValue)), ("metric", .text(matrix.metric.name.rawValue)),
    ("confidence", .number(matrix.settings.confidence)), ("tie_margin", .number(matrix.settings.tieMargin)),
    ("tune_seeds", .integer(matrix.tuneSeeds)), ("report_seeds", .integer(matrix.reportSeeds)),
    ("report_seeds_max", .integer(matrix.replication?.maximum ?? matrix.reportSeeds)),
    (
      "axes",
      .list(
        matrix.axes.map { axis in
          .object([
            ("name", .text(axis.name.rawValue)), ("role", .text(axis.role.rawValue)),
            ("values", .list(axis.values.map { JSONValue($0) })),
          ])
        })
    ),
    ("tuned", .texts(matrix.tuned.map(\.rawValue))),
  ])
}

private func trials(_ matrix: SweepMatrix) -> JSONValue {
  var entries: [(String, JSONValue)] = [("planned", .integer(matrix.plannedTrials))]
  for state in TrialState.allCases { entries.append((state.rawValue, .integer(matrix.trialCounts[state] ?? 0))) }
  return .object(entries)
}

private func provenance(_ provenance: SweepProvenance) -> JSONValue {
  .object([
    ("program_version", .text(provenance.programVersion)), ("machines", .texts(provenance.machines)),
    ("wall_seconds", .number(provenance.wallSeconds)), ("trial_seconds", .number(provenance.trialSeconds)),
    ("digest", .text(provenance.digest)),
  ])
}
