// `attune run`: a whole sweep on this machine, from its manifest to its report.
internal import ArgumentParser
import Foundation
import Manifests
import Messaging
import Shared
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

  @Option(
    help: ArgumentHelp("Show the sweep in a browser while it runs; see `attune dashboard`.", valueName: "host:port"))
  var dashboard: String?

  func validate() throws {
    try requireWord(manifest, "the manifest's name", manifestRemedy)
    try requireWord(out, "--out", "name a directory, or leave it out")
    try requireListenAddress(dashboard, "--dashboard")
    for (name, value) in [("--workers", workers), ("--threads", threads ?? 1), ("--slots", slots ?? 1)]
    where !(1...1024).contains(value) {
      throw ValidationError("\(name) is \(value); write a number from 1 to 1024")
    }
  }

  func run() throws {
    let loaded = try readManifest(manifest)
    for note in loaded.notes { tell("attune: \(note)") }
    let directory = normalizedDirectory(out ?? "runs/\(fileName(for: loaded.plan.name))")
    let run = try SweepRun(loaded.plan, in: directory)
    if run.isComplete {
      tell("attune: \(directory) holds this whole sweep already; its report is written anew")
    } else {
      try train(run)
    }
    try run.conclude()
  }

  private func train(_ run: SweepRun) throws {
    let executable = try workerExecutable()
    try requireSupportedProcessor()
    let runtime = try RuntimeDirectory()
    defer { withExtendedLifetime(runtime) {} }
    let address = try EndpointAddress("ipc://" + runtime.socket)
    let context = try MessagingContext()
    let endpoint = try CoordinatorEndpoint(context, bind: address)
    let bulk = try BulkService(context, bind: try address.bulkByDefault(), blobs: run.store.blobs)
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let threads = threads ?? max(1, cores / workers)
    let local = LocalWorkers(
      LocalWorkerSettings(
        count: workers, threads: threads, slots: slots ?? threads, executable: executable,
        endpoint: address.description, directory: runtime.path))
    // Its workers ended with the last coordinator, so nobody's return is waited for.
    var settings = ServiceSettings()
    settings.endpoint = address.description
    settings.scheduling.expectedSlots = workers * (slots ?? threads)
    settings.dashboard = dashboard
    try run.train(on: endpoint, bulk, with: local, settings, goOn: ownCommandLine)
  }
}
