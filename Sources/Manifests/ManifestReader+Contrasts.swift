// Contrasts of a manifest: weights of columns, and of rows, that sum to 0.
import Shared

/// `two_heads: {columns: {exp+linear: 1, exp+exp: -1}, rows: {…}}`; that the values are those of the axes is checked with
/// the plan.
func readContrast(_ entry: ManifestNode.Entry) throws(Issue) -> Contrast {
  let subject = "report.contrasts.\(entry.key)"
  var columns: [Contrast.Term] = [], rows: [Contrast.Term] = []
  for part in try entry.value.entries(of: subject, "write {columns: {relu: 1, exp: -1}}") {
    switch part.key {
    case "columns": columns = try weights(part.value, "\(subject).columns")
    case "rows": rows = try weights(part.value, "\(subject).rows")
    default:
      throw Issue(
        line: part.line, "\(subject) has the unknown key \"\(excerpt(part.key))\"",
        "write columns, and rows if you like")
    }
  }
  guard !columns.isEmpty else {
    throw Issue(line: entry.line, "\(subject) has no columns", "add columns: {relu: 1, exp: -1}")
  }
  return Contrast(name: entry.key, columns: columns, rows: rows)
}

private func weights(_ node: ManifestNode, _ subject: String) throws(Issue) -> [Contrast.Term] {
  let remedy = "write numbers that sum to 0, such as {relu: 1, exp: -1}"
  var terms: [Contrast.Term] = []
  for entry in try node.entries(of: subject, remedy) {
    let weight = try entry.value.number(of: "\(subject).\(entry.key)", "write a number from -1000 to 1000, not 0") {
      $0 != 0 && abs($0) <= 1000
    }
    terms.append(Contrast.Term(value: entry.key, weight: weight))
  }
  guard !terms.isEmpty, abs(terms.reduce(0) { $0 + $1.weight }) < 1e-9 else { throw node.issue(subject, remedy) }
  return terms
}

extension PlanDraft {
  /// Every contrast is of values that the axes have.
  func checkContrasts(_ plan: SweepPlan) throws(Issue) {
    for (contrast, line) in zip(report.contrasts, contrastLines) {
      for (role, terms) in [(AxisRole.columns, contrast.columns), (.rows, contrast.rows)] {
        let values = plan.axis(role)?.values.map(plan.shown) ?? []
        for term in terms where !values.contains(term.value) {
          throw Issue(
            line: line, "report.contrasts.\(contrast.name) names \"\(excerpt(term.value))\" in \(role.rawValue)",
            "write one of \(values.joined(separator: ", "))")
        }
      }
    }
  }
}
