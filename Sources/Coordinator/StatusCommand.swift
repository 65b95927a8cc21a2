// `attune status`: how far a sweep is, also while it runs.
internal import ArgumentParser
import Foundation
import Shared
import Store

struct StatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show how far a sweep is.",
    discussion: """
      Reads the sweep's directory only, so it can be asked while the sweep runs. With --watch it is shown again every two
      seconds until nobody runs the sweep any more.

      Example:
        attune status runs/quickstart --watch
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Flag(help: "Print one JSON object.")
  var json = false

  @Flag(help: "Show it again every two seconds while the sweep runs.")
  var watch = false

  private struct Status: Encodable {
    var name: String
    var owner: String?
    var planned: Int
    var succeeded: Int
    var diverged: Int
    var failed: Int
    var cancelled: Int
    /// Stopped early.
    var pruned: Int
    var running: Int
    var pending: Int
    var superseded: Int
    /// With replicate: how many cells have so many reporting seeds by now.
    var cellsByReportSeeds: [Int: Int]?
    var wallSeconds: Double
    var trialSeconds: Double
    var digest: String
    var machines: [String]
    /// Of the coordinator that runs, if any.
    var endpoint: String?
    var workers: [CoordinatorStatus.Worker]?
    var workerCount: Int?
    /// Messages that were dropped or refused, by reason.
    var dropped: [String: Int]?
  }

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    // A terminal shows one status in place, a pipe one after the other.
    let isDrawnOver = watch && !json && canBeDrawnOver(1)
    var block = TerminalBlock()
    while true {
      let status = try readStatus()
      let goesOn = watch && status.owner != nil
      let size = terminalSize(of: 1)
      if isDrawnOver, goesOn {
        print(block.draw(lines(status), columns: size.columns, rows: size.rows), terminator: "")
      } else {
        // The last one stays, and whole.
        let whole = json ? try jsonText(status) : lines(status).joined(separator: "\n")
        print(block.erase(columns: size.columns) + whole)
      }
      try flushOutput()
      guard goesOn else { return }
      sleep(2)
    }
  }

  private func readStatus() throws -> Status {
    let sweep = try StoredSweep(reading: directory)
    let trials = sweep.trials.current
    func count(_ states: TrialState...) -> Int { trials.count { states.contains($0.state) } }
    let provenance = try sweep.store.provenance(of: trials)
    let owner = sweep.store.directory.owner
    let live = sweep.store.directory.liveStatus
    let leased = count(.leased, .running, .committing)
    return Status(
      name: sweep.plan.name, owner: owner, planned: sweep.plannedCount, succeeded: count(.succeeded),
      diverged: trials.count { $0.result?.outcome == .diverged }, failed: count(.failed, .quarantined),
      cancelled: count(.cancelled), pruned: count(.pruned), running: owner == nil ? 0 : leased,
      pending: sweep.trials.missing + count(.pending, .paused) + (owner == nil ? leased : 0),
      superseded: sweep.trials.superseded.count,
      cellsByReportSeeds: sweep.plan.replication.map { _ in
        Dictionary(sweep.plan.cells.map { (sweep.plan.reportSeeds.count + $0.furtherSeeds, 1) }, uniquingKeysWith: +)
      }, wallSeconds: provenance.wallSeconds,
      trialSeconds: provenance.trialSeconds, digest: provenance.digest, machines: provenance.machines,
      endpoint: live?.endpoint, workers: live?.workers, workerCount: live?.workerCount, dropped: live?.counters)
  }

  private func lines(_ status: Status) -> [String] {
    let ended = status.succeeded + status.failed + status.cancelled + status.pruned
    var lines = ["\(status.name): \(countText(ended)) of \(countText(status.planned)) trials have ended"]
    var counts = [("succeeded", status.succeeded), ("failed", status.failed), ("cancelled", status.cancelled)]
    if status.pruned > 0 { counts.append(("stopped early", status.pruned)) }
    counts += [("running", status.running), ("pending", status.pending)]
    lines += counts.map { "  \($0.0.padding(toLength: 13, withPad: " ", startingAt: 0)) \(countText($0.1))" }
    if status.diverged > 0 { lines.append("  of those that succeeded, \(countText(status.diverged)) diverged") }
    if status.superseded > 0 {
      lines.append("  besides, \(countText(status.superseded, "trial")) of an earlier edition of the manifest")
    }
    if let cells = status.cellsByReportSeeds {
      let parts = cells.sorted { $0.key < $1.key }.map { "\($0.key) in \(countText($0.value, "cell"))" }
      lines.append("  reporting seeds: \(parts.joined(separator: ", "))")
    }
    let wall = durationText(duration(seconds: status.wallSeconds))
    let soFar = ended < status.planned ? " so far" : ""
    lines.append(
      "ran \(wall)\(soFar) on \(status.machines.isEmpty ? "no machine" : status.machines.joined(separator: ", "))")
    if let owner = status.owner {
      lines.append("\(owner) is running it")
      lines += liveLines(status)
    } else if ended < status.planned {
      let path = normalizedDirectory(directory)
      lines.append("nobody is running it; to go on: attune run \(path)/manifest.yaml --out \(path)")
    }
    // Workers say themselves what their machines are called.
    return lines.map { terminalLine($0, columns: .max) }
  }

  /// Workers and what was dropped; a screen of them at most.
  private func liveLines(_ status: Status) -> [String] {
    guard let workers = status.workers, let count = status.workerCount else { return [] }
    let shown = 12
    var rows: [[String]] = []
    for worker in workers.prefix(shown) {
      let trials =
        worker.trials.isEmpty ? "idle" : "trial " + worker.trials.prefix(6).map(String.init).joined(separator: ", ")
      let more = worker.trials.count > 6 ? " and \(worker.trials.count - 6) more" : ""
      let key = worker.key.map { "key \($0)" } ?? ""
      rows.append([
        "  \(worker.host) \(worker.process)", "\(countText(worker.slots, "slot"))", key,
        "heard \(durationText(duration(seconds: worker.silentSeconds))) before", trials + more,
      ])
    }
    var lines = ["\(countText(count, "worker")) in contact at \(status.endpoint ?? "")"]
    if !rows.isEmpty { lines += table(rows).split(separator: "\n").map(String.init) }
    if count > shown { lines.append("  and \(countText(count - min(shown, workers.count))) more") }
    if let dropped = status.dropped, !dropped.isEmpty {
      let parts = dropped.sorted { $0.key < $1.key }.map { "\($0.key) \(countText($0.value))" }
      lines.append("dropped or refused: \(parts.joined(separator: ", "))")
    }
    return lines
  }
}
