// What `attune run` and `attune serve` have in common: the sweep of a directory from its start to its report.
internal import ArgumentParser
import Foundation
import Messaging
import Reports
import Scheduling
import Search
import Shared
import Store

final class SweepRun {
  let plan: SweepPlan
  let store: SweepStore
  /// What is stored already; taken by the one who trains.
  private var stored: [StoredTrial]
  private let plannedCount: Int
  private let endedCount: Int

  init(_ plan: SweepPlan, in directory: String) throws {
    self.plan = plan
    // One that this program cannot read any more says nothing.
    let earlier = try? readManifest(SweepDirectory(directory).manifest).plan.replication
    store = try SweepStore.forRunning(plan, in: directory, earlier: earlier)
    stored = try store.takeStoredAtOpening()
    (plannedCount, endedCount) = plan.grown(by: stored.lazy.map(\.record)).census(stored)
  }

  private var directory: String { store.directory.path }

  /// Whether there is nothing left to train. What was stopped early may have to go on by other rules: the scheduler knows.
  var isComplete: Bool {
    endedCount == plannedCount && !(plan.adaptsTuning && stored.contains { $0.record.state == .pruned })
  }

  /// Trains what is missing. Returns when every trial has ended; a signal ends the program from here.
  /// - goOn: the command that goes on later.
  func train(
    on endpoint: consuming CoordinatorEndpoint, _ bulk: BulkService, with workers: LocalWorkers,
    _ settings: ServiceSettings, goOn: String
  ) throws {
    let interruption = try Interruption()
    defer { interruption.stopListening() }
    let log = EventLog(path: store.directory.log)
    var line = LogLine(stored.isEmpty ? "started" : "resumed")
    (line.process, line.count) = (Int(getpid()), plannedCount - endedCount)
    log.write(line)
    if endedCount > 0 {
      tell("attune: \(directory): \(countText(endedCount)) of \(countText(plannedCount)) trials have ended")
    }
    let display = ProgressPrinter()
    var scheduling = settings.scheduling
    scheduling.sweep = store.sweep
    scheduling.bulk = bulk.address.announced(beside: endpoint.address)
    let service = try SweepService(
      scheduler: SweepScheduler(plan: plan, epoch: store.epoch, settings: scheduling), store: store,
      endpoint: endpoint, bulk: bulk, workers: workers, interruption: interruption, log: log, display: display,
      settings: settings)
    // A million of them are not kept beside the scheduler's.
    let stored = self.stored
    self.stored = []
    let ending: SweepService.Ending
    do {
      ending = try service.run(from: stored)
    } catch {
      workers.kill()
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
          + "on: \(goOn)")
      throw ExitCode(128 + number)
    }
  }

  /// Report, table, digest; exit status 1 unless every trial has succeeded or was stopped early.
  func conclude() throws {
    let sweep = try StoredSweep(plan: plan, store: store)
    let results = try sweep.results()
    let matrix = SweepMatrix(results: results)
    let files = try Report(results, matrix, theory: storedTheory(store.directory.report))
      .write(to: store.directory.report)
    print(matrixText(matrix, width: isatty(1) == 1 ? terminalSize(of: 1).columns : 100))
    print("report  \(files[0])")
    print("digest  \(sweep.digest)")
    let failures = sweep.trials.current.filter { $0.state == .failed || $0.state == .quarantined }
    if !failures.isEmpty {
      tell("attune: \(countText(failures.count, "trial")) ended without a result:")
      for trial in failures.prefix(5) {
        tell("  trial \(trial.id) (\(trial.state.rawValue)): \(trial.reason ?? "no reason was given")")
      }
      if failures.count > 5 { tell("  and \(failures.count - 5) more") }
      tell("see `attune explain \(directory) \(failures[0].id)` and \(store.directory.log)")
    }
    try store.close()
    if sweep.trials.current.contains(where: { $0.state != .succeeded && $0.state != .pruned }) { throw ExitCode(1) }
  }
}

/// What the user typed, to be typed again.
var ownCommandLine: String { shellCommand(["attune"] + CommandLine.arguments.dropFirst()) }

/// A manifest's name as the name of a directory.
package func fileName(for name: String) -> String {
  let safe = name.map { $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) ? $0 : "-" }
  let text = String(safe.drop { $0 == "." })
  return text.isEmpty ? "sweep" : text
}

/// The worker program that stands beside this one.
func workerExecutable() throws(CommandFailure) -> String {
  let path = parentDirectory(of: ownExecutable()) + "/attune-worker"
  guard access(path, X_OK) == 0 else {
    throw CommandFailure(
      "\(path): the worker program is missing; build it with `swift build -c release`, so that it stands beside attune")
  }
  return path
}

/// This program, whatever it was called by.
func ownExecutable() -> String {
  var buffer = [CChar](repeating: 0, count: 4096)
  let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
  return length > 0 ? String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self) : ""
}
