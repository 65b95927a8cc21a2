// `attune cluster status`: what runs where, and how far the sweep is.
internal import ArgumentParser
import Cluster
import Foundation
import Shared

struct ClusterStatus: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Show a cluster's workers and what happened lately.",
    discussion: """
      Example:
        attune cluster status runs/quickstart
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Answer: Encodable {
    struct Worker: Encodable {
      var name: String
      /// waiting, running or ended.
      var state: String
      var detail: String
      var seconds: Double
    }
    var on: String
    var coordinator: String
    var dashboard: String?
    var wanted: Int
    var isLookedAfter: Bool
    var ended: String?
    /// Those that the coordinator has heard of lately.
    var inContact: Int
    var planned: Int
    var endedTrials: Int
    var workers: [Worker]
    var notes: [String]
  }

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let cluster = ClusterDirectory(directory)
    let record = try cluster.record()
    if record.place == .kubernetes { return try KubernetesCluster(record, cluster).status() }
    let view = cluster.view() ?? ClusterView()
    let sweep = try? StoredSweep(reading: directory)
    let live = cluster.sweep.liveStatus
    let answer = Answer(
      on: record.place.rawValue, coordinator: cluster.sweep.owner ?? "none", dashboard: cluster.dashboardAddress,
      wanted: try cluster.wish()?.count ?? 0, isLookedAfter: try cluster.isLookedAfter, ended: view.ended,
      inContact: live?.workerCount ?? 0, planned: sweep?.plannedCount ?? 0, endedTrials: sweep?.endedCount ?? 0,
      workers: view.units.map { unit in
        let state: String, detail: String
        switch unit.state {
        case .waiting: (state, detail) = ("waiting", unit.detail)
        case .running: (state, detail) = ("running", unit.detail)
        case .ended(let ending): (state, detail) = ("ended", "\(ending)")
        }
        return Answer.Worker(name: unit.name, state: state, detail: detail, seconds: unit.age)
      }, notes: view.notes)
    print(json ? try jsonText(answer) : text(answer))
  }

  private func text(_ answer: Answer) -> String {
    var lines = [
      "\(directory): \(countText(answer.endedTrials)) of \(countText(answer.planned)) trials have ended",
      "on \(answer.on), \(countText(answer.wanted, "worker")) at most, \(countText(answer.inContact)) in contact",
    ]
    if let ended = answer.ended {
      lines.append("the cluster is no more: \(ended)")
    } else {
      lines.append("coordinator: \(answer.coordinator)")
      if let dashboard = answer.dashboard { lines.append("dashboard: http://\(dashboard)/") }
      if !answer.isLookedAfter {
        lines.append("nobody looks after it: run `attune cluster up` again, or `attune cluster down \(directory)`")
      }
    }
    let shown = answer.workers.filter { $0.state != "ended" } + answer.workers.filter { $0.state == "ended" }.suffix(8)
    if !shown.isEmpty {
      lines += table(
        shown.prefix(40).map {
          ["  \($0.name)", $0.state, $0.seconds > 0 ? durationText(duration(seconds: $0.seconds)) : "", $0.detail]
        }
      ).split(separator: "\n").map(String.init)
      if shown.count > 40 { lines.append("  and \(countText(shown.count - 40)) more") }
    }
    if !answer.notes.isEmpty { lines += ["lately:"] + answer.notes.suffix(8).map { "  \($0)" } }
    return lines.joined(separator: "\n")
  }
}
