// A worker's end of the control connection: one DEALER that connects, and libzmq's monitor that says when it has.
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
  package var readyDescriptors: [Int32] = []
}

package struct WorkerEndpoint: ~Copyable {
  private var socket: Socket
  private var monitor: Socket
  private let context: MessagingContext
  private let options: SocketOptions
  private var generation = 0
  package let address: EndpointAddress
  package private(set) var malformedCount = 0

  /// Begins to connect to `address`; that nobody listens there is no error, the connection comes when someone does.
  package init(
    _ context: MessagingContext, connect address: EndpointAddress, session: WorkerSession,
    options: SocketOptions? = nil
  ) throws(TransportError) {
    let options = options ?? SocketOptions(for: address.transport, spread: session.rawValue)
    let socket = try Socket(context, type: ZMQ_DEALER)
    let monitor = try Socket(context, type: ZMQ_PAIR)
    try Self.connect(socket, monitor, to: address, options, generation: 0)
    (self.context, self.address, self.options) = (context, address, options)
    self.socket = socket
    self.monitor = monitor
  }

  private static func connect(
    _ socket: borrowing Socket, _ monitor: borrowing Socket, to address: EndpointAddress, _ options: SocketOptions,
    generation: Int
  ) throws(TransportError) {
    try socket.setCommonOptions(options, transport: address.transport)
    try socket.set(ZMQ_RECONNECT_IVL, milliseconds(options.reconnectInterval), "RECONNECT_IVL")
    try socket.set(ZMQ_RECONNECT_IVL_MAX, milliseconds(options.longestReconnectInterval), "RECONNECT_IVL_MAX")
    // Nothing is queued for a connection that does not stand yet: the outbox keeps it (docs/messaging.md, Options).
    try socket.set(ZMQ_IMMEDIATE, 1, "IMMEDIATE")
    try monitor.set(ZMQ_LINGER, 0, "LINGER")
    // The socket's address alone may return while the monitor of the one before is still registered under it.
    let monitorAddress = "inproc://monitor-\(UInt(bitPattern: socket.pointer))-\(generation)"
    let events = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
    guard zmq_socket_monitor(socket.pointer, monitorAddress, events) == 0 else {
      throw TransportError("watch the connection", code: zmq_errno())
    }
    guard zmq_connect(monitor.pointer, monitorAddress) == 0 else {
      throw TransportError("watch the connection", code: zmq_errno())
    }
    guard zmq_connect(socket.pointer, address.description) == 0 else {
      throw TransportError("connect to \(address)", code: zmq_errno())
    }
  }

  /// Starts over: a new socket, an empty queue, another routing id.
  package mutating func reconnect() throws(TransportError) {
    let socket = try Socket(context, type: ZMQ_DEALER)
    let monitor = try Socket(context, type: ZMQ_PAIR)
    generation += 1
    try Self.connect(socket, monitor, to: address, options, generation: generation)
    self.socket = socket
    self.monitor = monitor
  }

  /// Waits for a message, a change of the connection, one of `descriptors`, room to send (if `toSend`), or `timeout`.
  package func wait(
    timeout: Duration?, watching descriptors: [Int32] = [], toSend: Bool = false
  ) throws(TransportError) -> WorkerWaitResult {
    let ready = try poll(
      [PollRequest(socket: socket.pointer, writable: toSend), PollRequest(socket: monitor.pointer)]
        + descriptors.map { PollRequest(descriptor: $0) }, timeout: timeout)
    return WorkerWaitResult(
      hasMessages: ready[0], canSend: toSend && ready[0],
      connectionChanges: ready[1] ? try connectionChanges() : [],
      readyDescriptors: zip(descriptors, ready.dropFirst(2)).filter(\.1).map(\.0))
  }

  /// Reads the monitor's events: a number of 16 bits in the first frame, in the machine's order.
  private func connectionChanges() throws(TransportError) -> [Bool] {
    var changes: [Bool] = []
    while let frames = try monitor.receive(atMost: 2) {
      guard case .message(let parts) = frames, let event = parts.first, event.count >= 2 else { continue }
      let number = Int32(event.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) })
      changes.append(number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED)
    }
    return changes
  }

  /// The next message that has arrived, or nil. Never waits.
  package mutating func receive() throws(TransportError) -> CoordinatorDelivery? {
    switch try socket.receive(atMost: 2) {
    case nil: return nil
    case .dropped(_, let frameCount)?:
      malformedCount += 1
      return .malformed(.frameCount(found: frameCount, allowed: "1 or 2"))
    case .message(let frames)?:
      do {
        return .message(try decodeCoordinatorMessage(frames))
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

  /// Leaves; what is queued is sent within the linger limit.
  package consuming func close() {}
}
