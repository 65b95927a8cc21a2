// Every decision of a sweep as a function of (event, now): which trial goes to whom, what a message may change, when a
// cell goes on, when the sweep is over. No clock, no I/O and no chance of its own.
import Search
import Shared

package struct SweepScheduler {
  /// Grows where tuning proposes candidates.
  var plan: SweepPlan
  /// The coordinator's boot epoch: with a counter it makes tokens that no earlier coordinator has given.
  let epoch: Int64
  let settings: SchedulingSettings

  /// All trials of this run, known from before or materialised since; those of no cell are left alone.
  var trials: [TrialEntry] = []
  var indexByID = TrialPositions()
  var indexByIdentity = IdentityTable()
  var cells: [CellProgress] = []
  /// With `replicate`: which cells are compared, and how many of them still train.
  var rows: [RowProgress] = []
  /// The row of each cell.
  var rowOfCell: [Int] = []
  var workers: [WorkerSession: Worker] = [:]
  /// Those of them that are in contact.
  var presentCount = 0
  var presentSlots = 0
  /// Sessions that may take a trial now, as far as known; checked again when granting.
  var freeWorkers: Set<WorkerSession> = []
  /// Sessions whose trials or threads have changed since idle threads were last lent to running trials.
  var unsettledWorkers: Set<WorkerSession> = []
  /// Threads of slots that nothing waited for have been lent at least once.
  var hasLent = false
  var queue = TrialQueue()
  var sources = PromptSources()
  /// Of cells whose tuning depends on results, by cell.
  var tunings: [Int: CellTuning] = [:]
  /// By index, of tuning trials that are judged by them: every evaluation up to the latest pause or the end.
  var curves: [Int: [MetricPoint]] = [:]
  /// By index, of trials known from before: the step of the latest pause.
  var pauses: [Int: Int] = [:]
  /// How long trials take, as far as any of their shape has ended.
  var lengths = TrialLengths()
  var speedModel = SpeedModel()
  /// Of the workers present, once it is known of any.
  var speeds: (slowest: Double, fastest: Double)?

  var tokenCounter: Int64 = 0
  var workerCounter = 0
  var nextTrialID: Int64 = 1
  /// Planned trials that two cells share, and so are run once: references of cells that differ in training only.
  var sharedTrials = 0
  var finishedCells = 0
  var announcedFinish = false
  var grantsHeld = false
  /// By an operator.
  package internal(set) var isPaused = false
  /// No lease can expire and no rest can end before this time.
  var nextLook: MonotonicInstant?
  var announcedWake: MonotonicInstant?
  /// Before this time trials that were leased when the last coordinator ended wait for their workers to return.
  var leasesHeldUntil: MonotonicInstant?
  /// Those trials, by the session that held them: one that returns without a trial never got it.
  var awaitedTrials: [WorkerSession: Set<Int>] = [:]
  /// Of the trials that some cell needs.
  var stateCounts = StateCounts()
  /// Optimiser steps of the trials that have ended and of all that are known.
  var stepsDone = 0
  var stepsKnown = 0
  /// Of the trials that cells which are still tuned will have, as far as their first candidates tell.
  var stepsExpected = 0
  /// Of the trials that had ended before this coordinator started.
  package private(set) var stepsDoneAtStart = 0
  /// Trials made just now, which no change has told of yet, and those of them that go on from others.
  var newRecords: [TrialRecord] = []
  var newContinuations: [SweepChange] = []
  /// Indices of ended trials of earlier editions, which longer ones may go on from.
  var shorterTrials: [ContinuedTrial: [Int]] = [:]
  /// What the present event has led to so far.
  var commands: [SchedulingCommand] = []

  package var planName: String { plan.name }

  /// Whether `start` needs learning curves.
  package var judgesCurves: Bool { plan.earlyTermination != nil }

  package init(plan: SweepPlan, epoch: Int64, settings: SchedulingSettings = .init()) {
    self.plan = plan
    self.epoch = epoch
    self.settings = settings
  }

  /// Takes over what the store holds and lays out every cell. Call once, before any event.
  /// - curves: of tuning trials, where the plan stops some of them early.
  /// - holdLeases: how long trials that were leased wait for their workers to come back before they are granted anew;
  ///   nil when those workers are known to be gone. Neither counts as an unclean end: the coordinator left, not they.
  package mutating func start(
    with stored: consuming [StoredTrial], curves: [TrialID: [MetricPoint]] = [:], holdLeases: Duration?,
    at now: MonotonicInstant
  ) -> [SchedulingCommand] {
    commands = []
    // Growing step by step would hold a million trials twice.
    trials.reserveCapacity(max(stored.count, plan.plannedTrialCount))
    for trial in stored { adopt(trial, holdLeases: holdLeases != nil, at: now) }
    stored = []
    for (trial, curve) in curves { adopt(curve, of: trial) }
    pauses = [:]
    if let holdLeases, trials.contains(where: \.isLeased) {
      leasesHeldUntil = now + holdLeases
      look(notAfter: now + holdLeases)
    }
    findShorterTrials()
    if plan.replication != nil { layOutRows() }
    for cell in plan.cells.indices { startCell(cell) }
    stepsDoneAtStart = stepsDone
    return conclude(at: now)
  }

  package mutating func handle(_ event: SchedulingEvent, at now: MonotonicInstant) -> [SchedulingCommand] {
    // A result is followed by about so many.
    commands.reserveCapacity(12)
    switch event {
    case .message(let message, let session): receive(message, from: session, at: now)
    case .checkpointStored(let address, let offer, let session):
      checkpointStored(address, offer, from: session, at: now)
    case .checkpointRefused(let address, let offer, let session, let reason):
      if current(address) == nil {
        fence(address, session)
      } else {
        commands.append(.send(.notStored(address, offer.digest, reason: reason), to: session))
      }
    case .workerEnded(let session, let reason): endSession(session, reason: reason, clean: false)
    case .workerShutOut(let session, let reason): endSession(session, reason: reason, clean: true)
    case .holdGrants(let hold): holdGrants(hold, at: now)
    case .request(let request): obey(request)
    case .wokeUp:
      if let until = leasesHeldUntil { leasesHeldUntil = max(until, now + settings.leaseDuration) }
      for session in workers.keys where workers[session]?.isSilent == false { workers[session]?.lastContact = now }
    case .tick: break
    }
    return conclude(at: now)
  }

  /// What follows any event: overdue leases, new grants, the end, the next time to look.
  private mutating func conclude(at now: MonotonicInstant) -> [SchedulingCommand] {
    if let next = nextLook, next <= now { lookAround(at: now) }
    grantTrials(at: now)
    lendIdleThreads()
    if finishedCells == cells.count, !announcedFinish {
      announcedFinish = true
      for worker in workers.values.sorted(by: { $0.order < $1.order }) where !worker.isSilent {
        commands.append(.send(.finish(reason: "the sweep is complete"), to: worker.hello.session))
      }
      commands.append(.finished)
    }
    if let next = nextLook, next != announcedWake {
      announcedWake = next
      commands.append(.wake(at: next))
    }
    defer { commands = [] }
    return commands
  }

  private mutating func receive(_ message: WorkerMessage, from session: WorkerSession, at now: MonotonicInstant) {
    if case .hello(let hello) = message {
      connect(hello, at: now)
      return
    }
    guard touch(session, at: now) else {
      commands.append(.note(.alarm("a message from session \(session), which never said hello; it was dropped")))
      return
    }
    switch message {
    case .hello, .ready, .chunk, .fetch: break
    case .heartbeat(let held, let remaining):
      note(remaining: remaining, of: session, at: now)
      reconcile(held, with: session, at: now)
      commands.append(.send(.heard, to: session))
    case .started(let address): started(address, from: session, at: now)
    case .progress(let address, let points, let step, let stepsPerSecond):
      progressed(address, points: points, step: step, stepsPerSecond: stepsPerSecond, from: session, at: now)
    case .offer(let address, let offer): offered(address, offer, from: session, at: now)
    case .result(let address, let result): finished(address, result, from: session, at: now)
    case .failed(let address, let reason): failed(address, reason: reason, from: session, at: now)
    case .released(let address, let reason, let unclean):
      released(address, reason: reason, unclean: unclean, from: session, at: now)
    case .goodbye(let reason): endSession(session, reason: reason, clean: true)
    }
  }
}

/// A trial and what only a running coordinator knows about it.
struct TrialEntry {
  var record: TrialRecord
  var rank: TrialRank
  /// The latest lease ever given for it; no earlier one may change it.
  var token: LeaseToken?
  var holder: WorkerSession?
  /// Who got the latest lease, also after it ended.
  var grantee: WorkerSession?
  var threads = 0
  /// Granted beyond its worker's slots: it waits there for one, and takes over the threads of whatever ends.
  var isAhead = false
  /// Which prompts it sees, as `PromptSources` numbers them; -1 for a trial that is to be alone, nil before it is asked.
  var source: Int?
  /// Those it shares its slot with, until it ends or goes elsewhere.
  var gang: GrantedGang?
  /// By this coordinator.
  var grantedAt: MonotonicInstant?
  /// Where its present attempt began.
  var grantedStep: Int?
  /// The lease whose unclean end has been counted.
  var countedToken: LeaseToken?
  /// Threads of its worker that nobody else can use now, beside its own.
  var lentThreads = 0
  /// The latest published checkpoint, or the one the result names.
  var checkpoint: CheckpointOffer?
  var step = 0
  var stepsPerSecond = 0.0
  var lastHeard = MonotonicInstant(nanoseconds: 0)
  /// Where it is to pause; nil trains to the end.
  var until: Int?
  /// Cells that need it.
  var cells: [Int] = []
  /// Needed, and everything it waits for has ended.
  var isReady = false

  var isLeased: Bool { record.state == .leased || record.state == .running }
}

/// A worker process from its hello on.
struct Worker {
  var hello: WorkerHello
  /// Position in the order of arrival, for grants that do not depend on hashing.
  let order: Int
  var lastContact: MonotonicInstant
  /// Overdue or gone; whatever it says next brings it back.
  var isSilent = false
  /// Trials it holds, as indices.
  var held: Set<Int> = []
  /// By the token of the first member.
  var gangs: [LeaseToken: HeldGang] = [:]
  /// Those of `held` whose slot is counted for another one of their gang.
  var mateCount = 0
  /// Of trials and gangs that are not ahead.
  var threadsInUse = 0
  /// How many of `units` were granted ahead.
  var aheadCount = 0
  /// Some of its trials have more threads than they were granted.
  var hasLent = false
  var pace = WorkerPace()
  /// Of its slots, by its trials so far.
  var speed: Double?
  /// `speed` when all workers' were last compared.
  var countedSpeed: Double?
  /// No grants before this time.
  var restsUntil: MonotonicInstant?
  /// When its walltime makes it give everything back; nil without a limit.
  var gone: MonotonicInstant?
  /// The most time it ever had until then.
  var wholeTime: Duration?

  var threadsPerSlot: Int { max(1, hello.threads / hello.slots) }

  /// Trials ahead that sit in a slot by now have its share of threads.
  var freeThreads: Int {
    let seated = min(aheadCount, max(0, hello.slots - (units - aheadCount)))
    return hello.threads - threadsInUse - seated * threadsPerSlot
  }

  /// Trials it can take now without giving any thread two.
  var freeSlots: Int { isSilent ? 0 : max(0, min(hello.slots - units, freeThreads)) }
}
