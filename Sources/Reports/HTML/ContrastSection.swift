// The manifest's own comparisons as a table.
import Shared

func contrastSection(_ matrix: SweepMatrix) -> Markup {
  let tests = matrix.contrastTests
  guard !tests.isEmpty else { return "" }
  let confidence = matrix.settings.confidence
  let body = tests.map { test -> Markup in
    let interval = test.estimate?.interval(confidence: confidence).map {
      "\(fixedText($0.low, decimals: 3)) to \(fixedText($0.high, decimals: 3))"
    }
    let fields = [
      formula(test.contrast), test.place, fixedText(test.estimate?.mean ?? .nan, decimals: 3), interval ?? "–",
      pText(test.p), pText(test.tTestP), "\(test.estimate?.count ?? 0)",
    ]
    return
      "<tr><th scope=\"row\">\(test.contrast.name)</th>\(fields.map { "<td>\($0)</td>" as Markup }.joined(""))</tr>"
  }
  return """
    <section>
    <h2>Contrasts</h2>
    <p class="quiet">The manifest’s own comparisons: weighted sums of ln test losses, formed seed by seed. p: two-sided sign-flip
    test that the mean over seeds is 0, and Student’s beside; neither is corrected for the number of contrasts.</p>
    <div class="scroll"><table><thead><tr><th>contrast</th><th>of</th><th>in</th><th>nats</th>
    <th>\(percentLabel(confidence)) interval</th><th>p</th><th>paired t</th><th>seeds</th></tr></thead>
    <tbody>\(body.joined())</tbody></table></div>
    </section>
    """
}

/// `exp+linear − ½·exp+exp …` with rows behind: `(relu − exp) over (relu − linear)`.
private func formula(_ contrast: Contrast) -> String {
  let columns = sum(contrast.columns)
  return contrast.rows.isEmpty ? columns : "\(columns), \(sum(contrast.rows))"
}

private func sum(_ terms: [Contrast.Term]) -> String {
  terms.enumerated().map { index, term in
    let size = abs(term.weight) == 1 ? "" : "\(settingText(abs(term.weight)))·"
    let sign = term.weight < 0 ? (index == 0 ? "−" : " − ") : (index == 0 ? "" : " + ")
    return sign + size + term.value
  }.joined()
}
