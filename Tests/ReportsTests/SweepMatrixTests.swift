// From stored results to verdicts: best sets, statuses, selection, missing and diverged trials, unfinished sweeps.
import Reports
import Shared
import Testing

@Suite struct SweepMatrixTests {
  @Test func `the quickstart's values give the expected best sets`() {
    let matrix = SampleSweep().matrix()
    #expect(matrix.cells.count == 12)
    #expect(matrix.rows.map { $0.best.map(\.columnName) } == [["linear"], ["relu"], ["softmax"]])
    #expect(matrix.rows.map { $0.leader } == [0, 1, 3])
    #expect(matrix.rows.map { $0.matched } == [0, 1, 2])
    #expect(matrix.rows[1].cells[2].verdict == .worse)
    // exp on exp labels is beaten on every seed, and within a hundredth of the way to the zero predictor.
    #expect(matrix.rows[2].cells[2].verdict == .tied)
    #expect(matrix.rows[0].cells.allSatisfy { $0.status == .ok })
    #expect(matrix.rows[1].cells[0].pRaw == 1.0 / 256)
    #expect(matrix.rows[1].cells[0].pAdjusted == 3.0 / 256)
    #expect(matrix.interactions.map { $0.test?.p } == [9.0 / 256])
  }

  @Test func `a row with pending trials decides nothing and says so`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 5, trial.stage == .reporting, trial.seed.rawValue == 7 else { return }
      (trial.state, trial.result) = (.running, nil)
    }
    let matrix = sweep.matrix()
    let row = matrix.rows[1]
    #expect(row.pending == 1)
    #expect(row.best.count == 4)
    #expect(row.cells[1].status == .pending)
    #expect(row.cells[0].verdict == .unresolved)
    #expect(row.cells[1].measured.present.count == 7)
    #expect(rowSentence(row, matrix).contains("leads so far"))
    #expect(matrix.rows[0].best.count == 1)
    #expect(matrix.interactions[0].test == nil)
  }

  @Test func `while a cell is still tuned nothing is selected and its seeds are pending`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      if trial.cell.rawValue == 0, trial.stage == .tuning { (trial.state, trial.result) = (.pending, nil) }
    }
    let measured = sweep.matrix().rows[0].cells[0].measured
    #expect(measured.tuning.selected == nil)
    #expect(measured.pending == 4 + 8)
    #expect(measured.lnTestLoss == nil)
  }

  @Test func `a sweep without any result gives an empty matrix`() {
    var results = SampleSweep().results()
    (results.trials, results.curves) = ([], [:])
    let matrix = SweepMatrix(results: results)
    #expect(matrix.cells.allSatisfy { $0.status == .pending && $0.inBestSet && !$0.isLeader })
    #expect(matrix.rows.allSatisfy { $0.leader == nil })
  }

  @Test func `failed and quarantined trials are missing, named and do not stop the decision`() throws {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 4, trial.stage == .reporting, trial.seed.rawValue < 2 else { return }
      trial.state = trial.seed.rawValue == 0 ? .failed : .quarantined
      (trial.result, trial.reason) = (nil, "out of memory")
    }
    let matrix = sweep.matrix()
    let cell = matrix.rows[1].cells[0]
    #expect(cell.measured.missing.map(\.state) == [.failed, .quarantined])
    #expect(cell.measured.missing[0].reason == "out of memory")
    #expect(cell.measured.present.count == 6)
    #expect(cell.verdict == .worse)
    #expect(cell.pRaw == 1.0 / 64)
    #expect(rowSentence(matrix.rows[1], matrix).contains("2 reporting trials ended without a result: linear."))
  }

  @Test func `a diverged run scores the zero predictor and is counted`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 4, trial.stage == .reporting, trial.seed.rawValue == 3 else { return }
      trial.result?.outcome = .diverged
      trial.result?.metrics = FinalMetrics()
    }
    let matrix = sweep.matrix()
    let cell = matrix.rows[1].cells[0]
    #expect(cell.status == .diverged)
    #expect(cell.measured.divergedCount == 1)
    let score = cell.measured.present[3]
    // Its own metrics are empty: the zero loss comes from the row's other cells, on the same prompts.
    #expect(score.testLoss == SampleSweep.zero[1])
    #expect(score.normalisedExcess == 1)
    #expect(rowSentence(matrix.rows[1], matrix).contains("1 run diverged"))
  }

  @Test func `with five seeds and four activations nothing can be decided`() {
    var sweep = SampleSweep()
    sweep.reportSeeds = 5
    let matrix = sweep.matrix()
    #expect(matrix.cells.allSatisfy { $0.status == .tooFewSeeds && $0.inBestSet })
    #expect(matrix.cells.allSatisfy { $0.isLeader || $0.verdict == .unresolved })
    #expect(rowSentence(matrix.rows[0], matrix).contains("6 per cell are needed"))
  }

  @Test func `a rival within the tie margin is tied even where the difference is significant`() {
    var sweep = SampleSweep()
    sweep.noise = 0.0002
    sweep.heads = [Heads([.linear]), Heads([.relu]), Heads([.exp])]
    sweep.tasks = [.exponential(scale: 0.5)]
    // exp and relu differ by a thousandth of the loss, on every seed in the same direction.
    sweep.change = { trial in
      guard trial.cell.rawValue > 0, trial.stage == .reporting, var metrics = trial.result?.metrics else { return }
      metrics.testLoss = (trial.cell.rawValue == 1 ? 0.1610 : 0.1612) + 0.0001 * Double(trial.seed.rawValue % 3)
      metrics.excess = metrics.testLoss - metrics.bayesLoss
      metrics.referenceLoss = 1.05 * metrics.testLoss
      trial.result?.metrics = metrics
    }
    let row = sweep.matrix().rows[0]
    #expect(row.leader == 1)
    #expect(row.cells[2].verdict == .tied)
    #expect(row.cells[2].pRaw == 1.0 / 256)
    #expect(!row.cells[2].inBestSet)
    #expect(row.cells[0].verdict == .worse)
  }

  @Test func `a badly trained rival stays in the best set and marks the row`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.cell.rawValue == 6, trial.stage == .reporting else { return }
      trial.result?.metrics.referenceLoss = 0.29
    }
    let matrix = sweep.matrix()
    let row = matrix.rows[1]
    #expect(row.best.map(\.columnName) == ["relu", "exp"])
    #expect(row.isOptimiserLimited)
    #expect(row.cells[2].status == .optimiserLimited)
    #expect(row.cells[2].verdict == .unresolved)
    #expect(row.cells[2].pRaw == 1.0 / 256)
    #expect(rowSentence(row, matrix).contains("Optimiser-limited"))
  }

  @Test func `the selected value is flagged at the edge of what was tried, and not inside`() {
    var sweep = SampleSweep()
    #expect(sweep.matrix().rows[0].cells[0].measured.tuning.edges == [.learningRate])
    sweep.learningRates = [0.007, 0.05, 0.02]
    let tuning = sweep.matrix().rows[0].cells[0].measured.tuning
    #expect(tuning.selected == 2)
    #expect(tuning.edges.isEmpty)
    #expect(tuning.seeds == 2)
  }

  @Test func `a candidate that diverged or failed is not selected`() {
    var sweep = SampleSweep()
    sweep.change = { trial in
      guard trial.stage == .tuning, trial.parameters.learningRate == 0.02 else { return }
      switch trial.cell.rawValue {
      case 0: trial.result?.outcome = .diverged
      case 1: (trial.state, trial.result) = (.failed, nil)
      default: break
      }
    }
    let cells = sweep.matrix().rows[0].cells
    #expect(cells[0].measured.tuning.selected == 0)
    #expect(cells[0].measured.tuning.candidates[1].score == .infinity)
    #expect(cells[1].measured.tuning.selected == 0)
    #expect(cells[1].measured.tuning.candidates[1].score == nil)
    // Their reporting trials are of the other candidate: left over, and not counted.
    #expect(cells[0].measured.present.isEmpty)
  }

  @Test func `one candidate is reported without tuning`() {
    var sweep = SampleSweep()
    sweep.learningRates = [0.02]
    let matrix = sweep.matrix()
    #expect(matrix.rows[0].cells[0].measured.tuning.seeds == 0)
    #expect(matrix.rows.map { $0.best.map(\.columnName) } == [["linear"], ["relu"], ["softmax"]])
  }

  @Test func `a further axis makes a row of each of its values and an interaction test of each`() {
    var sweep = SampleSweep()
    sweep.contexts = [8, 14]
    let matrix = sweep.matrix()
    #expect(matrix.rows.count == 6)
    #expect(matrix.rows[1].label == "linear, context 14")
    #expect(matrix.rows[1].cells.map(\.columnName) == ["linear", "relu", "exp", "softmax"])
    #expect(matrix.interactions.map { $0.rows } == [[0, 2, 4], [1, 3, 5]])
  }

  @Test func `two heads are matched to no task`() {
    var sweep = SampleSweep()
    sweep.heads = [Heads([.exp]), Heads([.exp, .linear])]
    let row = sweep.matrix().rows[2]
    #expect(row.cells.map(\.columnName) == ["exp", "exp+linear"])
    #expect(row.cells.map(\.measured.isMatched) == [true, false])
  }
}
