// A coordinator and workers as they are over a network: each worker behind a proxy of its own, all outliving one another.
import Foundation
import Shared
import Store
import Testing

@ProcessThread final class Fleet {
  enum Transport { case tcp, ipc }

  let directory: TestDirectory
  let out: StoredDirectory
  let sweep: TinySweep
  let lease: String
  let transport: Transport
  let port: UInt16
  /// For checkpoints.
  let bulkPort: UInt16
  private(set) var coordinator: RunningProgram
  private(set) var workers: [FleetWorker] = []
  /// Every row that had succeeded when somebody was killed; none may change afterwards.
  private var acknowledged: [TrialID: String] = [:]
  private let words: [String]
  private let place: String
  /// Trials that may end otherwise than with a result.
  var expectsFailures = false

  /// Starts the coordinator; workers are added.
  /// - place: the sweep's directory within the test's.
  init(
    _ sweep: TinySweep, lease: String = "2s", over transport: Transport = .tcp, flags: [String] = [],
    in directory: TestDirectory? = nil, place: String = "out", with faults: LibcFaults? = nil
  ) throws {
    (self.sweep, self.lease, self.transport, self.place) = (sweep, lease, transport, place)
    let directory = try directory ?? TestDirectory()
    self.directory = directory
    out = directory.sweep(place)
    (port, bulkPort) = (try freePort(), try freePort())
    var words = ["--lease", lease] + flags
    switch transport {
    case .tcp: words += ["--bind", "tcp://127.0.0.1:\(port)", "--bulk-bind", "tcp://127.0.0.1:\(bulkPort)"]
    case .ipc: words += ["--bind", "ipc://\(directory.path)/s"]
    }
    self.words = words
    try directory.write(sweep.yaml, to: "tiny.yaml")
    coordinator = try Self.start(words, directory, place, faults)
    try waitForCoordinator()
  }

  /// Workers that come before it listens would try again seconds later only.
  private func waitForCoordinator() throws {
    try waitUntil("the coordinator listens") {
      coordinator.hasEnded || coordinator.errors.contains("workers are started with")
    }
  }

  private static func start(
    _ flags: [String], _ directory: TestDirectory, _ place: String, _ faults: LibcFaults?
  ) throws -> RunningProgram {
    let words = ["serve", "tiny.yaml", "--out", place] + flags
    guard let faults else { return try RunningProgram(words, in: directory) }
    return try RunningProgram(
      faults.environment + [try productPath("attune")] + words, of: "/usr/bin/env", in: directory)
  }

  /// kill -9, with a look at what had been acknowledged until then.
  func killCoordinator() throws {
    coordinator.signal(SIGKILL)
    _ = try coordinator.end()
    try remember()
  }

  func startCoordinator(with faults: LibcFaults? = nil) throws {
    coordinator = try Self.start(words, directory, place, faults)
    try waitForCoordinator()
  }

  /// Notes what has succeeded by now.
  func remember() throws {
    for (id, row) in try out.succeeded() {
      if let before = acknowledged[id], before != row {
        throw HarnessError("trial \(id) has changed: \(before), \(row)")
      }
      acknowledged[id] = row
    }
  }

  /// - spool: whether it keeps results on disk.
  @discardableResult
  func addWorker(spool: Bool = false, flags: [String] = []) throws -> FleetWorker {
    let number = workers.count + 1
    let lines = transport == .tcp ? try FleetLines(control: port, bulk: bulkPort) : nil
    let endpoints = lines?.endpoints ?? ["--connect", "ipc://\(directory.path)/s"]
    let worker = try FleetWorker(
      number: number, proxy: lines, spool: spool ? "spool-\(number)" : "none", flags: endpoints + flags, in: directory)
    workers.append(worker)
    return worker
  }

  /// Adds a worker and stops it with a trial in its hands. Until it goes on or the lease ends, which should be long then,
  /// the sweep cannot end, however fast the others are.
  func addStalledWorker() throws -> FleetWorker {
    let worker = try addWorker()
    _ = try waitForTrial(of: worker)
    worker.program.signal(SIGSTOP)
    return worker
  }

  // MARK: What is going on

  func session(of worker: FleetWorker) -> String? {
    out.log().last { $0.event == "worker_joined" && $0.process == Int(worker.program.processID) }?.worker
  }

  /// The trial that a worker is training, with a stored checkpoint if asked for.
  func trial(of worker: FleetWorker, withCheckpoint: Bool = false) throws -> StoredTrial? {
    guard let session = session(of: worker) else { return nil }
    return try out.trials().first {
      $0.record.state == .running && $0.holder?.description == session && (!withCheckpoint || $0.checkpoint != nil)
    }
  }

  func waitForTrial(of worker: FleetWorker, withCheckpoint: Bool = false) throws -> StoredTrial {
    var found: StoredTrial?
    try waitUntil("worker \(worker.number) trains: \(worker.program.errors.suffix(300))") {
      found = try trial(of: worker, withCheckpoint: withCheckpoint)
      return found != nil
    }
    return try #require(found)
  }

  /// Waits for a line of the log, of this worker if one is named.
  func waitForLog(_ event: String, of worker: FleetWorker? = nil, count: Int = 1) throws {
    let session = worker.flatMap { self.session(of: $0) }
    try waitUntil("the log says \(event)") {
      // Asked first: what is logged last is there once it has ended.
      let isOver = coordinator.hasEnded
      let found = out.log().count { $0.event == event && (worker == nil || $0.worker == session) }
      if isOver, found < count {
        throw HarnessError(
          "the log says \(event) \(found) times instead of \(count), and the coordinator has ended: "
            + coordinator.errors.suffix(500))
      }
      return found >= count
    }
  }

  /// What the coordinators counted so far, added up.
  func dropped(_ reason: String) -> Int {
    var total = 0, latest = 0
    for line in out.log() {
      if line.event == "started" || line.event == "resumed" { (total, latest) = (total + latest, 0) }
      if line.event == "dropped_so_far" { latest = line.counters?[reason] ?? 0 }
    }
    return total + latest
  }

  /// Lets everything go on undisturbed, waits for the end, and checks the history.
  @discardableResult
  func finish(
    limit: Duration = .seconds(120), sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> EndedProgram {
    for worker in workers { worker.proxy?.heal() }
    let ended = try coordinator.end(limit: limit)
    #expect(ended.exitCode == (expectsFailures ? 1 : 0), "\(ended.errors)", sourceLocation: sourceLocation)
    try remember()
    let problems = try SweepHistory(out, sweep).problems(expectsFailures: expectsFailures)
    #expect(problems == [], sourceLocation: sourceLocation)
    return ended
  }
}

@ProcessThread final class FleetWorker {
  let number: Int
  /// Nil over ipc.
  let proxy: FleetLines?
  private(set) var program: RunningProgram
  private let words: [String]
  private let directory: TestDirectory
  let spool: String

  init(
    number: Int, proxy: FleetLines?, spool: String, flags: [String], in directory: TestDirectory
  ) throws {
    (self.number, self.proxy, self.directory, self.spool) = (number, proxy, directory, spool)
    words = ["--slots", "1", "--threads", "1", "--spool", spool] + flags
    program = try RunningProgram(words, of: "attune-worker", in: directory)
  }

  func kill() throws {
    program.signal(SIGKILL)
    _ = try program.end()
  }

  /// Another process with the same spool.
  func restart() throws { program = try RunningProgram(words, of: "attune-worker", in: directory) }

  /// Whether the spool holds a result that has not been acknowledged.
  var keepsResult: Bool {
    let place = directory.path + "/" + spool
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    let header = Data("ATTN".utf8) + Data([0, 1, 0, UInt8(WireType.result)])
    return names.contains { name in
      name.hasSuffix(".attempt") && FileManager.default.contents(atPath: place + "/" + name)?.range(of: header) != nil
    }
  }
}
