// A worker's end of the control or the bulk connection: one DEALER that connects, and libzmq's monitor that says when it has.
// Owned and used by one thread. A lost connection comes back by itself; `reconnect` starts over with a new socket.
internal import CZeroMQ
import Foundation
import Shared

package enum CoordinatorDelivery: Equatable, Sendable {
  case message(CoordinatorMessage)
  case malformed(ProtocolError)
}

/// What ended a worker's wait.
package struct WorkerWaitResult: Equatable, Sendable {
  package var hasMessages = false
  /// There is a connection with room in its queue; only where the wait asked for it.
  package var canSend = false
  /// Changes of the connection since the last wait, in order: true where it came up.
  package var connectionChanges: [Bool] = []
  /// Why no connection came up, the latest reason once; it is tried again, with a new socket where that is needed.
  package var handshakeFailure: HandshakeFailure?
  package var readyDescriptors: [Int32] = []
  package init(hasMessages: Bool = false, canSend: Bool = false) {
    (self.hasMessages, self.canSend) = (hasMessages, canSend)
  }
}

package struct WorkerEndpoint: ~Copyable {
  private var socket: Socket
  private var monitor: ConnectionMonitor
  private let context: MessagingContext
  private let options: SocketOptions
  private let security: WorkerSecurity
  private let usesIPv6: Bool
  private let link = Link()
  package let address: EndpointAddress
  package private(set) var malformedCount = 0
  /// The rest of a batch that has arrived, last part first.
  private var unpacked: [CoordinatorDelivery] = []
  private let texts = ParameterTexts()

  /// What a wait learns. A class, since waiting does not change the endpoint otherwise.
  private final class Link {
    var isUp = false
    /// libzmq has given this socket up: when to make another.
    var replaceAt: ContinuousClock.Instant?
    var pause: Duration?
  }

  /// Begins to connect to `address`; that nobody listens there is no error, the connection comes when someone does.
  package init(
    _ context: MessagingContext, connect address: EndpointAddress, session: WorkerSession,
    security: WorkerSecurity = .open, options: SocketOptions? = nil
  ) throws(TransportError) {
    let options = options ?? SocketOptions(for: address.transport, spread: session.rawValue)
    let usesIPv6 = address.connectsOverIPv6
    let socket = try Socket(context, type: ZMQ_DEALER)
    let monitor = try ConnectionMonitor(context, of: socket)
    try Self.connect(socket, to: address, security, options, usesIPv6: usesIPv6)
    (self.context, self.address, self.options, self.security) = (context, address, options, security)
    self.usesIPv6 = usesIPv6
    self.socket = socket
    self.monitor = monitor
  }

  private static func connect(
    _ socket: borrowing Socket, to address: EndpointAddress, _ security: WorkerSecurity, _ options: SocketOptions,
    usesIPv6: Bool
  ) throws(TransportError) {
    try socket.setCommonOptions(options, transport: address.transport)
    try socket.set(ZMQ_HANDSHAKE_IVL, milliseconds(options.workerHandshakeLimit), "HANDSHAKE_IVL")
    try socket.set(ZMQ_RECONNECT_IVL, milliseconds(options.reconnectInterval), "RECONNECT_IVL")
    try socket.set(ZMQ_RECONNECT_IVL_MAX, milliseconds(options.longestReconnectInterval), "RECONNECT_IVL_MAX")
    // Nothing is queued for a connection that does not stand yet: the outbox keeps it (docs/messaging.md, Options).
    try socket.set(ZMQ_IMMEDIATE, 1, "IMMEDIATE")
    if usesIPv6 { try socket.set(ZMQ_IPV6, 1, "IPV6") }
    if case .curve(let keys) = security { try socket.setClientKeys(keys) }
    guard zmq_connect(socket.pointer, address.description) == 0 else {
      throw TransportError("connect to \(address)", code: zmq_errno())
    }
  }

  /// Starts over: a new socket, an empty queue, another routing id.
  package mutating func reconnect() throws(TransportError) {
    unpacked = []
    (link.isUp, link.replaceAt) = (false, nil)
    let socket = try Socket(context, type: ZMQ_DEALER)
    let monitor = try ConnectionMonitor(context, of: socket)
    try Self.connect(socket, to: address, security, options, usesIPv6: usesIPv6)
    self.socket = socket
    self.monitor = monitor
  }

  /// Waits for a message, a change of the connection, one of `descriptors`, room to send (if `toSend`), or `timeout`.
  package func wait(
    timeout: Duration?, watching descriptors: [Int32] = [], toSend: Bool = false
  ) throws(TransportError) -> WorkerWaitResult {
    let ready = try poll(
      pollRequests(toSend: toSend) + descriptors.map { PollRequest(descriptor: $0) },
      timeout: [timeout, ownTimeout].compactMap { $0 }.min())
    var result = try result(of: ready[..<2], toSend: toSend)
    result.readyDescriptors = zip(descriptors, ready.dropFirst(2)).filter(\.1).map(\.0)
    return result
  }

  /// The same for two connections at once; descriptors that are ready stand in this one's result.
  package func wait(
    timeout: Duration?, watching descriptors: [Int32], toSend: Bool, beside other: borrowing WorkerEndpoint,
    toSendThere: Bool
  ) throws(TransportError) -> (here: WorkerWaitResult, there: WorkerWaitResult) {
    let ready = try poll(
      pollRequests(toSend: toSend) + other.pollRequests(toSend: toSendThere)
        + descriptors.map { PollRequest(descriptor: $0) },
      timeout: [timeout, ownTimeout, other.ownTimeout].compactMap { $0 }.min())
    var here = try result(of: ready[..<2], toSend: toSend)
    here.readyDescriptors = zip(descriptors, ready.dropFirst(4)).filter(\.1).map(\.0)
    return (here, try other.result(of: ready[2..<4], toSend: toSendThere))
  }

  private func pollRequests(toSend: Bool) -> [PollRequest] {
    [PollRequest(socket: socket.pointer, writable: toSend), PollRequest(socket: monitor.pointer)]
  }

  /// Nil: there is nothing to do here before something comes.
  private var ownTimeout: Duration? {
    unpacked.isEmpty ? link.replaceAt.map { max($0 - ContinuousClock.now, .zero) } : .zero
  }

  /// - ready: the socket and the monitor.
  private func result(of ready: ArraySlice<Bool>, toSend: Bool) throws(TransportError) -> WorkerWaitResult {
    let hasSocket = ready.first == true
    var result = WorkerWaitResult(hasMessages: hasSocket || !unpacked.isEmpty, canSend: toSend && hasSocket)
    if ready.last == true { try readMonitor(&result) }
    return result
  }

  private func readMonitor(_ result: inout WorkerWaitResult) throws(TransportError) {
    while let event = try monitor.next() {
      switch event {
      case .established:
        (link.isUp, link.pause) = (true, nil)
        result.connectionChanges.append(true)
      case .ended:
        // After a failed handshake nothing had been up.
        if link.isUp { result.connectionChanges.append(false) }
        link.isUp = false
      case .abandoned, .broken, .refused:
        let failure = HandshakeFailure(event, address, security)
        result.handshakeFailure = failure
        if failure.isFinal, link.replaceAt == nil {
          let pause = link.pause ?? options.reconnectInterval
          link.replaceAt = ContinuousClock.now + pause
          link.pause = min(pause * 2, max(options.longestReconnectInterval, options.reconnectInterval))
        }
      case .accepted: break
      }
    }
  }

  /// The next message that has arrived, or nil. Never waits.
  package mutating func receive() throws(TransportError) -> CoordinatorDelivery? {
    if let next = unpacked.popLast() { return next }
    if let time = link.replaceAt, time <= ContinuousClock.now { try reconnect() }
    switch try socket.receive(atMost: 2) {
    case nil: return nil
    case .dropped(_, let frameCount, _)?:
      malformedCount += 1
      return .malformed(.frameCount(found: frameCount, allowed: "1 or 2"))
    case .message(let frames, _)?:
      do {
        for part in try unpackCoordinatorMessage(frames, texts).reversed() {
          switch part {
          case .success(let message): unpacked.append(.message(message))
          case .failure(let error):
            malformedCount += 1
            unpacked.append(.malformed(error))
          }
        }
        return unpacked.popLast()
      } catch {
        malformedCount += 1
        return .malformed(error)
      }
    }
  }

  /// Hands `message` to the connection's queue, without waiting; false where there is no connection or no room.
  package func send(_ message: WorkerMessage) throws(TransportError) -> Bool {
    switch try socket.send(encode(message)) {
    case .sent: true
    case .full, .unreachable: false
    }
  }

  /// The same for several, in order and as few frames as they need; returns how many of them were sent.
  package func send(batched messages: [WorkerMessage]) throws(TransportError) -> Int {
    var sent = 0
    for (frames, count) in encode(batched: messages) {
      guard case .sent = try socket.send(frames) else { break }
      sent += count
    }
    return sent
  }

  /// Leaves; what is queued is sent within the linger limit.
  package consuming func close() {}
}
