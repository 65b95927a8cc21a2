// The worker's contact with its coordinator: hello, heartbeats, silence, coming back.
// Whoever has no contact for two thirds of a lease stops sending and goes on training into the outbox.
import Messaging
import Shared

extension WorkerService {
  mutating func sayHello(at now: Duration) {
    link = .greeting(since: now)
    sendsBatches = false
    unanswered = unanswered ?? now
    hellos += 1
    let hello = WorkerHello(
      session: configuration.session, minimumVersion: protocolVersion, maximumVersion: protocolVersion,
      arithmeticVersion: arithmeticVersion, host: configuration.host, processID: configuration.processID,
      slots: configuration.slots, threads: configuration.threads, instructionSet: configuration.instructionSet,
      programVersion: programVersion, inventory: inventory,
      remaining: remaining(at: now), sweep: sweep, credit: configuration.credit,
      number: hellos, previous: configuration.previous)
    commands.append(.send(.hello(hello)))
  }

  /// Every attempt whose end has not been acknowledged; of more than a message holds, the oldest.
  private var inventory: [HeldTrial] {
    sortedAttempts.filter { $0.value.phase != .abandoned }.prefix(WireLimits.heldTrials).map {
      HeldTrial(trial: $0.key.trial, token: $0.key.token, step: $0.value.step)
    }
  }

  /// Any message proves that the earliest unanswered one was heard; counted from when that was sent, so that the worker
  /// never believes in a lease longer than the coordinator does.
  mutating func heardFromCoordinator() {
    if let sent = unanswered { contact = max(contact, sent) }
    unanswered = nil
  }

  mutating func welcomed(_ welcome: Welcome, at now: Duration) {
    guard welcome.version == protocolVersion else {
      return exit(
        code: 1,
        "the coordinator chose version \(welcome.version) of the protocol, this worker speaks \(protocolVersion); "
          + "start both from the same version of attune")
    }
    guard learnBulk(welcome.bulk) else { return }
    // Before there is a link, so that everything is said once, below.
    join(welcome.sweep, at: now)
    link = .up
    sendsBatches = welcome.takesBatches
    lastRefusal = nil
    helloPatience = configuration.helloPatience
    heartbeatInterval = welcome.heartbeatInterval
    leaseDuration = welcome.leaseDuration
    lastHeartbeat = now
    commands.append(.note(.registered(sweep: welcome.sweepName, epoch: welcome.epoch)))
    for (attempt, held) in sortedAttempts {
      for message in outbox.pending(attempt) { send(message) }
      if held.unansweredSince != nil { attempts[attempt]?.unansweredSince = now }
    }
  }

  /// A key that is not on the list yet may be allowed while this worker waits; a revoked one is not used again.
  mutating func notLetIn(_ reason: String, isFinal: Bool, at now: Duration) {
    if isFinal { return drain(reason, code: 1, within: configuration.drainLimit, at: now) }
    if reason != lastRefusal { commands.append(.note(.notLetIn(reason: reason))) }
    lastRefusal = reason
  }

  mutating func lookAfterLink(at now: Duration) {
    if now - contact >= configuration.patience, draining == nil {
      let limit = durationText(configuration.patience)
      let remedy = lastRefusal ?? "check that one runs there, then start the worker again"
      return drain(
        "no contact with a coordinator for \(limit); \(remedy)",
        code: 1, within: configuration.drainLimit, at: now)
    }
    switch link {
    case .down: break
    case .greeting(let since):
      guard now - since >= helloPatience else { break }
      helloPatience = min(helloPatience * 2, configuration.longestHelloPatience)
      startOver()
    case .up:
      if now - contact >= leaseDuration * 2 / 3 {
        commands.append(.note(.contactLost(silence: now - contact)))
        startOver()
      } else if now - lastHeartbeat >= heartbeatInterval {
        lastHeartbeat = now
        unanswered = unanswered ?? now
        send(.heartbeat(held: inventory, remaining: remaining(at: now)))
      }
    }
  }

  /// A new socket: the old one may be half open, or hold what nobody will read.
  private mutating func startOver() {
    link = .down
    unanswered = nil
    commands.append(.reconnect)
    if bulk.isOpen { closeBulk() }
  }
}
