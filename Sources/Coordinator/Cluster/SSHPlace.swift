// Workers on hosts that ssh reaches with the user's own configuration and agent. Passwords are nobody's business here:
// ssh runs in batch mode and fails where it would ask.
import Cluster
import Foundation
import Shared

final class SSHPlace: WorkerPlace {
  let interval = Duration.seconds(5)
  /// Connections that are opened at the same time.
  private static let width = 16
  private let record: ClusterRecord
  private let directory: ClusterDirectory
  private let bundle: WorkerBundle
  private let hosts: [SSHHost]
  private var keeper: HostKeeper

  init(_ record: ClusterRecord, _ directory: ClusterDirectory) throws {
    guard let bundle = WorkerBundle.find() else { throw WorkerBundle.missing }
    (self.record, self.directory, self.bundle) = (record, directory, bundle)
    hosts = SSHHost.all(record)
    keeper = HostKeeper(hosts: hosts.map(\.name))
  }

  func forgive() { keeper.forgive() }

  func tend(_ demand: ClusterDemand?, wanted: Int, at now: Duration) -> PlaceReport {
    var report = PlaceReport()
    var unreachable: [String: String] = [:]
    for (host, outcome) in ask(hosts, { host throws(CommandFailure) in try host.status() }) {
      switch outcome {
      case .success(let unit): if let unit { report.units.append(unit) }
      case .failure(let error): unreachable[host.name] = error.description
      }
    }
    let decision = keeper.decide(report.units, unreachable: unreachable, wanted: wanted, at: now)
    report.notes = decision.notes
    report.units += unreachable.sorted { $0.key < $1.key }
      .map { ClusterUnit($0.key, .ended(.removed("no answer: \($0.value)"))) }
    let starting = Set(decision.start), stopping = Set(decision.stop)
    guard !starting.isEmpty || !stopping.isEmpty else { return report }
    let (bundle, directory) = (bundle, directory)
    let outcomes = ask(hosts.filter { starting.contains($0.name) || stopping.contains($0.name) }) {
      host throws(CommandFailure) in
      if stopping.contains(host.name) {
        try host.perform("stop", doing: "stopping its worker")
      } else {
        try host.start(bundle: bundle, keys: "\(directory.keys)/workers/\(host.word)")
      }
      return try host.status()
    }
    for (host, outcome) in outcomes {
      report.units.removeAll { $0.name == host.name }
      switch outcome {
      case .success(let unit):
        if let unit { report.units.append(unit) }
        report.notes.append("\(stopping.contains(host.name) ? "stopped" : "started") the worker on \(host.name)")
      case .failure(let error): report.notes += keeper.couldNotStart(host.name, error.description, at: now)
      }
    }
    return report
  }

  func clear() -> [String] {
    let logs = directory.logs
    return ask(hosts) { host throws(CommandFailure) in
      guard try host.isThere() else { return }
      try host.perform("stop", doing: "stopping its worker", timeout: .seconds(60))
      let log = try host.perform("log", doing: "fetching its log")
      try? log.write(toFile: "\(logs)/\(host.word).log", atomically: true, encoding: .utf8)
      try host.perform("remove", doing: "removing what was copied there")
    }.compactMap { host, outcome in
      guard case .failure(let error) = outcome else { return nil }
      return "\(host.name): \(error); what is left there is in \(host.directory)"
    }
  }

  private func ask<Answer: Sendable>(
    _ asked: [SSHHost], _ question: @escaping @Sendable (SSHHost) throws(CommandFailure) -> Answer
  ) -> [(SSHHost, Result<Answer, CommandFailure>)] {
    let answers = inParallel(asked, width: Self.width) { host -> Result<Answer, CommandFailure> in
      do throws(CommandFailure) { return .success(try question(host)) } catch { return .failure(error) }
    }
    return Array(zip(asked, answers))
  }
}
