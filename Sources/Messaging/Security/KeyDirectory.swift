// The directory that `--keys` names. A coordinator's holds its pair of keys and one public key per worker that may
// connect; a worker's holds its own pair and the coordinator's public key, by which it knows whom it talks to.
import Foundation

/// What a coordinator proves itself with.
package struct CoordinatorKeys: Sendable {
  package let pair: KeyPair
  /// Where the allowlist is read from again and again.
  package let directory: KeyDirectory
}

/// What a worker proves itself with, and the coordinator that it believes.
package struct WorkerKeys: Sendable {
  package let pair: KeyPair
  package let coordinator: PublicKey
  /// Where they were read, for errors.
  package let directory: KeyDirectory
}

package struct KeyDirectory: Hashable, Sendable {
  package let path: String

  package init(_ path: String) {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
  }

  var coordinatorSecret: String { path + "/coordinator.secret" }
  package var coordinatorPublic: String { path + "/coordinator.public" }
  var workerSecret: String { path + "/worker.secret" }
  package var workerPublic: String { path + "/worker.public" }
  package var allowed: String { path + "/allowed" }
  package var revoked: String { path + "/revoked" }

  package var isCoordinators: Bool { access(coordinatorSecret, F_OK) == 0 }

  /// The coordinator's keys, checked, with at least one worker allowed.
  package func coordinatorKeys() throws(KeyError) -> CoordinatorKeys {
    try checkDirectory(path, "make the coordinator's keys with `attune keys new \(path)`")
    let pair = try pair(coordinatorSecret, .coordinatorSecret, coordinatorPublic, .coordinatorPublic)
    let keys = CoordinatorKeys(pair: pair, directory: self)
    guard !(try allowlist().allowed.isEmpty) else {
      throw KeyError(
        allowed, "no worker's key is allowed, so no worker could connect",
        "allow one: attune keys new \(path) --worker NAME, or attune keys allow \(path) FILE")
    }
    return keys
  }

  /// A worker's keys, checked.
  package func workerKeys() throws(KeyError) -> WorkerKeys {
    try checkDirectory(path, "make this worker's keys with `attune keys new \(path) --worker NAME`")
    let pair = try pair(workerSecret, .workerSecret, workerPublic, .workerPublic)
    guard access(coordinatorPublic, F_OK) == 0 else {
      throw KeyError(
        coordinatorPublic, "is missing, so this worker cannot tell the coordinator from others",
        "copy coordinator.public from the coordinator's keys")
    }
    let file = try KeyFile.read(coordinatorPublic, .coordinatorPublic)
    guard let key = PublicKey(file.key) else { throw KeyError(coordinatorPublic, "holds no key", "copy it again") }
    return WorkerKeys(pair: pair, coordinator: key, directory: self)
  }

  /// The pair of a secret file, and that the public file beside it, if there is one, is its other half.
  private func pair(
    _ secretPath: String, _ secretKind: KeyFile.Kind, _ publicPath: String, _ publicKind: KeyFile.Kind
  ) throws(KeyError) -> KeyPair {
    guard let secret = SecretKey(try KeyFile.read(secretPath, secretKind).key) else {
      throw KeyError(secretPath, "holds no key", "make new keys")
    }
    let pair = try KeyPair(secret)
    if access(publicPath, F_OK) == 0, try KeyFile.read(publicPath, publicKind).key != pair.publicKey.description {
      throw KeyError(publicPath, "does not belong to \(secretPath)", "make new keys, or restore the right file")
    }
    return pair
  }

  /// Somebody who can write here could let themselves in.
  func checkDirectory(_ directory: String, _ remedy: String) throws(KeyError) {
    var status = stat()
    guard stat(directory, &status) == 0 else {
      if errno == ENOENT { throw KeyError(directory, "does not exist", remedy) }
      throw KeyError(directory, doing: "reading it", code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { throw KeyError(directory, "is no directory", remedy) }
    try KeyFile.checkOwner(status, directory, forbidden: 0o022)
  }
}
