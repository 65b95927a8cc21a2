// What a cluster is started with: addresses, ports that are free, keys. Decided once, kept over restarts.
import Cluster
import Foundation
import Manifests
import Messaging
import Shared

struct ClusterRecording {
  private let plan: ClusterPlan
  private let place: ClusterPlan.Place
  private let manifest: String
  private let cluster: ClusterDirectory
  private let file: String

  init(
    _ plan: ClusterPlan, _ place: ClusterPlan.Place, manifest: String, _ cluster: ClusterDirectory, _ file: String
  ) {
    (self.plan, self.place, self.manifest, self.cluster, self.file) = (plan, place, manifest, cluster, file)
  }

  /// That of this cluster; what was recorded before keeps its name and addresses, so that what still runs is known.
  func record() throws -> ClusterRecord {
    try requireTools()
    if var before = try cluster.recordIfAny() {
      guard before.place == place else {
        throw CommandFailure(
          "\(cluster.sweep.path): a cluster on \(before.place.rawValue) is recorded; end it first: attune cluster down "
            + cluster.sweep.path)
      }
      if try !cluster.isLookedAfter { (before.plan, before.manifest) = (plan, manifest) }
      return before
    }
    let address = plan.coordinator.address ?? (place == .local ? "127.0.0.1" : ProcessInfo.processInfo.hostName)
    let port = try plan.coordinator.port ?? freePorts()
    // What is told to be on loopback is reached by nobody else.
    let listens = address.hasPrefix("127.") ? address : "0.0.0.0"
    return ClusterRecord(
      id: String(UInt32.random(in: 1 << 28 ... .max), radix: 16), place: place, plan: plan, manifest: manifest,
      connect: "tcp://\(address):\(port)", bind: "tcp://\(listens):\(port)",
      bulkBind: "tcp://\(listens):\(port + 1)", dashboard: plan.coordinator.dashboard ?? "127.0.0.1:0")
  }

  private func requireTools() throws {
    let needed: [String]
    switch place {
    case .local: needed = []
    case .ssh: needed = ["ssh", "tar"]
    case .slurm: needed = ["sbatch", "squeue", "scancel"]
    case .kubernetes: needed = ["kubectl"]
    }
    for tool in needed where !ExternalCommand.exists(tool) {
      throw CommandFailure("\(tool): it is not on the PATH; a cluster on \(place.rawValue) is started with it")
    }
    if place == .ssh, plan.ssh.hosts.isEmpty {
      throw CommandFailure("\(file): ssh has no hosts; write `ssh: {hosts: [node1, node2]}`")
    }
    if place == .ssh, WorkerBundle.find() == nil { throw WorkerBundle.missing }
  }

  /// Two ports that follow each other and that nobody has at this moment.
  private func freePorts() throws -> Int {
    for _ in 0..<200 {
      let port = Int.random(in: 20_000...32_000)
      if isFree(port), isFree(port + 1) { return port }
    }
    throw CommandFailure("no two free ports were found; name one in the cluster file: `coordinator: {port: 7400}`")
  }

  private func isFree(_ port: Int) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = in_port_t(port).bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }

  /// Directories and keys, and the worker where nodes share this file system.
  static func prepare(_ record: ClusterRecord, _ cluster: ClusterDirectory) throws {
    try cluster.make()
    let keys = KeyDirectory(cluster.keys)
    if !keys.isCoordinators { _ = try keys.makeCoordinatorKeys() }
    for name in workerKeys(record) where access("\(cluster.keys)/workers/\(name)", F_OK) != 0 {
      _ = try keys.makeWorkerBundle(try KeyName(checking: name))
    }
    if record.place == .slurm, let bundle = WorkerBundle.find() { try bundle.unpack(into: cluster.path) }
  }

  /// Each host has a key of its own, which can be revoked without the others.
  private static func workerKeys(_ record: ClusterRecord) -> [String] {
    switch record.place {
    case .ssh: SSHHost.all(record).map(\.word)
    case .local, .slurm, .kubernetes: [record.place.rawValue]
    }
  }
}

/// What `--dry-run` shows.
struct ClusterPreview {
  private let record: ClusterRecord
  private let cluster: ClusterDirectory
  private let count: Int

  init(_ record: ClusterRecord, _ cluster: ClusterDirectory, count: Int) {
    (self.record, self.cluster, self.count) = (record, cluster, count)
  }

  var text: String {
    get throws {
      var lines = [
        "# coordinator here, at \(record.bind), checkpoints at \(record.bulkBind); workers connect to \(record.connect)"
      ]
      switch record.place {
      case .local: lines.append("# \(countText(count, "worker")) on this machine")
      case .ssh:
        for host in SSHHost.all(record).prefix(count) {
          lines.append(
            "# on \(host.name), in \(host.directory): attune-worker \(host.workerFlags.joined(separator: " "))")
        }
      case .slurm:
        let job = try SlurmPlace.job(record, cluster)
        lines.append("# up to \(countText(count, "job")), at most \(record.plan.slurm.queued) of them waiting, by:")
        lines.append("# sbatch --parsable --array=1-N \(cluster.path)/worker.sbatch")
        return lines.joined(separator: "\n") + "\n" + job.script
      case .kubernetes: return try KubernetesCluster(record, cluster).preview(count: count)
      }
      return lines.joined(separator: "\n") + "\n"
    }
  }
}
