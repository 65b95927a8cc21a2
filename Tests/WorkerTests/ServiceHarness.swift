// A worker's service with a clock of its own and no sockets or threads: what it commands is taken out by kind.
// A test that leaves commands behind has not said all that it expects: `expectNothingElse`.
import Messaging
import Shared
import Testing
import Training
import Worker

struct ServiceHarness {
  var service: WorkerService
  var now = Duration.zero
  /// Whether the bulk channel stands as soon as it is asked for.
  var hasBulk = true
  private var commands: [WorkerCommand] = []
  static let endpoint = try! EndpointAddress("tcp://coordinator:7400")

  init(
    slots: Int = 1, threads: Int = 1, walltime: Duration? = nil, keepsSpool: Bool = false, spooled: [SpoolEntry] = []
  ) {
    var configuration = WorkerConfiguration(
      session: session, endpoint: Self.endpoint, host: "here", processID: 1, slots: slots, threads: threads,
      instructionSet: "avx2")
    (configuration.walltime, configuration.keepsSpool) = (walltime, keepsSpool)
    service = WorkerService(configuration, startingAt: .zero, spooled: spooled)
  }

  /// A worker that has been welcomed, its first messages taken out.
  static func welcomed(
    slots: Int = 1, threads: Int = 1, walltime: Duration? = nil, keepsSpool: Bool = false
  ) -> ServiceHarness {
    var harness = ServiceHarness(slots: slots, threads: threads, walltime: walltime, keepsSpool: keepsSpool)
    harness.on(.connected)
    _ = harness.sent()
    harness.receive(keepsSpool ? welcome(to: sweep) : welcome)
    return harness
  }

  static let welcome = welcome(to: .unknown)
  static let sweep = SweepID(rawValue: 77)

  static func welcome(to sweep: SweepID) -> CoordinatorMessage {
    .welcome(
      Welcome(
        version: protocolVersion, sweepName: "s", epoch: 1, heartbeatInterval: .seconds(2),
        leaseDuration: .seconds(30), sweep: sweep, bulk: "tcp://*:7401"))
  }

  mutating func on(_ event: WorkerEvent) {
    commands += service.handle(event, at: now)
    guard hasBulk else { return }
    if !opened().isEmpty { on(.bulkConnected) }
    _ = closed()
  }

  /// Over the channel that it travels on.
  mutating func receive(_ message: CoordinatorMessage) {
    switch message {
    case .pull, .chunk, .missing: on(.receivedInBulk(message))
    default: on(.received(message))
    }
  }

  /// Takes out where the bulk channel was to be connected.
  mutating func opened() -> [String] {
    var opened: [String] = []
    commands.removeAll { command in
      guard case .openBulk(let address) = command else { return false }
      opened.append("\(address)")
      return true
    }
    return opened
  }

  mutating func closed() -> Int {
    let before = commands.count
    commands.removeAll { if case .closeBulk = $0 { true } else { false } }
    return before - commands.count
  }

  /// Lets time pass and the timer ring.
  mutating func wait(_ duration: Duration) {
    now += duration
    on(.timer)
  }

  /// Time passes with heartbeats answered.
  mutating func waitInContact(_ duration: Duration) {
    let end = now + duration
    while now < end {
      wait(min(.seconds(1), end - now))
      let before = commands.count
      commands.removeAll { if case .send(.heartbeat) = $0 { true } else { false } }
      if commands.count < before { receive(.heard) }
    }
  }

  /// Takes out what was sent.
  mutating func sent() -> [WorkerMessage] {
    var messages: [WorkerMessage] = []
    commands.removeAll { command in
      guard case .send(let message) = command else { return false }
      messages.append(message)
      return true
    }
    return messages
  }

  mutating func started() -> [(Attempt, TrialAssignment)] {
    startedGangs().joined().map { ($0.attempt, $0.assignment) }
  }

  mutating func startedGangs() -> [[AttemptStart]] {
    var started: [[AttemptStart]] = []
    commands.removeAll { command in
      guard case .start(let gang) = command else { return false }
      started.append(gang)
      return true
    }
    return started
  }

  mutating func stopped() -> [Attempt] {
    var stopped: [Attempt] = []
    commands.removeAll { command in
      guard case .stop(let attempt) = command else { return false }
      stopped.append(attempt)
      return true
    }
    return stopped
  }

  mutating func shared() -> [(Attempt, threads: Int)] {
    var shared: [(Attempt, threads: Int)] = []
    commands.removeAll { command in
      guard case .share(let attempt, let threads) = command else { return false }
      shared.append((attempt, threads))
      return true
    }
    return shared
  }

  mutating func notes() -> [WorkerNote] {
    var notes: [WorkerNote] = []
    commands.removeAll { command in
      guard case .note(let note) = command else { return false }
      notes.append(note)
      return true
    }
    return notes
  }

  /// Takes out what was to be kept in the spool.
  mutating func kept() -> [SpoolEntry] {
    var kept: [SpoolEntry] = []
    commands.removeAll { command in
      guard case .keep(let entry) = command else { return false }
      kept.append(entry)
      return true
    }
    return kept
  }

  mutating func discarded() -> [Attempt] {
    var discarded: [Attempt] = []
    commands.removeAll { command in
      guard case .discard(let attempt, _) = command else { return false }
      discarded.append(attempt)
      return true
    }
    return discarded
  }

  /// The kinds of all commands in their order, left where they are.
  var order: [String] {
    commands.compactMap { command in
      switch command {
      case .send(.offer): "offer"
      case .send(.result): "result"
      case .send: "send"
      case .keep: "keep"
      case .discard: "discard"
      case .exit: "exit"
      case .reconnect, .openBulk, .closeBulk, .start, .stop, .share, .note: nil
      }
    }
  }

  mutating func reconnects() -> Int {
    let before = commands.count
    commands.removeAll { if case .reconnect = $0 { true } else { false } }
    return before - commands.count
  }

  /// The exit that was commanded, if any.
  mutating func exit() -> String? {
    var text: String?
    commands.removeAll { command in
      guard case .exit(let code, let reason) = command else { return false }
      text = "\(code): \(reason)"
      return true
    }
    return text
  }

  mutating func expectNothingElse(_ location: SourceLocation = #_sourceLocation) {
    _ = notes()
    #expect(commands.isEmpty, "\(commands)", sourceLocation: location)
    commands = []
  }
}

let session = WorkerSession(rawValue: 7)
let token = LeaseToken(epoch: 1, counter: 5)

func grant(
  _ trial: Int64 = 1, counter: Int64 = 5, threads: Int = 0, resume: CheckpointOffer? = nil,
  reference: CheckpointOffer? = nil
) -> TrialGrant {
  TrialGrant(
    trial: TrialID(rawValue: trial), token: LeaseToken(epoch: 1, counter: counter), parameters: TrialParameters(),
    seed: Seed(rawValue: 0), stage: .tuning, threads: threads, resume: resume, reference: reference)
}

func attempt(_ trial: Int64 = 1, counter: Int64 = 5) -> Attempt {
  Attempt(TrialID(rawValue: trial), LeaseToken(epoch: 1, counter: counter))
}

func address(_ sequence: Int, _ trial: Int64 = 1, counter: Int64 = 5) -> TrialAddress {
  TrialAddress(trial: TrialID(rawValue: trial), token: LeaseToken(epoch: 1, counter: counter), sequence: sequence)
}

func checkpoint(_ step: Int, bytes: Int = 10) -> WrittenCheckpoint {
  let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ step) }
  return WrittenCheckpoint(digest: BlobDigest(of: content), step: step, bytes: content)
}

func offer(_ checkpoint: WrittenCheckpoint) -> CheckpointOffer {
  CheckpointOffer(digest: checkpoint.digest, byteCount: checkpoint.bytes.count, step: checkpoint.step)
}

func result(_ checkpoint: WrittenCheckpoint) -> TrialResult {
  var metrics = FinalMetrics()
  // Equal only where nothing is NaN.
  (metrics.trainLoss, metrics.validationLoss, metrics.testLoss) = (1, 2, 3)
  (metrics.testLossStandardError, metrics.excess, metrics.excessStandardError) = (4, 5, 6)
  (metrics.bayesLoss, metrics.zeroLoss, metrics.referenceLoss, metrics.bayesIdentityZ) = (7, 8, 9, 10)
  return TrialResult(outcome: .finite, metrics: metrics, checkpoint: checkpoint.digest, steps: 100, seconds: 1)
}

func point(_ step: Int) -> MetricPoint {
  MetricPoint(step: step, trainLoss: 1, validationLoss: 1, learningRate: 0.1)
}
