// What was run, on what, and how the numbers came to be: the parts of the page that let a colleague check it.
import Shared

func runSection(_ results: SweepResults, _ matrix: SweepMatrix) -> Markup {
  let items = runSummary(matrix).map { item -> Markup in
    "<tr><th scope=\"row\">\(item.label)</th><td>\(item.text)</td></tr>"
  }
  let source = results.plan.source
  let manifest: Markup =
    source.isEmpty ? "" : "<details><summary>The manifest as it was run</summary><pre>\(source)</pre></details>"
  return """
    <section>
    <h2>What was run</h2>
    <div class="scroll"><table class="facts"><tbody>
    \(items.joined())
    \(results.plan.labelNotes.map(labelNote).joined())
    \(identityCheck(matrix))
    </tbody></table></div>
    \(manifest)
    </section>
    """
}

private func labelNote(_ text: String) -> Markup { "<tr><th scope=\"row\">Labels</th><td>\(text)</td></tr>" }

/// The Bayes identity is a check of data, baselines and arithmetic at once (docs/science.md §4).
private func identityCheck(_ matrix: SweepMatrix) -> Markup {
  let scores = matrix.cells.flatMap(\.measured.present).map { abs($0.bayesIdentityZ) }.filter(\.isFinite)
  guard let worst = scores.max() else { return "" }
  return """
    <tr><th scope="row">Bayes identity</th><td>|loss − Bayes loss − excess| is at most \(fixedText(worst, decimals: 1)) standard
    errors in \(countText(scores.count, "trial")); \(worst <= 4 ? "within the 4 allowed" : "more than the 4 allowed: check this machine with attune verify")</td></tr>
    """
}

func methodSection(_ matrix: SweepMatrix) -> Markup {
  let paragraphs = methodParagraphs(matrix).map { text -> Markup in "<p>\(text)</p>" }
  return "<section>\n<h2>Methods</h2>\n\(paragraphs.joined())\n</section>"
}
