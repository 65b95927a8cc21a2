// Wakes the thread that owns a socket from any other thread: a pipe whose reading end stands in the owner's poll list.
// Many signals before the owner wakes are one.
import Foundation

package final class Wakeup: Sendable {
  /// Readable after `signal()` until `clear()`; for the owner's poll list.
  package let descriptor: Int32
  private let signalDescriptor: Int32

  package init() throws(TransportError) {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw TransportError("create a pipe", code: errno) }
    (descriptor, signalDescriptor) = (ends[0], ends[1])
    for end in ends {
      // Neither a full pipe nor an empty one may block, and children must not hold it open.
      guard fcntl(end, F_SETFL, O_NONBLOCK) == 0, fcntl(end, F_SETFD, FD_CLOEXEC) == 0 else {
        let code = errno
        for end in ends { _ = close(end) }
        throw TransportError("set up a pipe", code: code)
      }
    }
  }

  /// From any thread, and from signal handlers: makes the owner's wait return.
  package func signal() {
    var byte: UInt8 = 1
    // A full pipe is already a signal.
    while write(signalDescriptor, &byte, 1) < 0, errno == EINTR {}
  }

  /// By the owner, before it looks at what it was woken for.
  package func clear() {
    var bytes = [UInt8](repeating: 0, count: 512)
    while true {
      let count = read(descriptor, &bytes, bytes.count)
      if count < bytes.count, !(count < 0 && errno == EINTR) { return }
    }
  }

  deinit {
    _ = close(descriptor)
    _ = close(signalDescriptor)
  }
}
