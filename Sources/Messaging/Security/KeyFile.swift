// One key in one file: a line of kind, key and name, like the public keys of ssh. Secret files are refused where anybody
// else could read them; every file is written beside its place, flushed and renamed.
import Foundation
import Shared

struct KeyFile: Equatable {
  enum Kind: String, CaseIterable {
    case coordinatorSecret = "attune-coordinator-secret"
    case coordinatorPublic = "attune-coordinator-public"
    case workerSecret = "attune-worker-secret"
    case workerPublic = "attune-worker-public"

    var isSecret: Bool { self == .coordinatorSecret || self == .workerSecret }
    /// For errors: "a worker's public key".
    var words: String {
      switch self {
      case .coordinatorSecret: "a coordinator's secret key"
      case .coordinatorPublic: "a coordinator's public key"
      case .workerSecret: "a worker's secret key"
      case .workerPublic: "a worker's public key"
      }
    }
  }

  var kind: Kind
  /// Z85.
  var key: String
  var name: KeyName?

  private static let mostBytes = 1024

  var text: String { ([kind.rawValue, key] + (name.map { [$0.rawValue] } ?? [])).joined(separator: " ") + "\n" }

  /// Reads `path`, which must hold a key of `kind`. A secret one must be this user's (or root's) and nobody else's to read.
  static func read(_ path: String, _ kind: Kind) throws(KeyError) -> KeyFile {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw KeyError(path, doing: "reading it", code: errno) }
    defer { close(descriptor) }
    // Asked of what was opened, not of the path: a link counts as what it leads to, and nobody can change it in between.
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw KeyError(path, doing: "reading it", code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw KeyError(path, "is no regular file", "write a key there with `attune keys new`")
    }
    try checkOwner(status, path, forbidden: kind.isSecret ? 0o077 : 0o022)
    guard status.st_size <= mostBytes else {
      throw KeyError(path, "is \(status.st_size) bytes long, no key is", "make new keys with `attune keys new`")
    }
    var bytes = [UInt8](repeating: 0, count: mostBytes + 1)
    let count = Foundation.read(descriptor, &bytes, bytes.count)
    guard count >= 0 else { throw KeyError(path, doing: "reading it", code: errno) }
    return try KeyFile(String(decoding: bytes.prefix(count), as: UTF8.self), path, kind)
  }

  init(_ text: String, _ path: String, _ kind: Kind) throws(KeyError) {
    let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
    guard let first = words.first, let found = Kind(rawValue: first) else {
      throw KeyError(
        path, "is no key of attune", "\(kind.words) begins with \(kind.rawValue); `attune keys new` makes one")
    }
    guard found == kind else {
      let warning = found.isSecret ? "; never copy a secret file to another machine" : ""
      throw KeyError(path, "is \(found.words)", "name \(kind.words) instead\(warning)")
    }
    // Not shown: it may be a secret.
    guard words.count >= 2, Z85.decode(words[1])?.count == 32 else {
      throw KeyError(path, "its key is not 40 characters of Z85", "copy the file again, or make new keys")
    }
    guard words.count <= 3, words.count < 3 || KeyName(rawValue: words[2]) != nil else {
      throw KeyError(path, "holds more than a kind, a key and a name", "copy the file again, or make new keys")
    }
    self.init(kind: kind, key: words[1], name: words.count == 3 ? KeyName(rawValue: words[2]) : nil)
  }

  init(kind: Kind, key: String, name: KeyName? = nil) { (self.kind, self.key, self.name) = (kind, key, name) }

  /// This user's or root's, and none of the permissions `forbidden` for anybody else.
  static func checkOwner(_ status: stat, _ path: String, forbidden: mode_t) throws(KeyError) {
    guard status.st_uid == geteuid() || status.st_uid == 0 else {
      throw KeyError(
        path, "belongs to user \(status.st_uid), this is user \(geteuid())", "make it yours: chown \(geteuid()) \(path)"
      )
    }
    guard status.st_mode & forbidden == 0 else {
      let mode = String(status.st_mode & 0o777, radix: 8)
      let (problem, remedy) =
        forbidden & 0o044 != 0
        ? ("can be read by others (mode \(mode))", "chmod 600 \(path), and make new keys if somebody may have read it")
        : ("can be changed by others (mode \(mode))", "chmod go-w \(path)")
      throw KeyError(path, problem, remedy)
    }
  }

  /// Writes the key under `path` as a whole or not at all.
  func write(_ path: String, replacing: Bool = false) throws(KeyError) {
    let temporary = "\(path).\(getpid()).tmp"
    unlink(temporary)
    let descriptor = open(
      temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kind.isSecret ? 0o600 : 0o644)
    guard descriptor >= 0 else { throw KeyError(path, doing: "writing it", code: errno) }
    let bytes = Array(text.utf8)
    var code: Int32 = 0
    if Foundation.write(descriptor, bytes, bytes.count) != bytes.count { code = errno == 0 ? ENOSPC : errno }
    if code == 0, fsync(descriptor) != 0 { code = errno }
    if close(descriptor) != 0, code == 0 { code = errno }
    // A link fails where the name is taken, a rename replaces.
    if code == 0 {
      if replacing {
        if rename(temporary, path) != 0 { code = errno }
      } else if link(temporary, path) != 0 {
        code = errno
      }
    }
    unlink(temporary)
    if code == EEXIST { throw KeyError(path, "exists already", "keep it, or choose another directory") }
    guard code == 0 else { throw KeyError(path, doing: "writing it", code: code) }
    try flushDirectory(of: path)
  }
}

/// Makes the names in the directory of `path` survive a power cut.
func flushDirectory(of path: String) throws(KeyError) {
  let directory = parentDirectory(of: path)
  let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { throw KeyError(directory, doing: "flushing it", code: errno) }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw KeyError(directory, doing: "flushing it", code: errno) }
}
