// One host that ssh reaches, and the script that is at work there (RemoteHost).
import Cluster
import Foundation
import Shared

struct SSHHost: Sendable {
  let name: String
  /// For files and keys: a word of the name, unlike those of all other hosts.
  let word: String
  let directory: String
  private let mark: String
  private let config: String?
  private let flags: [String]
  private let endpoint: String

  /// What its worker is started with.
  var workerFlags: [String] { ["--connect", endpoint, "--keys", "keys", "--spool", "spool"] + flags }

  static func all(_ record: ClusterRecord) -> [SSHHost] {
    var names = FileNames()
    return record.plan.ssh.hosts.map { host in
      var workers = record.plan.workers
      workers.slots = host.slots ?? workers.slots
      workers.threads = host.threads ?? workers.threads
      let word = names.name([host.name])
      return SSHHost(
        name: host.name, word: word,
        directory: RemoteHost.directory(record.plan.ssh.directory, cluster: record.id, host: word),
        mark: RemoteHost.markValue(cluster: record.id, part: word), config: record.plan.ssh.config,
        flags: workers.flags, endpoint: record.connect)
    }
  }

  /// The script's answer to an operation.
  @discardableResult
  func perform(
    _ operation: String, _ words: [String] = [], input: FileHandle? = nil, doing: String,
    timeout: Duration = .seconds(30)
  ) throws(CommandFailure) -> String {
    let command = "cd \(quoted(directory)) && exec sh ./attune-host "
    return try run(
      command + ([operation, mark] + words).map { quoted($0) }.joined(separator: " "), input: input, doing: doing,
      timeout: timeout)
  }

  /// - command: for the shell of the user there, whichever it is.
  @discardableResult
  private func run(
    _ command: String, input: FileHandle? = nil, doing: String, timeout: Duration = .seconds(30)
  ) throws(CommandFailure) -> String {
    var words = ["ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
    if let config { words += ["-F", config] }
    let outcome = try ExternalCommand(words + ["--", name, command], input: input, timeout: timeout).run()
    guard outcome.status == 0 else {
      // ssh's own status; what it says names the host already.
      let remedy = outcome.status == 255 ? "; try `ssh \(name)` by hand" : ""
      throw CommandFailure("\(doing): \(outcome.complaint)\(remedy)")
    }
    return outcome.output
  }

  /// The worker there; nil where nothing of this cluster is.
  func status() throws(CommandFailure) -> ClusterUnit? {
    guard try isThere() else { return nil }
    return RemoteHost.unit(name, status: try perform("status", doing: "asking for its worker"))
  }

  func isThere() throws(CommandFailure) -> Bool {
    let answer = try run(
      "test -f \(quoted(directory + "/attune-host")) && echo yes || echo no", doing: "looking for what is there")
    return answer.hasPrefix("yes")
  }

  /// Copies what is missing and starts the worker, unless it runs.
  func start(bundle: WorkerBundle, keys: String) throws(CommandFailure) {
    let script = try scratch(Data(RemoteHost.script.utf8))
    try run(
      "umask 077; mkdir -p \(quoted(directory)) && cat > \(quoted(directory + "/attune-host"))", input: script,
      doing: "copying the start script")
    let found = try perform("probe", doing: "looking at the host").split(separator: "\n")
      .map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
      .reduce(into: [String: String]()) { $0[$1[0]] = $1.count > 1 ? $1[1] : "" }
    let machine = found["machine"] ?? "an unknown machine"
    guard machine == bundle.machine else {
      throw CommandFailure("it is \(machine), and the worker at hand is for \(bundle.machine); build one there")
    }
    if found["bundle"] != bundle.digest {
      let file: FileHandle
      do { file = try FileHandle(forReadingFrom: URL(fileURLWithPath: bundle.path)) } catch {
        throw CommandFailure("\(bundle.path): \(error.localizedDescription)")
      }
      let version = try perform(
        "install", [bundle.digest], input: file, doing: "copying the worker", timeout: .seconds(600))
      guard version.split(separator: "\n").last.map(String.init) == programVersion else {
        throw CommandFailure(
          "the worker in \(bundle.path) is of another version; build it again: make bundle")
      }
    }
    let archive = try ExternalCommand(["tar", "-C", keys, "-cf", "-", "."]).succeed("packing its keys").bytes
    try perform("keys", input: try scratch(archive), doing: "copying its keys")
    try perform("start", workerFlags, doing: "starting its worker")
  }

  private func scratch(_ data: Data) throws(CommandFailure) -> FileHandle {
    let pipe = Pipe()
    // Both are far below what a pipe holds.
    do {
      try pipe.fileHandleForWriting.write(contentsOf: data)
      try pipe.fileHandleForWriting.close()
    } catch { throw CommandFailure("a pipe: \(error.localizedDescription)") }
    return pipe.fileHandleForReading
  }
}

extension ClusterPlan.Workers {
  /// As `attune-worker` takes them.
  var flags: [String] {
    (slots.map { ["--slots", "\($0)"] } ?? []) + (threads.map { ["--threads", "\($0)"] } ?? [])
  }
}
