// Reading a cluster file: where the coordinator and the workers of a sweep are started. Every mistake is told at once.
// Words end up on command lines and in scripts, so none may hold what those would read as something else.
import Shared

/// What the cluster file at `path` says. Errors name `path` as given.
package func loadClusterFile(at path: String) throws(ManifestError) -> ClusterPlan {
  let text: String
  do { text = try manifestText(at: path, example: clusterFileExample) } catch {
    throw ManifestError(path: path, issues: [error])
  }
  return try parseClusterFile(text, path: path)
}

private let clusterFileExample = "name a cluster file, such as cluster/ssh.yaml"

package func parseClusterFile(_ text: String, path: String) throws(ManifestError) -> ClusterPlan {
  try reading(text, called: "the cluster file", at: path) { root in
    guard let root else { throw Issue("the cluster file is empty", "write at least `on: local`") }
    var reader = ClusterReader()
    reader.read(try root.entries(of: "the cluster file", "write keys, such as `on: ssh`"))
    guard reader.issues.isEmpty else { throw ManifestError(path: path, issues: reader.issues) }
    return reader.plan
  }
}

private struct ClusterReader {
  var plan = ClusterPlan()
  var issues: [Issue] = []

  mutating func read(_ entries: [ManifestNode.Entry]) {
    let keys = ["on", "coordinator", "workers", "ssh", "slurm", "kubernetes"]
    for entry in entries {
      attempt { reader throws(Issue) in
        switch entry.key {
        case "on": reader.plan.place = try place(entry.value)
        case "coordinator": try reader.readCoordinator(entry.value)
        case "workers": try reader.readWorkers(entry.value)
        case "ssh": try reader.readSSH(entry.value)
        case "slurm": try reader.readSlurm(entry.value)
        case "kubernetes": try reader.readKubernetes(entry.value)
        default: throw unknown(entry, of: "a cluster file", keys)
        }
      }
    }
  }

  private mutating func attempt(_ read: (inout ClusterReader) throws(Issue) -> Void) {
    do { try read(&self) } catch { issues.append(error) }
  }

  /// Reads the keys below `name`; what is not among `keys` is an issue, like whatever `read` throws.
  private mutating func section(
    _ name: String, _ node: ManifestNode, keys: [String],
    _ read: (inout ClusterReader, String, ManifestNode) throws(Issue) -> Void
  ) throws(Issue) {
    for entry in try node.entries(of: name, "write keys below it, such as `\(keys[0]):`") {
      attempt { reader throws(Issue) in
        guard keys.contains(entry.key) else { throw unknown(entry, of: name, keys) }
        try read(&reader, entry.key, entry.value)
      }
    }
  }

  private mutating func readCoordinator(_ node: ManifestNode) throws(Issue) {
    try section("coordinator", node, keys: ["address", "port", "dashboard", "lease"]) {
      reader, key, value throws(Issue) in
      switch key {
      case "address": reader.plan.coordinator.address = try host(value, "address")
      case "port": reader.plan.coordinator.port = try value.integer(of: "port", in: 1024...65534)
      case "dashboard": reader.plan.coordinator.dashboard = try plainWord(value, "dashboard", "write HOST:PORT")
      default: reader.plan.coordinator.lease = try plainWord(value, "lease", "write a duration, such as 30s")
      }
    }
  }

  private mutating func readWorkers(_ node: ManifestNode) throws(Issue) {
    try section("workers", node, keys: ["count", "slots", "threads"]) { reader, key, value throws(Issue) in
      switch key {
      case "count": reader.plan.workers.count = try value.integer(of: "count", in: 0...10_000)
      case "slots": reader.plan.workers.slots = try value.integer(of: "slots", in: 1...1024)
      default: reader.plan.workers.threads = try value.integer(of: "threads", in: 1...1024)
      }
    }
  }

  private mutating func readSSH(_ node: ManifestNode) throws(Issue) {
    try section("ssh", node, keys: ["hosts", "config", "directory"]) { reader, key, value throws(Issue) in
      switch key {
      case "hosts":
        let remedy = "write a list of hosts, such as [node1, node2]"
        guard case .list(let items) = value.content, !items.isEmpty else { throw value.issue("hosts", remedy) }
        for item in items { reader.attempt { reader throws(Issue) in try reader.readHost(item) } }
      case "config": reader.plan.ssh.config = try line(value, "config")
      default:
        let directory = try line(value, "directory")
        // It is removed with all that is below when the cluster goes down.
        guard directory.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }),
          !directory.hasPrefix("-"), !directory.split(separator: "/").contains(".."),
          directory.contains(where: { $0 != "/" && $0 != "." })
        else { throw value.issue("directory", "write a path of letters, digits, `-`, `_`, `.` and `/`") }
        reader.plan.ssh.directory = directory
      }
    }
  }

  private mutating func readHost(_ node: ManifestNode) throws(Issue) {
    if case .mapping = node.content {
      var read = ClusterPlan.Host("")
      try section("a host", node, keys: ["host", "slots", "threads"]) { _, key, value throws(Issue) in
        switch key {
        case "host": read.name = try host(value, "host")
        case "slots": read.slots = try value.integer(of: "slots", in: 1...1024)
        default: read.threads = try value.integer(of: "threads", in: 1...1024)
        }
      }
      guard !read.name.isEmpty else { throw node.issue("a host", "write `host: NAME` in it") }
      try add(read, node)
    } else {
      try add(ClusterPlan.Host(try host(node, "a host")), node)
    }
  }

  private mutating func add(_ host: ClusterPlan.Host, _ node: ManifestNode) throws(Issue) {
    guard !plan.ssh.hosts.contains(where: { $0.name == host.name }) else {
      throw node.issue("a host", "name each host once; more work for one is `slots`")
    }
    plan.ssh.hosts.append(host)
  }

  private mutating func readSlurm(_ node: ManifestNode) throws(Issue) {
    let keys = [
      "partition", "account", "qos", "constraint", "time", "cpus", "memory", "queued", "options", "setup",
    ]
    try section("slurm", node, keys: keys) { reader, key, value throws(Issue) in
      switch key {
      case "partition": reader.plan.slurm.partition = try plainWord(value, key, "write a partition's name")
      case "account": reader.plan.slurm.account = try plainWord(value, key, "write an account's name")
      case "qos": reader.plan.slurm.qos = try plainWord(value, key, "write a quality of service")
      case "constraint": reader.plan.slurm.constraint = try plainWord(value, key, "write features as sbatch takes them")
      case "time":
        let text = try plainWord(value, key, "write a time, such as 2:00:00 or 1-12:00:00")
        guard let seconds = slurmSeconds(text), seconds >= 60 else {
          throw value.issue(key, "write a time from a minute on, such as 30:00, 2:00:00 or 1-12:00:00")
        }
        reader.plan.slurm.time = text
      case "cpus": reader.plan.slurm.cpus = try value.integer(of: key, in: 1...1024)
      case "memory": reader.plan.slurm.memory = try plainWord(value, key, "write a size as sbatch takes it, such as 4G")
      case "queued": reader.plan.slurm.queued = try value.integer(of: key, in: 1...1000)
      case "options":
        let remedy = "write a list of options of sbatch, such as [\"--exclusive\"]"
        guard case .list(let items) = value.content else { throw value.issue(key, remedy) }
        for item in items {
          let option = try line(item, "an option")
          guard option.hasPrefix("-") else {
            throw item.issue("an option", "write it as sbatch takes it, as --exclusive")
          }
          reader.plan.slurm.options.append(option)
        }
      default: reader.plan.slurm.setup = try value.word(of: key, "write lines of shell")
      }
    }
  }

  private mutating func readKubernetes(_ node: ManifestNode) throws(Issue) {
    try section("kubernetes", node, keys: ["image", "namespace", "context", "storage", "cpu", "memory"]) {
      reader, key, value throws(Issue) in
      let text = try plainWord(value, key, "write one word")
      switch key {
      case "image": reader.plan.kubernetes.image = text
      case "namespace": reader.plan.kubernetes.namespace = text
      case "context": reader.plan.kubernetes.context = text
      case "storage": reader.plan.kubernetes.storage = text
      case "cpu": reader.plan.kubernetes.cpu = text
      default: reader.plan.kubernetes.memory = text
      }
    }
  }
}

private func place(_ node: ManifestNode) throws(Issue) -> ClusterPlan.Place {
  let names = ClusterPlan.Place.allCases.map(\.rawValue)
  let word = try node.word(of: "on", "write one of \(names.joined(separator: ", "))")
  guard let place = ClusterPlan.Place(rawValue: word) else {
    throw node.issue("on", suggestion(for: word, among: names))
  }
  return place
}

private func unknown(_ entry: ManifestNode.Entry, of section: String, _ keys: [String]) -> Issue {
  Issue(
    line: entry.line, "\"\(excerpt(entry.key))\" is not a key of \(section)", suggestion(for: entry.key, among: keys))
}

/// One line without control characters.
private func line(_ node: ManifestNode, _ subject: String) throws(Issue) -> String {
  let text = try node.word(of: subject, "write one line")
  guard !text.isEmpty, text.utf8.count <= 1000, !text.unicodeScalars.contains(where: isControl) else {
    throw node.issue(subject, "write one line of at most 1,000 bytes")
  }
  return text
}

/// A word that no shell and no option parser reads as anything but a word.
private func plainWord(_ node: ManifestNode, _ subject: String, _ remedy: String) throws(Issue) -> String {
  let text = try line(node, subject)
  guard !text.hasPrefix("-"),
    text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.,:/@&|*[]+=".contains($0)) })
  else { throw node.issue(subject, remedy) }
  return text
}

/// `NAME`, `USER@NAME` or an address; nothing that ssh would take for an option.
private func host(_ node: ManifestNode, _ subject: String) throws(Issue) -> String {
  let text = try line(node, subject)
  guard !text.hasPrefix("-"), text.utf8.count <= 255,
    text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.:@".contains($0)) })
  else { throw node.issue(subject, "write a host's name or address") }
  return text
}
