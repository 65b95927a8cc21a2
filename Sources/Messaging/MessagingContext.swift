// libzmq's context: its threads and the memory behind all sockets of a process. Contexts may cross threads, sockets may
// not (docs/messaging.md, 8), so this is the one part of the module that is shared.
internal import CZeroMQ

/// Kept alive by every endpoint made from it; ends its threads after the last of them has closed.
package final class MessagingContext: Sendable {
  /// libzmq documents contexts as safe for any thread.
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer

  /// - sockets: most that are open at a time; nil takes libzmq's own limit of 1023, plenty where peers share a ROUTER.
  package init(sockets: Int? = nil) throws(TransportError) {
    guard let pointer = zmq_ctx_new() else { throw TransportError("create a ZeroMQ context", code: zmq_errno()) }
    self.pointer = pointer
    if let sockets { zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, Int32(clamping: sockets)) }
  }

  deinit {
    // Blocks only until unsent messages have lingered for their limit: every socket sets one.
    while zmq_ctx_term(pointer) != 0, zmq_errno() == EINTR {}
  }
}
