// What `attune keys` does to a directory of keys. Every step is one rename or link, so that a coordinator that reads at
// the same time sees the key allowed or not allowed, never half of it.
import Foundation

/// One line of `attune keys list`.
package struct ListedKey: Equatable, Sendable {
  package enum State: String, Codable, Sendable { case allowed, revoked }
  package let name: KeyName
  package let state: State
  package let key: PublicKey
}

extension KeyDirectory {
  /// Makes the coordinator's pair of keys and an empty allowlist.
  package func makeCoordinatorKeys() throws(KeyError) -> KeyPair {
    try make(path, mode: 0o700)
    guard access(workerSecret, F_OK) != 0 else {
      throw KeyError(path, "holds a worker's keys", "choose another directory for the coordinator's")
    }
    for directory in [allowed, revoked] { try make(directory, mode: 0o700) }
    let pair = try KeyPair()
    try KeyFile(kind: .coordinatorSecret, key: pair.secret.text).write(coordinatorSecret)
    try KeyFile(kind: .coordinatorPublic, key: pair.publicKey.description).write(coordinatorPublic, replacing: true)
    return pair
  }

  /// Makes a worker's pair of keys here. The secret never needs to leave its machine: only the public file is handed over.
  package func makeWorkerKeys(_ name: KeyName) throws(KeyError) -> KeyPair {
    try make(path, mode: 0o700)
    let pair = try KeyPair()
    try KeyFile(kind: .workerSecret, key: pair.secret.text, name: name).write(workerSecret)
    try KeyFile(kind: .workerPublic, key: pair.publicKey.description, name: name).write(workerPublic, replacing: true)
    return pair
  }

  /// At the coordinator: makes all that a worker needs in `workers/NAME`, to be copied to its machine, and allows its key.
  package func makeWorkerBundle(_ name: KeyName) throws(KeyError) -> (bundle: KeyDirectory, key: PublicKey) {
    let own = try KeyFile.read(coordinatorPublic, .coordinatorPublic)
    for (list, state) in [(allowed, "allowed"), (revoked, "revoked")] where access(list + "/\(name).public", F_OK) == 0
    {
      throw KeyError("\(list)/\(name).public", "exists: a key of this name is \(state)", "choose another name")
    }
    try make(path + "/workers", mode: 0o700)
    let bundle = KeyDirectory(path + "/workers/\(name)")
    let pair = try bundle.makeWorkerKeys(name)
    try own.write(bundle.coordinatorPublic, replacing: true)
    _ = try allow(bundle.workerPublic, as: name)
    return (bundle, pair.publicKey)
  }

  /// Lets a worker in. `what` is the file of its public key, or the name of a key that was revoked.
  package func allow(_ what: String, as name: KeyName? = nil) throws(KeyError) -> (name: KeyName, key: PublicKey) {
    try requireCoordinator()
    let isFile = access(what, F_OK) == 0
    guard isFile || KeyName(rawValue: what) != nil, isFile || access(revoked + "/\(what).public", F_OK) == 0 else {
      throw KeyError(
        what, "is neither a file nor the name of a revoked key",
        "name the file worker.public of the worker; `attune keys list \(path)` shows the names")
    }
    let source = isFile ? what : revoked + "/\(what).public"
    let file = try KeyFile.read(source, .workerPublic)
    guard let key = PublicKey(file.key) else { throw KeyError(source, "holds no key", "copy it again") }
    guard let name = name ?? file.name ?? KeyName(rawValue: what) else {
      throw KeyError(source, "names no worker", "give it a name: attune keys allow \(path) \(what) --name NAME")
    }
    try make(allowed, mode: 0o700)
    let place = allowed + "/\(name).public"
    let list = try allowlist()
    if let known = list.allowed[key] {
      guard known == name else {
        throw KeyError(source, "this key is allowed already, as \(known)", "revoke \(known) first")
      }
      return (name, key)
    }
    if isFile, let known = list.revoked[key] {
      throw KeyError(
        source, "this key was revoked, as \(known)",
        "allow it by its name if you mean it: attune keys allow \(path) \(known)")
    }
    try KeyFile(kind: .workerPublic, key: file.key, name: name).write(place)
    if !isFile {
      guard unlink(source) == 0 else { throw KeyError(source, doing: "removing it", code: errno) }
      try flushDirectory(of: source)
    }
    return (name, key)
  }

  /// Shuts a worker out, at once also where a coordinator is running. Its key stays known as revoked.
  package func revoke(_ name: KeyName) throws(KeyError) -> PublicKey {
    try requireCoordinator()
    let source = allowed + "/\(name).public"
    guard access(source, F_OK) == 0 else {
      let isRevoked = access(revoked + "/\(name).public", F_OK) == 0
      throw KeyError(
        source, isRevoked ? "is not there: \(name) is revoked already" : "is not there: no key is called \(name)",
        "`attune keys list \(path)` shows the names")
    }
    guard let key = PublicKey(try KeyFile.read(source, .workerPublic).key) else {
      throw KeyError(source, "holds no key", "remove the file")
    }
    try make(revoked, mode: 0o700)
    // An older key of that name stays revoked under a name of its own.
    let target = revoked + "/\(name).public"
    var place = target, number = 2
    while access(place, F_OK) == 0 {
      place = revoked + "/\(name.rawValue.prefix(KeyName.longest - 6)).\(number).public"
      number += 1
    }
    guard rename(source, place) == 0 else { throw KeyError(source, doing: "revoking it", code: errno) }
    try flushDirectory(of: place)
    try flushDirectory(of: source)
    return key
  }

  /// Every key, by state and name.
  package func list() throws(KeyError) -> (keys: [ListedKey], problems: [String]) {
    try requireCoordinator()
    let list = try allowlist()
    func lines(_ keys: [PublicKey: KeyName], _ state: ListedKey.State) -> [ListedKey] {
      keys.map { ListedKey(name: $1, state: state, key: $0) }.sorted { $0.name < $1.name }
    }
    return (lines(list.allowed, .allowed) + lines(list.revoked, .revoked), list.problems)
  }

  private func requireCoordinator() throws(KeyError) {
    try checkDirectory(path, "make the coordinator's keys with `attune keys new \(path)`")
    guard isCoordinators else {
      throw KeyError(
        coordinatorSecret, "is missing: this directory holds no coordinator's keys",
        "name the coordinator's, or make one with `attune keys new \(path)`")
    }
  }

  private func make(_ directory: String, mode: mode_t) throws(KeyError) {
    if mkdir(directory, mode) == 0 { return try flushDirectory(of: directory) }
    let code = errno
    guard code == EEXIST else { throw KeyError(directory, doing: "making it", code: code) }
    try checkDirectory(directory, "choose another place")
  }
}
