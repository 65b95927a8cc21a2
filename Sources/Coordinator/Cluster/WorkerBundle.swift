// The worker with all it needs but the C library, as an archive that is copied to other machines (`make bundle`).
import Foundation
import Shared

struct WorkerBundle: Sendable {
  let path: String
  /// SHA-256, in hexadecimal.
  let digest: String
  /// As `uname -m` calls this machine: the bundle was built beside this program.
  let machine: String

  static let missing = CommandFailure(
    "attune-worker.tar.gz is missing beside attune: it holds the worker that is copied to other machines; make it with `make "
      + "bundle`")

  /// Beside this program, or where `make install` puts it.
  static func find() -> WorkerBundle? {
    guard let own = try? workerExecutable() else { return nil }
    let directory = parentDirectory(of: own)
    for place in [
      "\(directory)/attune-worker.tar.gz", "\(parentDirectory(of: directory))/lib/attune/attune-worker.tar.gz",
    ] {
      guard let data = try? Data(contentsOf: URL(fileURLWithPath: place), options: .mappedIfSafe) else { continue }
      var name = utsname()
      uname(&name)
      let machine = withUnsafeBytes(of: name.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      return WorkerBundle(path: place, digest: sha256Hex(Array(data)), machine: machine)
    }
    return nil
  }

  /// Makes `DIRECTORY/worker` of it, unless it is there already.
  func unpack(into directory: String) throws {
    let worker = directory + "/worker", mark = worker + "/bundle.sha256"
    if (try? String(contentsOfFile: mark, encoding: .utf8)) == digest { return }
    let new = worker + ".new"
    try? FileManager.default.removeItem(atPath: new)
    try FileManager.default.createDirectory(atPath: new, withIntermediateDirectories: true)
    try ExternalCommand(["tar", "-xzf", path, "-C", new, "--strip-components=1"], timeout: .seconds(300))
      .succeed("unpacking \(path)")
    try digest.write(toFile: new + "/bundle.sha256", atomically: true, encoding: .utf8)
    try? FileManager.default.removeItem(atPath: worker)
    try FileManager.default.moveItem(atPath: new, toPath: worker)
  }
}
