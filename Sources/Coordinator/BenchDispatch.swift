// `attune bench dispatch`: how many trials a second the coordinator hands out and makes durable. The true service,
// scheduler, store and sockets; only the workers are simulated, in a process of their own.
internal import ArgumentParser
import Foundation
import Messaging
import Shared
import Store

struct BenchDispatch: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dispatch",
    abstract: "Measure how many durable trials a second the coordinator dispatches.",
    discussion: """
      Runs a sweep of --trials trials in a temporary directory with simulated workers, which answer every grant at once. \
      A trial counts when its result is committed (SQLite, synchronous=FULL) and acknowledged. Results name a checkpoint \
      that was stored before, so no checkpoint travels. Ends with an audit of the directory.

      Example:
        attune bench dispatch --workers 64 --trials 200000
      """)

  @Option(help: "Simulated workers.")
  var workers = 64
  @Option(help: "Trials to dispatch.")
  var trials = 100_000
  @Option(help: ArgumentHelp("Trials that a worker holds at most.", valueName: "n"))
  var credit = 256
  @Option(help: ArgumentHelp("ipc or tcp (loopback).", valueName: "transport"))
  var transport = "ipc"
  @Option(help: ArgumentHelp("Where to make the temporary directory; a real disk.", valueName: "dir"))
  var directory: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (1...4096).contains(workers) else {
      throw ValidationError("--workers is \(workers); write a number from 1 to 4096")
    }
    guard (100...2_000_000).contains(trials) else {
      throw ValidationError("--trials is \(trials); write a number from 100 to 2000000")
    }
    guard (1...4096).contains(credit) else {
      throw ValidationError("--credit is \(credit); write a number from 1 to 4096")
    }
    guard ["ipc", "tcp"].contains(transport) else {
      throw ValidationError("--transport is \"\(transport)\"; write ipc or tcp")
    }
  }

  func run() throws {
    let measurement = try DispatchMeasurement(
      workers: workers, trials: trials, credit: credit, overTCP: transport == "tcp", parent: directory
    ).run()
    print(json ? try jsonText(measurement) : measurement.text)
    if !measurement.clean { throw ExitCode(1) }
  }
}

/// What was measured.
struct DispatchFigures: Encodable {
  var workers: Int
  var trials: Int
  var seconds: Double
  var trialsPerSecond: Double
  /// In each tenth of the results, trials per second.
  var tenths: [Double]
  /// From opening the sweep's directory to the first message read.
  var startSeconds: Double
  var latencyP50Ms: Double?
  var latencyP99Ms: Double?
  var commits: Int
  /// Results acknowledged to workers, and rows that the database has as succeeded.
  var acknowledged: Int
  var succeeded: Int
  var coordinatorUserSeconds: Double
  var coordinatorSystemSeconds: Double
  var workersUserSeconds: Double
  var workersSystemSeconds: Double
  var coordinatorMicrosecondsPerTrial: Double
  var workersMicrosecondsPerTrial: Double
  var peakMemoryMib: Double
  var clean: Bool
  var problems: [String]

  var text: String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    var lines = [
      "\(countText(trials)) trials, \(countText(workers)) workers: \(countText(Int(trialsPerSecond))) durable trials/s "
        + "(\(number(seconds, 2)) s)",
      "commits     \(countText(commits)), each flushed; \(number(Double(trials) / Double(max(1, commits)), 0)) trials each",
      "processor   coordinator \(number(coordinatorMicrosecondsPerTrial, 1)) us per trial, simulated workers "
        + "\(number(workersMicrosecondsPerTrial, 1)) us",
      "memory      \(number(peakMemoryMib, 0)) MiB at most; started in \(number(startSeconds, 2)) s",
      "checked     \(countText(acknowledged)) acknowledged, \(countText(succeeded)) stored; audit "
        + (problems.isEmpty ? "clean" : problems.joined(separator: "; ")),
    ]
    if tenths.count > 2 {
      let (second, last) = (countText(Int(tenths[1])), countText(Int(tenths[tenths.count - 2])))
      lines.insert("over time   second tenth \(second) trials/s, last but one \(last)", at: 1)
    }
    if let latencyP50Ms, let latencyP99Ms {
      lines.insert(
        "latency     \(number(latencyP50Ms, 1)) ms from result to acknowledgement (99 %: \(number(latencyP99Ms, 1)) ms)",
        at: 1)
    }
    return lines.joined(separator: "\n")
  }
}

struct DispatchMeasurement {
  let workers: Int
  let trials: Int
  let credit: Int
  let overTCP: Bool
  let parent: String?

  func run() throws -> DispatchFigures {
    let place = try BenchDirectory(in: parent)
    let plan = benchPlan(trials: trials)
    let checkpoint = try layOutBench(trials: trials, in: place.sweep)
    let opened = ContinuousClock.now
    let store = try SweepStore.forRunning(plan, in: place.sweep)
    let runtime = try RuntimeDirectory()
    let address = try EndpointAddress(overTCP ? "tcp://127.0.0.1:\(try freePort())" : "ipc://\(runtime.socket)")
    let simulation = try SimulationProcess(
      address: address, workers: workers, first: 1, credit: credit, checkpoint: checkpoint, isIdle: false)
    var settings = ServiceSettings()
    settings.meters = true
    let interruption = try Interruption()
    defer { interruption.stopListening() }
    let service = try benchService(plan, store, at: address, interruption: interruption, settings)
    let opening = (ContinuousClock.now - opened) / .seconds(1)
    let ending = try service.run(from: store.takeStoredAtOpening())
    guard case .finished = ending else { throw ExitCode(130) }
    // The audit reads everything again; that is not the coordinator's.
    let memory = peakMemoryMib()
    let report = try simulation.finish()
    let audit = try store.audit(plan)
    try store.close()
    return figures(
      service, report, audit, startSeconds: opening + service.startSeconds, peakMemoryMib: memory)
  }

  private func figures(
    _ service: SweepService, _ report: SimulationReport, _ audit: SweepAudit, startSeconds: Double,
    peakMemoryMib: Double
  ) -> DispatchFigures {
    let meter = service.meter
    let (user, system) = meter.processorTime
    var problems = audit.problems
    if report.acknowledged != audit.succeeded {
      problems.append("\(report.acknowledged) results were acknowledged and \(audit.succeeded) are stored")
    }
    let count = Double(max(1, audit.succeeded))
    return DispatchFigures(
      workers: workers, trials: audit.succeeded, seconds: meter.seconds, trialsPerSecond: count / meter.seconds,
      tenths: meter.tenths, startSeconds: startSeconds,
      latencyP50Ms: report.latencies.isEmpty ? nil : report.latencies[50] / 1000,
      latencyP99Ms: report.latencies.isEmpty ? nil : report.latencies[99] / 1000, commits: meter.commits,
      acknowledged: report.acknowledged, succeeded: audit.succeeded, coordinatorUserSeconds: user,
      coordinatorSystemSeconds: system, workersUserSeconds: report.userSeconds,
      workersSystemSeconds: report.systemSeconds, coordinatorMicrosecondsPerTrial: 1e6 * (user + system) / count,
      workersMicrosecondsPerTrial: 1e6 * (report.userSeconds + report.systemSeconds) / count,
      peakMemoryMib: peakMemoryMib, clean: problems.isEmpty, problems: problems)
  }
}

/// Cells whose tuning trials are nearly all of the sweep: configurations with ten seeds each, as a real sweep has them.
func benchPlan(trials: Int) -> SweepPlan {
  let seeds = 10
  let cells = min(16, max(1, trials / 200))
  let candidates = max(2, trials / (cells * seeds))
  let plans = (0..<cells).map { cell in
    CellPlan(
      id: CellID(rawValue: cell), coordinates: [.integer(cell + 1)],
      candidates: (0..<candidates).map { candidate in
        var parameters = TrialParameters()
        parameters.layers = cell + 1
        parameters.learningRate = 0.001 * Double(candidate + 1)
        return parameters
      })
  }
  return SweepPlan(
    name: "bench-dispatch", method: .grid,
    axes: [Axis(name: .layers, role: .rows, values: plans.map { $0.coordinates[0] })], tuned: [.learningRate],
    cells: plans, tuneSeeds: (0..<seeds).map { Seed(rawValue: Seed.firstTuning + UInt32($0)) },
    reportSeeds: [Seed(rawValue: 0)], source: "# attune bench dispatch\n")
}
