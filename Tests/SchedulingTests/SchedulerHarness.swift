// Drives a scheduler in tests: keeps the time, plays the store and the workers, and fails on any message nobody
// expected.
import Scheduling
import Shared
import Testing

/// A plan of `cells` cells (linear kernel, one activation per cell), `candidates` learning rates each.
func makePlan(cells: Int = 1, candidates: Int = 2, tune: Int = 2, report: Int = 3) -> SweepPlan {
  let names = Activation.classic
  var plans: [CellPlan] = []
  for cell in 0..<cells {
    var configurations: [TrialParameters] = []
    for candidate in 0..<candidates {
      var parameters = TrialParameters()
      parameters.heads = Heads([names[cell % names.count]])
      parameters.layers = 1 + cell / names.count
      parameters.steps = 100
      parameters.learningRate = 0.01 * Double(candidate + 1)
      configurations.append(parameters)
    }
    plans.append(
      CellPlan(
        id: CellID(rawValue: cell), coordinates: [.text(names[cell % names.count].description)],
        candidates: configurations))
  }
  return SweepPlan(
    name: "test", method: .grid,
    axes: [Axis(name: .activation, role: .columns, values: plans.map { $0.coordinates[0] })],
    tuned: [.learningRate], cells: plans,
    tuneSeeds: (0..<tune).map { Seed(rawValue: Seed.firstTuning + UInt32($0)) },
    reportSeeds: (0..<report).map { Seed(rawValue: UInt32($0)) })
}

func digest(_ text: String) -> BlobDigest { BlobDigest(of: Array(text.utf8)) }

func session(_ number: UInt64) -> WorkerSession { WorkerSession(rawValue: number) }

func makeHello(
  _ session: WorkerSession, slots: Int = 1, threads: Int? = nil, inventory: [HeldTrial] = [],
  arithmetic: Int = arithmeticVersion, versions: ClosedRange<Int> = protocolVersion...protocolVersion
) -> WorkerHello {
  WorkerHello(
    session: session, minimumVersion: versions.lowerBound, maximumVersion: versions.upperBound,
    arithmeticVersion: arithmetic, host: "host", processID: Int(session.rawValue), slots: slots,
    threads: threads ?? slots, instructionSet: "avx2", programVersion: "test", inventory: inventory)
}

func makeResult(
  _ text: String, validation: Double = 0.5, outcome: TrialOutcome = .finite
) -> TrialResult {
  var metrics = FinalMetrics()
  (metrics.trainLoss, metrics.validationLoss, metrics.testLoss) = (validation, validation, validation)
  return TrialResult(outcome: outcome, metrics: metrics, checkpoint: digest(text), steps: 100, seconds: 1)
}

final class SchedulerHarness {
  var scheduler: SweepScheduler
  var now = MonotonicInstant(nanoseconds: 0)
  /// What the store would hold: applied only from `persist` commands.
  var stored: [TrialID: StoredTrial] = [:]
  var statuses: [TrialStatus] = []
  var checkpoints: [TrialID: [CheckpointOffer]] = [:]
  var curves: [TrialID: [MetricPoint]] = [:]
  /// Messages sent and not yet looked at; grants stand apart.
  var outgoing: [(message: CoordinatorMessage, session: WorkerSession)] = []
  private var grants: [(grant: TrialGrant, session: WorkerSession)] = []
  var notes: [SchedulingNote] = []
  var collects: [(TrialAddress, CheckpointOffer, WorkerSession)] = []
  var wake: MonotonicInstant?
  var finished = false
  private var sequence = 0

  init(
    _ plan: SweepPlan = makePlan(), epoch: Int64 = 1, stored: [StoredTrial] = [],
    curves: [TrialID: [MetricPoint]] = [:],
    holdLeases: Duration? = nil, settings: SchedulingSettings = .init()
  ) {
    scheduler = SweepScheduler(plan: plan, epoch: epoch, settings: settings)
    for trial in stored { self.stored[trial.record.id] = trial }
    self.curves = curves
    perform(scheduler.start(with: stored, curves: curves, holdLeases: holdLeases, at: now))
  }

  func advance(_ duration: Duration) {
    now = now + duration
    perform(scheduler.handle(.tick, at: now))
  }

  func event(_ event: SchedulingEvent) { perform(scheduler.handle(event, at: now)) }
  func say(_ message: WorkerMessage, from session: WorkerSession) { event(.message(message, from: session)) }

  func connect(_ session: WorkerSession, slots: Int = 1, threads: Int? = nil, inventory: [HeldTrial] = []) {
    say(.hello(makeHello(session, slots: slots, threads: threads, inventory: inventory)), from: session)
  }

  private func perform(_ commands: [SchedulingCommand]) {
    for command in commands {
      switch command {
      case .persist(let change): apply(change)
      case .send(.grant(let grant), let session): grants.append((grant, session))
      case .send(let message, let session): outgoing.append((message, session))
      case .collect(let address, let offer, let session): collects.append((address, offer, session))
      case .note(let note): notes.append(note)
      case .wake(let time): wake = time
      case .finished: finished = true
      }
    }
  }

  private func apply(_ change: SweepChange) {
    switch change {
    case .planned(let record):
      stored[record.id] = StoredTrial(record: record, token: nil, holder: nil, checkpoint: nil)
    case .plannedTrials(let records): for record in records { apply(.planned(record)) }
    case .status(let status):
      statuses.append(status)
      stored[status.trial]?.record.state = status.state
      stored[status.trial]?.record.failures = status.failures
      stored[status.trial]?.record.attempts = status.attempts
      stored[status.trial]?.record.reason = status.reason
      // The rest of a row stays as it was.
      if let result = status.result { stored[status.trial]?.record.result = result }
      stored[status.trial]?.token = status.token
      stored[status.trial]?.holder = status.holder
    case .checkpoint(let trial, let offer):
      checkpoints[trial, default: []].append(offer)
      stored[trial]?.checkpoint = offer
    case .points(let trial, let points):
      let known = Set(curves[trial, default: []].map(\.step))
      curves[trial, default: []] += points.filter { !known.contains($0.step) }
    case .continued(let trial, let shorter, let offer, let evaluateEvery):
      apply(.checkpoint(trial, offer))
      apply(.points(trial, curves[shorter, default: []].filter { $0.step % evaluateEvery == 0 }))
    case .worker, .workerKey: break
    }
  }

  /// Takes the grants sent so far, in order.
  func takeGrants() -> [(grant: TrialGrant, session: WorkerSession)] {
    defer { grants = [] }
    return grants
  }

  /// Takes the first grant sent and leaves the others.
  func nextGrant() -> (grant: TrialGrant, session: WorkerSession)? { grants.isEmpty ? nil : grants.removeFirst() }

  func takeMessages(to session: WorkerSession) -> [CoordinatorMessage] {
    defer { outgoing.removeAll { $0.session == session } }
    return outgoing.filter { $0.session == session }.map(\.message)
  }

  func expectNothingElse(_ location: SourceLocation = #_sourceLocation) {
    #expect(outgoing.map(\.message) == [], sourceLocation: location)
    #expect(grants.map(\.grant) == [], sourceLocation: location)
  }

  /// Alarms stand for what cannot happen between correct peers.
  var alarms: [String] { notes.compactMap { if case .alarm(let text) = $0 { text } else { nil } } }

  func address(_ grant: TrialGrant) -> TrialAddress {
    sequence += 1
    return TrialAddress(trial: grant.trial, token: grant.token, sequence: sequence)
  }

  /// Stores a checkpoint for a granted trial, as the worker and the event loop would.
  func storeCheckpoint(_ grant: TrialGrant, _ text: String, step: Int, from session: WorkerSession) {
    let offer = CheckpointOffer(digest: digest(text), byteCount: 100, step: step)
    say(.offer(address(grant), offer), from: session)
    if let collected = collects.popLast() {
      event(.checkpointStored(collected.0, collected.1, from: collected.2))
    }
  }

  /// Runs a granted trial to its end: start, final checkpoint, result.
  func complete(
    _ grant: TrialGrant, from session: WorkerSession, validation: Double = 0.5, outcome: TrialOutcome = .finite
  ) {
    say(.started(address(grant)), from: session)
    let name = "final of \(grant.parameters.id) \(grant.seed)"
    storeCheckpoint(grant, name, step: 100, from: session)
    say(.result(address(grant), makeResult(name, validation: validation, outcome: outcome)), from: session)
  }

  /// Completes every grant until none comes any more. `validation` makes the loss of a trial.
  func runAll(_ validation: (TrialGrant) -> Double = { $0.parameters.learningRate }) {
    while let (grant, session) = nextGrant() { complete(grant, from: session, validation: validation(grant)) }
  }

  /// Connects workers and ends what they are granted by `end`, until nothing is granted any more, in an order drawn from `seed`.
  func endInAnyOrder(_ seed: UInt64, workers: Int, slots: Int, _ end: (TrialGrant, WorkerSession) -> Void) {
    for number in 0..<workers { connect(session(UInt64(number + 1)), slots: slots) }
    var shuffle = SplitMix64(state: seed)
    var held = takeGrants()
    while !held.isEmpty {
      let (grant, worker) = held.remove(at: Int.random(in: held.indices, using: &shuffle))
      end(grant, worker)
      held += takeGrants()
    }
  }

  func state(_ trial: TrialID) -> TrialState? { stored[trial]?.record.state }
}

/// The same numbers in the same order on every machine, for tests that shuffle.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
