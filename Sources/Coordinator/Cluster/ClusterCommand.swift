// `attune cluster`: coordinator and workers on many machines by one command, and nothing left behind by another.
internal import ArgumentParser
import Cluster
import Foundation
import Manifests
import Shared

struct ClusterCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "cluster",
    abstract: "Start a sweep's coordinator and workers on this machine, by ssh, by Slurm or on Kubernetes.",
    discussion: """
      A cluster file says where workers run (examples in cluster/; docs/cluster.md). `up` makes and hands out keys, starts \
      the coordinator here and the workers there, and keeps them running until the sweep has ended; then everything is \
      removed. What was started is recorded in the sweep's directory first, so that `down` finds it also after a crash.

      Example:
        attune cluster up cluster/ssh.yaml sweeps/quickstart.yaml
        attune cluster status runs/quickstart
        attune cluster scale runs/quickstart 2
        attune cluster down runs/quickstart
      """,
    subcommands: [ClusterUp.self, ClusterScale.self, ClusterStatus.self, ClusterDown.self, ClusterTend.self])
}

extension ClusterPlan.Place: ExpressibleByArgument {}

struct ClusterScale: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scale",
    abstract: "Change how many workers a cluster has at most.",
    discussion: """
      ssh: hosts, from the first of the cluster file. Slurm: jobs. Workers that are too many give back what they hold; \
      others go on with it.

      Example:
        attune cluster scale runs/quickstart 8
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Argument(help: ArgumentHelp("Workers at most, 0 to 10,000.", valueName: "n"))
  var count: Int

  func validate() throws {
    try requireSweepName(directory)
    try requireCount(count, "the number of workers", 0...10_000)
  }

  func run() throws {
    let cluster = ClusterDirectory(directory)
    let record = try cluster.record()
    try requireCount(count, record)
    if record.place == .kubernetes { return try KubernetesCluster(record, cluster).scale(to: count) }
    guard var wish = try cluster.wish(), try cluster.isLookedAfter else {
      throw CommandFailure("\(directory): nobody looks after this cluster; run `attune cluster up` again")
    }
    wish.count = count
    wish.round += 1
    try cluster.write(wish)
    tell("attune: \(countText(count, "worker")) at most from now on; see: attune cluster status \(directory)")
  }
}

/// More than a place has are a mistake.
func requireCount(_ count: Int, _ record: ClusterRecord) throws {
  switch record.place {
  case .ssh where count > record.plan.ssh.hosts.count:
    throw CommandFailure(
      "\(countText(count, "worker")) are more than the \(countText(record.plan.ssh.hosts.count, "host")) of the cluster file, "
        + "one worker each; add hosts, or give them more slots")
  case .local where count > LocalPlace.most:
    throw CommandFailure("\(countText(count, "worker")) on one machine; at most \(LocalPlace.most) make sense")
  default: break
  }
}

struct ClusterDown: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "down",
    abstract: "End a cluster and remove everything that was started for it.",
    discussion: """
      Workers give back what they hold, with their latest checkpoints; then the coordinator ends. The sweep can go on \
      later, here or elsewhere. Exit status 1 if something could not be removed, which is then named.

      Example:
        attune cluster down runs/quickstart
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  private static let patience = Duration.seconds(180)

  func validate() throws { try requireSweepName(directory) }

  func run() throws {
    let cluster = ClusterDirectory(directory)
    let record = try cluster.record()
    if record.place == .kubernetes {
      try KubernetesCluster(record, cluster).takeDown()
    } else {
      let wish = try cluster.wish()
      try cluster.write(ClusterWish(count: wish?.count ?? 0, isDown: true, round: (wish?.round ?? 0) + 1))
      try takeDown(cluster, record)
    }
    cluster.forget()
    tell("attune: nothing of the cluster is left; \(sweepText)")
  }

  private func takeDown(_ cluster: ClusterDirectory, _ record: ClusterRecord) throws {
    let deadline = ContinuousClock.now + Self.patience
    tell("attune: workers give back what they hold …")
    while true {
      // Nobody looks after it, or not any more.
      if let lock = try cluster.takeLock() {
        if let view = cluster.view(), view.ended != nil, view.isClean { return }
        let problems = try ClusterTender(record, cluster, lock, shows: { tell("attune: \($0)") }).run()
        if problems.isEmpty { return }
        throw CommandFailure("\(problems.joined(separator: "\n"))\nrun the same command again once that is mended")
      }
      guard ContinuousClock.now < deadline else {
        throw CommandFailure(
          "the cluster did not end within \(durationText(Self.patience)); see \(cluster.tenderLog), and run the same command "
            + "again")
      }
      usleep(200_000)
    }
  }

  private var sweepText: String {
    guard let sweep = try? StoredSweep(reading: directory) else { return "the sweep had not begun" }
    return "\(countText(sweep.endedCount)) of \(countText(sweep.plannedCount)) trials have ended"
  }
}

struct ClusterTend: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tend",
    abstract: "Look after a cluster that `up` has recorded, until it ends.",
    discussion: """
      `attune cluster up` starts this by itself.

      Example:
        attune cluster tend runs/quickstart
      """,
    shouldDisplay: false)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  func run() throws {
    let cluster = ClusterDirectory(directory)
    guard let lock = try cluster.takeLock() else { return }
    let format = Date.ISO8601FormatStyle()
    let problems = try ClusterTender(try cluster.record(), cluster, lock) { note in
      tell("\(Date().formatted(format)) \(note)")
    }.run()
    if !problems.isEmpty { throw ExitCode(1) }
  }
}
