// The one loop that owns the control socket, the scheduler and the store. It drains what has arrived, lets the scheduler
// decide, makes every change durable in one transaction, and only then sends: what a worker reads as acknowledged
// survives anything. It decides nothing itself. Checkpoints travel elsewhere (BulkService).
import Foundation
import Messaging
import Scheduling
import Shared
import Store

struct ServiceSettings {
  var scheduling = SchedulingSettings()
  /// Workers that this process did not start take part: their number is nobody's concern, they outlive it, and after a
  /// restart they may still be training.
  var isOpen = false
  /// Where it listens, for `attune status`.
  var endpoint = ""
  /// Whether open workers are sent away, too, when a signal stops the sweep.
  var releasesWorkers = false
  /// HOST:PORT of a dashboard to be started beside, if any.
  var dashboard: String?
  /// Whether `meter` is kept.
  var meters = false
  init() {}
}

final class SweepService {
  enum Ending {
    /// Every planned trial has ended.
    case finished
    /// A signal asked to stop; the sweep can go on later.
    case interrupted(signal: Int32)
  }

  /// Messages taken before the changes they led to are committed, and for how long: many results share a commit, and
  /// none waits long for it.
  private static let mostPerBatch = 8192
  private static let longestDrain = Duration.milliseconds(25)
  /// Workers give back what they hold within 10 s.
  private static let drainLimit = Duration.seconds(15)
  /// Workers that were told to finish leave at once; what still runs then is ended.
  private static let farewellLimit = Duration.seconds(3)
  /// Added to the lease when leases are held after a restart: a worker first tries to connect again after up to 5 s.
  private static let returnAllowance = Duration.seconds(5)

  var scheduler: SweepScheduler
  let store: SweepStore
  let log: EventLog
  let workers: LocalWorkers
  let display: ProgressPrinter
  let bulk: BulkService
  let settings: ServiceSettings
  private let interruption: Interruption
  var endpoint: CoordinatorEndpoint
  private let clock = SuspendingClock()
  private let start: SuspendingClock.Instant

  var peers: [WorkerSession: PeerID] = [:]
  var sessions: [PeerID: WorkerSession] = [:]
  /// Sessions whose workers read several messages in one frame.
  var takesBatches: Set<WorkerSession> = []
  /// The key under which a session first said hello; nobody else's messages may speak for it.
  var sessionKeys: [WorkerSession: KeyName] = [:]
  /// Of the workers that were started here.
  var sessionsByProcess: [Int: WorkerSession] = [:]
  let ownHost = ProcessInfo.processInfo.hostName
  /// Decided and not yet durable.
  var changes: [SweepChange] = []
  /// To be sent once everything in `changes` is durable, and what depends on nothing.
  var outgoing: [(message: CoordinatorMessage, session: WorkerSession)] = []
  var prompt: [(message: CoordinatorMessage, session: WorkerSession)] = []
  let dashboard: DashboardProcess?
  let committer: Committer
  var onItsWay: CommitOnItsWay?
  var commitBegan = Duration.zero
  /// Small commits go to the committer, too, so that the loop does not wait for the disk.
  var isDiskSlow = false
  /// Set while the disk is full: when to try again.
  var retryAt: Duration?
  var retryPause = Duration.seconds(1)
  var meter = DispatchMeter()
  /// What reading the sweep and laying it out took.
  private(set) var startSeconds = 0.0
  private var wakeAt: MonotonicInstant?
  /// When the loop last did something.
  private var lastMoment = Duration.zero
  private var isFinished = false
  /// Since when the workers have been leaving, for good.
  private var leavingSince: Duration?
  var refusal: String?
  /// Messages that were dropped or refused, by reason, since this coordinator started.
  var counters: [String: Int] = [:]
  var loggedCounters: [String: Int] = [:]
  var nextStatus = Duration.zero
  var nextCounterLine = Duration.zero
  /// When a dropped message was last told in the log, and how many more may be told until it is a while ago.
  var lastDropLine = Duration.zero
  var dropLinesLeft = SweepService.dropLines
  /// Sessions of which it was said that their checkpoints do not arrive.
  var saidStalled: Set<WorkerSession> = []
  /// Whether it was said that no descriptor is free.
  var lacksDescriptors = false
  /// When the budget of checkpoints is looked at again, and whether it was said that it cannot be kept.
  var nextBudgetLook = Duration.zero
  var saidOverBudget = false

  init(
    scheduler: SweepScheduler, store: SweepStore, endpoint: consuming CoordinatorEndpoint, bulk: BulkService,
    workers: LocalWorkers, interruption: Interruption, log: EventLog, display: ProgressPrinter,
    settings: ServiceSettings = .init()
  ) throws {
    (self.scheduler, self.store, self.workers, self.interruption) = (scheduler, store, workers, interruption)
    (self.log, self.display, self.settings) = (log, display, settings)
    self.bulk = bulk
    self.endpoint = endpoint
    dashboard = try settings.dashboard.map { try DashboardProcess(directory: store.directory.path, place: $0) }
    if let address = dashboard?.address { display.note("dashboard at http://\(address)/") }
    committer = try Committer()
    start = clock.now
  }

  /// Time since the loop began, on the clock that stops while the machine sleeps.
  var now: Duration { clock.now - start }
  var instant: MonotonicInstant { MonotonicInstant(nanoseconds: 0) + now }

  /// Runs the sweep from what the store holds to its end or to a signal.
  func run(from stored: consuming [StoredTrial]) throws -> Ending {
    for (session, name) in try store.workerKeys() { sessionKeys[session] = KeyName(rawValue: name) }
    let holdLeases = settings.isOpen ? settings.scheduling.leaseDuration + Self.returnAllowance : nil
    let curves = scheduler.judgesCurves ? try store.curves() : [:]
    perform(scheduler.start(with: stored, curves: curves, holdLeases: holdLeases, at: instant))
    try commitAndSend()
    lastMoment = now
    startSeconds = lastMoment / .seconds(1)
    while true {
      if let ending = try leaving() { return ending }
      let (woken, waited) = try wait()
      noticeStandstill(after: waited)
      if woken.readyDescriptors.contains(interruption.wakeup.descriptor) { interruption.wakeup.clear() }
      // Before the look at the workers: the last words of one that has ended count.
      try drainMessages()
      for outcome in bulk.takeOutcomes() { try follow(outcome) }
      lookAfterDashboard()
      try lookAfterWorkers()
      if let wakeAt, wakeAt <= instant {
        self.wakeAt = nil
        handle(.tick)
      }
      try commitAndSend()
      try keepToBudget()
      lookAfterStatus()
      // The log is never ahead of the disk: a coordinator that died in between would tell the same end again.
      if onItsWay == nil { log.flush() }
      display.show(at: now) { scheduler.snapshot(elapsed: now, names: workerName) }
    }
  }

  /// A step of the loop that took so long was none: the process was stopped, the machine asleep or the disk stuck.
  private var suspension: Duration { min(.seconds(5), settings.scheduling.leaseDuration / 4) }

  /// What was sent to a process that stood still lies unread in its queues: nobody is overdue. A process may be stopped
  /// anywhere, so this is asked before every decision.
  /// - planned: how long it meant to wait.
  /// Returns the moment to decide at.
  @discardableResult
  private func noticeStandstill(after planned: Duration = .zero) -> MonotonicInstant {
    let now = now, instant = MonotonicInstant(nanoseconds: 0) + now
    let stoodStill = now - lastMoment > planned + suspension
    lastMoment = now
    if stoodStill {
      log.write(LogLine("woke_up"))
      perform(scheduler.handle(.wokeUp, at: instant))
    }
    return instant
  }

  /// Waits for whatever comes first; also returns how long the wait was meant to be.
  private func wait() throws -> (WaitResult, Duration) {
    var deadlines = [display.nextUpdate, nextStatus]
    if let wakeAt { deadlines.append(.nanoseconds(wakeAt.nanoseconds)) }
    if let retryAt { deadlines.append(retryAt) }
    if let next = workers.nextStart { deadlines.append(next) }
    // Something could not be sent, or processes are on their way out: look again soon.
    if leavingSince != nil || !prompt.isEmpty || (!outgoing.isEmpty && retryAt == nil) {
      deadlines.append(now + .milliseconds(50))
    }
    let timeout = max((deadlines.min() ?? .zero) - now, .zero)
    var watched = [interruption.wakeup.descriptor, committer.descriptor, bulk.descriptor] + workers.descriptors
    if let descriptor = dashboard?.descriptor { watched.append(descriptor) }
    return (try endpoint.wait(timeout: timeout, watching: watched), timeout)
  }

  private func drainMessages() throws {
    var taken = 0
    let end = now + Self.longestDrain
    while taken < Self.mostPerBatch, taken & 63 != 63 || now < end, let delivery = try endpoint.receive() {
      taken += 1
      switch delivery {
      case .message(let peer, let message, let key): try receive(message, from: peer, key: key)
      case .revoked(let peer, let key): revoked(peer, key)
      case .malformed(let peer, let error):
        count("malformed_\(error.kind)")
        tellDrop(of: sessions[peer], "\(error)")
      }
    }
  }

  func handle(_ event: SchedulingEvent) {
    let instant = noticeStandstill()
    perform(scheduler.handle(event, at: instant))
  }

  private func perform(_ commands: [SchedulingCommand]) {
    for command in commands {
      switch command {
      case .persist(let change): changes.append(change)
      case .send(let message, let session): say(message, to: session)
      case .collect(let address, let offer, let session):
        collect(address, offer, from: session)
      case .note(let note): heed(note)
      case .wake(let time): wakeAt = min(wakeAt ?? time, time)
      case .finished: isFinished = true
      }
    }
  }

  /// Starts workers that are due and tells the scheduler of those that have ended.
  private func lookAfterWorkers() throws {
    for ended in try workers.lookAfter(at: now) {
      if let session = sessionsByProcess.removeValue(forKey: Int(ended.processID)) {
        handle(.workerEnded(session, reason: ended.reason))
      }
      if leavingSince == nil {
        var line = LogLine("worker_process_ended")
        (line.process, line.reason) = (Int(ended.processID), ended.reason)
        log.write(line)
        display.note("\(ended.name): \(ended.reason)")
      }
    }
    if workers.isExhausted, leavingSince == nil, !isFinished, !settings.isOpen {
      throw CommandFailure(
        "no worker could be kept running: \(refusal ?? workers.lastEnding ?? "none was started"); see "
          + "\(store.directory.log), then run the same command again: what has ended is kept")
    }
  }

  /// Ends the loop when everything is done or a signal has come, after the workers that go with it have gone.
  private func leaving() throws -> Ending? {
    if leavingSince == nil {
      if isFinished, changes.isEmpty, onItsWay == nil {
        // Their last messages are sent by now; workers leave on `finish`.
        leavingSince = now
      } else if interruption.signalNumber != nil {
        leavingSince = now
        log.write(LogLine("interrupted"))
        display.note(stoppingNote)
        handle(.holdGrants(true))
        workers.drain()
        if settings.releasesWorkers {
          for session in scheduler.presentSessions {
            say(.finish(reason: "the coordinator stops and sends its workers away"), to: session)
          }
          try commitAndSend()
        }
      }
    }
    guard let leavingSince else { return nil }
    // While the disk is full nothing that is given back can be stored, so there is nothing to wait for.
    let limit = isFinished || retryAt != nil ? Self.farewellLimit : Self.drainLimit
    // Open workers that were not sent away stay, and come back to the next coordinator.
    let waitsForAll = isFinished || settings.releasesWorkers
    let isAlone = workers.runningCount == 0 && (!waitsForAll || scheduler.presentSessions.isEmpty)
    guard isAlone || now - leavingSince > limit else { return nil }
    workers.drain()
    workers.kill()
    logCounters()
    try settleCommit(waiting: true)
    do throws(StoreError) {
      try store.commit(changes)
    } catch {
      // Nothing of it was acknowledged: the next start goes on from what is stored.
      if !error.mayPass || interruption.signalNumber == nil { throw error }
    }
    log.flush()
    if let number = interruption.signalNumber, !isFinished { return .interrupted(signal: number) }
    return .finished
  }

  private var stoppingNote: String {
    if settings.releasesWorkers || !settings.isOpen {
      return "stopping: the workers give back what they hold; press Ctrl-C again to stop at once"
    }
    return "stopping: \(countText(scheduler.presentSessions.count, "worker")) go on training and come back to the next "
      + "coordinator"
  }

  /// False while the connection's queue is full; true also when the worker is gone, since it will say hello again.
  func send(_ message: CoordinatorMessage, to peer: PeerID) throws -> Bool {
    switch try endpoint.send(message, to: peer) {
    case .sent: return true
    case .unreachable:
      count("unreachable")
      return true
    case .full: return false
    }
  }
}
