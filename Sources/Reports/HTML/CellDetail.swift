// What a click on a cell of the matrix opens: its numbers, the curve of every seed, what was tuned and how far the good
// values spread, where its checkpoints lie, and what failed. Kept in inert templates, so that a page of a thousand cells
// opens as quickly as one of ten.
import Shared

/// Candidates of a cell that are listed, best first; matrix.json has all.
private let listedCandidates = 12

func cellDetails(_ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  let strands = matrix.cells.reduce(0) { $0 + $1.measured.present.count }
  let limit = pointBudget(60_000, lines: strands, atLeast: 10)
  let parts = matrix.rows.flatMap { row in
    row.cells.map { cell -> Markup in
      """
      <template id="cell-\(cell.measured.id.rawValue)" data-title="\(cellTitle(cell, row, matrix))">
      \(detail(cell, row, results, matrix, limit: limit))
      </template>
      """
    }
  }
  return """
    <dialog id="detail" aria-labelledby="detail-title">
    <div class="detail-head"><h2 id="detail-title" tabindex="-1"></h2>
    <button type="button" id="previous" aria-label="Previous cell">‹</button>\
    <button type="button" id="next" aria-label="Next cell">›</button>\
    <button type="button" id="close" aria-label="Close">×</button></div>
    <div id="detail-body"></div>
    </dialog>
    \(parts.joined())
    """
}

private func cellTitle(_ cell: MatrixCell, _ row: MatrixRow, _ matrix: SweepMatrix) -> String {
  let (name, place) = (shortened(cell.columnName, to: shownNameLength), shortened(row.label, to: shownNameLength))
  return name.isEmpty ? place : "\(name) on \(place)"
}

private func detail(
  _ cell: MatrixCell, _ row: MatrixRow, _ results: SweepResults, _ matrix: SweepMatrix, limit: Int
) -> Markup {
  let chart = CellChart(cell, title: cellTitle(cell, row, matrix), curves: results.curves, limit: limit)
  let curves = chart.drawing().map { drawing -> Markup in
    """
    <figure><div class="scroll">\(drawing.inline)</div>
    <figcaption>Validation loss of every reporting seed.</figcaption></figure>
    """
  }
  return """
    <p class="badges-line">\(badges(cell, row))</p>
    \(facts(cell, row))
    \(curves ?? "<p class=\"quiet\">No learning curves are stored yet.</p>")
    <h3>Seeds</h3>
    \(seedTable(cell, results))
    <h3>Tuned hyperparameters</h3>
    \(tuning(cell, matrix))
    \(failures(cell))
    <details><summary>Configuration</summary><pre>\(cell.measured.parameters.canonicalJSON)</pre></details>
    """
}

private func facts(_ cell: MatrixCell, _ row: MatrixRow) -> Markup {
  let measured = cell.measured
  var items: [(String, String)] = []
  if let loss = measured.lnTestLoss {
    var text = numberText(exponential(loss.mean), digits: 4)
    if let interval = loss.interval(confidence: row.settings.confidence) {
      text +=
        " (\(percentLabel(row.settings.confidence)) interval \(numberText(exponential(interval.low), digits: 4)) to "
      text += "\(numberText(exponential(interval.high), digits: 4)))"
    }
    items.append(("test loss", text))
    items.append(("ln test loss", fixedText(loss.mean, decimals: 4) + spread(loss)))
  }
  items.append(("normalised excess", numberText(measured.normalisedExcess)))
  items.append(("excess", numberText(measured.excess)))
  if measured.bayesLoss.isFinite {
    items.append(("Bayes, zero", "\(baselineText(measured.bayesLoss)), \(baselineText(measured.zeroLoss))"))
  }
  if measured.lnReference.isFinite {
    items.append(("attainable reference", numberText(exponential(measured.lnReference), digits: 4)))
  }
  items.append(("verdict", "\(cell.verdict.rawValue), \(cell.status.rawValue)"))
  if let rival = cell.strongestRival {
    let nats = fixedText(abs(rival.difference.mean), decimals: 3)
    let place = rival.difference.mean > 0 ? "\(nats) nats ahead" : "\(nats) nats behind"
    items.append(
      (
        "strongest rival",
        "\(row.columnName(rival.winner)), \(place); that it is better: \(pEquation(rival.p)), adjusted "
          + pText(cell.pAdjusted)
      ))
  }
  if let equivalence = cell.equivalence { items.append(("tie with the leader", pEquation(equivalence.p))) }
  let rows = items.map { name, text -> Markup in "<tr><th scope=\"row\">\(name)</th><td>\(text)</td></tr>" }
  return "<table class=\"facts\"><tbody>\(rows.joined(""))</tbody></table>"
}

private func spread(_ loss: SampleSummary) -> String {
  loss.standardDeviation.map { ", SD \(fixedText($0, decimals: 4)) over \(countText(loss.count, "seed"))" } ?? ""
}

private func seedTable(_ cell: MatrixCell, _ results: SweepResults) -> Markup {
  let rows = cell.measured.present.map { score -> Markup in
    let digest = score.checkpoint.rawValue
    let path = "blobs/sha256/\(digest.prefix(2))/\(digest)"
    return """
      <tr><th scope="row">\(score.seed.description)</th><td>\(results.name(of: score.trial))</td>\
      <td>\(numberText(score.testLoss, digits: 4))\(score.isDiverged ? " (diverged)" : "")</td>\
      <td>\(numberText(score.normalisedExcess))</td>\
      <td><code title="\(path)">\(digest.prefix(12).description)</code> \
      <button type="button" class="copy" data-copy="\(path)">copy path</button></td></tr>
      """
  }
  guard !rows.isEmpty else { return "<p class=\"quiet\">No reporting trial has a result yet.</p>" }
  return """
    <div class="scroll"><table class="dense"><thead><tr><th>seed</th><th>trial</th><th>test loss</th><th>norm. excess</th>\
    <th>checkpoint</th></tr></thead><tbody>\(rows.joined())</tbody></table></div>
    """
}

private func tuning(_ cell: MatrixCell, _ matrix: SweepMatrix) -> Markup {
  let tuning = cell.measured.tuning
  guard !matrix.tuned.isEmpty, !tuning.candidates.isEmpty else { return "<p class=\"quiet\">Nothing was tuned.</p>" }
  let ranked = tuning.candidates.indices.filter { tuning.candidates[$0].score?.isFinite ?? false }
    .sorted { (tuning.candidates[$0].score ?? 0, $0) < (tuning.candidates[$1].score ?? 0, $1) }
  let quarter = Array(ranked.prefix(max(2, (ranked.count + 3) / 4)))
  let spreads = matrix.tuned.enumerated().map { index, name -> Markup in
    let selected = tuning.selected.map { tuning.candidates[$0].values[index].description } ?? "–"
    let tried = range(tuning.candidates.indices.map { tuning.candidates[$0].values[index] })
    let good = quarter.count > 1 ? range(quarter.map { tuning.candidates[$0].values[index] }) : "–"
    return """
      <tr><th scope="row">\(name.rawValue)</th><td><strong>\(selected)</strong>\(tuning.edges.contains(name) ? " (edge)" : "")</td>\
      <td>\(good)</td><td>\(tried)</td></tr>
      """
  }
  let listed = ranked.prefix(listedCandidates).map { index -> Markup in
    let candidate = tuning.candidates[index]
    let values = candidate.values.map { value -> Markup in "<td>\(value.description)</td>" }
    let losses = candidate.losses.map { $0.map { numberText($0) } ?? "missing" }.joined(separator: ", ")
    return """
      <tr\(index == tuning.selected ? " class=\"selected\"" as Markup : "")>\(values.joined(""))\
      <td>\(fixedText(candidate.score ?? .nan, decimals: 3))</td><td>\(losses)</td></tr>
      """
  }
  let names = matrix.tuned.map { name -> Markup in "<th>\(name.rawValue)</th>" }
  let diverged = tuning.candidates.count { $0.score == .infinity }
  var note = "\(countText(tuning.candidates.count, "candidate"))"
  if ranked.count > listedCandidates { note += ", the best \(listedCandidates) here" }
  if diverged > 0 { note += "; \(diverged) diverged" }
  if tuning.missing > 0 { note += "; \(countText(tuning.missing, "tuning trial")) without a result" }
  if tuning.pending > 0 { note += "; \(countText(tuning.pending, "tuning trial")) to come" }
  return """
    <div class="scroll"><table class="dense"><thead><tr><th></th><th>selected</th><th>best quarter</th><th>tried</th></tr></thead>
    <tbody>\(spreads.joined(""))</tbody></table></div>
    \(listed.isEmpty ? "" : "<div class=\"scroll\"><table class=\"dense\"><thead><tr>\(names.joined(""))<th>score</th><th>per seed</th></tr></thead><tbody>\(listed.joined(""))</tbody></table></div>" as Markup)
    <p class="quiet">\(note).</p>
    """
}

/// `0.002 to 0.02`; words are listed.
private func range(_ values: [ParameterValue]) -> String {
  let numbers = values.compactMap(\.number)
  if numbers.count == values.count, let low = numbers.min(), let high = numbers.max() {
    return low == high ? settingText(low) : "\(settingText(low)) to \(settingText(high))"
  }
  var seen: Set<String> = []
  let words = values.map(\.description).filter { seen.insert($0).inserted }
  return listText(words.count > 6 ? words.prefix(5) + ["\(words.count - 5) more"] : words)
}

private func failures(_ cell: MatrixCell) -> Markup {
  let items = cell.measured.missing.map { trial -> Markup in
    "<li>seed \(trial.seed.description): \(trial.state.rawValue)\(trial.reason.isEmpty ? "" : " – " + shortened(trial.reason, to: 400))</li>"
  }
  return items.isEmpty ? "" : "<h3>Without a result</h3><ul>\(items.joined())</ul>"
}
