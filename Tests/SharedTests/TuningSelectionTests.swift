// Which candidate a cell reports on.
import Foundation
import Shared
import Testing

@Suite struct TuningSelectionTests {
  @Test func `the smallest mean of ln loss wins`() {
    // Means of the losses would choose the second: 1.01 against 0.75.
    let selection = selectCandidate(losses: [[0.02, 2], [0.5, 1]])
    #expect(selection.candidate == 0)
    #expect(abs((selection.scores[0] ?? 0) - log(0.04) / 2) < 1e-14)
  }

  @Test func `ties go to the earlier candidate`() {
    #expect(selectCandidate(losses: [[0.5], [0.25], [0.25]]).candidate == 1)
  }

  @Test func `a diverged trial is never chosen while another candidate is finite`() {
    let selection = selectCandidate(losses: [[.infinity, 0.1], [5, 6]])
    #expect(selection.candidate == 1)
    #expect(selection.scores[0] == .infinity)
  }

  @Test func `a candidate with a failed trial has no score`() {
    let selection = selectCandidate(losses: [[nil, 0.1], [5, 6]])
    #expect(selection.candidate == 1)
    #expect(selection.scores[0] == nil)
  }

  @Test func `a loss of zero is smaller than any other`() {
    #expect(selectCandidate(losses: [[1e-200], [0]]).candidate == 1)
  }
}
