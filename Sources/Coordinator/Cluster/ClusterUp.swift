// `attune cluster up`: everything a cluster needs is made and recorded, then a process that looks after it is started.
// Run again it changes nothing that is there, and goes on with what a crash has left.
internal import ArgumentParser
import Cluster
import Foundation
import Manifests
import Messaging
import Shared
import Store

struct ClusterUp: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Start a sweep's coordinator here and its workers where the cluster file says.",
    discussion: """
      Returns once workers have come, and leaves everything running: see `attune cluster status DIR`, and the dashboard \
      that it names. When the sweep has ended, everything is removed; results and report are in DIR. With --foreground it \
      stays until then, as a job of a batch system should.

      Exit status: 0 when workers have come or the sweep has ended, 1 when none has within --wait, or for another error.

      Examples:
        attune cluster up cluster/local.yaml sweeps/quickstart.yaml
        attune cluster up cluster/slurm.yaml sweeps/atlas.yaml --out /shared/atlas --dry-run
      """)

  @Argument(help: "The cluster file.", completion: .file(extensions: ["yaml", "yml"]))
  var clusterFile: String

  @Argument(help: "The sweep's manifest, or the directory of a sweep to go on with.", completion: .file())
  var manifest: String

  @Option(help: ArgumentHelp("Where workers run, instead of what the file says under `on`.", valueName: "place"))
  var on: ClusterPlan.Place?

  @Option(help: ArgumentHelp("The sweep's directory (default: runs/NAME, by the manifest's name).", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("Workers at most, instead of what the file says.", valueName: "n"))
  var workers: Int?

  @Option(help: ArgumentHelp("How long to wait for workers before the command returns.", valueName: "duration"))
  var wait = "2m"

  @Flag(help: "Stay until the sweep has ended.")
  var foreground = false

  @Flag(help: "Show what would be started, and start nothing.")
  var dryRun = false

  func validate() throws {
    try requireWord(clusterFile, "the cluster file's name", "name one, such as cluster/ssh.yaml")
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    try requireWord(out, "--out", "name a directory, or leave it out")
    if let workers { try requireCount(workers, "--workers", 0...10_000) }
    guard parseDuration(wait) != nil else {
      throw ValidationError("--wait is \"\(wait)\"; write a duration, such as 2m")
    }
  }

  func run() throws {
    let plan = try loadClusterFile(at: clusterFile)
    guard let place = on ?? plan.place else {
      throw CommandFailure("\(clusterFile): on is missing; write `on: ssh`, or name the place with --on")
    }
    let (manifest, cluster) = try sweep()
    let record = try ClusterRecording(plan, place, manifest: manifest, cluster, clusterFile).record()
    let count = workers ?? plan.count(at: place)
    try requireCount(count, record)
    if dryRun { return print(try ClusterPreview(record, cluster, count: count).text, terminator: "") }
    if let sweep = try? StoredSweep(reading: cluster.sweep.path), sweep.isComplete {
      return tell("attune: \(cluster.sweep.path) holds this whole sweep already; nothing is started")
    }
    if place == .kubernetes { return try KubernetesCluster(record, cluster).up(count: count) }
    let isRunning = try cluster.isLookedAfter
    if isRunning {
      tell("attune: \(cluster.sweep.path): this cluster is up; what was given up is tried again")
    } else {
      try ClusterRecording.prepare(record, cluster)
      try cluster.write(record)
      try cluster.write(ClusterView())
    }
    try cluster.write(ClusterWish(count: count, round: (try cluster.wish()?.round ?? 0) + 1))
    if foreground, !isRunning { return try stay(record, cluster) }
    if !isRunning {
      try MarkedProcesses(cluster: record.id).start(
        [ownExecutable(), "cluster", "tend", cluster.sweep.path], part: "tender", log: cluster.tenderLog)
    }
    try ClusterArrival(record, cluster, count: count, patience: parseDuration(wait) ?? .zero).watch()
  }

  /// The manifest, as an absolute path, and the sweep's directory.
  private func sweep() throws -> (String, ClusterDirectory) {
    var isDirectory: ObjCBool = false
    if FileManager.default.fileExists(atPath: manifest, isDirectory: &isDirectory), isDirectory.boolValue {
      let directory = absolutePath(normalizedDirectory(manifest))
      return (directory + "/manifest.yaml", ClusterDirectory(directory))
    }
    let loaded = try readManifest(manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    let directory = normalizedDirectory(out ?? "runs/\(fileName(for: loaded.plan.name))")
    return (absolutePath(manifest), ClusterDirectory(absolutePath(directory)))
  }

  private func stay(_ record: ClusterRecord, _ cluster: ClusterDirectory) throws {
    guard let lock = try cluster.takeLock() else { throw CommandFailure("somebody else has just started this cluster") }
    let problems = try ClusterTender(record, cluster, lock, shows: { tell("attune: \($0)") }).run()
    if let sweep = try? StoredSweep(reading: cluster.sweep.path) {
      print("report  \(cluster.sweep.report)/index.html")
      print("digest  \(sweep.digest)")
      if !sweep.hasEnded { throw ExitCode(1) }
    }
    if !problems.isEmpty { throw ExitCode(1) }
  }
}

private func absolutePath(_ path: String) -> String {
  path.hasPrefix("/") ? path : normalizedDirectory(FileManager.default.currentDirectoryPath) + "/" + path
}
