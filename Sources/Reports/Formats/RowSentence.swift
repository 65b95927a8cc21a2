// What a row says in words: which activation is best, by how much, and how sure that is. The same sentence stands in
// every format.
import Shared

/// What the texts call the attainable reference (docs/science.md §7): the best of its starts, not the best there is.
let attainableReference =
  "attainable reference (an isotropic network trained from \(TrialParameters().reference.restarts) starts)"

extension MatrixCell {
  /// As tables name its column.
  package var columnName: String {
    measured.coordinates.first { $0.role == .columns }?.text ?? measured.headsText
  }
}

extension MatrixRow {
  package func columnName(_ index: Int) -> String { cells[index].columnName }

  /// As sentences name a column: `relu`, but `context 8` where columns are another axis than the activation.
  func spokenName(_ index: Int) -> String {
    guard let columns, columns != .activation else { return columnName(index) }
    return "\(columns.rawValue) \(columnName(index))"
  }
  fileprivate func spokenNames(_ condition: (MatrixCell) -> Bool) -> [String] {
    cells.indices.filter { condition(cells[$0]) }.map(spokenName)
  }
  /// What sentences call one of the columns.
  fileprivate var contender: String { (columns ?? .activation).rawValue }
}

package func rowSentence(_ row: MatrixRow, _ matrix: SweepMatrix) -> String {
  if !row.isComparable {
    return "\(row.label): not comparable: \(listText(row.differences.map(\.rawValue))) "
      + "\(row.differences.count == 1 ? "differs" : "differ") between the selected configurations, so nothing is decided."
  }
  if row.hasOnlyDivergedRuns {
    return row.pending > 0
      ? "\(row.label): every run so far diverged and scored the zero predictor; \(countText(row.pending, "trial")) to come."
      : "\(row.label): every run diverged and scored the zero predictor, so no \(row.contender) leads."
  }
  guard let leader = row.leader, let loss = row.cells[leader].measured.lnTestLoss else {
    return row.pending > 0
      ? "\(row.label): no result yet, \(countText(row.pending, "trial")) to come."
      : "\(row.label): no reporting trial has a result, so nothing can be said."
  }
  let name = row.spokenName(leader)
  let excess = row.cells[leader].measured.normalisedExcess
  var numbers = "test loss \(numberText(exponential(loss.mean)))"
  if excess.isFinite { numbers += ", \(percentText(excess)) of the way from Bayes to the zero predictor" }
  guard row.isDecided else {
    return "\(row.label): \(name) leads so far (\(numbers)); nothing is decided before the row's remaining "
      + "\(countText(row.pending, "trial")) have ended."
  }
  var text = "\(row.label): \(decision(row, name)) (\(numbers))\(lead(row, leader))."
  text += caveats(row, matrix)
  if let matched = row.matched, matched != leader, row.columns == .activation {
    text += matchedSentence(row, matched, leader)
  }
  return text
}

/// The claim itself.
private func decision(_ row: MatrixRow, _ leader: String) -> String {
  if row.cells.count == 1 { return "\(leader) is the only one tried" }
  let best = row.spokenNames(\.inBestSet)
  if best.isEmpty { return "\(leader) leads, but every \(row.contender) is beaten by another" }
  if best == [leader] { return "\(leader) is best" }
  if row.cells.contains(where: { !$0.inBestSet }) {
    return best.count == 1
      ? "\(leader) has the smallest mean, but only \(best[0]) is not beaten"
      : "\(listText(best)) cannot be told apart, \(leader) leads"
  }
  if row.cells.allSatisfy(\.hasTooFewSeeds) {
    return "too few seeds to decide, \(leader) leads"
  }
  return "no \(row.contender) can be excluded, \(leader) leads"
}

/// `, ahead of exp by 0.108 nats (95 % interval 0.105 to 0.111; p = 0.0039, adjusted 0.012)`
private func lead(_ row: MatrixRow, _ leader: Int) -> String {
  guard let second = row.runnerUp, let pair = row.bestSet.pair(leader, beats: second) else { return "" }
  var text = ", ahead of \(row.spokenName(second)) by \(fixedText(pair.difference.mean, decimals: 3)) nats ("
  if let interval = pair.difference.interval(confidence: row.settings.confidence) {
    text += "\(percentLabel(row.settings.confidence)) interval "
    text += "\(fixedText(interval.low, decimals: 3)) to \(fixedText(interval.high, decimals: 3)); "
  }
  let test = row.bestSet.sequential == nil ? "sign-flip" : "anytime-valid"
  let adjusted = row.bestSet.sequential?.trainedP(second) ?? row.bestSet.adjusted(pair.p)
  text += "\(test) \(pEquation(pair.p)), adjusted \(pText(adjusted)), "
  return text + "\(countText(pair.difference.count, "seed")))"
}

private func caveats(_ row: MatrixRow, _ matrix: SweepMatrix) -> String {
  var text = ""
  let tied = row.spokenNames { $0.verdict == .tied }
  if !tied.isEmpty {
    text += " By size it is a tie: \(listText(tied)) \(tied.count == 1 ? "is" : "are") within "
    text += "\(settingText(row.settings.tieMargin)) of its normalised excess."
  }
  text += replicationSentence(row)
  if row.hasTooFewSeeds {
    text += " Too few seeds to decide: \(row.bestSet.seedsNeeded) per cell are needed."
  }
  if row.isOptimiserLimited {
    text += " Optimiser-limited: a rival was beaten as trained, but its attainable reference was not."
  }
  let undertrained = row.spokenNames { $0.measured.optimiserLimit?.isExceeded == true }
  if !undertrained.isEmpty {
    text += " Worse than \(undertrained.count == 1 ? "its" : "their") \(attainableReference), so better training would "
    text += "change the number: \(listText(undertrained))."
  }
  let diverged = row.cells.reduce(0) { $0 + $1.measured.divergedCount }
  if diverged > 0 {
    text += " \(countText(diverged, "run")) diverged and scored the zero predictor: "
    text += "\(listText(row.spokenNames { $0.measured.divergedCount > 0 }))."
  }
  let missing = row.cells.reduce(0) { $0 + $1.measured.missing.count }
  if missing > 0 {
    text += " \(countText(missing, "reporting trial")) ended without a result: "
    text += "\(listText(row.spokenNames { !$0.measured.missing.isEmpty }))."
  }
  return text
}

private func matchedSentence(_ row: MatrixRow, _ matched: Int, _ leader: Int) -> String {
  let cell = row.cells[matched]
  guard let pair = row.bestSet.pair(leader, beats: matched) else {
    return " The matched activation, \(cell.columnName), has no result."
  }
  let behind = fixedText(pair.difference.mean, decimals: 3)
  let verdict: String =
    switch cell.verdict {
    case .worse: "worse"
    case .tied: "tied"
    case .better, .unresolved, .leader: "not resolved"
    }
  return " The matched activation, \(cell.columnName), is \(behind) nats behind (\(verdict))."
}
