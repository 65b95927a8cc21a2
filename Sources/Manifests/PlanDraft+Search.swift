// What early_terminate, replicate and bayes mean together with the rest of a manifest.
import Search
import Shared

extension PlanDraft {
  /// Small, since the trials of a generation know nothing of one another.
  static let standardGeneration = 4

  /// Reporting seeds that every cell has.
  var smallestReportSeeds: Int { replication?.settings.minimum ?? reportSeeds?.count ?? 8 }
  /// Reporting seeds that no cell exceeds.
  var largestReportSeeds: Int { replication?.settings.maximum ?? reportSeeds?.count ?? 8 }

  /// Configurations of bayes' first generation.
  func initialCount(of configurations: Int, tuned: Int) -> Int {
    min(configurations, generations?.sizes.initial ?? max(4, 2 * tuned + 2))
  }

  func checkSearchKeys(_ cells: [CellPlan], isTuned: Bool, _ notes: inout [String]) throws(Issue) {
    if let generations, method != .bayes {
      throw Issue(
        line: generations.line, "bayes has no meaning for method \(method.rawValue)",
        "remove it, or write `method: bayes`")
    }
    if replication != nil, let reportSeeds {
      throw Issue(
        line: reportSeeds.line, "seeds.report is \"\(reportSeeds.count)\", which replicate decides",
        "write replicate: {min: \(reportSeeds.count), max: …} alone")
    }
    guard let (settings, line) = earlyTermination else { return }
    guard isTuned else {
      notes.append("early_terminate stops tuning trials, and nothing is tuned here")
      return
    }
    for cell in cells {
      var rungs: Int?
      for candidate in cell.candidates {
        let count = settings.rungs(steps: candidate.steps, evaluateEvery: candidate.evaluateEvery).count
        guard count > 0 else {
          let evaluations = (candidate.steps + candidate.evaluateEvery - 1) / candidate.evaluateEvery
          throw Issue(
            line: line, "early_terminate has no rung before the end: trials have \(evaluations) evaluations",
            "write a smaller min_iter, or a smaller evaluate_every")
        }
        guard rungs ?? count == count else {
          throw Issue(
            line: line, "early_terminate judges candidates of \(rungs ?? 0) and of \(count) rungs",
            "leave out evaluate_every, so that all have as many evaluations")
        }
        rungs = count
      }
    }
    if settings.dependsOnTiming {
      notes.append("early_terminate asha depends on timing: the same manifest may stop other trials the next time")
    }
  }
}
