// The layout of a sweep's directory (docs/design.md, Output directory) and what an existing directory is.
import Foundation
import Shared

package struct SweepDirectory: Hashable, Sendable {
  package let path: String
  package init(_ path: String) { self.path = path }

  package var manifest: String { path + "/manifest.yaml" }
  package var database: String { path + "/sweep.sqlite" }
  package var blobs: String { path + "/blobs" }
  /// The copy of a checkpoint that the manifest names so.
  package func start(named name: String) -> String { "\(starts)/\(sha256Hex(Array(name.utf8))).safetensors" }
  var starts: String { path + "/starts" }
  package var report: String { path + "/report" }
  package var log: String { path + "/log.jsonl" }
  /// What the coordinator that runs tells about itself; see `CoordinatorStatus`.
  package var status: String { path + "/status.json" }
  /// What `attune cluster` keeps; it may be there before the sweep is.
  package var cluster: String { path + "/cluster" }
  var lock: String { path + "/.lock" }

  /// "process 12 on host" while somebody runs the sweep.
  package var owner: String? { DirectoryLock.owner(of: self) }

  enum Content: Equatable {
    case absent
    /// Empty, or left by a start that was killed before it had made the database.
    case empty
    case sweep
    case foreign(String)
  }

  func content() throws(StoreError) -> Content {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .absent }
    guard isDirectory.boolValue else { throw .notADirectory(path: path) }
    guard access(path, R_OK | X_OK) == 0 else { throw .system(errno, place: path, doing: "reading it") }
    if FileManager.default.fileExists(atPath: database) { return .sweep }
    let names = try storing(path) { try FileManager.default.contentsOfDirectory(atPath: path) }
    let others = names.filter { ![".lock", "blobs", "cluster"].contains($0) }.sorted()
    guard let first = others.first else { return .empty }
    return .foreign(others.count == 1 ? first : "\(first) and \(others.count - 1) more")
  }

  /// Makes the directory and its parents.
  func create() throws(StoreError) {
    try makeDirectory(path)
    guard access(path, W_OK) == 0 else { throw .system(errno, place: path, doing: "writing to it") }
  }

  /// Network file systems do not share the memory-mapped index of SQLite's write-ahead log between processes, or lock
  /// unreliably. Source: sqlite.org/wal.html, "all processes must be on the same host computer".
  func refuseNetworkFileSystem() throws(StoreError) {
    guard let mounts = try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8),
      let resolved = realpath(path, nil)
    else { return }
    defer { free(resolved) }
    if let kind = Self.networkFileSystem(of: String(cString: resolved), mounts: mounts) {
      throw .networkFileSystem(directory: path, kind: kind)
    }
  }

  /// The type of the file system that holds `path`, if it is one of a network. Source: proc(5), mountinfo: the fifth
  /// field is the mount point, the type follows the separator `-`; the last mount over a path counts.
  static func networkFileSystem(of path: String, mounts: String) -> String? {
    var found = (point: "", type: "")
    for line in mounts.split(separator: "\n") {
      let fields = line.split(separator: " ")
      guard fields.count > 6, let separator = fields.firstIndex(of: "-"), separator + 1 < fields.count else { continue }
      let point = fields[4].replacingOccurrences(of: "\\040", with: " ")
      let covers = point == "/" || path == point || path.hasPrefix(point + "/")
      if covers, point.utf8.count >= found.point.utf8.count { found = (point, String(fields[separator + 1])) }
    }
    return networkFileSystems.contains(found.type) ? found.type : nil
  }

  private static let networkFileSystems: Set = [
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "gpfs", "beegfs", "afs", "ceph", "ocfs2", "gfs2", "orangefs",
    "fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone",
  ]
}

/// Makes a directory and its parents; one that is there is left as it is.
package func makeDirectory(_ path: String) throws(StoreError) {
  var made = path.hasPrefix("/") ? "/" : ""
  for part in path.split(separator: "/") {
    made += (made.isEmpty || made == "/" ? "" : "/") + part
    guard mkdir(made, 0o777) != 0, errno != EEXIST else { continue }
    let code = errno
    switch code {
    case ENAMETOOLONG, ENOTDIR, ENOENT, ELOOP:
      throw .impossible(place: made, what: "making it failed: \(String(cString: strerror(code)))")
    default: throw .system(code, place: made, doing: "making it")
    }
  }
  var status = stat()
  guard stat(path, &status) == 0 else { throw .system(errno, place: path, doing: "looking at it") }
  guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
}

/// Writes `text` so that `path` holds either its old content or the whole new one, even after a crash.
package func replaceFile(_ path: String, with text: String) throws(StoreError) {
  try replaceFile(path, with: Array(text.utf8))
}

/// The same for bytes. A symbolic link stays, and the file that it names is replaced. What is no regular file, such as
/// /dev/null, is refused: renaming a file over it would take it away.
package func replaceFile(_ path: String, with bytes: [UInt8]) throws(StoreError) {
  let path = try replaceableFile(path)
  let temporary = path + ".new"
  let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
  guard descriptor >= 0 else { throw .system(errno, place: path, doing: "writing it") }
  var failure: StoreError?
  do {
    try writeAll(bytes, to: descriptor, place: path)
    if fsync(descriptor) != 0 { failure = .system(errno, place: path, doing: "flushing it") }
  } catch { failure = error }
  close(descriptor)
  if failure == nil, rename(temporary, path) != 0 { failure = .system(errno, place: path, doing: "naming it") }
  if let failure {
    unlink(temporary)
    throw failure
  }
  try flushDirectory(parentDirectory(of: path))
}

/// Where the bytes of the file named `path` are, or will be.
private func replaceableFile(_ path: String) throws(StoreError) -> String {
  var status = stat()
  guard stat(path, &status) == 0 else {
    guard errno == ENOENT else { throw .system(errno, place: path, doing: "writing it") }
    // A link that leads nowhere is more likely a mistake than a wish for a file there.
    guard lstat(path, &status) != 0 else { throw .notAFile(path: path) }
    return path
  }
  guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
  guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
  guard let resolved = realpath(path, nil) else { throw .system(errno, place: path, doing: "following it") }
  defer { free(resolved) }
  return String(cString: resolved)
}

func writeAll(_ bytes: [UInt8], to descriptor: Int32, place: String) throws(StoreError) {
  var written = 0
  while written < bytes.count {
    let count = bytes[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { throw .system(count < 0 ? errno : EIO, place: place, doing: "writing it") }
    written += count
  }
}

/// Makes names in a directory durable.
func flushDirectory(_ path: String) throws(StoreError) {
  let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
  guard descriptor >= 0 else { throw .system(errno, place: path, doing: "opening it") }
  defer { close(descriptor) }
  guard fsync(descriptor) == 0 else { throw .system(errno, place: path, doing: "flushing it") }
}
