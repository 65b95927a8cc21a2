// What a dashboard shows, read from the sweep's directory alone: whatever becomes of the dashboard, the coordinator that
// runs the sweep does not notice. Read anew only while somebody looks and only when the database has changed.
import Dashboard
import Foundation
import Reports
import Shared
import Store
import Synchronization

/// A sweep as it was stored at one moment.
struct DashboardSnapshot: Sendable {
  let matrix: SweepMatrix
  let matrixHTML: String
  /// Of the present manifest, ascending by number.
  let trials: [TrialRecord]
  let places: [TrialID: Int]
  /// Names of each cell's row and column.
  let cells: [CellID: (row: String, column: String)]
  let plannedCount: Int
  let counts: [TrialState: Int]

  init(_ sweep: StoredSweep) throws {
    let trials = sweep.trials.current
    let results = SweepResults(
      plan: sweep.plan, trials: trials, curves: [:], provenance: try sweep.store.provenance(of: trials))
    matrix = SweepMatrix(results: results)
    matrixHTML = matrixFragment(matrix)
    self.trials = trials.sorted { $0.id < $1.id }
    places = Dictionary(uniqueKeysWithValues: self.trials.enumerated().map { ($1.id, $0) })
    var cells: [CellID: (row: String, column: String)] = [:]
    for row in matrix.rows {
      for (index, cell) in row.cells.enumerated() { cells[cell.measured.id] = (row.label, row.columnName(index)) }
    }
    self.cells = cells
    plannedCount = sweep.plannedCount
    counts = trials.reduce(into: [:]) { $0[$1.state, default: 0] += 1 }
  }
}

final class DashboardFeed: Sendable {
  /// Of the files that change when anything is stored.
  private struct Mark: Equatable {
    var size: Int64 = -1
    var seconds = 0
    var nanoseconds = 0

    init(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return }
      (size, seconds, nanoseconds) = (Int64(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
  }

  private struct State {
    var snapshot: DashboardSnapshot?
    var marks: [Mark] = []
    /// Grows with every reading that found something new.
    var version = 0
    /// Why the sweep could not be read the last time.
    var problem: String?
  }

  let directory: SweepDirectory
  private let state = Mutex(State())

  init(directory: String) { self.directory = SweepDirectory(normalizedDirectory(directory)) }

  var snapshot: DashboardSnapshot? { state.withLock { $0.snapshot } }
  var version: Int { state.withLock { $0.version } }
  var problem: String? { state.withLock { $0.problem } }

  /// Reads the sweep where its files have changed since the last time. Returns how long that took; nil where nothing had
  /// changed.
  func refresh() -> Duration? {
    let marks = [directory.database, directory.database + "-wal", directory.manifest].map(Mark.init)
    guard state.withLock({ $0.snapshot == nil || $0.marks != marks }) else { return nil }
    let began = ContinuousClock.now
    do {
      let snapshot = try DashboardSnapshot(try StoredSweep(reading: directory.path))
      state.withLock { state in
        (state.snapshot, state.marks, state.problem) = (snapshot, marks, nil)
        state.version += 1
      }
    } catch {
      // The last one that could be read stays.
      state.withLock { $0.problem = "\(error)" }
    }
    return ContinuousClock.now - began
  }

  /// What the coordinator that runs the sweep wrote last; nil while nobody does.
  var live: CoordinatorStatus? { directory.liveStatus }

  /// Opens the sweep for one answer.
  func open() throws -> StoredSweep { try StoredSweep(reading: directory.path) }
  func openStore() throws -> SweepStore { try SweepStore.forReading(directory.path) }
}
