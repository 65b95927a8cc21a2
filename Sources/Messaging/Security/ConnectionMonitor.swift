// libzmq's events about connections: what the two ends learn of each other before the first message.
// Events arrive over a pair of sockets inside the process; the owner of the watched socket reads them.
internal import CZeroMQ
import Synchronization

struct ConnectionMonitor: ~Copyable {
  enum Event: Equatable {
    case accepted
    case established
    case ended
    /// Ended or too slow in the middle of the handshake.
    case abandoned
    /// The other end does not speak as it should; libzmq's number says how.
    case broken(code: UInt32)
    /// The other end says that it does not let this one in: a ZAP status.
    case refused(status: UInt32)
  }

  private let pair: Socket
  var pointer: UnsafeMutableRawPointer { pair.pointer }

  private static let made = Atomic<Int>(0)

  /// Watches `socket`; to be made before it connects or binds.
  init(_ context: MessagingContext, of socket: borrowing Socket) throws(TransportError) {
    let pair = try Socket(context, type: ZMQ_PAIR)
    try pair.set(ZMQ_LINGER, 0, "LINGER")
    // Without a limit: libzmq's I/O thread waits for room here, and everybody's messages would wait with it.
    try pair.set(ZMQ_RCVHWM, 0, "RCVHWM")
    // A socket's address would return while the monitor of the one before is still registered under it.
    let address = "inproc://monitor-\(Self.made.add(1, ordering: .relaxed).newValue)"
    // Not ACCEPT_FAILED: without free descriptors libzmq tries again at once and for ever, an event each time.
    let events =
      ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED
      | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
    guard zmq_socket_monitor(socket.pointer, address, events) == 0 else {
      throw TransportError("watch the connection", code: zmq_errno())
    }
    guard zmq_connect(pair.pointer, address) == 0 else {
      throw TransportError("watch the connection", code: zmq_errno())
    }
    self.pair = pair
  }

  /// The next event, or nil: 16 bits of event and 32 of value in the first frame, in the machine's order.
  func next() throws(TransportError) -> Event? {
    while let frames = try pair.receive(atMost: 2) {
      guard case .message(let parts, _) = frames, let first = parts.first, first.count >= 6 else { continue }
      let event = Int32(first.withUnsafeBytes { $0.loadUnaligned(as: UInt16.self) })
      let value = first.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 2, as: UInt32.self) }
      switch event {
      case ZMQ_EVENT_ACCEPTED: return .accepted
      case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .established
      case ZMQ_EVENT_DISCONNECTED: return .ended
      case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL: return .abandoned
      case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL: return .broken(code: value)
      case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH: return .refused(status: value)
      default: continue
      }
    }
    return nil
  }
}

/// Why a worker could not connect, for its log and for the user.
package struct HandshakeFailure: Equatable, Sendable, CustomStringConvertible {
  package enum Reason: Hashable, Sendable {
    case closed
    case revoked
    case refused(status: Int)
    /// One end uses keys and the other does not.
    case mechanism
    case broken(code: Int)
  }

  package let reason: Reason
  package let address: EndpointAddress
  /// This worker's key and where the keys are; nil without keys.
  package let keys: (fingerprint: String, directory: String)?

  init(_ event: ConnectionMonitor.Event, _ address: EndpointAddress, _ security: WorkerSecurity) {
    reason =
      switch event {
      case .refused(400): .revoked
      case .refused(let status): .refused(status: Int(status))
      case .broken(UInt32(ZMQ_PROTOCOL_ERROR_ZMTP_MECHANISM_MISMATCH)): .mechanism
      case .broken(let code): .broken(code: Int(code))
      case .accepted, .established, .ended, .abandoned: .closed
      }
    self.address = address
    if case .curve(let keys) = security {
      self.keys = (keys.pair.publicKey.fingerprint, keys.directory.path)
    } else {
      keys = nil
    }
  }

  package static func == (a: Self, b: Self) -> Bool { a.description == b.description }

  package var description: String {
    switch (reason, keys) {
    case (.closed, let keys?):
      "\(address) closed the connection while keys were checked: this worker's key (fingerprint \(keys.fingerprint)) is not "
        + "on its allowlist, or \(keys.directory)/coordinator.public is not that coordinator's; there: attune keys allow "
        + "DIR \(keys.directory)/worker.public"
    case (.revoked, let keys?):
      "\(address) refuses this worker's key (fingerprint \(keys.fingerprint)): it was revoked there; "
        + "make new keys, or there: attune keys allow DIR NAME"
    case (.mechanism, _?):
      "\(address) does not use keys; start the coordinator with --keys, or this worker without"
    case (.mechanism, nil), (.closed, nil), (.revoked, nil):
      "\(address) closed the connection before it stood: it may ask for keys; "
        + "start this worker with --keys DIR, or check that attune listens there"
    case (.refused(let status), _):
      "\(address) refuses this worker for now (status \(status)); see the coordinator's log"
    case (.broken(let code), _):
      "\(address) does not speak as attune does (\(hexadecimalCode(code))); check the endpoint and the coordinator's key"
    }
  }

  /// Whether libzmq gives this connection up for good, so that only a new socket can try again (docs/messaging.md, 5).
  var isFinal: Bool { reason != .closed }
}

private func hexadecimalCode(_ code: Int) -> String { "0x" + String(code, radix: 16) }
