// The bulk channel: a socket of its own on a thread of its own, which also writes, hashes and flushes what comes over it. The
// loop that leases depend on hands offers over and takes outcomes, and never waits for a disk or a piece of a checkpoint.
import Foundation
import Messaging
import Shared
import Store
import Synchronization

package final class BulkService: Sendable {
  /// What the owner has to hear, or to say over control.
  package enum Outcome: Sendable {
    case wanted(BlobDigest, WorkerSession)
    case stalled(BlobDigest, WorkerSession)
    /// The blob is durable under its digest.
    case stored(TrialAddress, CheckpointOffer, WorkerSession)
    case refused(TrialAddress, CheckpointOffer, WorkerSession, StoreError)
    /// A message was dropped; `text` is for the log, where it is worth a line.
    case dropped(kind: String, text: String?)
    /// The thread has ended: nobody could be shut out any more, or the socket is of no use.
    case failed(TransportError)
  }

  fileprivate enum Request: Sendable {
    case begin(TrialAddress, CheckpointOffer, WorkerSession, KeyName?)
    case forget(WorkerSession)
    case stop
  }

  package let address: EndpointAddress
  private let requests: Mailbox<Request>
  private let outcomes: Mailbox<Outcome>
  private let shared = Shared()
  private let ended = DispatchSemaphore(value: 0)

  fileprivate final class Shared: Sendable {
    let refusals = Mutex(RefusalCounts())
    /// Why nothing could be bound.
    let failure = Mutex<TransportError?>(nil)
  }

  /// Binds and begins to serve; returns when the socket listens.
  /// - patience: a worker offers again what it still has before this is over.
  package init(
    _ context: MessagingContext, bind address: EndpointAddress, security: CoordinatorSecurity = .open,
    blobs: BlobStore, patience: Duration = .seconds(60)
  ) throws(TransportError) {
    let (requests, outcomes) = (try Mailbox<Request>(), try Mailbox<Outcome>())
    (self.address, self.requests, self.outcomes) = (address, requests, outcomes)
    let (shared, ended) = (shared, ended)
    let bound = DispatchSemaphore(value: 0)
    let thread = Thread {
      defer { ended.signal() }
      var isBound = false
      do throws(TransportError) {
        var options = SocketOptions(for: address.transport)
        options.highWaterMark = SocketOptions.bulkHighWaterMark
        let endpoint = try CoordinatorEndpoint(context, bind: address, security: security, options: options)
        var loop = BulkLoop(
          endpoint: endpoint, blobs: blobs, patience: patience, requests: requests, outcomes: outcomes, shared: shared)
        isBound = true
        bound.signal()
        try loop.run()
      } catch {
        if isBound {
          outcomes.post(.failed(error))
        } else {
          shared.failure.withLock { $0 = error }
          bound.signal()
        }
      }
    }
    thread.name = "attune-bulk"
    thread.start()
    bound.wait()
    if let error = shared.failure.withLock({ $0 }) { throw error }
  }

  deinit { stop() }

  /// Ends the thread; what it is writing is finished first.
  package func stop() {
    requests.post(.stop)
    ended.wait()
    ended.signal()
  }

  /// For the owner's poll list: readable when there are outcomes.
  package var descriptor: Int32 { outcomes.descriptor }

  /// A worker offers a checkpoint: it is collected unless it is there already.
  package func collect(
    _ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession, key: KeyName?
  ) { requests.post(.begin(address, offer, session, key)) }

  /// The session is over.
  package func forget(_ session: WorkerSession) { requests.post(.forget(session)) }

  package func takeOutcomes() -> [Outcome] { outcomes.takeAll() }

  /// What was refused at the socket, without what the gatekeeper counts for all sockets.
  package var refusals: RefusalCounts { shared.refusals.withLock { $0 } }
}

/// The thread's own: it creates, polls and closes the socket.
private struct BulkLoop: ~Copyable {
  private static let mostPerTurn = 64

  private var endpoint: CoordinatorEndpoint
  private let transfers: CheckpointTransfers
  private let blobs: BlobStore
  private let requests: Mailbox<BulkService.Request>
  private let outcomes: Mailbox<BulkService.Outcome>
  private let shared: BulkService.Shared
  /// Messages that found no room.
  private var unsent: [(CoordinatorMessage, PeerID)] = []
  private var isOver = false
  private let start = SuspendingClock.now

  init(
    endpoint: consuming CoordinatorEndpoint, blobs: BlobStore, patience: Duration,
    requests: Mailbox<BulkService.Request>, outcomes: Mailbox<BulkService.Outcome>, shared: BulkService.Shared
  ) {
    self.endpoint = endpoint
    transfers = CheckpointTransfers(blobs, patience: patience)
    (self.blobs, self.requests, self.outcomes, self.shared) = (blobs, requests, outcomes, shared)
  }

  private var now: Duration { SuspendingClock.now - start }

  mutating func run() throws(TransportError) {
    while !isOver {
      let deadlines = [transfers.nextLook, unsent.isEmpty ? nil : now + .milliseconds(10)]
      let timeout = deadlines.compactMap { $0 }.min().map { max($0 - now, .zero) }
      _ = try endpoint.wait(timeout: timeout, watching: [requests.descriptor])
      for request in requests.takeAll() { perform(request) }
      try resend()
      var budget = Self.mostPerTurn
      while budget > 0, !isOver, let delivery = try endpoint.receive() {
        budget -= 1
        try take(delivery)
      }
      try follow(transfers.look(at: now))
      let refusals = endpoint.ownRefusals
      shared.refusals.withLock { $0 = refusals }
    }
  }

  private mutating func perform(_ request: BulkService.Request) {
    switch request {
    case .begin(let address, let offer, let session, let key):
      tell(transfers.begin(address, offer, from: session, key: key, at: now))
    case .forget(let session): tell(transfers.forget(session, at: now))
    case .stop: isOver = true
    }
  }

  private mutating func take(_ delivery: WorkerDelivery) throws(TransportError) {
    switch delivery {
    case .message(let peer, .ready(let session, let digest), let key):
      try follow(transfers.ready(digest, of: session, at: peer, key: key, at: now))
    case .message(let peer, .chunk(let chunk), _):
      if let steps = transfers.receive(chunk, from: peer, at: now) {
        try follow(steps)
      } else {
        outcomes.post(.dropped(kind: "chunk_nobody_waits_for", text: nil))
      }
    case .message(let peer, .fetch(let digest, let offset), _):
      // Who does not take what it asked for gets no more; it asks again.
      if unsent.contains(where: { $0.1 == peer }) { break }
      try send(answer(digest, offset: offset), to: peer)
    case .message(let peer, _, _):
      outcomes.post(.dropped(kind: "wrong_channel", text: "a message of the control channel came in bulk from \(peer)"))
    case .revoked(let peer, _): transfers.forget(peer)
    case .malformed(let peer, let error):
      outcomes.post(.dropped(kind: "malformed_\(error.kind)", text: error.description))
      if case .corruptChunk(let digest, _, _, _) = error { try follow(transfers.lost(digest, from: peer)) }
    }
  }

  private func answer(_ digest: BlobDigest, offset: Int) -> CoordinatorMessage {
    do throws(StoreError) {
      return .chunk(try blobs.chunk(digest, offset: offset))
    } catch {
      outcomes.post(.dropped(kind: "blob_missing", text: nil))
      return .missing(digest, reason: error.description)
    }
  }

  private mutating func follow(_ steps: [CheckpointTransfers.Step]) throws(TransportError) {
    for step in steps {
      switch step {
      case .pull(let digest, let offset, let peer): try send(.pull(digest, offset: offset), to: peer)
      case .heard(let peer): try send(.heard, to: peer)
      case .invite, .stalled, .stored, .refused: tell([step])
      }
    }
  }

  /// For the owner.
  private func tell(_ steps: [CheckpointTransfers.Step]) {
    for step in steps {
      switch step {
      case .invite(let digest, let session): outcomes.post(.wanted(digest, session))
      case .stalled(let digest, let session): outcomes.post(.stalled(digest, session))
      case .stored(let address, let offer, let session): outcomes.post(.stored(address, offer, session))
      case .refused(let address, let offer, let session, let error):
        outcomes.post(.refused(address, offer, session, error))
      case .pull, .heard: break
      }
    }
  }

  /// A connection that has gone is no loss: the worker makes another and says what it is ready for.
  private mutating func send(_ message: CoordinatorMessage, to peer: PeerID) throws(TransportError) {
    // Behind what waits for the same connection.
    let waits = unsent.contains { $0.1 == peer }
    if waits { return unsent.append((message, peer)) }
    if try endpoint.send(message, to: peer) == .full { unsent.append((message, peer)) }
  }

  private mutating func resend() throws(TransportError) {
    let before = unsent
    unsent = []
    for (message, peer) in before { try send(message, to: peer) }
  }
}
