// Workers as processes on this machine.
import Cluster
import Foundation

final class LocalPlace: WorkerPlace {
  static let most = 256
  let interval = Duration.seconds(1)
  private let record: ClusterRecord
  private let directory: ClusterDirectory
  private let processes: MarkedProcesses
  private var keeper: HostKeeper
  private var started: [String: Duration] = [:]

  init(_ record: ClusterRecord, _ directory: ClusterDirectory, _ processes: MarkedProcesses) {
    (self.record, self.directory, self.processes) = (record, directory, processes)
    keeper = HostKeeper(hosts: (1...Self.most).map { "local-\($0)" })
  }

  func forgive() { keeper.forgive() }

  private func units(at now: Duration) -> [ClusterUnit] {
    let running = processes.running().keys.filter { $0.hasPrefix("local-") }
    var units = running.sorted().map { ClusterUnit($0, .running, age: (now - (started[$0] ?? now)) / .seconds(1)) }
    for part in started.keys.sorted() where !running.contains(part) {
      let ending = processes.status(of: part).map { status in
        ClusterUnit.Ending(workerStatus: Int(status), saying: "status \(status), see \(directory.logs)/\(part).log")
      }
      units.append(ClusterUnit(part, .ended(ending ?? .removed("its process is gone"))))
    }
    return units
  }

  func tend(_ demand: ClusterDemand?, wanted: Int, at now: Duration) -> PlaceReport {
    var report = PlaceReport(units: units(at: now))
    let decision = keeper.decide(report.units, wanted: wanted, at: now)
    report.notes = decision.notes
    for part in decision.stop { processes.stop({ $0 == part }, patience: .seconds(15)) }
    for part in decision.start {
      do {
        started[part] = now
        try processes.start(try words(part), part: part, log: "\(directory.logs)/\(part).log")
      } catch { report.notes += keeper.couldNotStart(part, "\(error)", at: now) }
    }
    if !decision.start.isEmpty || !decision.stop.isEmpty { report.units = units(at: now) }
    return report
  }

  private func words(_ part: String) throws -> [String] {
    let workers = record.plan.workers
    return [
      try workerExecutable(), "--connect", record.connect, "--keys", directory.keys + "/workers/local", "--spool",
      "\(directory.spools)/\(part)",
    ] + workers.flags
  }

  func clear() -> [String] {
    processes.stop({ $0.hasPrefix("local-") }, patience: .seconds(15))
    return []
  }
}
