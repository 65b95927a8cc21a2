// Many workers' connections in one process, for measurements: each a DEALER of its own that speaks the real protocol,
// without the monitor and the recovery that one real worker has. Owned and used by one thread.
internal import CZeroMQ
import Foundation
import Shared

package final class WorkerSwarm {
  private final class Line {
    let socket: Socket
    init(_ socket: consuming Socket) { self.socket = socket }
  }

  private let lines: [Line]
  private let texts = ParameterTexts()
  private var polled: [zmq_pollitem_t]
  package var count: Int { lines.count }

  package init(
    _ context: MessagingContext, connect address: EndpointAddress, count: Int, security: WorkerSecurity = .open
  ) throws(TransportError) {
    var lines: [Line] = []
    for index in 0..<count {
      let socket = try Socket(context, type: ZMQ_DEALER)
      var options = SocketOptions(for: address.transport, spread: UInt64(index) &* 0x9E37_79B9_7F4A_7C15 >> 20)
      options.linger = .milliseconds(500)
      try socket.setCommonOptions(options, transport: address.transport)
      try socket.set(ZMQ_RECONNECT_IVL, milliseconds(options.reconnectInterval), "RECONNECT_IVL")
      try socket.set(ZMQ_RECONNECT_IVL_MAX, milliseconds(options.longestReconnectInterval), "RECONNECT_IVL_MAX")
      try socket.set(ZMQ_IMMEDIATE, 1, "IMMEDIATE")
      if case .curve(let keys) = security { try socket.setClientKeys(keys) }
      guard zmq_connect(socket.pointer, address.description) == 0 else {
        throw TransportError("connect to \(address)", code: zmq_errno())
      }
      lines.append(Line(socket))
    }
    self.lines = lines
    polled = lines.map { zmq_pollitem_t(socket: $0.socket.pointer, fd: 0, events: Int16(ZMQ_POLLIN), revents: 0) }
  }

  /// Waits for messages; the numbers of the workers that have some.
  package func wait(timeout: Duration) throws(TransportError) -> [Int] {
    guard zmq_poll(&polled, Int32(polled.count), Int(milliseconds(timeout))) >= 0 else {
      let code = zmq_errno()
      if code == EINTR { return [] }
      throw TransportError("wait for messages", code: code)
    }
    return polled.indices.filter { polled[$0].revents != 0 }
  }

  /// What one message to a worker holds; nil when none has arrived. What cannot be read is an error: this side has no
  /// foreign peers.
  package func receive(_ worker: Int) throws -> [CoordinatorMessage]? {
    guard case .message(let frames, _)? = try lines[worker].socket.receive(atMost: 2) else { return nil }
    return try unpackCoordinatorMessage(frames, texts).map { try $0.get() }
  }

  /// How many of them were sent, in order; the others found no connection or no room.
  package func send(_ messages: [WorkerMessage], from worker: Int) throws(TransportError) -> Int {
    var sent = 0
    for (frames, count) in encode(batched: messages) {
      guard case .sent = try lines[worker].socket.send(frames) else { break }
      sent += count
    }
    return sent
  }
}
