// A private directory for the socket of one `attune run`: 0700, short enough for a socket's path, gone afterwards.
import Foundation

package final class RuntimeDirectory {
  package let path: String
  /// Held as long as the process lives, so that others can tell a directory in use from a leftover.
  private let lock: Int32

  package var socket: String { path + "/s" }

  package init() throws(CommandFailure) {
    Self.removeLeftovers()
    var failure: Int32 = 0
    for parent in Self.parents {
      var template = Array("\(parent)/attune-XXXXXX".utf8CString)
      guard mkdtemp(&template) != nil else {
        failure = errno
        continue
      }
      path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      lock = open(path + "/lock", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
      _ = flock(lock, LOCK_EX | LOCK_NB)
      return
    }
    throw CommandFailure(
      "\(Self.parents.joined(separator: ", ")): no directory for a socket can be made there "
        + "(\(String(cString: strerror(failure)))); set TMPDIR to a directory with a short path that can be written to")
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
    close(lock)
  }

  /// A socket's path has at most 107 bytes, so long temporary directories are passed over.
  private static var parents: [String] {
    let environment = ProcessInfo.processInfo.environment
    var parents = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"].compactMap { $0 }
    parents.removeAll { $0.isEmpty || !$0.hasPrefix("/") || $0.utf8.count > 80 }
    return parents
  }

  /// What runs that were killed have left.
  private static func removeLeftovers() {
    for parent in Set(parents) {
      for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
      where name.hasPrefix("attune-") && name.utf8.count == "attune-XXXXXX".utf8.count {
        let path = parent + "/" + name
        let descriptor = open(path + "/lock", O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { continue }
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: path) }
        close(descriptor)
      }
    }
  }
}
