// All pictures of a report, made once: the page shows them, and files of their own are written from the same drawings.
// A drawing has a budget of points, so that a report of 50,000 trials is a page that opens; what is left out is left out
// of the drawing and its CSV alone, never of a statistic.
import Shared

package struct ReportPictures: Sendable {
  /// The pictures of one row of the matrix; nil where there is nothing to draw yet.
  struct Row: Sendable {
    let curves: Picture?
    let seeds: Picture?
    let differences: Picture?
    /// One per tuned number, then parallel coordinates where there are several.
    let tuning: [Picture]
  }
  let matrix: Picture?
  /// In the order of the matrix's rows.
  let rows: [Row]
  let alongAxis: [Picture]
  let alongStep: [Picture]
  let importance: Picture?
  /// How far the form of the networks is from theory's along the training; empty where that was not measured.
  let structures: [Picture]

  /// In the order of the page.
  package var all: [Picture] {
    let perRow = rows.flatMap { [$0.curves, $0.seeds, $0.differences].compactMap { $0 } + $0.tuning }
    return [matrix].compactMap { $0 } + alongAxis + alongStep + perRow + structures + [importance].compactMap { $0 }
  }

  package init(_ results: SweepResults, _ matrix: SweepMatrix, theory: TheoryFindings? = nil) {
    var names = FileNames()
    let curveLimit = pointBudget(24_000, lines: matrix.cells.count, atLeast: 24)
    let tuningLimit = pointBudget(10_000, lines: matrix.cells.count * max(1, matrix.tuned.count), atLeast: 8)
    self.matrix = matrixPicture(matrix, id: names.name(["matrix"]))
    alongAxis = axisPictures(matrix, &names)
    alongStep = matrix.settings.alongStep ? stepPictures(results, matrix, &names) : []
    rows = matrix.rows.map { row in
      Row(
        curves: curvePicture(row, results, limit: curveLimit, id: names.name(["curves", row.label])),
        seeds: seedPicture(row, id: names.name(["seeds", row.label])),
        differences: differencePicture(row, id: names.name(["differences", row.label])),
        tuning: tuningPictures(row, matrix, limit: tuningLimit, &names))
    }
    structures = theory.map { structurePictures($0, matrix, &names) } ?? []
    importance = importancePicture(matrix, id: names.name(["importance"]))
  }
}

/// Points of each of so many lines: `atLeast` of them whatever the budget.
func pointBudget(_ points: Int, lines: Int, atLeast: Int) -> Int {
  max(atLeast, min(CurveSummary.maximumPoints, points / max(1, lines)))
}

private func matrixPicture(_ matrix: SweepMatrix, id: String) -> Picture? {
  let chart = MatrixChart(matrix: matrix)
  guard let drawing = chart.drawing() else { return nil }
  return Picture(
    id: id, title: "\(matrix.rowAxisName) by \(matrix.columnAxisName)",
    caption: """
      Normalised excess of the trained networks: 0 is the Bayes predictor, 1 predicting zero; mean over \
      \(matrix.reportSeedsPhrase); below it the test loss, geometric mean. Outlined (★): the best set, \
      \(bestSetPhrase(matrix)). ◆: the activation equals the task’s kernel; =: within \
      \(settingText(matrix.settings.tieMargin)) of the leader’s normalised excess; hatched: undecided or undertrained (? \
      trials pending, d a run diverged, s too few seeds, o optimiser-limited).
      """, drawing: drawing, csv: chart.csv())
}

private func curvePicture(_ row: MatrixRow, _ results: SweepResults, limit: Int, id: String) -> Picture? {
  let series = row.cells.enumerated().map { index, cell in
    CurveChart.Series(
      name: cell.columnName, index: index,
      curve: CurveSummary(cell.measured.present.compactMap { results.curves[$0.trial] }, limit: limit),
      reference: exponential(cell.measured.lnReference))
  }
  let chart = CurveChart(
    title: row.label, series: series, bayes: row.baselines?.bayes ?? .nan, zero: row.baselines?.zero ?? .nan)
  guard let drawing = chart.drawing() else { return nil }
  return Picture(
    id: id, title: "Learning curves, \(row.label)",
    caption: """
      Learning curves of the reporting seeds: geometric mean of the validation loss, band one standard deviation over \
      seeds. \(row.baselines == nil ? "" : "Horizontal lines: Bayes and zero predictor. ")Short dashes at the right end: \
      the \(attainableReference) of each curve; they are test losses, drawn beside validation curves.
      """, drawing: drawing, csv: chart.csv(), keys: chart.keys())
}

private func seedPicture(_ row: MatrixRow, id: String) -> Picture? {
  let chart = SeedChart(row: row, confidence: row.settings.confidence)
  guard let drawing = chart.drawing() else { return nil }
  return Picture(
    id: id, title: "Seeds, \(row.label)",
    caption: """
      Every reporting seed as a point. Left: test losses. Right: the same about each cell’s mean, enlarged, with the \
      \(percentLabel(row.settings.confidence)) t-interval of the mean below. A seed has the same prompts in every cell of a \
      row: what moves all cells together cancels in the paired tests.
      """, drawing: drawing, csv: chart.csv())
}

private func differencePicture(_ row: MatrixRow, id: String) -> Picture? {
  let chart = DifferenceChart(row: row, confidence: row.settings.confidence)
  guard let drawing = chart.drawing() else { return nil }
  return Picture(
    id: id, title: "Paired differences, \(row.label)",
    caption: """
      How far each rival is behind the row’s leader: difference of ln test loss per seed (points), mean with \
      \(percentLabel(row.settings.confidence)) t-interval below, \
      \(row.bestSet.sequential == nil ? "one-sided sign-flip p" : "p of a test that is valid at any time") and the same \
      adjusted for all rivals. Right of the line at 0 the leader is better. The intervals ignore that the leader was \
      selected for its mean; the tests over all pairs do not.
      """, drawing: drawing, csv: chart.csv())
}

private func axisPictures(_ matrix: SweepMatrix, _ names: inout FileNames) -> [Picture] {
  guard let axis = matrix.axes.first(where: { $0.role == .x }) else { return [] }
  return figurePanels(matrix, along: axis).map { panel in
    picture(
      panel, id: names.name(["along", axis.name.rawValue, panel.title]),
      caption: """
        Mean over the reporting seeds of ln test loss against \(axis.name.rawValue), band one standard deviation over seeds; \
        dashed: the Bayes predictor on the same prompts, left out where it is exact.
        """)
  }
}

private func stepPictures(
  _ results: SweepResults, _ matrix: SweepMatrix, _ names: inout FileNames
) -> [Picture] {
  matrix.rows.map { row in
    let panel = stepPanel(row, results)
    return picture(
      panel, id: names.name(["along-step", panel.title]),
      caption: """
        Mean over the reporting seeds of ln validation loss, band one standard deviation over seeds; a run that diverged \
        counts until it did. Dashed: the Bayes predictor on the test prompts, left out where it is exact.
        """)
  }
}

/// A panel without results keeps its place and says so.
func picture(_ panel: FigureChart, id: String, caption: String) -> Picture {
  Picture(
    id: id, title: panel.title, caption: caption,
    drawing: panel.drawing()
      ?? Drawing(
        width: 560, height: 40, label: panel.title,
        content: SVG.text("No reporting trial has a result yet.", 12, 24, style: "tick")),
    csv: panel.csv(), keys: panel.keys())
}

private func tuningPictures(
  _ row: MatrixRow, _ matrix: SweepMatrix, limit: Int, _ names: inout FileNames
) -> [Picture] {
  var pictures: [Picture] = []
  for index in matrix.tuned.indices {
    guard let chart = TuningChart(row, matrix, parameter: index, limit: limit) else { continue }
    pictures.append(
      Picture(
        id: names.name(["tuning", chart.parameter.rawValue, row.label]),
        title: "\(chart.parameter.rawValue), \(row.label)",
        caption: """
          Mean over \(countText(matrix.tuneSeeds, "tuning seed")) of ln \(matrix.metric.name.rawValue) of every candidate \
          against \(chart.parameter.rawValue); ringed: selected. Runs that diverged have no place here.
          """, drawing: chart.drawing(), csv: chart.csv()))
  }
  if let chart = ParallelChart(row, matrix, limit: 2 * limit) {
    pictures.append(
      Picture(
        id: names.name(["parallel", row.label]), title: "Candidates, \(row.label)",
        caption: """
          Parallel coordinates of the candidates: a line per candidate from its tuned values to its tuning score (ln \
          \(matrix.metric.name.rawValue), mean over tuning seeds, smaller is better), in the colour of its \
          \(matrix.columnAxisName); strong: selected.
          """, drawing: chart.drawing(), csv: chart.csv(), keys: chart.keys()))
  }
  return pictures
}
