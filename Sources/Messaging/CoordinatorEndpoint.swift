// The coordinator's end of the control connection: one ROUTER, bound, that all workers connect to.
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
  /// The connection is gone; the worker comes back with a hello.
  case unreachable
  /// The peer's queue is full; nothing was sent, try again later.
  case full
}

/// What arrived from a worker.
package enum WorkerDelivery: Equatable, Sendable {
  case message(PeerID, WorkerMessage)
  /// Something that is no message of this protocol. It was dropped and counted; the peer is not cut off.
  case malformed(PeerID, ProtocolError)
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
  package let address: EndpointAddress
  /// Messages that could not be read, since the endpoint was bound.
  package private(set) var malformedCount = 0

  /// Binds `address`. For ipc the path's directory must exist; a socket file that a killed process left is replaced.
  package init(
    _ context: MessagingContext, bind address: EndpointAddress, options: SocketOptions? = nil
  ) throws(TransportError) {
    let socket = try Socket(context, type: ZMQ_ROUTER)
    try socket.setCommonOptions(options ?? SocketOptions(for: address.transport), transport: address.transport)
    // Without it a message to a worker that has gone is dropped silently (docs/messaging.md, 7).
    try socket.set(ZMQ_ROUTER_MANDATORY, 1, "ROUTER_MANDATORY")
    try socket.set(ZMQ_ROUTER_HANDOVER, 0, "ROUTER_HANDOVER")
    try socket.set(ZMQ_BACKLOG, 4096, "BACKLOG")
    guard zmq_bind(socket.pointer, address.description) == 0 else {
      throw TransportError("bind \(address)", code: zmq_errno())
    }
    self.socket = socket
    self.address = address
  }

  /// Waits for a message, for one of `descriptors` (a Wakeup's, a pipe's), or for `timeout` to pass; nil waits on.
  package func wait(timeout: Duration?, watching descriptors: [Int32] = []) throws(TransportError) -> WaitResult {
    let ready = try poll(
      [PollRequest(socket: socket.pointer)] + descriptors.map { PollRequest(descriptor: $0) }, timeout: timeout)
    return WaitResult(
      hasMessages: ready[0], readyDescriptors: zip(descriptors, ready.dropFirst()).filter(\.1).map(\.0))
  }

  /// The next message that has arrived, or nil. Never waits.
  package mutating func receive() throws(TransportError) -> WorkerDelivery? {
    // Routing id, body, raw bytes.
    switch try socket.receive(atMost: 3) {
    case nil: return nil
    case .dropped(let sender, let frameCount)?:
      malformedCount += 1
      return .malformed(PeerID(bytes: sender ?? []), .frameCount(found: frameCount - 1, allowed: "1 or 2"))
    case .message(let frames)?:
      let peer = PeerID(bytes: frames.first ?? [])
      do {
        return .message(peer, try decodeWorkerMessage(Array(frames.dropFirst())))
      } catch {
        malformedCount += 1
        return .malformed(peer, error)
      }
    }
  }

  /// Hands `message` to the connection's queue, without waiting.
  package func send(_ message: CoordinatorMessage, to peer: PeerID) throws(TransportError) -> SendResult {
    switch try socket.send([peer.bytes] + encode(message)) {
    case .sent: .sent
    case .full: .full
    case .unreachable: .unreachable
    }
  }

  /// Stops listening; what is queued is sent within the linger limit.
  package consuming func close() {}
}
