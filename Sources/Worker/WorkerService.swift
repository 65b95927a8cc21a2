// Everything a worker decides, as a pure state machine: events in, commands out, time passed in (docs/protocol.md).
// It knows no socket, thread or clock, so that every loss and reconnection can be tested as a list of events.
import Messaging
import Shared
import Training

package struct WorkerService {
  enum Link: Equatable {
    /// No connection, or no answer to expect on it.
    case down
    /// Hello has been said.
    case greeting(since: Duration)
    case up
  }

  let configuration: WorkerConfiguration
  var link = Link.down
  var heartbeatInterval: Duration
  var leaseDuration: Duration
  var helloPatience: Duration
  /// Said so far.
  var hellos = 0
  var lastHeartbeat = Duration.zero
  /// The coordinator is known to have heard what was sent at this time.
  var contact: Duration
  /// When the earliest heartbeat or hello without any answer so far was sent.
  var unanswered: Duration?
  /// Why the latest connection was not let in.
  var lastRefusal: String?

  var attempts: [Attempt: HeldAttempt] = [:]
  /// A gang of which more grants may be on their way, and how many have come.
  var arriving: (first: LeaseToken, count: Int)?
  /// The latest token under which each trial has ended here: a repeated grant of it means nothing.
  var concluded: [TrialID: LeaseToken] = [:]
  var outbox = Outbox()
  var downloads: [BlobDigest: Download] = [:]
  var bulk = BulkLine()
  var cache = BlobCache()
  /// The sweep that all attempts belong to, once a coordinator has told or the spool has.
  var sweep = SweepID.unknown
  /// Kept in the spool for sweeps other than that.
  var aside: [SpoolEntry] = []
  /// From offer to `stored`, of late.
  var slowestDelivery = Duration.zero
  /// Whether this coordinator reads several messages in one frame; known from its welcome.
  package internal(set) var sendsBatches = false
  let startedAt: Duration
  var draining: Draining?
  var hasExited = false
  var commands: [WorkerCommand] = []

  /// - spooled: what an earlier process has left, the oldest first.
  package init(_ configuration: WorkerConfiguration, startingAt now: Duration, spooled: [SpoolEntry] = []) {
    self.configuration = configuration
    heartbeatInterval = configuration.heartbeatInterval
    leaseDuration = configuration.leaseDuration
    helloPatience = configuration.helloPatience
    contact = now
    startedAt = now
    aside = spooled
    join(spooled.last?.sweep ?? .unknown, at: now)
  }

  /// - now: time on a monotonic clock since any fixed moment; never runs backwards.
  package mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerCommand] {
    guard !hasExited else { return [] }
    commands.removeAll()
    switch event {
    case .connected: sayHello(at: now)
    case .disconnected: (link, arriving) = (.down, nil)
    case .notLetIn(let reason, let isFinal): notLetIn(reason, isFinal: isFinal, at: now)
    case .received(let message): receive(message, at: now)
    case .unreadable(let error): unreadable(error, at: now)
    case .bulkConnected: bulkConnected(at: now)
    case .bulkDisconnected: bulk.isUp = false
    case .bulkNotLetIn(let reason): bulkNotLetIn(reason)
    case .receivedInBulk(let message): receivedInBulk(message, at: now)
    case .progressed(let attempt, let points, let step, let stepsPerSecond):
      progressed(attempt, points, step, stepsPerSecond, at: now)
    case .wrote(let attempt, let checkpoint): wrote(attempt, checkpoint, at: now)
    case .trainingEnded(let attempt, let outcome): trainingEnded(attempt, outcome, at: now)
    case .timer: break
    case .drain(let reason): drain(reason, code: 0, within: configuration.drainLimit, at: now)
    }
    if !hasExited { lookAround(at: now) }
    return commands
  }

  private mutating func receive(_ message: CoordinatorMessage, at now: Duration) {
    heardFromCoordinator()
    if case .grant = message {} else { arriving = nil }
    switch message {
    case .welcome(let welcome): welcomed(welcome, at: now)
    case .refused(let reason): exit(code: 1, "refused by the coordinator: \(reason)")
    case .grant(let grant): granted(grant, at: now)
    case .wanted(let digest): wanted(digest, at: now)
    case .stored(let address, let digest): stored(address, digest, at: now)
    case .notStored(let address, let digest, let reason): notStored(address, digest, reason, at: now)
    case .acknowledged(let address): acknowledged(address)
    case .fenced(let address): abandon(Attempt(address.trial, address.token), why: "its lease has ended")
    case .cancel(let trial, let token): abandon(Attempt(trial, token), why: "cancelled by the coordinator")
    case .finish(let reason): finish(reason, at: now)
    // Of the bulk channel.
    case .pull, .chunk, .missing: break
    case .heard: break
    case .helloWanted:
      // Each of several messages is answered so; one hello is enough. After a second one the coordinator would miss in
      // its inventory what it granted upon the first.
      if case .greeting = link { break }
      sayHello(at: now)
    }
  }

  private mutating func unreadable(_ error: ProtocolError, at now: Duration) {
    commands.append(.note(.unreadable(error)))
    if case .corruptChunk(let digest, _, _, _) = error { fetch(digest, at: now) }
  }

  /// After every event: starts what can start, and does what is due.
  private mutating func lookAround(at now: Duration) {
    drainBeforeWalltimeEnds(at: now)
    startReady()
    lookAfterLink(at: now)
    for (attempt, _) in sortedAttempts { lookAfter(attempt, at: now) }
    lookAfterBulk(at: now)
    leaveWhenDrained(at: now)
  }

  /// When `timer` is wanted at the latest.
  package func nextDeadline() -> Duration? {
    var times: [Duration] = []
    if let draining {
      times.append(draining.deadline)
    } else {
      times.append(contact + configuration.patience)
      if let end = drainTime { times.append(end) }
    }
    switch link {
    case .down: break
    case .greeting(let since): times.append(since + helloPatience)
    case .up: times += [lastHeartbeat + heartbeatInterval, contact + leaseDuration * 2 / 3]
    }
    for held in attempts.values {
      if held.progressIsNew, link == .up { times.append((held.lastProgress ?? .zero) + configuration.progressInterval) }
      if let again = held.offerAgainAt { times.append(again) }
      if let since = held.unansweredSince, link == .up { times.append(since + leaseDuration / 2) }
    }
    times += bulkDeadlines
    return times.min()
  }

  /// Everything that goes in an order goes in the order of grants.
  var sortedAttempts: [(key: Attempt, value: HeldAttempt)] { attempts.sorted { $0.key < $1.key } }

  /// Says something that needs no acknowledgement; lost where there is no contact.
  mutating func send(_ message: WorkerMessage) {
    if message.isBulk ? bulk.isUp : link == .up { commands.append(.send(message)) }
  }

  /// Says something about an attempt and keeps it until it is acknowledged. Returns its sequence number.
  @discardableResult
  mutating func say(_ attempt: Attempt, _ message: (TrialAddress) -> WorkerMessage) -> Int {
    guard let address = attempts[attempt]?.nextAddress() else { return 0 }
    let message = message(address)
    outbox.append(message, sequence: address.sequence, of: attempt)
    send(message)
    return address.sequence
  }
}
