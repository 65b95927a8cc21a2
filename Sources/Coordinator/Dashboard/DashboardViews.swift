// The JSON that a dashboard's pages and programs read; field names are those of the other commands' --json.
import Foundation
import Reports
import Search
import Shared
import Store

/// The head of the page, sent with every event.
struct DashboardOverview: Encodable {
  var name: String
  /// In words.
  var state: String
  /// Of the coordinator that runs the sweep, if any does.
  var runningProcess: Int?
  var planned: Int
  var ended: Int
  var counts: [String: Int]
  var stepsPerSecond: Double?
  var remainingSeconds: Double?
  var trialSeconds: Double
  var digest: String
  var paused: Bool
  /// Whether actions reach a coordinator.
  var canAct: Bool
  var workerCount: Int
  var dropped: [String: Int]

  init(_ snapshot: DashboardSnapshot, live: CoordinatorStatus?, problem: String?, canAct: Bool) {
    name = snapshot.matrix.name
    planned = snapshot.plannedCount
    let isRunning = live != nil
    func count(_ states: TrialState...) -> Int { states.reduce(0) { $0 + (snapshot.counts[$1] ?? 0) } }
    let leased = count(.leased, .running, .committing)
    ended = count(.succeeded, .failed, .quarantined, .cancelled, .pruned)
    counts = [
      "succeeded": count(.succeeded), "pruned": count(.pruned), "failed": count(.failed, .quarantined),
      "cancelled": count(.cancelled), "running": isRunning ? leased : 0,
      "pending": max(0, planned - ended - (isRunning ? leased : 0)),
    ]
    runningProcess = live?.process
    stepsPerSecond = live?.stepsPerSecond
    remainingSeconds = live?.remainingSeconds
    trialSeconds = snapshot.matrix.provenance.trialSeconds
    digest = snapshot.matrix.provenance.digest
    paused = live?.isPaused ?? false
    self.canAct = canAct && isRunning
    workerCount = live?.workerCount ?? 0
    dropped = live?.counters ?? [:]
    if let problem {
      state = "the sweep cannot be read: \(problem)"
    } else if let live {
      state =
        (paused ? "paused: nothing more is granted; " : "") + "process \(live.process) is running it"
        + (live.endpoint.hasPrefix("tcp") ? " at \(live.endpoint)" : "")
    } else {
      state = ended < planned ? "nobody is running it" : "every trial has ended"
    }
  }
}

struct DashboardNews: Encodable {
  var version: Int
  var overview: DashboardOverview
}

struct DashboardWorkers: Encodable {
  /// In contact.
  var total: Int
  /// Those that are known one by one, of which a page follows (`CoordinatorStatus.mostWorkers`).
  var listed: Int
  var offset: Int
  var workers: [CoordinatorStatus.Worker]
}

struct DashboardTrial: Encodable {
  var trial: Int64
  var cell: Int
  var row: String
  var column: String
  var stage: String
  var seed: UInt32?
  var state: String
  var loss: Double?
  var seconds: Double?
  var attempts: Int
  var reason: String?

  init(_ record: TrialRecord, in snapshot: DashboardSnapshot) {
    (trial, cell) = (record.id.rawValue, record.cell.rawValue)
    let names = snapshot.cells[record.cell]
    (row, column) = (names?.row ?? "", names?.column ?? "")
    stage = record.stage.rawValue
    seed = record.stage == .reference ? nil : record.seed.rawValue & ~Seed.firstTuning
    state = record.result?.outcome == .diverged ? "diverged" : record.state.rawValue
    loss = record.shownLoss
    seconds = record.result?.seconds
    (attempts, reason) = (record.attempts, record.reason)
  }
}

extension TrialRecord {
  /// Test loss, or validation loss where only that is measured; nil where neither is a number.
  var shownLoss: Double? {
    guard let metrics = result?.metrics else { return nil }
    let loss = metrics.testLoss.isNaN ? metrics.validationLoss : metrics.testLoss
    return loss.isFinite ? loss : nil
  }
}

struct DashboardTrials: Encodable {
  var total: Int
  var offset: Int
  var trials: [DashboardTrial]
}

/// A trial in full.
struct DashboardTrialDetail: Encodable {
  var trial: Int64
  var what: String
  var state: String
  var why: String
  var configuration: String
  var parameters: String
  var attempts: [TrialExplanation.Attempt]
  var loss: Double?
  var seconds: Double?
  var checkpoint: String?
  /// Pairs of step and validation loss.
  var curve: [[Double]]
  var canCancel: Bool
  var canRetry: Bool

  init(_ id: TrialID, in sweep: StoredSweep) throws {
    let explanation = try TrialExplanation(of: id, in: sweep)
    let record = sweep.trials.current.first { $0.id == id }
    trial = id.rawValue
    (what, state, why) = (explanation.what, explanation.state, explanation.why)
    (configuration, parameters) = (explanation.configuration, explanation.parameters)
    attempts = explanation.attempts
    (loss, seconds) = (record?.shownLoss, record?.result?.seconds)
    checkpoint = record?.result?.checkpoint.rawValue ?? explanation.resume?.digest
    curve = drawnCurve(try sweep.store.curve(of: id))
    canCancel = record.map { !$0.state.isTerminal } ?? false
    canRetry = record.map { $0.state == .leased || $0.state == .running } ?? false
  }
}

/// Of more points than a screen has columns every n-th is drawn, and the last.
func drawnCurve(_ points: [MetricPoint], atMost most: Int = 400) -> [[Double]] {
  let stride = max(1, (points.count + most - 1) / most)
  return points.enumerated().filter { $0.offset % stride == 0 || $0.offset == points.count - 1 }
    .filter { $0.element.validationLoss.isFinite }
    .map { [Double($0.element.step), $0.element.validationLoss] }
}

/// A cell in full.
struct DashboardCellDetail: Encodable {
  struct Seed: Encodable {
    var seed: UInt32
    var trial: Int64
    var lnTestLoss: Double?
    var normalisedExcess: Double?
    var diverged: Bool
  }
  struct Candidate: Encodable {
    var text: String
    var score: Double?
    var selected: Bool
  }
  struct Curve: Encodable {
    var name: String
    var points: [[Double]]
  }

  static let mostCurves = 24

  var cell: Int
  var row: String
  var column: String
  var verdict: String
  var status: String
  var pending: Int
  var sentence: String
  var seeds: [Seed]
  var candidates: [Candidate]
  var curves: [Curve]

  /// Nil where the matrix has no such cell.
  init?(_ id: CellID, in snapshot: DashboardSnapshot, store: SweepStore) throws {
    let rows = snapshot.matrix.rows
    guard let row = rows.first(where: { $0.cells.contains { $0.measured.id == id } }),
      let index = row.cells.firstIndex(where: { $0.measured.id == id })
    else { return nil }
    let found = row.cells[index], measured = found.measured
    cell = id.rawValue
    (self.row, column) = (row.label, row.columnName(index))
    (verdict, status) = (found.verdict.rawValue, found.status.rawValue)
    pending = measured.pending
    sentence = rowSentence(row, snapshot.matrix)
    func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
    seeds = measured.present.map {
      Seed(
        seed: $0.seed.rawValue, trial: $0.trial.rawValue, lnTestLoss: finite($0.lnTestLoss),
        normalisedExcess: finite($0.normalisedExcess), diverged: $0.isDiverged)
    }
    let tuning = measured.tuning
    candidates = tuning.candidates.enumerated().map { place, candidate in
      Candidate(
        text: zip(snapshot.matrix.tuned, candidate.values).map { "\($0.rawValue) \($1)" }.joined(separator: ", "),
        score: candidate.score.flatMap(finite), selected: place == tuning.selected)
    }
    if candidates.count == 1, candidates[0].text.isEmpty { candidates = [] }
    curves = try measured.present.prefix(Self.mostCurves).map {
      Curve(name: "seed \($0.seed)", points: drawnCurve(try store.curve(of: $0.trial)))
    }
  }
}
