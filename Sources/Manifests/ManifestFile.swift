// Reading a manifest from disk, bounded: whatever the path names, no more than the limit is ever read.
// What the text means is ManifestReader's.
import Foundation
import Shared

/// A manifest of real sweeps has a few hundred lines; what is larger is another kind of file.
package let maximumManifestBytes = 4 * 1024 * 1024

/// A plan and what the user should know about how it was read.
package struct LoadedManifest: Sendable {
  package var plan: SweepPlan
  /// One line each, to be shown once: keys that mean nothing here, choices that may surprise.
  package var notes: [String]
}

/// The plan that the manifest at `path` describes. Errors name `path` as given.
/// - checkpoints: reads the files that the manifest names as starts of training.
package func loadManifest(
  at path: String, checkpoints: CheckpointReader? = nil
) throws(ManifestError) -> LoadedManifest {
  let text: String
  do { text = try manifestText(at: path, example: manifestExample) } catch {
    throw ManifestError(path: path, issues: [error])
  }
  return try parseManifest(text, path: path, checkpoints: checkpoints)
}

private let manifestExample = "name a manifest, such as sweeps/quickstart.yaml"

/// The text of a file that a user wrote.
/// - example: what to name instead where there is no such file.
func manifestText(at path: String, example: String) throws(Issue) -> String {
  // Without O_NONBLOCK opening a named pipe would wait for its writer.
  let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard descriptor >= 0 else { throw unreadable(errno, example) }
  defer { close(descriptor) }
  var status = stat()
  guard fstat(descriptor, &status) == 0 else { throw unreadable(errno, example) }
  switch status.st_mode & S_IFMT {
  case S_IFREG: break
  case S_IFDIR: throw Issue("this is a directory", example)
  default: throw Issue("this is not a regular file", example)
  }
  guard status.st_size <= off_t(maximumManifestBytes) else { throw tooLarge(Int(status.st_size)) }
  // The file may grow while it is read, so the size alone is no bound.
  var bytes = [UInt8](repeating: 0, count: maximumManifestBytes + 1)
  var count = 0
  while count < bytes.count {
    let got = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress.map { $0 + count }, $0.count - count) }
    if got < 0, errno == EINTR { continue }
    guard got >= 0 else { throw unreadable(errno, example) }
    if got == 0 { break }
    count += got
  }
  guard count <= maximumManifestBytes else { throw tooLarge(count) }
  guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
    throw Issue("this is not UTF-8 text", "save the manifest as plain UTF-8")
  }
  return text
}

private func unreadable(_ code: Int32, _ example: String) -> Issue {
  code == ENOENT
    ? Issue("there is no such file", example)
    : Issue("the file cannot be read: \(String(cString: strerror(code)))", "check the path and its permissions")
}

private func tooLarge(_ byteCount: Int) -> Issue {
  Issue("the file has \(byteCount) bytes", "a manifest has at most \(maximumManifestBytes) (4 MiB)")
}
