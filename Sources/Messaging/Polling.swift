// Waiting for sockets and file descriptors together, so that one thread can serve both without spinning.
internal import CZeroMQ
import Foundation

/// What may end a wait.
struct PollRequest {
  var socket: UnsafeMutableRawPointer?
  var descriptor: Int32 = -1
  var writable = false
}

/// Waits until something in `requests` is ready or `timeout` has passed (nil waits on); true where ready.
/// An interrupted wait goes on for the rest of its time. A descriptor whose other end closed counts as ready.
func poll(_ requests: [PollRequest], timeout: Duration?) throws(TransportError) -> [Bool] {
  let clock = ContinuousClock()
  let deadline = timeout.map { clock.now + max($0, .zero) }
  var items = requests.map { request in
    zmq_pollitem_t(
      socket: request.socket, fd: request.descriptor,
      events: Int16(ZMQ_POLLIN | (request.writable ? ZMQ_POLLOUT : 0)), revents: 0)
  }
  while true {
    let rest = deadline.map { Int(milliseconds(max($0 - clock.now, .zero))) } ?? -1
    if zmq_poll(&items, Int32(clamping: items.count), rest) >= 0 { return items.map { $0.revents != 0 } }
    let code = zmq_errno()
    guard code == EINTR else { throw TransportError("wait for messages", code: code) }
  }
}
