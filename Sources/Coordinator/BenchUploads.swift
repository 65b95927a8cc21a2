// `attune bench uploads`: whether heartbeats and short trials are answered as quickly while many workers hand over large
// checkpoints. The true service, store and sockets; the workers are simulated, in processes of their own.
internal import ArgumentParser
import Foundation
import Messaging
import Scheduling
import Shared
import Store

struct BenchUploads: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uploads",
    abstract: "Measure how soon the coordinator answers while checkpoints are handed over.",
    discussion: """
      --workers simulated workers hand over a checkpoint of --mebibytes with every trial, as fast as they are taken. One \
      more, in a process of its own, sends twenty heartbeats a second and trials without a checkpoint one by one; its \
      waiting times are what is measured. With --workers 0 nothing is handed over, for comparison.

      Example:
        attune bench uploads --workers 64 --mebibytes 4
      """)

  @Option(help: "Simulated workers that hand over checkpoints.")
  var workers = 64
  @Option(help: "Size of a checkpoint.")
  var mebibytes = 4
  @Option(help: "Seconds to measure.")
  var seconds = 10
  @Option(help: ArgumentHelp("Where to make the temporary directory; a real disk.", valueName: "dir"))
  var directory: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (0...1024).contains(workers) else {
      throw ValidationError("--workers is \(workers); write a number from 0 to 1024")
    }
    guard (1...256).contains(mebibytes) else {
      throw ValidationError("--mebibytes is \(mebibytes); write a number from 1 to 256")
    }
    guard (1...600).contains(seconds) else {
      throw ValidationError("--seconds is \(seconds); write a number from 1 to 600")
    }
  }

  func run() throws {
    let figures = try measure()
    print(json ? try jsonText(figures) : figures.text)
  }

  private func measure() throws -> UploadFigures {
    let place = try BenchDirectory(in: directory)
    let trials = 100_000
    let checkpoint = try layOutBench(trials: trials, in: place.sweep)
    let plan = benchPlan(trials: trials)
    let store = try SweepStore.forRunning(plan, in: place.sweep)
    let runtime = try RuntimeDirectory()
    let address = try EndpointAddress("ipc://\(runtime.socket)")
    var settings = ServiceSettings()
    settings.releasesWorkers = true
    settings.scheduling.heartbeatInterval = .milliseconds(50)
    let interruption = try Interruption()
    defer { interruption.stopListening() }
    let service = try benchService(plan, store, at: address, interruption: interruption, settings)
    let stored = try store.takeStoredAtOpening()
    let uploading =
      try workers == 0
      ? nil
      : SimulationProcess(
        address: address, workers: workers, first: 2, credit: 1, checkpoint: checkpoint, isIdle: false,
        uploadBytes: mebibytes << 20)
    let probe = try SimulationProcess(
      address: address, workers: 1, first: 1, credit: 1, checkpoint: checkpoint, isIdle: false)
    let seconds = seconds
    Thread.detachNewThread {
      sleep(UInt32(seconds))
      kill(getpid(), SIGTERM)
    }
    _ = try service.run(from: stored)
    let uploads = try uploading?.finish().uploads ?? 0
    let report = try probe.finish()
    try store.close()
    return UploadFigures(report, workers: workers, uploads: uploads, mebibytes: mebibytes, seconds: Double(seconds))
  }
}

/// Waiting times in milliseconds: half of all, 99 in 100, the longest.
struct UploadFigures: Encodable {
  var workers: Int
  var mebibytes: Int
  var uploads: Int
  var mebibytesPerSecond: Double
  var heartbeats: [Double]
  var trials: [Double]
  var trialsMeasured: Int

  init(_ report: SimulationReport, workers: Int, uploads: Int, mebibytes: Int, seconds: Double) {
    func marks(_ quantiles: [Double]) -> [Double] {
      quantiles.count == 101 ? [50, 99, 100].map { quantiles[$0] / 1000 } : []
    }
    (self.workers, self.mebibytes, self.uploads) = (workers, mebibytes, uploads)
    mebibytesPerSecond = Double(uploads * mebibytes) / seconds
    (heartbeats, trials) = (marks(report.heartbeatLatencies), marks(report.latencies))
    trialsMeasured = report.acknowledged
  }

  var text: String {
    func waits(_ values: [Double]) -> String {
      values.isEmpty ? "never" : "after " + values.map { String(format: "%.1f", $0) }.joined(separator: ", ") + " ms"
    }
    return """
      \(countText(uploads)) checkpoints of \(mebibytes) MiB from \(countText(workers)) workers, \
      \(String(format: "%.0f", mebibytesPerSecond)) MiB/s; median, 99 %, longest:
      heartbeats   answered \(waits(heartbeats))
      results      answered \(waits(trials)), \(countText(trialsMeasured)) of them
      """
  }
}
