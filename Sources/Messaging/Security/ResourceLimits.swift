// What the system grants a coordinator, and what it may take: descriptors for its workers' connections, and memory.
// libzmq bounds neither the frames of a message nor their sum, so the process bounds itself (docs/messaging.md, 3).
import Foundation
import Synchronization

/// The limit of open files; every connection takes one. libzmq's own limit of sockets (ZMQ_MAX_SOCKETS) does not count
/// connections: all peers share one ROUTER.
package struct DescriptorLimit: Equatable, Sendable {
  package let limit: Int
  /// For the store, libzmq, blobs being written, the dashboard.
  package static let reserve = 256

  /// Raises this process's limit as far as the system lets it.
  package static func raised() -> DescriptorLimit {
    var limits = rlimit()
    let resource = Int32(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limits) == 0 else { return DescriptorLimit(limit: 1024) }
    let wanted = rlimit(rlim_cur: limits.rlim_max, rlim_max: limits.rlim_max)
    if limits.rlim_cur < limits.rlim_max, withUnsafePointer(to: wanted, { setrlimit(resource, $0) }) == 0 {
      limits = wanted
    }
    return DescriptorLimit(limit: Int(clamping: limits.rlim_cur))
  }

  package init(limit: Int) { self.limit = limit }

  /// Workers that can be connected at a time, with one more connection each while a checkpoint travels.
  package var connections: Int { max(0, limit - Self.reserve) }

  /// What to tell the user where `workers` are more than that.
  package func shortage(for workers: Int) -> String? {
    guard workers > connections else { return nil }
    return "open files: \(limit) are allowed, enough for \(connections) connections; for \(workers) workers raise the "
      + "hard limit (ulimit -Hn, or LimitNOFILE= of systemd) to \(workers + Self.reserve)"
  }
}

/// Ends the process when it holds more memory than it may, with words and an exit status of its own, so that a supervisor
/// starts it again. Everything acknowledged is stored by then, as in any crash.
package final class MemoryGuard: Sendable {
  /// EX_TEMPFAIL of sysexits.h: nothing is wrong with the request, try again.
  package static let exitStatus: Int32 = 75
  /// A sender on the same machine fills about 2 GB/s, so the limit is passed by at most 100 MB.
  static let interval = Duration.milliseconds(50)

  private let ended = Atomic<Bool>(false)

  /// Looks at the memory from a thread of its own until this goes. `exceeded` is told the bytes; it need not return.
  package init(limit: Int, exceeded: @escaping @Sendable (_ bytes: Int) -> Void) throws(TransportError) {
    // Opened once: when descriptors run out it still works.
    let descriptor = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw TransportError("open /proc/self/statm", code: errno) }
    let thread = Thread { [weak self] in
      defer { close(descriptor) }
      while let self, !self.ended.load(ordering: .relaxed) {
        if let bytes = residentBytes(descriptor), bytes > limit { return exceeded(bytes) }
        usleep(UInt32(milliseconds(Self.interval)) * 1000)
      }
    }
    thread.name = "attune-memory"
    thread.start()
  }

  /// The ordinary one: says why, and ends the process.
  package convenience init(endingAbove limit: Int) throws(TransportError) {
    try self.init(limit: limit) { bytes in
      let text =
        "attune: memory in use is \(mebibytes(bytes)), more than the limit of \(mebibytes(limit)); a worker may be sending a "
        + "message without end. Ending with status \(Self.exitStatus): start it again, everything acknowledged is stored\n"
      FileHandle.standardError.write(Data(text.utf8))
      _exit(Self.exitStatus)
    }
  }

  package func stop() { ended.store(true, ordering: .relaxed) }

  /// 4 GiB, and at most three quarters of what the machine or its control group has.
  package static var defaultLimit: Int { min(4 << 30, availableBytes / 4 * 3) }

  /// The machine's memory, or less where a control group (a container, a Slurm job) allows less.
  private static var availableBytes: Int {
    let machine = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    let group = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"].lazy
      .compactMap { try? String(contentsOfFile: $0, encoding: .utf8) }
      .compactMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.first
    return min(machine, group ?? machine)
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

private func mebibytes(_ bytes: Int) -> String { "\(bytes >> 20) MiB" }
