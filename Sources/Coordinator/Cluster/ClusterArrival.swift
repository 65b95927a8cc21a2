// What `attune cluster up` shows while workers come, and what it says at the end.
internal import ArgumentParser
import Cluster
import Foundation
import Shared

struct ClusterArrival {
  private let record: ClusterRecord
  private let cluster: ClusterDirectory
  private let count: Int
  private let patience: Duration

  init(_ record: ClusterRecord, _ cluster: ClusterDirectory, count: Int, patience: Duration) {
    (self.record, self.cluster, self.count, self.patience) = (record, cluster, count, patience)
  }

  func watch() throws {
    let deadline = ContinuousClock.now + patience
    let began = Date().timeIntervalSince1970
    var toldNotes = 0, told = -1
    while true {
      let view = cluster.view() ?? ClusterView()
      for note in view.notes.dropFirst(toldNotes) { tell("attune: \(note)") }
      toldNotes = max(toldNotes, view.notes.count)
      if let ended = view.ended {
        tell("attune: \(ended)")
        if let sweep = try? StoredSweep(reading: cluster.sweep.path), sweep.hasEnded {
          return tell("attune: report: \(cluster.sweep.report)/index.html")
        }
        throw ExitCode(1)
      }
      // A status of an earlier coordinator says nothing.
      let live = cluster.sweep.liveStatus
      let present = live.map { $0.written >= began - 5 ? $0.workerCount : 0 } ?? 0
      if present != told, present > 0 { tell("attune: \(present) of \(countText(count, "worker")) have come") }
      told = present
      if isEnough(present, view) { return say(present) }
      guard ContinuousClock.now < deadline else {
        say(present)
        if present == 0, count > 0 {
          throw CommandFailure(
            "no worker has come within \(durationText(patience)); they may still, see: attune cluster status "
              + "\(cluster.sweep.path), and \(cluster.logs)")
        }
        return
      }
      usleep(200_000)
    }
  }

  /// Jobs may wait for days behind those of others: one worker shows that all is well.
  private func isEnough(_ present: Int, _ view: ClusterView) -> Bool {
    switch record.place {
    case .slurm: present >= max(1, view.units.count { $0.state == .running }) || count == 0
    case .local, .ssh, .kubernetes: present >= count
    }
  }

  private func say(_ present: Int) {
    let path = cluster.sweep.path
    print("workers    \(present) of \(count)")
    if let dashboard = cluster.dashboardAddress { print("dashboard  http://\(dashboard)/") }
    print("directory  \(path)")
    tell("attune: see it with `attune cluster status \(path)`, end it with `attune cluster down \(path)`")
  }
}
