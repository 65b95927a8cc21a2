// The one loop of a worker's main thread: it owns the sockets, turns what arrives into events and performs what the
// service commands. It decides nothing.
import Foundation
internal import Logging
import Messaging
import Shared

/// The bulk channel's end while there is one.
private final class BulkConnection {
  var endpoint: WorkerEndpoint
  /// Messages that found no room in its queue.
  var unsent: [WorkerMessage] = []
  init(_ endpoint: consuming WorkerEndpoint) { self.endpoint = endpoint }
}

struct WorkerLoop: ~Copyable {
  private var service: WorkerService
  private var endpoint: WorkerEndpoint
  private var bulk: BulkConnection?
  private let openBulk: (EndpointAddress) throws(TransportError) -> WorkerEndpoint
  private var slots: Slots
  private let mailbox: Mailbox<WorkerEvent>
  private let log: Logger
  private let spool: Spool?
  /// When to try again what the spool could not take.
  private var retrySpoolAt: Duration?
  /// The read end of a pipe that the parent holds: it ends when the parent does. Nil where nobody watches.
  private let parent: Int32?
  /// Messages that found no room in the connection's queue.
  private var unsent: [WorkerMessage] = []
  private var exit: (code: Int32, reason: String)?
  private let start = ContinuousClock.now

  init(
    _ configuration: WorkerConfiguration, endpoint: consuming WorkerEndpoint,
    openBulk: @escaping (EndpointAddress) throws(TransportError) -> WorkerEndpoint, mailbox: Mailbox<WorkerEvent>,
    log: Logger,
    spool: Spool?, spooled: [SpoolEntry], parent: Int32?
  ) {
    service = WorkerService(configuration, startingAt: .zero, spooled: spooled)
    self.spool = spool
    slots = Slots(reportingTo: mailbox)
    self.endpoint = endpoint
    self.openBulk = openBulk
    self.mailbox = mailbox
    self.log = log
    self.parent = parent
  }

  private var now: Duration { ContinuousClock.now - start }

  /// Serves until the service says that it is over; returns the exit code and why. Messages that are queued then are
  /// sent while the endpoint closes.
  mutating func run() throws(TransportError) -> (code: Int32, reason: String) {
    let watched = [mailbox.descriptor] + (parent.map { [$0] } ?? [])
    while exit == nil {
      let deadline = [service.nextDeadline(), retrySpoolAt].compactMap { $0 }.min()
      let timeout = deadline.map { max($0 - now, .zero) }
      let (woken, inBulk) = try wait(timeout: timeout, watching: watched)
      if let parent, woken.readyDescriptors.contains(parent), hasEnded(parent) {
        // Nobody is left to take anything: leave at once, with whatever is being trained.
        return (1, "the process that started this worker has ended")
      }
      for isUp in woken.connectionChanges {
        // What waited for the old connection is in the outbox, or pointless on a new one.
        unsent.removeAll()
        try handle(isUp ? .connected : .disconnected)
      }
      if let failure = woken.handshakeFailure {
        try handle(.notLetIn(reason: failure.description, isFinal: failure.reason == .revoked))
      }
      try take(inBulk)
      if woken.readyDescriptors.contains(mailbox.descriptor) {
        for event in mailbox.takeAll() {
          if case .trainingEnded(let attempt, _) = event { slots.ended(attempt) }
          try handle(event)
        }
      }
      // A bounded number, so that a flood of messages cannot starve the slots' reports.
      var budget = 100
      while budget > 0, let delivery = try endpoint.receive() {
        budget -= 1
        switch delivery {
        case .message(let message): try handle(.received(message))
        case .malformed(let error): try handle(.unreadable(error))
        }
      }
      try drainBulk()
      retrySpool()
      try handle(.timer)
      try flush()
    }
    return exit ?? (0, "")
  }

  private func wait(
    timeout: Duration?, watching descriptors: [Int32]
  ) throws(TransportError) -> (WorkerWaitResult, WorkerWaitResult) {
    guard let bulk else {
      return (
        try endpoint.wait(timeout: timeout, watching: descriptors, toSend: !unsent.isEmpty), WorkerWaitResult()
      )
    }
    return try endpoint.wait(
      timeout: timeout, watching: descriptors, toSend: !unsent.isEmpty, beside: bulk.endpoint,
      toSendThere: !bulk.unsent.isEmpty)
  }

  /// What has become of the bulk channel.
  private mutating func take(_ woken: WorkerWaitResult) throws(TransportError) {
    for isUp in woken.connectionChanges {
      // What is wanted is said again on the next connection.
      bulk?.unsent = []
      try handle(isUp ? .bulkConnected : .bulkDisconnected)
    }
    if let failure = woken.handshakeFailure { try handle(.bulkNotLetIn(reason: failure.description)) }
  }

  private mutating func drainBulk() throws(TransportError) {
    var budget = 100
    while budget > 0, let delivery = try bulk?.endpoint.receive() {
      budget -= 1
      switch delivery {
      case .message(let message): try handle(.receivedInBulk(message))
      case .malformed(let error): try handle(.unreadable(error))
      }
    }
  }

  private mutating func handle(_ event: WorkerEvent) throws(TransportError) {
    for command in service.handle(event, at: now) {
      switch command {
      case .send(let message): if message.isBulk { bulk?.unsent.append(message) } else { unsent.append(message) }
      case .openBulk(let address): bulk = BulkConnection(try openBulk(address))
      case .closeBulk: bulk = nil
      case .reconnect:
        unsent.removeAll()
        try endpoint.reconnect()
      case .start(let gang): slots.start(gang)
      case .stop(let attempt): slots.stop(attempt)
      case .share(let attempt, let threads): slots.share(attempt, threads: threads)
      case .note(let note): log.log(level: note.isWarning ? .warning : .info, "\(note.text)")
      case .keep(let entry): told(spool?.keep(entry))
      case .discard(let attempt, let sweep): spool?.discard(attempt, of: sweep)
      case .exit(let code, let reason): exit = (code, reason)
      }
    }
  }

  private mutating func told(_ news: String?) {
    if let news { log.warning("\(news)") }
    retrySpoolAt = spool?.hasUnwritten == true ? retrySpoolAt ?? now + .seconds(10) : nil
  }

  private mutating func retrySpool() {
    guard let time = retrySpoolAt, now >= time else { return }
    retrySpoolAt = nil
    told(spool?.retry())
  }

  /// Sends what there is room for, in order: once per turn of the loop, so that what trials of a millisecond have to say
  /// travels together.
  private mutating func flush() throws(TransportError) {
    if let bulk, !bulk.unsent.isEmpty {
      var sent = 0
      while sent < bulk.unsent.count, try bulk.endpoint.send(bulk.unsent[sent]) { sent += 1 }
      bulk.unsent.removeFirst(sent)
    }
    guard !unsent.isEmpty else { return }
    var sent = 0
    if service.sendsBatches {
      sent = try endpoint.send(batched: unsent)
    } else {
      while sent < unsent.count, try endpoint.send(unsent[sent]) { sent += 1 }
    }
    unsent.removeFirst(sent)
  }

  /// Whether the parent's pipe has ended; anything written into it is ignored.
  private func hasEnded(_ descriptor: Int32) -> Bool {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(descriptor, &bytes, bytes.count)
    return count == 0 || count < 0 && errno != EINTR && errno != EAGAIN
  }
}
