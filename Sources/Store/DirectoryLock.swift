// One process owns a sweep's directory: an advisory lock that the kernel drops with the process, however it ends.
import Foundation

/// Holds the lock until it goes.
struct DirectoryLock: ~Copyable {
  private let descriptor: Int32

  init(_ directory: SweepDirectory) throws(StoreError) {
    // Closed on exec, so that no worker inherits the lock and keeps it after its parent.
    descriptor = open(directory.lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw .system(errno, place: directory.path, doing: "locking it") }
    var tries = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      // `attune status` holds it for a moment when it looks whether somebody owns the directory.
      tries += 1
      if code == EWOULDBLOCK, tries < 5 {
        usleep(20_000)
        continue
      }
      guard code == EWOULDBLOCK else {
        close(descriptor)
        throw .system(code, place: directory.path, doing: "locking it")
      }
      let owner = Self.owner(writtenIn: descriptor)
      close(descriptor)
      throw .inUse(directory: directory.path, owner: owner)
    }
    let text = Array("process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n".utf8)
    // The text only helps people: a full disk must not keep a sweep from being resumed.
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
  }

  deinit { close(descriptor) }

  /// "process 12 on host", as the owner wrote it.
  private static func owner(writtenIn descriptor: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 512)
    let count = pread(descriptor, &text, text.count, 0)
    let owner = String(decoding: text.prefix(max(0, count)), as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    return owner.isEmpty ? "another process" : owner
  }

  /// Who runs the sweep now; nil if nobody does.
  static func owner(of directory: SweepDirectory) -> String? {
    let descriptor = open(directory.lock, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) == 0 ? nil : owner(writtenIn: descriptor)
  }
}
