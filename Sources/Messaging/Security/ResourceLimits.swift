// What the system grants a coordinator, and what it may take: descriptors for its workers' connections, and memory.
// libzmq bounds neither the frames of a message nor their sum, so the process bounds itself (docs/messaging.md, 3).
import Foundation

/// Raises this process's limit of open files as far as the system lets it; every connection takes one. libzmq's own limit
/// of sockets (ZMQ_MAX_SOCKETS) does not count connections: all peers share one ROUTER.
package func raiseDescriptorLimit() {
  var limits = rlimit()
  let resource = Int32(RLIMIT_NOFILE.rawValue)
  guard getrlimit(resource, &limits) == 0 else { return }
  limits.rlim_cur = limits.rlim_max
  _ = withUnsafePointer(to: limits) { setrlimit(resource, $0) }
}

/// Whether this process can open no file and accept no connection now. libzmq does not say: it tries to accept again
/// and again, and who connects waits.
package var hasNoFreeDescriptor: Bool {
  let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
  guard descriptor < 0 else {
    close(descriptor)
    return false
  }
  return errno == EMFILE || errno == ENFILE
}

/// Files that this process may have open.
package var descriptorLimit: Int {
  var limits = rlimit()
  return getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limits) == 0 ? Int(clamping: limits.rlim_cur) : 0
}

/// Ends the process when it holds more memory than it may, with words and an exit status of its own, so that a supervisor
/// starts it again. Everything acknowledged is stored by then, as in any crash.
package final class MemoryGuard: Sendable {
  /// EX_TEMPFAIL of sysexits.h: nothing is wrong with the request, try again.
  package static let exitStatus: Int32 = 75
  /// A sender on the same machine fills about 2 GB/s, so the limit is passed by at most 100 MB.
  static let interval = Duration.milliseconds(50)

  /// Looks at the memory from a thread of its own until this goes. `exceeded` is told the bytes; it need not return.
  package init(limit: Int, exceeded: @escaping @Sendable (_ bytes: Int) -> Void) throws(TransportError) {
    // Opened once: when descriptors run out it still works.
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TransportError("open /proc/self/statm", code: errno) }
    let thread = Thread { [weak self] in
      defer { close(descriptor) }
      while self != nil {
        if let bytes = residentBytes(descriptor), bytes > limit { return exceeded(bytes) }
        usleep(UInt32(milliseconds(Self.interval)) * 1000)
      }
    }
    thread.name = "attune-memory"
    thread.start()
  }
}

/// Memory of this process that is in use now; nil where the system does not say.
package func residentBytes() -> Int? {
  let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  return residentBytes(descriptor)
}

/// The second number of /proc/self/statm, in pages. Source: proc(5).
private func residentBytes(_ descriptor: Int32) -> Int? {
  var text = [UInt8](repeating: 0, count: 128)
  let count = pread(descriptor, &text, text.count, 0)
  guard count > 0 else { return nil }
  let numbers = String(decoding: text[..<count], as: UTF8.self).split(separator: " ")
  guard numbers.count > 1, let pages = Int(numbers[1]) else { return nil }
  return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
}
