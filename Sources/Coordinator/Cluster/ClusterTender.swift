// The process that looks after a cluster: it keeps the coordinator running until the sweep has ended, has the place start
// and stop workers, and removes everything at the end. It holds nothing that matters: when it is killed, coordinator and
// workers go on, and the next `attune cluster up` or `down` finds them again.
import Cluster
import Foundation
import Shared
import Store

final class ClusterTender {
  /// A coordinator that ran so long did not fail by its start.
  private static let soundAge = Duration.seconds(60)
  private static let mostNotes = 40
  private static let pause: UInt32 = 250_000
  /// Workers leave by themselves when the sweep ends.
  private static let farewell = Duration.seconds(5)

  private let record: ClusterRecord
  private let directory: ClusterDirectory
  private let processes: MarkedProcesses
  private let place: any WorkerPlace
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private let lock: ClusterLock
  private let shows: (String) -> Void
  private var view = ClusterView()
  private var nextLook = Duration.zero
  /// By this process; nil while it has to be started.
  private var coordinatorStarted: Duration?
  private var coordinatorFailure = RepeatedFailure()
  private var saidForeignOwner = false
  private var round: Int

  /// - shows: takes each line of what happens, for people.
  init(_ record: ClusterRecord, _ directory: ClusterDirectory, _ lock: ClusterLock, shows: @escaping (String) -> Void)
    throws
  {
    (self.record, self.directory, self.lock, self.shows) = (record, directory, lock, shows)
    processes = MarkedProcesses(cluster: record.id)
    switch record.place {
    case .local: place = LocalPlace(record, directory, processes)
    case .ssh: place = try SSHPlace(record, directory)
    case .slurm: place = try SlurmPlace(record, directory)
    case .kubernetes: throw CommandFailure("on Kubernetes the cluster looks after itself")
    }
    start = clock.now
    round = try directory.wish()?.round ?? 1
    view.notes = directory.view()?.notes ?? []
  }

  private var now: Duration { clock.now - start }

  /// Returns when there is nothing left to look after, with what could not be removed.
  func run() throws -> [String] {
    defer { withExtendedLifetime(lock) {} }
    while true {
      let wish = try directory.wish() ?? ClusterWish(count: record.plan.count(at: record.place))
      if wish.isDown { return takeDown("it was taken down") }
      if wish.round != round {
        round = wish.round
        (coordinatorFailure, nextLook) = (RepeatedFailure(), .zero)
        place.forgive()
      }
      switch lookAfterCoordinator() {
      case .runs:
        if now >= nextLook {
          let report = place.tend(demand(), wanted: wish.count, at: now)
          view.units = report.units
          for note in report.notes { say(note) }
          write()
          nextLook = now + place.interval
        }
      case .waits: break
      case .isOver:
        let end = now + Self.farewell
        while now < end, demand() != nil { usleep(Self.pause) }
        return takeDown("the sweep has ended")
      case .failed(let reason):
        say(reason)
        return takeDown(reason)
      }
      usleep(Self.pause)
    }
  }

  /// Workers first, while there is a coordinator that takes what they give back.
  private func takeDown(_ reason: String) -> [String] {
    say("\(reason): workers give back what they hold")
    write()
    let problems = place.clear()
    for problem in problems { say(problem) }
    processes.stop({ $0 == "coordinator" }, patience: .seconds(30))
    if problems.isEmpty { directory.removeSecrets() }
    view.units = []
    say(problems.isEmpty ? "nothing of it runs any more" : "not everything could be removed")
    view.isClean = problems.isEmpty
    view.ended = problems.isEmpty ? reason : "\(reason), but: \(problems.joined(separator: "; "))"
    write()
    return problems
  }

  private func say(_ note: String) {
    shows(note)
    view.notes = (view.notes + [note]).suffix(Self.mostNotes)
  }

  /// For those who look: a full disk is no reason to look after nothing any more.
  private func write() {
    view.written = Date().timeIntervalSince1970
    try? directory.write(view)
  }

  // MARK: The coordinator

  private enum CoordinatorState {
    case runs
    /// Nothing to be done but wait.
    case waits
    case isOver
    case failed(String)
  }

  private func lookAfterCoordinator() -> CoordinatorState {
    if processes.isRunning("coordinator") {
      if now - (coordinatorStarted ?? .zero) > Self.soundAge { coordinatorFailure.succeeded() }
      return .runs
    }
    if let owner = directory.sweep.owner {
      if !saidForeignOwner { say("\(owner) runs this sweep besides; waiting for it to end") }
      saidForeignOwner = true
      return .waits
    }
    saidForeignOwner = false
    // A complete one needs no coordinator; one that has ended by its rules has had it.
    if let sweep = try? StoredSweep(reading: directory.sweep.path),
      sweep.isComplete || sweep.hasEnded && coordinatorStarted != nil
    {
      return .isOver
    }
    if now < coordinatorFailure.until { return .waits }
    if coordinatorStarted != nil {
      let status = processes.status(of: "coordinator")
      let reason = "the coordinator ended with \(status.map { "status \($0)" } ?? "an unknown status"): \(lastWords())"
      coordinatorFailure.failed(at: now)
      let isHopeless = status == 64 || coordinatorFailure.isFinal
      if isHopeless { return .failed("\(reason); see \(directory.coordinatorLog)") }
      say("\(reason); it is started again")
      coordinatorStarted = nil
      return .waits
    }
    do {
      coordinatorStarted = now
      try processes.start(try words(), part: "coordinator", log: directory.coordinatorLog)
      say("started the coordinator at \(record.bind)")
    } catch { return .failed("\(error)") }
    nextLook = now + .milliseconds(500)
    return .waits
  }

  private func words() throws -> [String] {
    var words = [
      ownExecutable(), "serve", record.manifest, "--out", directory.sweep.path, "--bind", record.bind,
      "--bulk-bind", record.bulkBind, "--keys", directory.keys, "--dashboard", record.dashboard,
    ]
    if let lease = record.plan.coordinator.lease { words += ["--lease", lease] }
    return words
  }

  private func lastWords() -> String {
    let text = (try? String(contentsOfFile: directory.coordinatorLog, encoding: .utf8)) ?? ""
    return text.split(whereSeparator: \.isNewline).last.map { String($0.suffix(300)) } ?? "it said nothing"
  }

  /// What the coordinator that runs says of its work; nil while it has not spoken.
  private func demand() -> ClusterDemand? {
    directory.sweep.liveStatus.map { status in
      ClusterDemand(waiting: status.waiting, held: status.workers.reduce(0) { $0 + $1.trials.count })
    }
  }
}
