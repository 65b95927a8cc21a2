// One sweep under random faults: draws them, applies them, undoes them when they are over, and tells each with its time.
import Foundation
import Shared
import Store
import Testing

@ProcessThread final class SoakRun {
  static let workerCount = 4
  private let fleet: Fleet
  private let disk: SmallDisk?
  private var generator: SoakGenerator
  private let log: SoakLog
  private let deadline: ContinuousClock.Instant
  private var undoings: [(due: ContinuousClock.Instant, what: String, action: () throws -> Void)] = []
  /// Workers and, as 0, the coordinator that a fault has in its hands.
  private var busy: Set<Int> = []
  private var counts: [SoakFault: Int] = [:]
  private var nextFault = ContinuousClock.now

  init(_ sweep: TinySweep, seed: UInt64, until deadline: ContinuousClock.Instant, log: SoakLog) throws {
    generator = SoakGenerator(state: seed)
    (self.deadline, self.log) = (deadline, log)
    let directory = try TestDirectory()
    disk = SmallDisk.isPermitted ? try SmallDisk(in: directory, size: "512m") : nil
    fleet = try Fleet(sweep, lease: "2s", in: directory, place: disk == nil ? "out" : "disk/out")
    for number in 1...Self.workerCount { try fleet.addWorker(spool: number % 2 == 0) }
    fleet.workers[0].proxy?.record()
  }

  /// Runs to the end of the sweep; after the deadline undisturbed. Returns what is wrong.
  func run() throws -> [String] {
    defer { disk?.unmount() }
    do {
      while !fleet.coordinator.hasEnded || busy.contains(0) {
        try undoWhatIsOver()
        try lookAfterProcesses()
        if ContinuousClock.now >= deadline {
          if undoings.isEmpty { break }
        } else if ContinuousClock.now >= nextFault {
          try begin(SoakFault.allCases.randomElement(using: &generator) ?? .reset)
          nextFault = .now + generator.milliseconds(300...3000)
        }
        usleep(20_000)
      }
      for undoing in undoings { try undoing.action() }
      undoings = []
      log.write("no more faults; \(try fleet.out.succeeded().count) trials have succeeded")
      return try conclude()
    } catch {
      log.write("error: \(error)")
      log.keep(fleet.out.path)
      return ["\(error)"]
    }
  }

  private func conclude() throws -> [String] {
    for worker in fleet.workers { worker.proxy?.heal() }
    var problems: [String] = []
    let end = ContinuousClock.now + .seconds(900)
    while !fleet.coordinator.hasEnded, ContinuousClock.now < end {
      try lookAfterProcesses()
      usleep(50_000)
    }
    let ended = try fleet.coordinator.end(limit: .seconds(1))
    if ended.exitCode != 0 { problems.append("the coordinator ended with \(ended.exitCode as Any): \(ended.errors)") }
    try fleet.remember()
    problems += try SweepHistory(fleet.out, fleet.sweep).problems()
    let trials = try fleet.out.trials()
    log.write(
      "\(trials.count) trials, \(trials.reduce(0) { $0 + $1.record.attempts }) attempts, "
        + "\(trials.reduce(0) { $0 + $1.record.failures }) unclean ends")
    let kinds = counts.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.key) \($0.value)" }
    log.write("faults: \(kinds.joined(separator: ", "))")
    for worker in fleet.workers where worker.program.hasEnded {
      let ended = try worker.program.end()
      if ended.exitCode != 0 { log.write("worker \(worker.number) ended with \(ended.exitCode as Any)") }
    }
    if !problems.isEmpty {
      for problem in problems { log.write("PROBLEM: \(problem)") }
      log.keep(fleet.out.parent.path)
    }
    return problems
  }

  private func undoWhatIsOver() throws {
    let now = ContinuousClock.now
    let over = undoings.filter { $0.due <= now }
    undoings.removeAll { $0.due <= now }
    for undoing in over {
      log.write("over: \(undoing.what)")
      try undoing.action()
    }
  }

  /// A worker that ended though nobody asked it to is told and replaced; a coordinator that did is an error.
  private func lookAfterProcesses() throws {
    if !busy.contains(0), fleet.coordinator.hasEnded {
      let ended = try fleet.coordinator.end()
      guard ended.exitCode == 0 else { throw HarnessError("the coordinator ended: \(ended.errors.suffix(500))") }
      return
    }
    for worker in fleet.workers where !busy.contains(worker.number) && worker.program.hasEnded {
      let ended = try worker.program.end()
      let last = ended.errorLines.last ?? ""
      if ended.exitCode == 0, last.contains("the sweep is complete") { continue }
      throw HarnessError("worker \(worker.number) ended with \(ended.exitCode as Any): \(ended.errors.suffix(500))")
    }
  }

  /// Trials that were lost three times are left in peace: quarantine after five is no fault.
  private var someTrialIsNearQuarantine: Bool {
    get throws { try fleet.out.trials().contains { !$0.record.state.isTerminal && $0.record.failures >= 3 } }
  }

  private func begin(_ fault: SoakFault) throws {
    let duration = fault.lasting(&generator)
    let number = Int.random(in: 1...Self.workerCount, using: &generator)
    let size = Int.random(in: 1...30_000, using: &generator)
    let touchesCoordinator = [.killCoordinator, .stopCoordinator, .endCoordinator, .fullDisk].contains(fault)
    let target = touchesCoordinator ? 0 : number
    guard !busy.contains(target), !fleet.workers[number - 1].program.hasEnded || touchesCoordinator else { return }
    if fault == .fullDisk && disk == nil || fault == .replay && busy.contains(0) { return }
    if fault.mayLoseWorker, try someTrialIsNearQuarantine { return }
    counts[fault, default: 0] += 1
    let who = touchesCoordinator ? "coordinator" : "worker \(number)"
    log.write("\(fault) \(who) \(duration / .milliseconds(1)) ms" + (fault == .cut ? ", after \(size) bytes" : ""))
    if let undo = try apply(fault, to: fleet.workers[number - 1], size: size) {
      busy.insert(target)
      undoings.append(
        (
          .now + duration, "\(fault) \(who)",
          { [self] in
            busy.remove(target)
            try undo()
          }
        ))
    }
  }

  /// Returns how to undo it; nil for what is over at once.
  private func apply(_ fault: SoakFault, to worker: FleetWorker, size: Int) throws -> (() throws -> Void)? {
    let proxy = try #require(worker.proxy)
    let heal = { proxy.heal() }
    switch fault {
    case .bulkPartition: proxy.bulk.setBoth { $0.isHeld = true }
    case .bulkHalfOpen: proxy.bulk.setBoth { $0.isSwallowed = true }
    case .partition: proxy.setBoth { $0.isHeld = true }
    case .partitionToCoordinator: proxy.setToCoordinator { $0.isHeld = true }
    case .partitionToWorker: proxy.setToWorkers { $0.isHeld = true }
    case .halfOpen: proxy.setBoth { $0.isSwallowed = true }
    case .delay: proxy.setBoth { $0.delay = .milliseconds(size / 30) }
    case .throttle: proxy.setBoth { $0.bytesPerSecond = 2000 + size }
    case .repeated: proxy.setBoth { $0.repeats = true }
    case .swapped: proxy.setToCoordinator { $0.swaps = true }
    case .refuse:
      proxy.refuse()
      proxy.reset()
    case .cut:
      proxy.setToCoordinator { $0.cutsAfter = size }
      return nil
    case .corruptChunk:
      proxy.setToCoordinator { $0.corrupts = WireType.chunk }
      return nil
    case .reset:
      proxy.reset()
      return nil
    case .killWorker:
      try worker.kill()
      return { try worker.restart() }
    case .endWorker:
      worker.program.signal(SIGTERM)
      return {
        _ = try worker.program.end(limit: .seconds(30))
        try worker.restart()
      }
    case .stopWorker:
      worker.program.signal(SIGSTOP)
      return { worker.program.signal(SIGCONT) }
    case .killCoordinator:
      try fleet.killCoordinator()
      return { [fleet] in try fleet.startCoordinator() }
    case .endCoordinator:
      fleet.coordinator.signal(SIGTERM)
      _ = try fleet.coordinator.end(limit: .seconds(40))
      try fleet.remember()
      return { [fleet] in try fleet.startCoordinator() }
    case .stopCoordinator:
      fleet.coordinator.signal(SIGSTOP)
      return { [fleet] in fleet.coordinator.signal(SIGCONT) }
    case .fullDisk:
      try disk?.fill()
      return { [disk] in try disk?.empty() }
    case .replay:
      guard let proxy = fleet.workers[0].proxy else { return nil }
      for (line, port) in [(proxy.control, fleet.port), (proxy.bulk, fleet.bulkPort)] {
        if let recording = line.recordings.last { say(recording, to: port, atMost: .milliseconds(500)) }
      }
      return nil
    case .strangers:
      let bytes = (0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) }
      for port in [fleet.port, fleet.bulkPort] { say(bytes, to: port, atMost: .milliseconds(100)) }
      return nil
    }
    return heal
  }
}

/// Lines with the time since the beginning, for people and into a file beside what a failed run has left.
@ProcessThread final class SoakLog {
  private let start = ContinuousClock.now
  private let directory: String?
  private let name: String

  /// - directory: where lines and failed sweeps are kept; nil keeps nothing.
  init(directory: String?, name: String) {
    (self.directory, self.name) = (directory, name)
    if let directory { try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true) }
  }

  func write(_ text: String) {
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let line = String(format: "%9.3f ", seconds) + text + "\n"
    FileHandle.standardError.write(Data(line.utf8))
    guard let directory, let file = fopen("\(directory)/\(name).log", "a") else { return }
    fputs(line, file)
    fclose(file)
  }

  func keep(_ path: String) {
    guard let directory else { return }
    let place = "\(directory)/\(name)-\(UInt16.random(in: 0 ... .max))"
    try? FileManager.default.copyItem(atPath: path, toPath: place)
    write("kept in \(place)")
  }
}
