// A worker's outbox on disk: what the coordinator has not acknowledged survives kill -9 and power cuts of this machine.
// Every file appears whole or not at all (temporary file, fsync, rename, fsync of the directory), and is read back only
// if its checksum holds. Used by one thread.
import Foundation
import Messaging
import Shared

package final class Spool {
  /// A file that could not be used, in words.
  package struct Damage: Equatable, Sendable {
    package let text: String
  }

  package let directory: String
  /// Entries are not written beyond so many bytes in all.
  private let byteLimit: Int
  /// Held as long as the process lives: one worker per spool.
  private let lock: Int32
  /// Of the process that had the spool before and is gone, since the lock was free; nil where none said so.
  package let previousSession: WorkerSession?
  private var sizes: [Key: (bytes: Int, isInterim: Bool)] = [:]
  /// What could not be written and is in memory only.
  private var unwritten: [Key: SpoolEntry] = [:]
  private var problem: String?

  private struct Key: Hashable {
    let sweep: SweepID
    let attempt: Attempt
    var fileName: String { "\(sweep)-\(attempt.trial)-\(attempt.token)\(Spool.suffix)" }
  }

  private static let suffix = ".attempt", temporarySuffix = ".partial", damagedSuffix = ".damaged"
  private static let longestKept: Double = 30 * 86_400
  /// Checkpoints of this program are kilobytes to megabytes.
  package static let defaultByteLimit = 512 << 20

  /// Opens `directory`, making it if need be; refused while another process has it.
  /// - session: this process's, for the next one to know whom it follows.
  package init(
    _ directory: String, session: WorkerSession? = nil, byteLimit: Int = Spool.defaultByteLimit
  ) throws(SpoolError) {
    self.directory = directory
    self.byteLimit = byteLimit
    try Self.makeDirectory(directory)
    (lock, previousSession) = try Self.takeLock(directory, for: session)
  }

  deinit { close(lock) }

  /// The first of `directory/1`, `directory/2`, … that no other process has: a worker that is started again finds what
  /// one before it has left, and several on one machine do not meet.
  package static func firstFree(
    in directory: String, session: WorkerSession? = nil, byteLimit: Int = Spool.defaultByteLimit
  ) throws(SpoolError) -> Spool {
    var number = 1
    while true {
      do throws(SpoolError) {
        return try Spool("\(directory)/\(number)", session: session, byteLimit: byteLimit)
      } catch {
        switch error {
        case .inUse where number < 10_000: number += 1
        // Its owner has just left and taken it away.
        case .system(ENOENT, _, _) where number < 10_000: number += 1
        case .inUse, .system: throw error
        }
      }
    }
  }

  private static func makeDirectory(_ directory: String) throws(SpoolError) {
    do {
      try FileManager.default.createDirectory(
        atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    } catch {
      let code = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError)?.code ?? Int(EACCES)
      throw .system(code: Int32(truncatingIfNeeded: code), place: directory, doing: "making the spool")
    }
  }

  /// The lock's file has two lines: whose it is in words, and that process's session.
  private static func takeLock(
    _ directory: String, for session: WorkerSession?
  ) throws(SpoolError) -> (lock: Int32, previous: WorkerSession?) {
    let lock = open(directory + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else { throw .system(code: errno, place: directory, doing: "locking the spool") }
    func lines() -> [Substring] {
      var text = [UInt8](repeating: 0, count: 512)
      let count = pread(lock, &text, text.count, 0)
      return String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
    }
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      let owner = lines().first.map(String.init) ?? "another process"
      close(lock)
      guard code == EWOULDBLOCK else { throw .system(code: code, place: directory, doing: "locking the spool") }
      throw .inUse(directory: directory, owner: owner)
    }
    // One that its owner removed before this lock was had protects nothing.
    var own = stat(), named = stat()
    guard fstat(lock, &own) == 0, stat(directory + "/.lock", &named) == 0, own.st_ino == named.st_ino else {
      close(lock)
      throw .system(code: ENOENT, place: directory, doing: "locking the spool")
    }
    let prefix = "session "
    let previous = lines().first { $0.hasPrefix(prefix) }.flatMap { UInt64($0.dropFirst(prefix.count), radix: 16) }
    // Of use to people, and to the coordinator for speed: a full disk must not keep a worker from starting.
    var text = "process \(getpid()) on \(ProcessInfo.processInfo.hostName)\n"
    if let session { text += "\(prefix)\(session)\n" }
    let bytes = Array(text.utf8)
    if ftruncate(lock, 0) == 0 { _ = pwrite(lock, bytes, bytes.count, 0) }
    return (lock, previous.map { WorkerSession(rawValue: $0) })
  }

  /// Leaves nothing behind where nothing is kept: a spool of its own that `firstFree` gave.
  package func removeIfEmpty() {
    guard sizes.isEmpty else { return }
    // Files that were set aside keep the directory.
    unlink(directory + "/.lock")
    guard rmdir(directory) == 0 else { return }
    rmdir(parentDirectory(of: directory))
  }

  // MARK: Reading

  /// Everything that is kept, the oldest first. What cannot be used is renamed, so that it is looked at once, and told.
  /// What nobody has asked for in 30 days, such as results of a sweep that ended without this worker, is removed.
  package func load(wallClock: Date = .now) throws(SpoolError) -> (entries: [SpoolEntry], damaged: [Damage]) {
    var found: [(entry: SpoolEntry, written: timespec)] = []
    var damaged: [Damage] = []
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
    } catch { throw .system(code: EIO, place: directory, doing: "listing the spool") }
    for name in names {
      let path = directory + "/" + name
      if name.hasSuffix(Self.temporarySuffix) {
        // Its writer ended in the middle; what it was to replace is whole.
        unlink(path)
      } else if name.hasSuffix(Self.suffix) {
        do {
          let (bytes, written) = try Self.read(path)
          if wallClock.timeIntervalSince1970 - Double(written.tv_sec) > Self.longestKept {
            unlink(path)
            continue
          }
          let entry = try SpoolEntry(file: bytes)
          found.append((entry, written))
          sizes[key(entry)] = (bytes.count, entry.isInterim)
        } catch let error as SpoolError {
          damaged.append(Damage(text: "\(error); what it held is left out"))
        } catch {
          _ = rename(path, path + Self.damagedSuffix)
          damaged.append(Damage(text: "\(path): \(error); renamed to \(name)\(Self.damagedSuffix) and left out"))
        }
      }
    }
    found.sort { ($0.written.tv_sec, $0.written.tv_nsec) < ($1.written.tv_sec, $1.written.tv_nsec) }
    return (found.map(\.entry), damaged)
  }

  private static func read(_ path: String) throws(SpoolError) -> ([UInt8], timespec) {
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw .system(code: errno, place: path, doing: "opening it") }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw .system(code: errno, place: path, doing: "examining it") }
    var bytes = [UInt8](repeating: 0, count: max(0, Int(status.st_size)))
    var filled = 0
    while filled < bytes.count {
      let count = bytes[filled...].withUnsafeMutableBytes { Foundation.read(file, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw .system(code: count < 0 ? errno : EIO, place: path, doing: "reading it") }
      filled += count
    }
    return (bytes, status.st_mtim)
  }

  // MARK: Writing

  /// Makes the entry durable in place of an older one of the same attempt. What cannot be written is kept in memory and
  /// tried again by `retry`. Returns what to tell, if there is news.
  package func keep(_ entry: SpoolEntry) -> String? {
    let key = key(entry)
    let bytes = entry.file
    guard makeRoom(for: bytes.count, instead: key, isInterim: entry.isInterim) else {
      // Not worth a word each time: it can be trained again.
      if entry.isInterim { return nil }
      unwritten[key] = entry
      return tell("\(directory): \(byteLimit >> 20) MiB of unacknowledged results are kept there already")
    }
    do throws(SpoolError) {
      try write(bytes, key)
      sizes[key] = (bytes.count, entry.isInterim)
      unwritten[key] = nil
      guard unwritten.isEmpty, problem != nil else { return nil }
      problem = nil
      return "\(directory): results are kept on disk again"
    } catch {
      if !entry.isInterim { unwritten[key] = entry }
      return tell("\(error)")
    }
  }

  /// The same problem is told once.
  private func tell(_ text: String) -> String? {
    defer { problem = text }
    return problem == text ? nil : "\(text); until then results are kept in memory only"
  }

  /// Tries again what could not be written.
  package func retry() -> String? {
    var news: String?
    for entry in unwritten.values { news = keep(entry) ?? news }
    return news
  }

  package var hasUnwritten: Bool { !unwritten.isEmpty }

  /// The coordinator has it, or does not want it.
  package func discard(_ attempt: Attempt, of sweep: SweepID) {
    let key = Key(sweep: sweep, attempt: attempt)
    unwritten[key] = nil
    guard sizes.removeValue(forKey: key) != nil else { return }
    // Not flushed: a file that comes back after a power cut is acknowledged or fenced once more.
    unlink(directory + "/" + key.fileName)
  }

  private func key(_ entry: SpoolEntry) -> Key { Key(sweep: entry.sweep, attempt: entry.attempt) }

  /// Ends are worth more than checkpoints of trainings that go on.
  private func makeRoom(for bytes: Int, instead key: Key, isInterim: Bool) -> Bool {
    var total = sizes.reduce(bytes) { $0 + ($1.key == key ? 0 : $1.value.bytes) }
    if total <= byteLimit { return true }
    if isInterim { return false }
    for (other, size) in sizes where size.isInterim && other != key && total > byteLimit {
      unlink(directory + "/" + other.fileName)
      sizes[other] = nil
      total -= size.bytes
    }
    return total <= byteLimit
  }

  private func write(_ bytes: [UInt8], _ key: Key) throws(SpoolError) {
    let path = directory + "/" + key.fileName, temporary = path + Self.temporarySuffix
    let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw .system(code: errno, place: directory, doing: "keeping a result") }
    var written = 0, code: Int32 = 0
    while written < bytes.count, code == 0 {
      let count = bytes[written...].withUnsafeBytes { Foundation.write(file, $0.baseAddress, $0.count) }
      if count >= 0 { written += count } else if errno != EINTR { code = errno }
    }
    if code == 0, fsync(file) != 0 { code = errno }
    if close(file) != 0, code == 0 { code = errno }
    if code == 0, rename(temporary, path) != 0 { code = errno }
    if code != 0 {
      unlink(temporary)
      throw .system(code: code, place: directory, doing: "keeping a result")
    }
    let folder = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw .system(code: errno, place: directory, doing: "flushing it") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw .system(code: errno, place: directory, doing: "flushing it") }
  }
}

/// Under the user's state directory (XDG Base Directory Specification): by machine, because home directories are shared
/// and locks on them may not be, and by endpoint. Nil where the environment names no home.
package func defaultSpoolDirectory(environment: [String: String], host: String, endpoint: String) -> String? {
  guard let state = stateDirectory(environment) else { return nil }
  func name(_ text: String) -> String {
    String(text.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "_" })
  }
  // Long paths of sockets would not do as one name; their end tells more than their beginning.
  return "\(state)/spool/\(name(host).prefix(100))/\(name(endpoint).suffix(120))"
}
