// What the coordinator tells about itself while it works: counters of what it dropped, its workers, how much waits. Into
// DIR/status.json for `attune status`, and once a minute into the log where something was dropped.
import Foundation
import Messaging
import Scheduling
import Shared
import Store

extension SweepService {
  private static let statusInterval = Duration.seconds(2)
  private static let counterInterval = Duration.seconds(60)
  /// Of dropped messages; whoever floods the socket must not flood the log.
  static let dropLines = 20

  func count(_ reason: String) { counters[reason, default: 0] += 1 }

  /// Writes the status where it is time to; with thousands of workers less often, since each is listed.
  func lookAfterStatus() {
    if now >= nextStatus {
      let status = status
      nextStatus = now + (status.workerCount > 200 ? Self.statusInterval * 5 : Self.statusInterval)
      status.write(to: store.directory.status)
      tellOfDescriptors()
      for note in endpoint.takeNotes() {
        var line = LogLine("keys")
        line.reason = note
        log.write(line)
        display.note(note)
      }
    }
    if now >= nextCounterLine {
      nextCounterLine = now + Self.counterInterval
      logCounters()
    }
  }

  /// libzmq accepts nobody without a free descriptor, and says so to nobody.
  private func tellOfDescriptors() {
    let lacks = hasNoFreeDescriptor
    if lacks { count("no_free_descriptor") }
    guard lacks != lacksDescriptors else { return }
    lacksDescriptors = lacks
    var line = LogLine(lacks ? "descriptors_exhausted" : "descriptors_free")
    line.count = descriptorLimit
    log.write(line)
    display.note(
      lacks
        ? "all \(countText(descriptorLimit)) files that this process may have open are: workers that come now, and "
          + "checkpoints, wait until some are free; allow more (ulimit -n, LimitNOFILE) and start again"
        : "files can be opened again: workers are let in and checkpoints stored")
  }

  /// One line with all counters, if any has changed since the last one.
  func logCounters() {
    let counters = allCounters
    guard counters != loggedCounters else { return }
    loggedCounters = counters
    var line = LogLine("dropped_so_far")
    line.counters = counters
    log.write(line)
  }

  /// A line about one dropped message: the first few, and some more every minute.
  func tellDrop(of session: WorkerSession?, _ reason: String) {
    if now - lastDropLine > Self.counterInterval { dropLinesLeft = Self.dropLines }
    guard dropLinesLeft > 0 else { return }
    dropLinesLeft -= 1
    lastDropLine = now
    var line = LogLine("malformed")
    (line.worker, line.reason) = (session, reason)
    log.write(line)
  }

  private var status: CoordinatorStatus {
    let present = scheduler.contacts(atMost: CoordinatorStatus.mostWorkers, at: instant)
    return CoordinatorStatus(
      process: Int(getpid()), written: Date().timeIntervalSince1970, endpoint: settings.endpoint,
      waiting: scheduler.waitingCount, stepsPerSecond: scheduler.progress.stepsPerSecond,
      remainingSeconds: scheduler.remaining(after: now).map { $0 / .seconds(1) }, isPaused: scheduler.isPaused,
      workerCount: scheduler.presentWorkers,
      workers: present.map { contact in
        CoordinatorStatus.Worker(
          session: contact.hello.session.description, host: contact.hello.host, process: contact.hello.processID,
          key: sessionKeys[contact.hello.session]?.rawValue, slots: contact.hello.slots, threads: contact.hello.threads,
          silentSeconds: contact.silence / .seconds(1), trials: contact.trials.map(\.rawValue))
      }, counters: allCounters)
  }

  /// With what the endpoint refused before it was a message. Messages that could not be read are counted here by kind.
  private var allCounters: [String: Int] {
    var all = counters
    for (reason, count) in (endpoint.refusals + bulk.refusals).refused
    where !["malformed", "too many frames", "oversized frame"].contains(reason) {
      all[reason.replacingOccurrences(of: " ", with: "_")] = count
    }
    return all
  }

  /// Lets checkpoints go where the manifest's budget is exceeded.
  func keepToBudget() throws {
    guard changes.isEmpty, onItsWay == nil, let budget = store.budget, store.storedBytes > budget,
      now >= nextBudgetLook
    else { return }
    do throws(StoreError) {
      let freed = try store.enforceBudget()
      // What is needed may be more than the budget: look again after a while, not in every turn.
      if store.storedBytes > budget { nextBudgetLook = now + .seconds(10) }
      if store.storedBytes > budget, !saidOverBudget {
        saidOverBudget = true
        display.note(
          "checkpoints take \(ByteSize.text(store.storedBytes)) of a budget of \(ByteSize.text(budget)), and all of them "
            + "are needed")
      }
      guard freed > 0 else { return }
      var line = LogLine("checkpoints_collected")
      line.count = freed
      log.write(line)
    } catch { if error.mayPass { storageFailed(error) } else { throw error } }
  }
}

extension ProtocolError {
  /// One word for counting.
  var kind: String {
    switch self {
    case .frameCount: "frame_count"
    case .notAttune: "not_attune"
    case .frameVersion: "frame_version"
    case .unknownType: "unknown_type"
    case .bodyLength: "body_length"
    case .body: "body"
    case .field: "field"
    case .corruptChunk: "corrupt_chunk"
    }
  }
}
