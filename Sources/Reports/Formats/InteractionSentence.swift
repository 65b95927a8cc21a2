// What the interaction test says in words (docs/science.md §8.7).
import Shared

package func interactionSentence(_ summary: InteractionSummary, _ matrix: SweepMatrix) -> String {
  let place =
    summary.stratum.isEmpty
    ? "" : summary.stratum.map { "\($0.axis.rawValue) \($0.text)" }.joined(separator: ", ") + ": "
  let (column, row) = (matrix.columnAxisName, matrix.rowAxisName)
  let mixed = summary.rows.map { matrix.rows[$0] }.filter { !$0.isComparable }
  if !mixed.isEmpty {
    return "\(place)Whether the best \(column) depends on the \(row) is not tested: \(listText(mixed.map(\.label))) "
      + "\(mixed.count == 1 ? "holds" : "hold") results of different problems."
  }
  if Set(summary.rows.map { matrix.rows[$0].cells.map(\.columnName) }).count > 1 {
    return
      "\(place)Whether the best \(column) depends on the \(row) is not tested: not every \(column) was tried in every "
      + "\(row)."
  }
  guard summary.rows.allSatisfy({ matrix.rows[$0].isDecided }) else {
    return "\(place)Whether the best \(column) depends on the \(row) is decided when all trials have ended."
  }
  guard let test = summary.test else {
    return "\(place)Whether the best \(column) depends on the \(row) needs at least two of each."
  }
  let numbers = "intersection–union of sign-flip tests, Bonferroni-corrected, \(pEquation(test.p))"
  if test.p <= (1 - matrix.settings.confidence) * (1 + 1e-9) {
    return "\(place)The best \(column) depends on the \(row): each one is beaten in some \(row) (\(numbers))."
  }
  let first = summary.rows.first.map { matrix.rows[$0] }
  let standing = test.entries.indices.filter { test.entries[$0].p > 1 - matrix.settings.confidence }
    .compactMap { first?.spokenName($0) }
  return "\(place)It is not shown that the best \(column) depends on the \(row): \(listText(standing)) "
    + "may be best in every \(row) (\(numbers))."
}

/// The footnote on ranks; nil where there are none.
package func rankSentence(_ summary: InteractionSummary, _ matrix: SweepMatrix) -> String? {
  guard let ranks = summary.ranks, let first = summary.rows.first.map({ matrix.rows[$0] }) else { return nil }
  let order = ranks.meanRanks.indices.sorted { ranks.meanRanks[$0] < ranks.meanRanks[$1] }
  let list = order.map { "\(first.spokenName($0)) \(numberText(ranks.meanRanks[$0]))" }.joined(separator: ", ")
  return "Mean ranks over \(countText(summary.rows.count, "row")): \(list) "
    + "(Friedman test, \(ranks.isExact ? "exact" : "F form"), \(pEquation(ranks.p)))."
}
