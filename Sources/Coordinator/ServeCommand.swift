// `attune serve`: the coordinator alone, for workers on this and other machines that come, go and outlive it.
internal import ArgumentParser
import Foundation
import Manifests
import Messaging
import Scheduling
import Shared
import Store

struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Coordinate a sweep whose workers run on this and other machines.",
    discussion: """
      Listens for workers, hands trials to them, and ends with the matrix and the report when every trial has ended; the \
      workers are told and end, too. Shows progress and the command that starts a worker on standard error.

      Ctrl-C or SIGTERM stops the coordinator only: workers go on training what they hold and come back, with it, to the \
      next one on the same endpoint. With --release-workers they are sent away. After a crash the same command, or \
      `attune serve DIR`, goes on: running trials are taken up again where their workers return within a lease.

      Checkpoints travel over a second port, the next one unless --bulk-bind names another: workers must reach both.

      Exit status: 0 when every trial has a result, 1 otherwise, 130 or 143 when a signal stopped it.

      Example:
        attune serve sweeps/quickstart.yaml --bind tcp://127.0.0.1:7400
        attune-worker --connect tcp://127.0.0.1:7400
      """)

  @Argument(help: "The sweep's manifest, or the directory of a sweep to go on with.", completion: .file())
  var manifest: String

  @Option(help: ArgumentHelp("Where to listen: tcp://HOST:PORT or ipc://PATH.", valueName: "endpoint"))
  var bind: String

  @Option(
    help: ArgumentHelp(
      "Where checkpoints come in (default: the next port, or PATH.bulk). Workers must reach it, too.",
      valueName: "endpoint"))
  var bulkBind: String?

  @Option(help: ArgumentHelp("The sweep's directory (default: runs/NAME, by the manifest's name).", valueName: "dir"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "The coordinator's keys, made with `attune keys new`; only workers whose key they allow take part.",
      valueName: "dir"))
  var keys: String?

  @Option(help: ArgumentHelp("Worker processes to start here besides; not with --keys.", valueName: "n"))
  var localWorkers = 0

  @Option(help: ArgumentHelp("Threads of each local worker (default: the machine's cores, divided).", valueName: "n"))
  var threads: Int?

  @Option(
    help: ArgumentHelp("A worker that is silent for so long is lost, 1s to 1h (default: 30s).", valueName: "duration"))
  var lease = "30s"

  @Option(
    help: ArgumentHelp(
      "Workers speak so often at least, 100ms to a quarter of the lease (default: 2s, or a tenth of a shorter lease).",
      valueName: "duration"))
  var heartbeat: String?

  @Option(
    help: ArgumentHelp(
      "The coordinator ends with status 75, to be started again, rather than hold more memory, from 64 MiB on (default: "
        + "half of what the machine has or its control group allows).",
      valueName: "size"))
  var memoryLimit: String?

  @Flag(help: "When a signal stops the coordinator, send all workers away instead of leaving them training.")
  var releaseWorkers = false

  @Option(
    help: ArgumentHelp("Show the sweep in a browser while it runs; see `attune dashboard`.", valueName: "host:port"))
  var dashboard: String?

  private static let leastMemory = 64 << 20

  func validate() throws {
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    try requireWord(out, "--out", "name a directory, or leave it out")
    try requireListenAddress(dashboard, "--dashboard")
    do throws(TransportError) { _ = try EndpointAddress(bind) } catch { throw ValidationError("--bind: \(error)") }
    do throws(TransportError) { _ = try bulkAddress() } catch { throw ValidationError("--bulk-bind: \(error)") }
    guard (0...1024).contains(localWorkers) else {
      throw ValidationError("--local-workers is \(localWorkers); write a number from 0 to 1024")
    }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads is \(threads); write a number from 1 to 1024")
    }
    try requireWord(keys, "--keys", "name a directory made with `attune keys new`")
    if keys != nil, localWorkers > 0 {
      throw ValidationError(
        "--local-workers is \(localWorkers), but local workers have no keys; start attune-worker here")
    }
    _ = try memoryBytes()
    _ = try schedulingSettings()
  }

  private func bulkAddress() throws(TransportError) -> EndpointAddress {
    let address = try EndpointAddress(bind)
    guard let bulkBind else { return try address.bulkByDefault() }
    let bulk = try EndpointAddress(bulkBind)
    guard bulk != address else {
      throw TransportError(
        operation: "endpoint \"\(bulk)\"", code: 0, problem: "is that of --bind", remedy: "choose another port")
    }
    return bulk
  }

  private func memoryBytes() throws -> Int {
    guard let memoryLimit else { return max(Self.leastMemory, availableMemoryBytes() / 2) }
    do throws(ByteSizeError) {
      let bytes = try ByteSize.bytes(in: memoryLimit)
      if bytes < Self.leastMemory { throw ByteSizeError(remedy: "write at least 64 MiB") }
      return bytes
    } catch { throw ValidationError("--memory-limit is \"\(memoryLimit)\"; \(error.remedy)") }
  }

  /// Leases and heartbeats as the flags say.
  func schedulingSettings() throws -> SchedulingSettings {
    var settings = SchedulingSettings()
    guard let lease = parseDuration(lease), (.seconds(1) ... .seconds(3600)).contains(lease) else {
      throw ValidationError("--lease is \"\(lease)\"; write a duration from 1s to 1h, such as 30s")
    }
    settings.leaseDuration = lease
    guard let heartbeat else {
      settings.heartbeatInterval = min(settings.heartbeatInterval, lease / 10)
      return settings
    }
    guard let interval = parseDuration(heartbeat), (.milliseconds(100)...lease / 4).contains(interval) else {
      throw ValidationError(
        "--heartbeat is \"\(heartbeat)\"; write a duration from 100ms to a quarter of the lease, "
          + durationText(lease / 4))
    }
    settings.heartbeatInterval = interval
    return settings
  }

  func run() throws {
    let (file, directory) = try place()
    let loaded = try readManifest(file)
    for note in loaded.notes { tell("attune: \(note)") }
    let path = directory ?? normalizedDirectory(out ?? "runs/\(fileName(for: loaded.plan.name))")
    let run = try SweepRun(loaded.plan, in: path)
    if run.isComplete {
      tell("attune: \(path) holds this whole sweep already; its report is written anew")
    } else {
      try serve(run)
    }
    try run.conclude()
  }

  /// The manifest, and the directory where that is known already.
  private func place() throws -> (manifest: String, directory: String?) {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: manifest, isDirectory: &isDirectory), isDirectory.boolValue else {
      return (manifest, nil)
    }
    let directory = normalizedDirectory(manifest)
    if let out, normalizedDirectory(out) != directory {
      throw CommandFailure("\(directory): it is a sweep's directory, and --out is \(out); leave --out away")
    }
    // Says in words what is wrong with a directory of something else.
    _ = try SweepStore.forReading(directory)
    return (directory + "/manifest.yaml", directory)
  }

  private func serve(_ run: SweepRun) throws {
    let address = try EndpointAddress(bind)
    raiseDescriptorLimit()
    let limit = try memoryBytes()
    let memory = try MemoryGuard(limit: limit) { bytes in
      tell(
        "attune: \(ByteSize.text(bytes)) of memory are in use, "
          + (memoryLimit == nil ? "half of what there is for it" : "--memory-limit") + " is \(ByteSize.text(limit)); "
          + "nothing that was acknowledged is lost, start the same command again")
      _exit(MemoryGuard.exitStatus)
    }
    defer { withExtendedLifetime(memory) {} }
    let context = try MessagingContext()
    let security: CoordinatorSecurity
    if let keys {
      security = .curve(try Gatekeeper(context, keys: try KeyDirectory(keys).coordinatorKeys()))
    } else {
      security = .open
    }
    let endpoint = try CoordinatorEndpoint(context, bind: address, security: security)
    var settings = ServiceSettings()
    settings.scheduling = try schedulingSettings()
    let bulk = try bindBulk(context, security, run.store, lease: settings.scheduling.leaseDuration)
    // Kept until the workers have ended: it holds what they have to say about it.
    let runtime = localWorkers > 0 ? try RuntimeDirectory() : nil
    defer { withExtendedLifetime(runtime) {} }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let threads = threads ?? max(1, cores / max(1, localWorkers))
    let workers = LocalWorkers(
      LocalWorkerSettings(
        count: localWorkers, threads: threads, slots: threads,
        executable: localWorkers > 0 ? try workerExecutable() : "",
        endpoint: connectAddress(from: "127.0.0.1"), directory: runtime?.path ?? ""))
    tell("attune: checkpoints come in at \(bulk.address), which workers must reach, too")
    tell("attune: workers are started with: \(workerCommand)")
    settings.scheduling.expectedSlots = localWorkers * threads
    (settings.isOpen, settings.releasesWorkers, settings.endpoint) = (true, releaseWorkers, bind)
    settings.dashboard = dashboard
    try run.train(on: endpoint, bulk, with: workers, settings, goOn: ownCommandLine)
  }

  private func bindBulk(
    _ context: MessagingContext, _ security: CoordinatorSecurity, _ store: SweepStore, lease: Duration
  ) throws -> BulkService {
    do throws(TransportError) {
      return try BulkService(
        context, bind: try bulkAddress(), security: security, blobs: store.blobs, patience: max(.seconds(60), lease))
    } catch {
      throw CommandFailure("the socket for checkpoints: \(error)" + (bulkBind == nil ? " (by --bulk-bind)" : ""))
    }
  }

  /// Where workers connect: `*` and 0.0.0.0 are every address of this machine, and none to connect to.
  /// - from: how this machine is called by who asks; nil takes its name.
  private func connectAddress(from name: String?) -> String {
    for wildcard in ["tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"] where bind.hasPrefix(wildcard) {
      return "tcp://\(name ?? ProcessInfo.processInfo.hostName):\(bind.dropFirst(wildcard.count))"
    }
    return bind
  }

  private var workerCommand: String {
    "attune-worker --connect \(connectAddress(from: nil))" + (keys == nil ? "" : " --keys DIR")
  }
}
