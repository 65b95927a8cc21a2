// What a reader of a plan or a report should know of its tasks' labels: which kernels are none, strictly speaking, and for
// which tasks nobody knows the Bayes predictor.

extension SweepPlan {
  /// One sentence per task that needs one, in the order of the cells.
  package var labelNotes: [String] {
    var seen: Set<[ParameterValue]> = []
    var notes: [String] = []
    for cell in cells {
      guard let parameters = cell.candidates.first else { continue }
      // Cells of one problem share what is found out about it.
      let problem = [ParameterName.task, .dimension, .inputs, .kernelOn, .covariance].map { parameters.value(of: $0) }
      guard seen.insert(problem).inserted, let note = parameters.labelNote else { continue }
      let sentence = "Task \(shown(problem[0])): \(note)."
      if !notes.contains(sentence) { notes.append(sentence) }
    }
    return notes
  }
}

extension TrialParameters {
  fileprivate var labelNote: String? {
    switch task {
    case .linear, .relu, .exponential, .function(.noisyLinear), .function(.quadratic): nil
    case .kernel:
      usesAbsoluteKernel ? "the kernel is not positive semi-definite, so labels are draws of N(0, |K|)" : nil
    case .function(.sparseLinear):
      "where its coordinates can be chosen in more than 128 ways the Bayes predictor is left out as absent"
    case .function(.reluNetwork), .function(.decisionTree):
      "the Bayes predictor is not known, so Bayes loss and excess are absent"
    case .mixture(let mixture):
      mixture.isGaussian
        ? nil : "the Bayes predictor of a mixture with functions is not known, so Bayes loss and excess are absent"
    }
  }
}
