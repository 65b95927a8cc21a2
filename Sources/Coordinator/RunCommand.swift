// `attune run`: a whole sweep on this machine, from its manifest to its report.
internal import ArgumentParser
import Foundation
import Manifests
import Messaging
import Reports
import Scheduling
import Shared
import Store
import Training

struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run a sweep on this machine and report on it.",
    discussion: """
      Starts worker processes, shows progress on standard error, and ends with the matrix on standard output and the \
      report in DIR/report. The same command again goes on where it was stopped, by Ctrl-C, SIGTERM or a crash, and \
      after values or seeds were added to the manifest it runs only what is missing. The results have the same bits for \
      any number of workers and threads.

      Exit status: 0 when every trial has a result, 1 otherwise, 130 or 143 when a signal stopped it.

      Example:
        attune run sweeps/quickstart.yaml --workers 2 --threads 1
      """)

  @Argument(help: "The sweep's manifest.", completion: .file(extensions: ["yaml", "yml"]))
  var manifest: String

  @Option(help: ArgumentHelp("The sweep's directory (default: runs/NAME, by the manifest's name).", valueName: "dir"))
  var out: String?

  @Option(help: ArgumentHelp("Worker processes.", valueName: "n"))
  var workers = 1

  @Option(help: ArgumentHelp("Threads of each worker (default: the machine's cores, divided).", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Trials that a worker trains at the same time (default: its threads).", valueName: "n"))
  var slots: Int?

  func validate() throws {
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    try requireWord(out, "--out", "name a directory, or leave it out")
    for (name, value) in [("--workers", workers), ("--threads", threads ?? 1), ("--slots", slots ?? 1)]
    where !(1...1024).contains(value) {
      throw ValidationError("\(name) is \(value); write a number from 1 to 1024")
    }
  }

  func run() throws {
    let loaded = try loadManifest(at: manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    let plan = loaded.plan
    let directory = normalizedDirectory(out ?? "runs/\(fileName(for: plan.name))")
    let store = try SweepStore.forRunning(plan, in: directory)
    let before = try StoredSweep(plan: plan, store: store)
    if before.endedCount == before.plannedCount {
      tell("attune: \(directory) holds this whole sweep already; its report is written anew")
    } else {
      try train(plan, store, resuming: before)
    }
    let after = try StoredSweep(plan: plan, store: store)
    try conclude(after)
    try store.close()
    if after.trials.current.contains(where: { $0.state != .succeeded }) { throw ExitCode(1) }
  }

  /// Trains what is missing. Returns when every trial has ended; a signal ends the program from here.
  private func train(_ plan: SweepPlan, _ store: SweepStore, resuming before: StoredSweep) throws {
    let directory = store.directory.path
    let executable = try workerExecutable()
    try requireSupportedProcessor()
    let runtime = try RuntimeDirectory()
    let interruption = try Interruption()
    defer { interruption.stopListening() }
    let address = try EndpointAddress("ipc://" + runtime.socket)
    let endpoint = try CoordinatorEndpoint(try MessagingContext(), bind: address)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let threads = threads ?? max(1, cores / workers)
    let local = LocalWorkers(
      LocalWorkerSettings(
        count: workers, threads: threads, slots: slots ?? threads, executable: executable,
        endpoint: address.description, directory: runtime.path))
    let log = EventLog(path: store.directory.log)
    var line = LogLine(before.trials.current.isEmpty ? "started" : "resumed")
    (line.process, line.count) = (Int(getpid()), before.plannedCount - before.endedCount)
    log.write(line)
    if before.endedCount > 0 {
      tell(
        "attune: \(directory): \(countText(before.endedCount)) of \(countText(before.plannedCount)) trials have ended")
    }
    let display = ProgressPrinter()
    let service = SweepService(
      scheduler: SweepScheduler(plan: plan, epoch: store.epoch), store: store, endpoint: endpoint, workers: local,
      interruption: interruption, log: log, display: display)
    let ending: SweepService.Ending
    do {
      ending = try service.run()
    } catch {
      local.kill()
      display.clear()
      throw error
    }
    display.clear()
    switch ending {
    case .finished: log.write(LogLine("finished"))
    case .interrupted(let number):
      log.write(LogLine("stopped"))
      let stopped = try StoredSweep(plan: plan, store: store)
      try store.close()
      tell(
        "attune: stopped with \(countText(stopped.endedCount)) of \(countText(stopped.plannedCount)) trials ended; to go "
          + "on: \(commandLine)")
      throw ExitCode(128 + number)
    }
  }

  /// Report, table, digest.
  private func conclude(_ sweep: StoredSweep) throws {
    let results = try sweep.results()
    let matrix = SweepMatrix(results: results)
    let files = try writeReport(results, matrix, to: sweep.store.directory.report)
    print(matrixText(matrix, width: isatty(1) == 1 ? terminalWidth(of: 1) : 100))
    print("report  \(files[0])")
    print("digest  \(sweep.digest)")
    let failures = sweep.trials.current.filter { $0.state == .failed || $0.state == .quarantined }
    if failures.isEmpty { return }
    tell("attune: \(countText(failures.count, "trial")) ended without a result:")
    for trial in failures.prefix(5) {
      tell("  trial \(trial.id) (\(trial.state.rawValue)): \(trial.reason ?? "no reason was given")")
    }
    if failures.count > 5 { tell("  and \(failures.count - 5) more") }
    tell("see `attune trials \(sweep.store.directory.path)` and \(sweep.store.directory.log)")
  }

  /// What the user typed, to be typed again.
  private var commandLine: String {
    (["attune"] + CommandLine.arguments.dropFirst()).map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+".contains($0) }
        ? word : "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}

/// A manifest's name as the name of a directory.
package func fileName(for name: String) -> String {
  let safe = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" }
  let text = String(safe.drop { $0 == "." })
  return text.isEmpty ? "sweep" : text
}

/// The worker program that stands beside this one.
private func workerExecutable() throws(CommandFailure) -> String {
  var buffer = [CChar](repeating: 0, count: 4096)
  let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
  let own = length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
  let path = (own as NSString).deletingLastPathComponent + "/attune-worker"
  guard access(path, X_OK) == 0 else {
    throw CommandFailure(
      "\(path): the worker program is missing; build it with `swift build -c release`, so that it stands beside attune")
  }
  return path
}
