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
  let alpha = settingText(1 - matrix.settings.confidence)
  let exact =
    matrix.reportSeeds <= SignFlipTest.exactPairs
    ? "all sign vectors are counted" : "a fixed sample of sign vectors is counted"
  return """
    <section>
    <h2>Methods</h2>
    <p>The replicate is the seed, which sets the rotation of the inputs, the initialisation, the training data and the test
    prompts. All activations of a row use the same seeds, so comparisons are paired. Hyperparameters are tuned per cell on
    \(countText(matrix.tuneSeeds, "tuning seed")) by \(matrix.metric.name.rawValue), with the same candidates for every cell; the
    selected candidate is trained anew on \(matrix.reportSeedsPhrase) whose test prompts chose nothing.</p>
    <p>Effects are differences of ln test loss per seed. Excess is the mean squared distance to the Bayes predictor on the same
    prompts; normalised excess divides it by the difference between the zero predictor’s and the Bayes loss. An activation leaves
    the best set if some rival of its row beats it with a one-sided sign-flip p of at most α/(K − 1), α = \(alpha), over all
    ordered pairs of the row’s K activations (\(exact)); so a truly best activation is excluded with probability at most α. The
    rival must also beat the activation’s \(attainableReference), where that is better than what was trained; if it does not, the cell is called optimiser-limited, as is a cell worse than its reference by more than 0.03 nats
    and 3 standard errors. Verdicts compare a cell with the row’s leader, the smallest mean ln test loss: tied if two one-sided
    t tests place the difference of normalised excess within \(settingText(matrix.settings.tieMargin)), even if it is
    significant; worse if the leader excludes it; otherwise unresolved. The interval of the leader’s
    distance from the runner-up ignores that the leader was selected for its mean. Diverged runs score the zero predictor’s loss and stay
    in. While trials of a row are pending nothing is excluded, because testing repeatedly as seeds arrive declares false
    winners.</p>\(replicationMethod(matrix))
    <p>That the best \(matrix.columnAxisName) depends on the \(matrix.rowAxisName) is tested as an intersection–union: for each
    \(matrix.columnAxisName) the Bonferroni-corrected p that some rival beats it in some \(matrix.rowAxisName), then the largest of
    these. Tasks and networks follow Cheng, Chen and Sra, “Transformers Implement Functional Gradient Descent to Learn Non-Linear
    Functions In Context”, ICML 2024.</p>
    </section>
    """
}

/// What takes the place of sign-flip tests where seeds were added while looking.
private func replicationMethod(_ matrix: SweepMatrix) -> Markup {
  guard let replication = matrix.replication else { return "" }
  return """

    <p>Reporting seeds were added, from \("\(replication.minimum)") up to \("\(replication.maximum)") per cell, to the leader and its unresolved rivals of each row.
    So instead of sign-flip and t tests, tests decide that are valid however often one looks: wealth from bets on the signs of
    paired differences, fair under the same hypothesis of symmetry (Ramdas et al. 2020, Waudby-Smith and Ramdas 2024), spread
    over all rivals. An activation leaves the best set where the bets against “no rival beats it” ever reached 1/α; p is the
    inverse of the largest wealth. Ties are two such tests at α.</p>
    """
}
