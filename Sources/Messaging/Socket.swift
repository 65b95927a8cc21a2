// One libzmq socket: options, multi-part messages and waiting. Created, used and closed by one thread (docs/messaging.md, 8);
// being noncopyable and not Sendable, it cannot be handed to another by accident.
internal import CZeroMQ
import Foundation

struct Socket: ~Copyable {
  enum SendOutcome: Equatable { case sent, full, unreachable }
  enum Frames: Equatable {
    /// `user` is the key that the connection proved, where it proved one.
    case message([[UInt8]], user: PublicKey?)
    /// A message of more frames than allowed, or of a longer frame; read to its end and dropped.
    case dropped(sender: [UInt8]?, frameCount: Int, user: PublicKey?)
  }

  let pointer: UnsafeMutableRawPointer
  /// Where libzmq puts the frame being received: it must not move between calls.
  private let frame: UnsafeMutablePointer<zmq_msg_t>
  /// Outlives the socket.
  let context: MessagingContext

  init(_ context: MessagingContext, type: Int32) throws(TransportError) {
    guard let pointer = zmq_socket(context.pointer, type) else {
      throw TransportError("create a ZeroMQ socket", code: zmq_errno())
    }
    self.pointer = pointer
    self.context = context
    frame = .allocate(capacity: 1)
    zmq_msg_init(frame)
  }

  deinit {
    zmq_msg_close(frame)
    frame.deallocate()
    // libzmq closes later, on threads of its own, and waits without end where an event finds its reader gone.
    zmq_socket_monitor(pointer, nil, 0)
    zmq_close(pointer)
  }

  func set(_ option: Int32, _ value: Int32, _ name: String) throws(TransportError) {
    var value = value
    guard zmq_setsockopt(pointer, option, &value, MemoryLayout<Int32>.size) == 0 else {
      throw TransportError("set \(name)", code: zmq_errno())
    }
  }

  func set(_ option: Int32, _ text: String, _ name: String) throws(TransportError) {
    guard zmq_setsockopt(pointer, option, text, text.utf8.count) == 0 else {
      throw TransportError("set \(name)", code: zmq_errno())
    }
  }

  /// MAXMSGSIZE is the one option of 64 bits.
  func setMaximumFrameBytes(_ value: Int64) throws(TransportError) {
    var value = value
    guard zmq_setsockopt(pointer, ZMQ_MAXMSGSIZE, &value, MemoryLayout<Int64>.size) == 0 else {
      throw TransportError("set MAXMSGSIZE", code: zmq_errno())
    }
  }

  /// What control sockets of both sides have in common (docs/messaging.md, Options; docs/protocol.md, Sockets).
  func setCommonOptions(_ options: SocketOptions, transport: EndpointAddress.Transport) throws(TransportError) {
    try set(ZMQ_LINGER, milliseconds(options.linger), "LINGER")
    try setMaximumFrameBytes(Int64(WireLimits.frameBytes))
    try set(ZMQ_SNDHWM, Int32(clamping: options.highWaterMark), "SNDHWM")
    try set(ZMQ_RCVHWM, Int32(clamping: options.highWaterMark), "RCVHWM")
    try set(ZMQ_HANDSHAKE_IVL, milliseconds(options.handshakeLimit), "HANDSHAKE_IVL")
    // ZMTP's own heartbeats stay off: with back-pressure they lose messages silently (docs/messaging.md, 1).
    if transport == .tcp {
      try set(ZMQ_TCP_KEEPALIVE, 1, "TCP_KEEPALIVE")
      try set(ZMQ_TCP_KEEPALIVE_IDLE, 30, "TCP_KEEPALIVE_IDLE")
      try set(ZMQ_TCP_KEEPALIVE_CNT, 3, "TCP_KEEPALIVE_CNT")
      try set(ZMQ_TCP_KEEPALIVE_INTVL, 10, "TCP_KEEPALIVE_INTVL")
    }
  }

  /// Sends all of `frames` or nothing, without waiting.
  func send(_ frames: [[UInt8]]) throws(TransportError) -> SendOutcome {
    for (index, bytes) in frames.enumerated() {
      let flags = ZMQ_DONTWAIT | (index < frames.count - 1 ? ZMQ_SNDMORE : 0)
      while zmq_send(pointer, bytes, bytes.count, flags) < 0 {
        let code = zmq_errno()
        switch code {
        case EINTR: continue
        // After the first frame this means that the peer has gone: libzmq has rolled the message back.
        case EAGAIN: return .full
        case EHOSTUNREACH: return .unreachable
        default: throw TransportError("send a message", code: code)
        }
      }
    }
    return .sent
  }

  /// The next message, if one has arrived. At most `limit` frames are kept; the rest of a longer one is drained unread,
  /// since neither MAXMSGSIZE nor RCVHWM bounds their number (docs/messaging.md, 3).
  /// With `identified` the key is read too: of the second frame, because after zmq_poll a ROUTER's first one has no
  /// metadata (docs/messaging.md, 6).
  func receive(atMost limit: Int, identified: Bool = false) throws(TransportError) -> Frames? {
    var frames: [[UInt8]] = []
    var count = 0
    var user: PublicKey?
    repeat {
      while zmq_msg_recv(frame, pointer, ZMQ_DONTWAIT) < 0 {
        let code = zmq_errno()
        if code == EINTR { continue }
        if code == EAGAIN { return nil }
        throw TransportError("receive a message", code: code)
      }
      count += 1
      if identified, count == 2, let text = zmq_msg_gets(frame, "User-Id"), strlen(text) == PublicKey.textBytes {
        user = PublicKey(z85: UnsafeRawBufferPointer(start: text, count: PublicKey.textBytes))
      }
      guard count <= limit else { continue }
      let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(frame), count: zmq_msg_size(frame))
      frames.append([UInt8](bytes))
    } while zmq_msg_more(frame) != 0
    return count <= limit
      ? .message(frames, user: user) : .dropped(sender: frames.first, frameCount: count, user: user)
  }
}

/// Options that tests and later transports vary; the defaults are those of docs/protocol.md.
package struct SocketOptions: Sendable {
  /// How long unsent messages may delay the end of the process.
  package var linger = Duration.seconds(2)
  /// Messages queued per peer and direction: above the largest credit.
  package var highWaterMark = 2000
  package var handshakeLimit = Duration.seconds(30)
  /// The same at the worker. A coordinator is silent to an unknown key (docs/messaging.md, 5), so this is also how soon
  /// the worker's user hears of it, and the longest wait after the key was allowed.
  package var workerHandshakeLimit = Duration.seconds(10)
  /// Of a bulk socket: more than its credit never waits for a peer.
  package static let bulkHighWaterMark = 64
  /// First and longest wait before a worker connects again.
  package var reconnectInterval: Duration
  package var longestReconnectInterval: Duration

  /// Local sockets come back within milliseconds. Over a network each worker draws 1–5 s from its session's number,
  /// because thousands that reconnect together are a flood.
  package init(for transport: EndpointAddress.Transport, spread: UInt64 = 0) {
    switch transport {
    case .ipc: (reconnectInterval, longestReconnectInterval) = (.milliseconds(20), .milliseconds(100))
    case .tcp:
      (reconnectInterval, longestReconnectInterval) = (.milliseconds(1000 + Int64(spread % 4001)), .seconds(30))
    }
  }
}

/// Whole milliseconds, rounded up, as libzmq wants them.
func milliseconds(_ duration: Duration) -> Int32 {
  let (seconds, attoseconds) = duration.components
  guard seconds >= 0, attoseconds >= 0 else { return 0 }
  guard seconds < 2_000_000 else { return .max }
  return Int32(seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000)
}
