// The files of keys: who may read them, what is refused in words, and that nothing shows a secret.
// Each test has a directory of its own.
import Foundation
import Messaging
import Shared
import Testing

@Suite struct KeyDirectoryTests {
  private func problem(_ work: () throws -> Void) -> String? {
    do {
      try work()
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func mode(_ path: String) -> mode_t {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
  }

  @Test func `secrets and directories are their owner's alone from the start`() throws {
    let bench = try SecurityBench(), keys = bench.keys.path
    #expect(mode(keys) == 0o700 && mode(keys + "/allowed") == 0o700 && mode(keys + "/workers/first") == 0o700)
    #expect(mode(keys + "/coordinator.secret") == 0o600 && mode(keys + "/workers/first/worker.secret") == 0o600)
    let leftovers = try FileManager.default.subpathsOfDirectory(atPath: keys).filter { $0.hasSuffix(".tmp") }
    #expect(leftovers.isEmpty)
  }

  @Test func `a secret that others can read is refused with the remedy`() throws {
    let bench = try SecurityBench(), secret = bench.keys.path + "/coordinator.secret"
    for open in [0o640, 0o604, 0o620] as [mode_t] {
      chmod(secret, open)
      #expect(
        problem { _ = try bench.keys.coordinatorKeys() }
          == "\(secret): can be read by others (mode \(String(open, radix: 8))); chmod 600 \(secret), and make new keys if "
          + "somebody may have read it")
    }
    chmod(secret, 0o400)
    #expect(problem { _ = try bench.keys.coordinatorKeys() } == nil)
  }

  @Test func `a directory that others can write to is refused`() throws {
    let bench = try SecurityBench(), allowed = bench.keys.path + "/allowed"
    chmod(allowed, 0o770)
    #expect(
      problem { _ = try bench.keys.coordinatorKeys() }
        == "\(allowed): can be changed by others (mode 770); chmod go-w \(allowed)")
    chmod(allowed, 0o700)
    chmod(bench.keys.path, 0o702)
    #expect(problem { _ = try bench.keys.coordinatorKeys() } != nil)
  }

  @Test func `files of another user are refused, links count as what they lead to`() throws {
    // Only root can give files away.
    guard geteuid() == 0 else { return }
    let bench = try SecurityBench(), secret = bench.keys.path + "/coordinator.secret", moved = bench.path + "/elsewhere"
    #expect(rename(secret, moved) == 0 && symlink(moved, secret) == 0)
    #expect(problem { _ = try bench.keys.coordinatorKeys() } == nil)
    #expect(chown(moved, 1234, 1234) == 0)
    #expect(
      problem { _ = try bench.keys.coordinatorKeys() }
        == "\(secret): belongs to user 1234, this is user 0; make it yours: chown 0 \(secret)")
  }

  @Test func `what is no key is refused and never shown`() throws {
    let bench = try SecurityBench(), secret = bench.keys.path + "/coordinator.secret"
    func found(_ text: String) throws -> String? {
      try Data(text.utf8).write(to: URL(filePath: secret))
      chmod(secret, 0o600)
      return problem { _ = try bench.keys.coordinatorKeys() }
    }
    #expect(
      try found("")
        == "\(secret): is no key of attune; a coordinator's secret key begins with attune-coordinator-secret; `attune keys "
        + "new` makes one")
    let key = String(repeating: "Y", count: 39)
    #expect(
      try found("attune-coordinator-secret \(key)")
        == "\(secret): its key is not 40 characters of Z85; copy the file again, or make new keys")
    #expect(
      try found("attune-worker-public \(key)")
        == "\(secret): is a worker's public key; name a coordinator's secret key instead")
    #expect(
      try found(String(repeating: "x", count: 2000))
        == "\(secret): is 2000 bytes long, no key is; make new keys with `attune keys new`")
    #expect(try found("attune-coordinator-secret \(String(repeating: "#", count: 40))") != nil, "a group above 32 bits")
    try FileManager.default.removeItem(atPath: secret)
    #expect(mkfifo(secret, 0o600) == 0)
    #expect(problem { _ = try bench.keys.coordinatorKeys() }?.contains("is no regular file") == true)
  }

  @Test func `a public file that is not the secret's other half is refused`() throws {
    let bench = try SecurityBench(), other = try SecurityBench()
    try FileManager.default.removeItem(atPath: bench.keys.coordinatorPublic)
    try FileManager.default.copyItem(atPath: other.keys.coordinatorPublic, toPath: bench.keys.coordinatorPublic)
    #expect(
      problem { _ = try bench.keys.coordinatorKeys() }
        == "\(bench.keys.coordinatorPublic): does not belong to \(bench.keys.path)/coordinator.secret; make new keys, or "
        + "restore the right file")
  }

  @Test func `a worker without the coordinator's key is told to fetch it`() throws {
    let bench = try SecurityBench(), keys = KeyDirectory(bench.path + "/w")
    _ = try keys.makeWorkerKeys(try KeyName(checking: "node7"))
    #expect(
      problem { _ = try keys.workerKeys() }
        == "\(keys.path)/coordinator.public: is missing, so this worker cannot tell the coordinator from others; copy "
        + "coordinator.public from the coordinator's keys")
    #expect(problem { _ = try KeyDirectory(bench.path + "/none").workerKeys() }?.contains("does not exist") == true)
  }

  @Test func `no text of a value shows a secret`() throws {
    let bench = try SecurityBench()
    let secret = try String(contentsOfFile: bench.keys.path + "/coordinator.secret", encoding: .utf8)
      .split(separator: " ")[1].trimmingCharacters(in: .whitespacesAndNewlines)
    let keys = try bench.keys.coordinatorKeys()
    var dumped = ""
    dump(keys, to: &dumped)
    for text in ["\(keys)", String(reflecting: keys), dumped] { #expect(!text.contains(secret)) }
  }

  @Test func `keys that exist are kept`() throws {
    let bench = try SecurityBench()
    #expect(
      problem { _ = try bench.keys.makeCoordinatorKeys() }
        == "\(bench.keys.path)/coordinator.secret: exists already; keep it, or choose another directory")
    #expect(problem { _ = try bench.worker("first") } != nil)
    #expect(problem { _ = try bench.keys.coordinatorKeys() } == nil)
  }

  @Test func `allowing, revoking and allowing again`() throws {
    let bench = try SecurityBench(), stranger = try bench.stranger(), name = try KeyName(checking: "node-8")
    let file = stranger.directory.workerPublic
    #expect(try bench.keys.allow(file, as: name).key == stranger.pair.publicKey)
    // Twice is once; under another name it would be two.
    #expect(try bench.keys.allow(file, as: name).name == name)
    #expect(
      problem { _ = try bench.keys.allow(file) }
        == "\(file): this key is allowed already, as node-8; revoke node-8 first")
    #expect(try bench.keys.revoke(name) == stranger.pair.publicKey)
    #expect(try bench.keys.allowlist().standing(of: stranger.pair.publicKey) == .revoked(name))
    #expect(problem { _ = try bench.keys.allow(file, as: name) }?.contains("this key was revoked, as node-8") == true)
    #expect(
      problem { _ = try bench.keys.revoke(name) }
        == "\(bench.keys.path)/allowed/node-8.public: is not there: node-8 is revoked already; `attune keys list "
        + "\(bench.keys.path)` shows the names")
    _ = try bench.keys.allow("node-8")
    #expect(try bench.keys.list().keys.map { "\($0.name) \($0.state)" } == ["first allowed", "node-8 allowed"])
  }

  @Test func `a secret is not taken for a public key`() throws {
    let bench = try SecurityBench(), secret = bench.keys.path + "/workers/first/worker.secret"
    #expect(
      problem { _ = try bench.keys.allow(secret) }
        == "\(secret): is a worker's secret key; name a worker's public key instead; never copy a secret file to another "
        + "machine")
  }

  @Test func `names cannot leave the directory`() {
    for name in ["", "../x", "a/b", ".hidden", "-rf", "ä", "a b", String(repeating: "x", count: 65)] {
      #expect(KeyName(rawValue: name) == nil, "\(name)")
    }
    for name in ["node7", "a", "rack-2.node_7"] { #expect(KeyName(rawValue: name) != nil, "\(name)") }
  }

  @Test func `a broken file in the allowlist is left out and said`() throws {
    let bench = try SecurityBench(), path = bench.keys.path + "/allowed/broken.public"
    try Data("nonsense".utf8).write(to: URL(filePath: path))
    let list = try bench.keys.list()
    #expect(list.keys.map(\.name.rawValue) == ["first"])
    #expect(list.problems.count == 1 && list.problems[0].hasPrefix("\(path): is no key of attune"))
  }
}
