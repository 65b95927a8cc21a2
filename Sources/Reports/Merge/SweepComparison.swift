// What changed from one sweep to another, cell by cell: losses on the seeds that both have, with tests, verdicts, and which
// parameters the selected configurations differ in.
import Shared

/// One cell of either sweep.
package struct CellComparison: Sendable {
  package enum Kind: String, Sendable {
    /// Every seed that both have has the same bits.
    case identical
    case changed
    /// A cell of one sweep alone, or without results in one of them.
    case onlyFirst = "only-first"
    case onlySecond = "only-second"
  }
  package let row: String
  package let column: String
  package let kind: Kind
  /// Means of ln test loss over each sweep's own seeds.
  package let first: Double?
  package let second: Double?
  /// ln test loss of the second − that of the first, on the seeds that both have; below 0 the second is better.
  package let difference: SampleSummary?
  /// Two-sided sign-flip p that the mean difference is 0, and times the number of cells that changed.
  package let p: Double?
  package let pAdjusted: Double?
  /// `learning_rate 0.02 → 0.01`: what the selected configurations differ in.
  package let parameters: [String]
  /// Of each sweep, where the cell exists.
  package let verdicts: [Verdict?]
  package let inBestSet: [Bool?]
}

package struct SweepComparison: Sendable {
  package let names: [String]
  package let confidence: Double
  package let cells: [CellComparison]
  /// Rows whose best set differs: label, best set of the first, of the second.
  package let bestSets: [(row: String, first: [String], second: [String])]

  /// - names: of the two directories.
  package init(_ first: SweepMatrix, _ second: SweepMatrix, names: [String]) {
    self.names = names
    confidence = first.settings.confidence
    var pairs: [(row: String, column: String, first: MatrixCell?, second: MatrixCell?)] = []
    var places: [String: Int] = [:]
    for (matrix, isFirst) in [(first, true), (second, false)] {
      for row in matrix.rows {
        for cell in row.cells {
          let key = cell.measured.coordinates.map { "\($0.axis.rawValue)=\($0.value.description)" }.sorted()
            .joined(separator: "\u{1F}")
          if !isFirst, let place = places[key] {
            pairs[place].second = cell
          } else {
            places[key] = pairs.count
            pairs.append((row.label, cell.columnName, isFirst ? cell : nil, isFirst ? nil : cell))
          }
        }
      }
    }
    let tests = pairs.map { pair in
      pair.first.flatMap { own in pair.second.flatMap { CellTest(own.measured, $0.measured) } }
    }
    let changed = Double(max(1, tests.count { $0.map { !$0.isIdentical } ?? false }))
    cells = zip(pairs, tests).map { pair, test in
      let isChanged = test.map { !$0.isIdentical } ?? false
      return CellComparison(
        row: pair.row, column: pair.column, kind: Self.kind(pair.first, pair.second, test),
        first: pair.first?.measured.lnTestLoss?.mean, second: pair.second?.measured.lnTestLoss?.mean,
        difference: test?.difference, p: isChanged ? test?.p : nil,
        pAdjusted: isChanged ? test?.p.map { min(1, $0 * changed) } : nil,
        parameters: Self.differences(pair.first?.measured, pair.second?.measured),
        verdicts: [pair.first?.verdict, pair.second?.verdict],
        inBestSet: [pair.first?.inBestSet, pair.second?.inBestSet])
    }
    bestSets = first.rows.compactMap { row in
      guard let other = second.rows.first(where: { $0.label == row.label }) else { return nil }
      let (own, theirs) = (row.best.map(\.columnName), other.best.map(\.columnName))
      return own == theirs ? nil : (row.label, own, theirs)
    }
  }

  private static func kind(_ first: MatrixCell?, _ second: MatrixCell?, _ test: CellTest?) -> CellComparison.Kind {
    if let test { return test.isIdentical ? .identical : .changed }
    let firstHas = first?.measured.lnTestLoss != nil
    let secondHas = second?.measured.lnTestLoss != nil
    if firstHas, secondHas { return .changed }
    return firstHas || !secondHas && first != nil ? .onlyFirst : .onlySecond
  }

  private static func differences(_ first: CellMeasurement?, _ second: CellMeasurement?) -> [String] {
    guard let first, let second, first.problem != nil, second.problem != nil else { return [] }
    return ParameterName.allCases.sorted().compactMap { name in
      let (own, other) = (first.parameters.value(of: name), second.parameters.value(of: name))
      return own == other ? nil : "\(name.rawValue) \(own) → \(other)"
    }
  }
}

/// The seeds that two measurements of one cell have in common.
private struct CellTest {
  let difference: SampleSummary
  let isIdentical: Bool
  let p: Double?

  init?(_ first: CellMeasurement, _ second: CellMeasurement) {
    let theirs = Dictionary(uniqueKeysWithValues: second.present.map { ($0.seed, $0) })
    let pairs = first.present.compactMap { own in theirs[own.seed].map { (own: own, other: $0) } }
    let values = pairs.map { $0.other.lnTestLoss - $0.own.lnTestLoss }
    guard let difference = SampleSummary(values) else { return nil }
    self.difference = difference
    isIdentical =
      first.present.count == second.present.count
      && pairs.allSatisfy {
        $0.own.testLoss.bitPattern == $0.other.testLoss.bitPattern && $0.own.checkpoint == $0.other.checkpoint
      }
    p = SignFlipTest(differences: values).flatMap { up in
      SignFlipTest(differences: values.map { -$0 }).map { down in min(1, 2 * min(up.p, down.p)) }
    }
  }
}

/// A table, and what it means in sentences.
package func comparisonText(_ comparison: SweepComparison) -> (rows: [[String]], sentences: [String]) {
  let head = ["cell", "first", "second", "change", "interval", "p", "adjusted", "verdict"]
  let rows = comparison.cells.map { cell -> [String] in
    let interval = cell.difference?.interval(confidence: comparison.confidence)
    let verdicts = cell.verdicts.map { $0?.rawValue ?? "-" }
    return [
      visible(cell.column.isEmpty ? cell.row : "\(cell.row) / \(cell.column)"), lossText(cell.first),
      lossText(cell.second),
      cell.kind == .changed ? cell.difference.map { signedText($0.mean) } ?? "-" : cell.kind.rawValue,
      cell.kind == .changed ? interval.map { "\(signedText($0.low)) to \(signedText($0.high))" } ?? "-" : "",
      cell.kind == .changed ? pText(cell.p) : "", cell.kind == .changed ? pText(cell.pAdjusted) : "",
      verdicts[0] == verdicts[1] ? verdicts[0] : verdicts.joined(separator: " → "),
    ]
  }
  return ([head] + rows, sentences(comparison))
}

private func lossText(_ mean: Double?) -> String { mean.map { numberText(exponential($0), digits: 4) } ?? "-" }

private func signedText(_ nats: Double) -> String { (nats >= 0 ? "+" : "") + fixedText(nats, decimals: 4) }

private func sentences(_ comparison: SweepComparison) -> [String] {
  var counts: [CellComparison.Kind: Int] = [:]
  for cell in comparison.cells { counts[cell.kind, default: 0] += 1 }
  let alpha = 1 - comparison.confidence
  let significant = comparison.cells.filter { ($0.pAdjusted ?? 1) <= alpha * (1 + 1e-9) }
  let better = significant.count { ($0.difference?.mean ?? 0) < 0 }
  var lines = [
    "\(countText(comparison.cells.count, "cell")): \(counts[.identical] ?? 0) identical to the bit, "
      + "\(counts[.changed] ?? 0) changed, \(counts[.onlyFirst] ?? 0) only in \(comparison.names[0]), "
      + "\(counts[.onlySecond] ?? 0) only in \(comparison.names[1])."
  ]
  if counts[.changed] ?? 0 > 0 {
    lines.append(
      "Change: mean difference of ln test loss on the seeds that both have, in nats; below 0 the second is better. "
        + "Two-sided sign-flip tests, Bonferroni-adjusted over the changed cells: \(better) better, "
        + "\(significant.count - better) worse at α = \(settingText(alpha)).")
  }
  var differing: [String: Int] = [:]
  for text in comparison.cells.flatMap(\.parameters) { differing[text, default: 0] += 1 }
  for (text, count) in differing.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }).prefix(12) {
    lines.append("Selected configurations differ in \(visible(text)) (\(countText(count, "cell"))).")
  }
  for change in comparison.bestSets {
    lines.append(
      "\(visible(change.row)): the best set was \(setText(change.first)) and is \(setText(change.second)).")
  }
  return lines
}

private func setText(_ names: [String]) -> String { names.isEmpty ? "empty" : visible(listText(names)) }

package func comparisonJSON(_ comparison: SweepComparison) -> String {
  let cells = comparison.cells.map { cell -> JSONValue in
    let interval = cell.difference?.interval(confidence: comparison.confidence)
    func flag(_ value: Bool?) -> JSONValue { value.map { .flag($0) } ?? .null }
    func text(_ value: Verdict?) -> JSONValue { value.map { .text($0.rawValue) } ?? .null }
    return .object([
      ("row", .text(cell.row)), ("column", .text(cell.column)), ("change", .text(cell.kind.rawValue)),
      ("ln_test_loss", .list([.optional(cell.first), .optional(cell.second)])),
      ("seeds", .integer(cell.difference?.count ?? 0)), ("ln_loss_difference", .optional(cell.difference?.mean)),
      ("ci_low", .optional(interval?.low)), ("ci_high", .optional(interval?.high)), ("p", .optional(cell.p)),
      ("p_adjusted", .optional(cell.pAdjusted)), ("verdict", .list(cell.verdicts.map(text))),
      ("in_best_set", .list(cell.inBestSet.map(flag))), ("parameters", .texts(cell.parameters)),
    ])
  }
  return JSONValue.object([
    ("version", .integer(1)), ("directories", .texts(comparison.names)),
    ("confidence", .number(comparison.confidence)), ("cells", .list(cells)),
  ]).text() + "\n"
}
