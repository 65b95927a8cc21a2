// A sweep's directory opened to look at it: the plan of its manifest and what has been stored under it.
import Foundation
import Manifests
import Reports
import Search
import Shared
import Store

struct StoredSweep {
  let plan: SweepPlan
  let store: SweepStore
  let trials: PlacedTrials

  /// Opens `path`; works while another process runs the sweep, and where nothing can be written.
  init(reading path: String) throws {
    let store = try SweepStore.forReading(normalizedDirectory(path))
    let manifest = store.directory.manifest
    guard access(manifest, F_OK) == 0 || errno != ENOENT else {
      throw CommandFailure(
        "\(manifest): the sweep's manifest is gone; put it back, or run the manifest it came from with --out "
          + "\(store.directory.path), which keeps every stored result")
    }
    try self.init(plan: try readManifest(manifest).plan, store: store)
  }

  init(plan: SweepPlan, store: SweepStore) throws {
    let stored = try store.trials(of: plan).map(\.record)
    (self.plan, self.store) = (plan.grown(by: stored), store)
    trials = self.plan.place(stored)
  }

  var digest: String { sweepDigest(trials.current) }

  /// Trials the sweep will have when it ends, and those that have ended.
  var plannedCount: Int { plan.plannedTrialCount - trials.shared }
  var endedCount: Int { trials.current.count { $0.state.isTerminal } }

  var hasEnded: Bool { endedCount == plannedCount }

  /// Whether nothing is left to train by any rules: what was stopped early may have to go on by others.
  var isComplete: Bool { hasEnded && !(plan.adaptsTuning && trials.current.contains { $0.state == .pruned }) }

  func results() throws -> SweepResults {
    let curves = try store.curves()
    let current = Set(trials.current.map(\.id))
    return SweepResults(
      plan: plan, trials: trials.current, curves: curves.filter { current.contains($0.key) },
      provenance: try store.provenance(of: trials.current))
  }
}

/// What one report says of all of them together.
func mergedResults(_ sweeps: [StoredSweep]) throws -> SweepResults {
  if sweeps.count == 1 { return try sweeps[0].results() }
  let parts = try sweeps.map { sweep in
    SweepPart(
      name: sweep.store.directory.path, plan: sweep.plan, stored: sweep.trials.current + sweep.trials.superseded,
      curves: try sweep.store.curves(), provenance: try sweep.store.provenance(of: sweep.trials.current))
  }
  do { return try mergeSweeps(parts, digest: sweepDigest) } catch { throw CommandFailure("\(error)") }
}

/// `runs/a/` and `runs/a` are one place; messages show it without the slash.
func normalizedDirectory(_ path: String) -> String {
  var path = path
  while path.count > 1, path.hasSuffix("/") { path.removeLast() }
  return path
}

/// JSON of commands: keys sorted, so that outputs can be compared; absent values are left out.
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
