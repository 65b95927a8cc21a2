// Theory beside the networks: what its predictors reach on the problems of the matrix, and how near the trained networks
// are to its form. Sweeps for which nothing has been computed have neither (`attune report --theory`).
import Shared

func theorySection(_ theory: TheoryFindings?, _ matrix: SweepMatrix, _ pictures: ReportPictures) -> Markup {
  guard let theory else { return "" }
  return baselineSection(theory, matrix) + structureSection(theory, matrix, pictures)
}

private func baselineSection(_ theory: TheoryFindings, _ matrix: SweepMatrix) -> Markup {
  var problems: [String] = []
  for cell in matrix.cells where !problems.contains(cell.measured.problemKey) {
    problems.append(cell.measured.problemKey)
  }
  let parts = problems.compactMap { problem -> Markup? in
    let own = theory.baselines.filter { $0.problem == problem }
    return own.isEmpty ? nil : problemTables(own, matrix.rows.filter { row in row.concerns(problem) }, problem)
  }
  guard !parts.isEmpty else { return "" }
  return """
    <section>
    <h2>Beside theory</h2>
    <p class="quiet">ln of the mean squared error on the test prompts of reporting seed 0, ± its standard error over prompts.
    What was tuned, was tuned on that seed’s validation prompts. gd: steps of functional gradient descent with one step size;
    gd++: x moves too; polygd: the optimal polynomial; reference: the best isotropic network. trained: mean over the reporting
    seeds, each on its own prompts.</p>
    \(parts.joined())
    </section>
    """
}

private func problemTables(
  _ baselines: [TheoryFindings.Baseline], _ rows: [MatrixRow], _ problem: String
) -> Markup {
  let plain = baselines.filter { $0.heads == nil }
  let plainRows = plain.map { baseline -> Markup in
    let name = baseline.steps.map { "\(baseline.name), \(countText($0, "step"))" } ?? baseline.name
    return """
      <tr><th scope="row">\(name)</th><td>\(lossText(baseline))</td><td>\(baseline.excess.map { baselineText($0) } ?? "–")</td>\
      <td>\(baseline.tuned ?? "")</td></tr>
      """
  }
  let attention = baselines.filter { $0.heads != nil }
  var depths: [Int] = []
  for baseline in attention where !depths.contains(baseline.steps ?? 0) { depths.append(baseline.steps ?? 0) }
  let title = rows.first?.cells.first { $0.measured.problemKey == problem }.map(problemTitle) ?? ""
  return """
    <h3>\(title)</h3>
    <div class="scroll"><table><thead><tr><th>predictor</th><th>ln loss</th><th>excess</th><th>tuned</th></tr></thead>
    <tbody>\(plainRows.joined())</tbody></table></div>
    \(depths.map { depth in attentionTable(attention.filter { ($0.steps ?? 0) == depth }, rows, problem, depth) }.joined())
    """
}

/// Constructions by activation, and the trained networks of as many layers.
private func attentionTable(
  _ baselines: [TheoryFindings.Baseline], _ rows: [MatrixRow], _ problem: String, _ depth: Int
) -> Markup {
  var heads: [String] = [], names: [String] = []
  for baseline in baselines {
    if let own = baseline.heads, !heads.contains(own) { heads.append(own) }
    if !names.contains(baseline.name) { names.append(baseline.name) }
  }
  let cells = rows.flatMap { row in row.cells.map { (row: row, cell: $0) } }.filter {
    $0.cell.measured.problemKey == problem && $0.cell.measured.parameters.layers == depth
  }
  func shown(_ own: String) -> String {
    cells.first { $0.cell.measured.heads.description == own }?.cell.measured.headsText ?? own
  }
  var body = names.map { name -> Markup in
    let fields = heads.map { own -> Markup in
      let found = baselines.first { $0.name == name && $0.heads == own }
      return "<td>\(found.map { lossText($0) } ?? "–")</td>"
    }
    return "<tr><th scope=\"row\">\(name)</th>\(fields.joined(""))</tr>"
  }
  for row in rows where cells.contains(where: { $0.row.label == row.label }) {
    let fields = heads.map { own -> Markup in
      let found = cells.filter { $0.row.label == row.label && $0.cell.measured.heads.description == own }
      let losses = found.compactMap { $0.cell.measured.lnTestLoss }
      return "<td>\(losses.map { fixedText($0.mean, decimals: 3) }.joined(separator: "; "))</td>"
    }
    body.append("<tr class=\"selected\"><th scope=\"row\">trained: \(row.label)</th>\(fields.joined(""))</tr>")
  }
  return """
    <div class="scroll"><table><thead><tr><th>\(countText(depth, "layer"))</th>\
    \(heads.map { own -> Markup in "<th>\(shown(own))</th>" }.joined(""))</tr></thead>
    <tbody>\(body.joined())</tbody></table></div>
    """
}

private func lossText(_ baseline: TheoryFindings.Baseline) -> String {
  guard let loss = baseline.lnLoss else { return "exact" }
  // Rounding errors of a predictor that is exact.
  if loss < -23 { return "exact" }
  return fixedText(loss, decimals: 3) + (baseline.standardError.map { " ± \(fixedText($0, decimals: 3))" } ?? "")
}

private func problemTitle(_ cell: MatrixCell) -> String {
  "\(cell.measured.taskText) labels, n = \(cell.measured.parameters.context), d = \(cell.measured.parameters.dimension)"
}

extension MatrixRow {
  fileprivate func concerns(_ problem: String) -> Bool { cells.contains { $0.measured.problemKey == problem } }
}

extension CellMeasurement {
  /// What `TheoryFindings.Baseline` is found by.
  var problemKey: String { parameters.problem.canonicalJSON }
}
