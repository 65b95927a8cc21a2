// The coordinator's end of the control or the bulk connections: one ROUTER, bound, that all workers connect to.
// Owned and used by one thread.
internal import CZeroMQ
import Foundation
import Shared

/// A connection, named by the routing id that the ROUTER gave it. It says where to send, never who is allowed what:
/// after a reconnection the same worker has another one.
package struct PeerID: Hashable, Sendable, CustomStringConvertible {
  package let bytes: [UInt8]
  package init(bytes: [UInt8]) { self.bytes = bytes }
  package var description: String { hexadecimal(bytes) }
}

package enum SendResult: Hashable, Sendable {
  case sent
  /// The connection is gone, or may not be talked to any more; the worker comes back with a hello.
  case unreachable
  /// The peer's queue is full; nothing was sent, try again later.
  case full
}

/// What arrived from a worker.
package enum WorkerDelivery: Equatable, Sendable {
  /// `key` is the name of the worker's key, nil where none are in use. A session belongs to the key it began under.
  case message(PeerID, WorkerMessage, key: KeyName?)
  /// Something that is no message of this protocol. It was dropped and counted; the peer is not cut off.
  case malformed(PeerID, ProtocolError)
  /// The key behind this connection may not connect any more. Its messages are refused from now on, and it was told;
  /// nothing can be sent to it. Its session is over: its trials go back to the queue.
  case revoked(PeerID, key: KeyName)
}

/// What ended a wait.
package struct WaitResult: Equatable, Sendable {
  /// A message may be waiting: call `receive()` until it answers nil.
  package var hasMessages = false
  /// Those of the watched descriptors that are readable or whose other end closed.
  package var readyDescriptors: [Int32] = []
  package var timedOut: Bool { !hasMessages && readyDescriptors.isEmpty }
}

package struct CoordinatorEndpoint: ~Copyable {
  private let socket: Socket
  private let monitor: ConnectionMonitor
  private let security: CoordinatorSecurity
  /// Signalled when the allowlist changes.
  private let allowlistChange: Wakeup
  package let address: EndpointAddress

  private var ledger: PeerLedger?
  private var ledgerGeneration = 0
  /// Connections that lost their permission, to be told of before anything else.
  private var newlyRevoked: [(peer: PeerID, name: KeyName)] = []
  private var counts = RefusalCounts()
  /// Messages since the monitor was looked at.
  private var unwatched = 0
  /// The rest of a batch that has arrived, last part first.
  private var unpacked: [WorkerDelivery] = []
  private let texts = ParameterTexts()

  /// Binds `address`. For ipc the path's directory must exist; a socket file that a killed process left is replaced.
  /// - Throws: where other machines could connect and `security` is open.
  package init(
    _ context: MessagingContext, bind address: EndpointAddress, security: CoordinatorSecurity = .open,
    options: SocketOptions? = nil
  ) throws(TransportError) {
    try security.check(address)
    let socket = try Socket(context, type: ZMQ_ROUTER)
    try socket.setCommonOptions(options ?? SocketOptions(for: address.transport), transport: address.transport)
    // Without it a message to a worker that has gone is dropped silently (docs/messaging.md, 7).
    try socket.set(ZMQ_ROUTER_MANDATORY, 1, "ROUTER_MANDATORY")
    try socket.set(ZMQ_ROUTER_HANDOVER, 0, "ROUTER_HANDOVER")
    try socket.set(ZMQ_BACKLOG, 4096, "BACKLOG")
    if address.isIPv6Number { try socket.set(ZMQ_IPV6, 1, "IPV6") }
    let allowlistChange = try Wakeup()
    var generation = 0
    var ledger: PeerLedger?
    if case .curve(let gatekeeper) = security {
      try socket.setServerKeys(gatekeeper)
      gatekeeper.notify(allowlistChange)
      generation = gatekeeper.generation
      ledger = PeerLedger(allowed: gatekeeper.allowlist.allowed)
    }
    let monitor = try ConnectionMonitor(context, of: socket)
    guard zmq_bind(socket.pointer, address.bindText) == 0 else {
      throw TransportError("bind \(address)", code: zmq_errno())
    }
    // Whatever the process's umask is: a socket's file is its owner's.
    if address.transport == .ipc { chmod(String(address.description.dropFirst("ipc://".count)), 0o600) }
    self.socket = socket
    self.monitor = monitor
    (self.security, self.address, self.allowlistChange) = (security, address, allowlistChange)
    (self.ledger, ledgerGeneration) = (ledger, generation)
  }

  /// Waits for a message, for one of `descriptors` (a Wakeup's, a pipe's), or for `timeout` to pass; nil waits on.
  package func wait(timeout: Duration?, watching descriptors: [Int32] = []) throws(TransportError) -> WaitResult {
    let own = [
      PollRequest(socket: socket.pointer), PollRequest(socket: monitor.pointer),
      PollRequest(descriptor: allowlistChange.descriptor),
    ]
    let timeout = unpacked.isEmpty ? timeout : .zero
    let ready = try poll(own + descriptors.map { PollRequest(descriptor: $0) }, timeout: timeout)
    return WaitResult(
      hasMessages: !unpacked.isEmpty || ready[..<own.count].contains(true),
      readyDescriptors: zip(descriptors, ready.dropFirst(own.count)).filter(\.1).map(\.0))
  }

  /// The next message that has arrived, or nil. Never waits.
  /// - Throws: also when the thread that checks keys has ended: nobody could be shut out any more.
  package mutating func receive() throws(TransportError) -> WorkerDelivery? {
    if let next = unpacked.popLast() { return next }
    // A look at the monitor costs as much as a message: one for every 64 will do.
    unwatched += 1
    if unwatched >= 64 { try countConnections() }
    if case .curve(let gatekeeper) = security { try follow(gatekeeper) }
    if let (peer, name) = newlyRevoked.popLast() {
      // The last that it hears.
      _ = try socket.send([peer.bytes] + encode(.refused(reason: "the key \(name) of this worker was revoked")))
      return .revoked(peer, key: name)
    }
    while true {
      // Routing id, body, raw bytes.
      guard let arrived = try socket.receive(atMost: 3, identified: ledger != nil) else {
        try countConnections()
        return nil
      }
      switch arrived {
      case .dropped(let sender, let frameCount, let user):
        let peer = PeerID(bytes: sender ?? [])
        guard case .some = admit(peer, user) else { continue }
        counts.tooManyFrames += 1
        return .malformed(peer, .frameCount(found: frameCount - 1, allowed: "1 or 2"))
      case .message(let frames, let user):
        let peer = PeerID(bytes: frames.first ?? [])
        guard let admission = admit(peer, user) else { continue }
        do {
          let parts = try unpackWorkerMessage(Array(frames.dropFirst()))
          for part in parts.reversed() {
            switch part {
            case .success(let message): unpacked.append(.message(peer, message, key: admission.name))
            case .failure(let error):
              counts.malformed += 1
              unpacked.append(.malformed(peer, error))
            }
          }
          // A batch may be empty.
          if let first = unpacked.popLast() { return first }
        } catch {
          let isOversized = frames.dropFirst().contains { $0.count > WireLimits.frameBytes }
          if isOversized { counts.oversizedFrames += 1 } else { counts.malformed += 1 }
          return .malformed(peer, error)
        }
      }
    }
  }

  private struct Admission { var name: KeyName? }

  /// Nil where the message is refused; it is counted.
  private mutating func admit(_ peer: PeerID, _ user: PublicKey?) -> Admission? {
    guard ledger != nil else { return Admission() }
    switch ledger?.judge(peer, user) {
    case .accepted(let name)?: return Admission(name: name)
    case .revoked?: counts.revokedMessages += 1
    case .foreign?, nil: counts.foreignMessages += 1
    }
    return nil
  }

  private mutating func follow(_ gatekeeper: Gatekeeper) throws(TransportError) {
    let generation = gatekeeper.generation
    guard generation != ledgerGeneration else { return }
    allowlistChange.clear()
    if let failure = gatekeeper.failure { throw failure }
    ledgerGeneration = generation
    newlyRevoked += ledger?.update(gatekeeper.allowlist.allowed) ?? []
  }

  private mutating func countConnections() throws(TransportError) {
    unwatched = 0
    while let event = try monitor.next() {
      switch event {
      case .accepted: counts.accepted += 1
      case .established: counts.established += 1
      case .ended: counts.ended += 1
      case .abandoned: counts.abandonedHandshake += 1
      case .broken: counts.brokenHandshake += 1
      // The gatekeeper counts these by their reason.
      case .refused: break
      }
    }
  }

  /// What was refused at this socket since it was bound, without what the gatekeeper counts for all of them.
  package var ownRefusals: RefusalCounts { counts }

  /// What was refused since the socket was bound.
  package var refusals: RefusalCounts {
    var counts = counts
    if case .curve(let gatekeeper) = security {
      (counts.unknownKey, counts.revokedKey) = gatekeeper.refusals
    }
    return counts
  }

  /// Messages that could not be read, since the endpoint was bound.
  package var malformedCount: Int { counts.unreadable }

  /// What the user should hear about keys, since the last call.
  package func takeNotes() -> [String] {
    if case .curve(let gatekeeper) = security { gatekeeper.takeNotes() } else { [] }
  }

  /// Hands `message` to the connection's queue, without waiting. A connection whose key may not connect any more gets
  /// nothing.
  package func send(_ message: CoordinatorMessage, to peer: PeerID) throws(TransportError) -> SendResult {
    if let ledger, !ledger.maySend(to: peer) { return .unreachable }
    return switch try socket.send([peer.bytes] + encode(message, texts)) {
    case .sent: .sent
    case .full: .full
    case .unreachable: .unreachable
    }
  }

  /// Sends messages to a worker that takes batches, in order and as few frames as they need; returns how many of them
  /// were sent, and what kept the others.
  package func send(batched messages: [CoordinatorMessage], to peer: PeerID) throws(TransportError) -> (Int, SendResult)
  {
    if let ledger, !ledger.maySend(to: peer) { return (0, .unreachable) }
    var sent = 0
    for (frames, count) in encode(batched: messages, texts) {
      switch try socket.send([peer.bytes] + frames) {
      case .sent: sent += count
      case .full: return (sent, .full)
      case .unreachable: return (sent, .unreachable)
      }
    }
    return (sent, .sent)
  }

  /// Stops listening; what is queued is sent within the linger limit.
  package consuming func close() {}
}

extension Socket {
  /// The server's half of CURVE. The domain and its enforcement: without them libzmq takes any key (docs/messaging.md, 4).
  func setServerKeys(_ gatekeeper: Gatekeeper) throws(TransportError) {
    try set(ZMQ_ZAP_DOMAIN, Gatekeeper.domain, "ZAP_DOMAIN")
    try set(ZMQ_ZAP_ENFORCE_DOMAIN, 1, "ZAP_ENFORCE_DOMAIN")
    try set(ZMQ_CURVE_SERVER, 1, "CURVE_SERVER")
    try set(ZMQ_CURVE_SECRETKEY, gatekeeper.keys.pair.secret.text, "CURVE_SECRETKEY")
  }

  func setClientKeys(_ keys: WorkerKeys) throws(TransportError) {
    try set(ZMQ_CURVE_SERVERKEY, keys.coordinator.description, "CURVE_SERVERKEY")
    try set(ZMQ_CURVE_PUBLICKEY, keys.pair.publicKey.description, "CURVE_PUBLICKEY")
    try set(ZMQ_CURVE_SECRETKEY, keys.pair.secret.text, "CURVE_SECRETKEY")
  }
}
