// One process owns a sweep's directory: an advisory lock that the kernel drops with the process, however it ends.
import Foundation

/// Holds the lock until it goes.
struct DirectoryLock: ~Copyable {
  private let descriptor: Int32

  init(_ directory: SweepDirectory) throws(StoreError) {
    // Closed on exec, so that no worker inherits the lock and keeps it after its parent.
    descriptor = open(directory.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(errno, place: directory.path, doing: "locking it") }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      guard code == EWOULDBLOCK else {
        close(descriptor)
        throw .system(code, place: directory.path, doing: "locking it")
      }
      var text = [UInt8](repeating: 0, count: 512)
      let count = pread(descriptor, &text, text.count, 0)
      close(descriptor)
      let owner = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
        .trimmingCharacters(in: .whitespacesAndNewlines)
      throw .inUse(directory: directory.path, owner: owner.isEmpty ? "another process" : owner)
    }
    let text = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n".utf8)
    // The text only helps people: a full disk must not keep a sweep from being resumed.
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
  }

  deinit { close(descriptor) }
}
