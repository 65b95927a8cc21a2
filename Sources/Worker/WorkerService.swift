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
  var lastHeartbeat = Duration.zero
  /// The coordinator is known to have heard what was sent at this time.
  var contact: Duration
  /// When the earliest heartbeat or hello without any answer so far was sent.
  var unanswered: Duration?

  var attempts: [Attempt: HeldAttempt] = [:]
  /// The latest token under which each trial has ended here: a repeated grant of it means nothing.
  var concluded: [TrialID: LeaseToken] = [:]
  var outbox = Outbox()
  var downloads: [BlobDigest: Download] = [:]
  var cache = BlobCache()
  var draining: (reason: String, deadline: Duration)?
  var hasExited = false
  var commands: [WorkerCommand] = []

  package init(_ configuration: WorkerConfiguration, startingAt now: Duration) {
    self.configuration = configuration
    heartbeatInterval = configuration.heartbeatInterval
    leaseDuration = configuration.leaseDuration
    helloPatience = configuration.helloPatience
    contact = now
  }

  /// - now: time on a monotonic clock since any fixed moment; never runs backwards.
  package mutating func handle(_ event: WorkerEvent, at now: Duration) -> [WorkerCommand] {
    guard !hasExited else { return [] }
    commands.removeAll()
    switch event {
    case .connected: sayHello(at: now)
    case .disconnected: link = .down
    case .received(let message): receive(message, at: now)
    case .unreadable(let error): unreadable(error, at: now)
    case .progressed(let attempt, let points, let step, let stepsPerSecond):
      progressed(attempt, points, step, stepsPerSecond, at: now)
    case .wrote(let attempt, let checkpoint): wrote(attempt, checkpoint, at: now)
    case .trainingEnded(let attempt, let outcome): trainingEnded(attempt, outcome, at: now)
    case .timer: break
    case .drain(let reason): drain(reason, at: now)
    }
    if !hasExited { lookAround(at: now) }
    return commands
  }

  private mutating func receive(_ message: CoordinatorMessage, at now: Duration) {
    heardFromCoordinator()
    switch message {
    case .welcome(let welcome): welcomed(welcome, at: now)
    case .refused(let reason): exit(code: 1, "refused by the coordinator: \(reason)")
    case .grant(let grant): granted(grant, at: now)
    case .pull(let digest, let offset): pulled(digest, offset: offset, at: now)
    case .stored(let address, let digest): stored(address, digest, at: now)
    case .notStored(let address, let digest, let reason): notStored(address, digest, reason, at: now)
    case .chunk(let chunk): arrived(chunk, at: now)
    case .missing(let digest, let reason): unavailable(digest, reason: reason, at: now)
    case .acknowledged(let address): acknowledged(address)
    case .fenced(let address): abandon(Attempt(address.trial, address.token), why: "its lease has ended")
    case .cancel(let trial, let token): abandon(Attempt(trial, token), why: "cancelled by the coordinator")
    case .finish(let reason):
      send(.goodbye(reason: "told to finish"))
      exit(code: 0, reason)
    case .heard: break
    case .helloWanted: sayHello(at: now)
    }
  }

  private mutating func unreadable(_ error: ProtocolError, at now: Duration) {
    commands.append(.note(.unreadable(error)))
    if case .corruptChunk(let digest, _, _, _) = error { fetch(digest, at: now) }
  }

  private mutating func drain(_ reason: String, at now: Duration) {
    guard draining == nil else { return }
    draining = (reason, now + configuration.drainLimit)
    commands.append(.note(.draining(reason: reason, held: attempts.count)))
    for (attempt, held) in sortedAttempts {
      switch held.phase {
      case .waiting: conclude(attempt, .released(reason: reason), at: now)
      case .training: commands.append(.stop(attempt))
      case .abandoned, .concluding, .concluded: break
      }
    }
  }

  /// After every event: starts what can start, and does what is due.
  private mutating func lookAround(at now: Duration) {
    startReady()
    lookAfterLink(at: now)
    for (attempt, _) in sortedAttempts { lookAfter(attempt, at: now) }
    repeatFetches(at: now)
    if let draining, attempts.isEmpty || now >= draining.deadline {
      send(.goodbye(reason: draining.reason))
      let left = attempts.isEmpty ? "" : "; trials without acknowledgement: \(attempts.count)"
      exit(code: 0, "\(draining.reason): left\(left)")
    }
  }

  /// When `timer` is wanted at the latest.
  package func nextDeadline() -> Duration? {
    var times = [contact + configuration.patience]
    if let draining { times.append(draining.deadline) }
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
    if link == .up { times += downloads.values.map { $0.asked + configuration.fetchPatience } }
    return times.min()
  }

  /// Everything that goes in an order goes in the order of grants.
  var sortedAttempts: [(key: Attempt, value: HeldAttempt)] { attempts.sorted { $0.key < $1.key } }

  /// Says something that needs no acknowledgement; lost where there is no contact.
  mutating func send(_ message: WorkerMessage) {
    if link == .up { commands.append(.send(message)) }
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

  mutating func exit(code: Int32, _ reason: String) {
    hasExited = true
    commands.append(.exit(code: code, reason: reason))
  }
}
