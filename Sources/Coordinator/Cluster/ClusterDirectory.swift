// DIR/cluster: what a sweep's cluster was started with, what is wanted of it, and what runs. Written before anything is
// started, so that whatever crashes in between, `attune cluster down` finds it all again.
import Cluster
import Foundation
import Shared
import Store

/// What `up` has decided. Replaced only while nobody looks after the cluster.
struct ClusterRecord: Codable, Equatable {
  /// In the name of every job and in the mark of every process.
  var id: String
  var place: ClusterPlan.Place
  var plan: ClusterPlan
  /// Absolute.
  var manifest: String
  /// Where workers reach the coordinator: tcp://HOST:PORT.
  var connect: String
  /// Where it listens for them, and for their checkpoints.
  var bind: String
  var bulkBind: String
  var dashboard: String
}

/// What is wanted by now; written by `up`, `scale` and `down`.
struct ClusterWish: Codable, Equatable {
  var count: Int
  var isDown = false
  /// Raised by each `up`: what was given up is tried again.
  var round = 1
}

/// What the process that looks after the cluster saw last.
struct ClusterView: Codable, Equatable {
  /// Wall clock, seconds since 1970.
  var written = 0.0
  var units: [ClusterUnit] = []
  /// The latest lines of the log.
  var notes: [String] = []
  /// Why nobody looks after it any more: the sweep has ended, or it was taken down, or it could not go on.
  var ended: String?
  /// Whether everything could be removed then.
  var isClean = false
}

struct ClusterDirectory {
  let sweep: SweepDirectory

  init(_ path: String) { sweep = SweepDirectory(normalizedDirectory(path)) }

  var path: String { sweep.cluster }
  var keys: String { path + "/keys" }
  var spools: String { path + "/spools" }
  var logs: String { path + "/logs" }
  var tenderLog: String { logs + "/cluster.log" }
  var coordinatorLog: String { logs + "/coordinator.log" }
  private var recordFile: String { path + "/cluster.json" }
  private var wishFile: String { path + "/wish.json" }
  private var viewFile: String { path + "/view.json" }
  private var lockFile: String { path + "/lock" }

  func record() throws -> ClusterRecord {
    guard let record: ClusterRecord = try read(recordFile) else {
      throw CommandFailure(
        "\(sweep.path): no cluster was started for this sweep; start one: attune cluster up CLUSTERFILE MANIFEST --out "
          + sweep.path)
    }
    return record
  }

  func recordIfAny() throws -> ClusterRecord? { try read(recordFile) }
  func wish() throws -> ClusterWish? { try read(wishFile) }
  /// It is no record: a broken one is none.
  func view() -> ClusterView? { try? read(viewFile) }

  func write(_ record: ClusterRecord) throws { try write(record, to: recordFile) }
  func write(_ wish: ClusterWish) throws { try write(wish, to: wishFile) }
  func write(_ view: ClusterView) throws { try write(view, to: viewFile) }

  /// Keys and logs are nobody else's.
  func make() throws {
    for directory in [path, spools, logs] {
      do {
        try FileManager.default.createDirectory(
          atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch { throw CommandFailure("\(directory): it cannot be made: \(error.localizedDescription)") }
    }
  }

  /// Where the coordinator's dashboard listens, as its log says.
  var dashboardAddress: String? {
    guard let text = try? String(contentsOfFile: coordinatorLog, encoding: .utf8) else { return nil }
    let mark = "dashboard at http://"
    guard let found = text.range(of: mark, options: .backwards) else { return nil }
    return String(text[found.upperBound...].prefix { $0 != "/" && !$0.isNewline })
  }

  /// The cluster is no more; its logs stay.
  func forget() {
    removeSecrets()
    for file in [recordFile, wishFile, viewFile, path + "/worker.sbatch", path + "/worker", path + "/kubernetes"] {
      try? FileManager.default.removeItem(atPath: file)
    }
  }

  /// Everything but logs, which tell what was.
  func removeSecrets() {
    for file in [keys, spools] { try? FileManager.default.removeItem(atPath: file) }
  }

  private func read<Value: Decodable>(_ file: String) throws -> Value? {
    guard let data = FileManager.default.contents(atPath: file) else { return nil }
    do { return try JSONDecoder().decode(Value.self, from: data) } catch {
      throw CommandFailure(
        "\(file): it is damaged; end the jobs named attune-… and the processes marked \(RemoteHost.mark) in their environment by "
          + "hand, then remove it")
    }
  }

  private func write(_ value: some Encodable, to file: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    try replaceFile(file, with: Array(try encoder.encode(value)) + [UInt8(ascii: "\n")])
  }

  /// Held by the one process that looks after the cluster; nil while another one does.
  func takeLock() throws -> ClusterLock? { try ClusterLock(lockFile) }

  var isLookedAfter: Bool { get throws { access(lockFile, F_OK) == 0 ? try takeLock() == nil : false } }
}

/// Ends with the process that holds it, however that ends.
final class ClusterLock {
  private let descriptor: Int32

  init?(_ path: String) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure("\(path): it cannot be opened: \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
  }

  deinit { close(descriptor) }
}
