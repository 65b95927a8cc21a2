// `attune bench idle`: what thousands of connected workers cost the coordinator while nothing happens, and how soon they are
// back after it was killed and started again. The true service, store and sockets in a process of their own each time; the
// workers are simulated in several processes.
internal import ArgumentParser
import Foundation
import Messaging
import Shared
import Store

struct BenchIdle: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle",
    abstract: "Measure what connected workers cost the coordinator, and how soon they come back to a new one.",
    discussion: """
      --workers simulated workers connect over tcp (loopback) and send heartbeats every two seconds. After --settle \
      seconds the coordinator's processor time is taken for --seconds; then it is killed, and another one is started on \
      the same directory and port for a minute. Each worker takes a descriptor of the coordinator.

      Example:
        attune bench idle --workers 10000 --processes 4
      """)

  @Option(help: "Simulated workers.")
  var workers = 10_000
  @Option(help: "Processes that simulate them.")
  var processes = 4
  @Option(help: "Seconds for all to connect.")
  var settle = 20
  @Option(help: "Seconds to measure.")
  var seconds = 20
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    guard (1...100_000).contains(workers) else {
      throw ValidationError("--workers is \(workers); write a number from 1 to 100000")
    }
    guard (1...64).contains(processes), processes <= workers else {
      throw ValidationError("--processes is \(processes); write a number from 1 to 64, at most that of workers")
    }
    guard (1...600).contains(settle), (1...600).contains(seconds) else {
      throw ValidationError("--settle and --seconds are \(settle) and \(seconds); write numbers from 1 to 600")
    }
  }

  func run() throws {
    raiseDescriptorLimit()
    let place = try BenchDirectory(in: nil)
    let checkpoint = try layOutBench(trials: benchIdleTrials, in: place.sweep)
    let address = try EndpointAddress("tcp://127.0.0.1:\(try freePort())")
    let simulations = try (0..<processes).map { process in
      let first = workers * process / processes, next = workers * (process + 1) / processes
      return try SimulationProcess(
        address: address, workers: next - first, first: first + 1, credit: 1, checkpoint: checkpoint, isIdle: true)
    }
    let before = try observe(address, place, settle: settle, seconds: seconds)
    let after = try observe(address, place, settle: 60 - min(59, seconds), seconds: min(59, seconds))
    let reports = try simulations.map { try $0.finish() }
    let figures = IdleFigures(
      workers: workers, joined: before.joined, joinedSeconds: before.joinedSeconds,
      shareOfOneCore: before.shareOfOneCore, peakMemoryMib: before.peakMemoryMib, returned: after.joined,
      returnedSeconds: after.joinedSeconds, refused: reports.reduce(0) { $0 + $1.refused })
    print(json ? try jsonText(figures) : figures.text)
    if figures.joined < workers || figures.returned < workers { throw ExitCode(1) }
  }

  /// Runs a coordinator for so long; it is killed when it has said what was measured.
  private func observe(
    _ address: EndpointAddress, _ place: BenchDirectory, settle: Int, seconds: Int
  ) throws -> IdleObservation {
    let process = Process(), output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.arguments = [
      "bench", "idle-coordinator", "--bind", address.description, "--directory", place.sweep, "--settle", "\(settle)",
      "--seconds", "\(seconds)",
    ]
    process.standardOutput = output
    try process.run()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(IdleObservation.self, from: text)
  }
}

private let benchIdleTrials = 200

struct IdleFigures: Encodable {
  var workers: Int
  /// Workers whose hello was stored, and when the last one was, from the coordinator's start.
  var joined: Int
  var joinedSeconds: Double
  /// Processor time of the coordinator over wall time, all of its threads.
  var shareOfOneCore: Double
  var peakMemoryMib: Double
  /// The same after the restart.
  var returned: Int
  var returnedSeconds: Double
  var refused: Int

  var text: String {
    func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
    return """
      \(countText(joined)) of \(countText(workers)) workers joined, the last after \(number(joinedSeconds, 1)) s
      heartbeats   \(number(100 * shareOfOneCore, 1)) % of one core, \(number(peakMemoryMib, 0)) MiB at most
      restarted    \(countText(returned)) came back, the last after \(number(returnedSeconds, 1)) s
      """
  }
}

/// What a coordinator has seen of its workers.
private struct IdleObservation: Codable {
  var joined = 0
  var joinedSeconds = 0.0
  var shareOfOneCore = 0.0
  var peakMemoryMib = 0.0
}

/// The coordinator of `attune bench idle`. It ends itself by SIGKILL, in the middle of its work.
struct BenchIdleCoordinator: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idle-coordinator", abstract: "The coordinator of `attune bench idle`.", shouldDisplay: false)

  @Option var bind: String
  @Option var directory: String
  @Option var settle: Int
  @Option var seconds: Int

  func run() throws {
    let began = ContinuousClock.now
    raiseDescriptorLimit()
    let plan = benchPlan(trials: benchIdleTrials)
    let store = try SweepStore.forRunning(plan, in: directory)
    var settings = ServiceSettings()
    settings.meters = true
    let service = try benchService(
      plan, store, at: try EndpointAddress(bind), interruption: try Interruption(), settings)
    let joined = service.meter.joined
    observe(joined, began)
    _ = try service.run(from: store.takeStoredAtOpening())
  }

  /// Tells what was measured when the time is over, from a thread of its own, and ends the process.
  private func observe(_ joined: DispatchMeter.Joined, _ began: ContinuousClock.Instant) {
    let (settle, seconds) = (settle, seconds)
    Thread.detachNewThread {
      sleep(UInt32(settle))
      let clock = ContinuousClock(), from = clock.now, before = processorSeconds(RUSAGE_SELF)
      sleep(UInt32(seconds))
      let after = processorSeconds(RUSAGE_SELF)
      var seen = IdleObservation()
      let spent = after.user - before.user + after.system - before.system
      seen.shareOfOneCore = spent / ((clock.now - from) / .seconds(1))
      let (sessions, last) = joined.all
      seen.joined = sessions
      seen.joinedSeconds = last.map { ($0 - began) / .seconds(1) } ?? 0
      seen.peakMemoryMib = peakMemoryMib()
      if let text = try? jsonText(seen) { FileHandle.standardOutput.write(Data(text.utf8)) }
      kill(getpid(), SIGKILL)
    }
  }
}
