// The worker processes that a coordinator starts itself, any number of them: all those of `attune run`, and none of
// `attune serve` unless it is asked to. Started, watched, started again when they die, and stopped.
import Foundation
import Shared

package struct LocalWorkerSettings {
  var count: Int
  /// Threads of each worker, over all its slots.
  var threads: Int
  var slots: Int
  var executable: String
  var endpoint: String
  /// For their error files.
  var directory: String

  package init(count: Int, threads: Int, slots: Int, executable: String, endpoint: String, directory: String) {
    (self.count, self.threads, self.slots) = (count, threads, slots)
    (self.executable, self.endpoint, self.directory) = (executable, endpoint, directory)
  }
}

package final class LocalWorkers {
  private struct Place {
    var process: WorkerProcess?
    /// When to start it (again); nil while it runs, or when it is given up.
    var startAt: Duration?
    /// Ends in a row without a finished trial between them.
    var endsInRow = 0
  }

  /// Five lost workers quarantine a trial; this allows for several such trials before the worker itself is suspected.
  private static let mostEndsInRow = 25
  /// A worker that was never welcomed will not be welcomed the next time either.
  private static let mostEndsUnwelcomed = 3

  private let settings: LocalWorkerSettings
  private var places: [Place]
  private var welcomed: Set<pid_t> = []
  private var isStopping = false
  /// The latest reason for which a worker ended.
  package private(set) var lastEnding: String?

  package init(_ settings: LocalWorkerSettings) {
    self.settings = settings
    places = Array(repeating: Place(startAt: .zero), count: settings.count)
  }

  /// Watch these: one becomes ready when its worker has ended.
  package var descriptors: [Int32] { places.compactMap { $0.process?.standardInput } }
  package var runningCount: Int { places.count { $0.process != nil } }
  /// None of the workers runs and none will be started again.
  package var isExhausted: Bool { !places.isEmpty && places.allSatisfy { $0.process == nil && $0.startAt == nil } }
  /// When `lookAfter` has something to do.
  package var nextStart: Duration? { places.compactMap(\.startAt).min() }

  /// Nil for a process that was not started here.
  package func name(of processID: Int) -> String? {
    places.firstIndex { $0.process?.processID == pid_t(truncatingIfNeeded: processID) }.map { "worker \($0 + 1)" }
  }

  package func wasWelcomed(_ processID: Int) { welcomed.insert(pid_t(truncatingIfNeeded: processID)) }

  /// Somebody finished a trial: what ended workers before did not lie in the machine.
  package func trialFinished() {
    for index in places.indices { places[index].endsInRow = 0 }
  }

  /// Starts what is due; returns workers that have ended since, with why.
  package func lookAfter(at now: Duration) throws(CommandFailure) -> [(processID: pid_t, name: String, reason: String)]
  {
    var ended: [(pid_t, String, String)] = []
    for index in places.indices {
      if let process = places[index].process, let reason = process.ending() {
        places[index].process = nil
        places[index].endsInRow += 1
        lastEnding = reason
        let wasWelcomed = welcomed.remove(process.processID) != nil
        let most = wasWelcomed ? Self.mostEndsInRow : Self.mostEndsUnwelcomed
        if !isStopping, places[index].endsInRow < most {
          // Half a second, then twice as long each time, up to half a minute.
          places[index].startAt = now + .milliseconds(min(30_000, 250 << min(places[index].endsInRow, 10)))
        }
        ended.append((process.processID, "worker \(index + 1)", reason))
      }
      if let startAt = places[index].startAt, startAt <= now, !isStopping {
        places[index].startAt = nil
        places[index].process = try WorkerProcess(
          executable: settings.executable,
          arguments: [
            "--connect", settings.endpoint, "--threads", "\(settings.threads)", "--slots", "\(settings.slots)",
            "--exit-with-parent",
          ], errorFile: "\(settings.directory)/worker-\(index + 1).err")
      }
    }
    return ended
  }

  /// No worker is started any more; those that run are asked to give back what they hold and leave.
  package func drain() {
    isStopping = true
    for index in places.indices { places[index].startAt = nil }
    signalAll(SIGTERM)
  }

  package func kill() { signalAll(SIGKILL) }

  private func signalAll(_ number: Int32) {
    for place in places {
      if let process = place.process { _ = Foundation.kill(process.processID, number) }
    }
  }
}
