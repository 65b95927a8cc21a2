// `attune keys`: who may connect to a coordinator that listens where other machines can reach it.
// The secrets stay in their files: nothing here prints, takes or passes one on.
internal import ArgumentParser
import Foundation
import Messaging

struct KeysCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "keys",
    abstract: "Make keys, and say which workers may connect.",
    discussion: """
      A coordinator that other machines can reach needs keys (CURVE): its own pair, and the public key of every worker \
      that may connect. `allow` and `revoke` act on a running coordinator within a second.

      Example, all on the coordinator's machine:
        attune keys new keys
        attune keys new keys --worker node7
        scp -r keys/workers/node7 node7:attune-keys
        attune serve sweeps/quickstart.yaml --bind tcp://0.0.0.0:7400 --keys keys
      and on node7:
        attune-worker --connect tcp://COORDINATOR:7400 --keys attune-keys
      """,
    subcommands: [New.self, Allow.self, Revoke.self, List.self])
}

private let directoryHelp = ArgumentHelp("The coordinator's directory of keys.", valueName: "dir")

private func requireDirectory(_ directory: String) throws {
  try requireWord(directory, "the directory of keys", "name one, such as keys")
}

extension KeysCommand {
  struct New: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "new",
      abstract: "Make the coordinator's keys, or a worker's.",
      discussion: """
        Without --worker it makes the coordinator's keys in DIR. With --worker in such a directory it makes everything that \
        worker needs in DIR/workers/NAME and allows its key: copy that directory to the worker's machine, then remove it here. \
        With --worker in any other directory it makes that worker's keys there, so that its secret never leaves its \
        machine: hand worker.public to the coordinator (`attune keys allow`), and put its coordinator.public beside it.

        Example:
          attune keys new keys
          attune keys new keys --worker node7
        """)

    @Argument(help: ArgumentHelp("The directory of the keys; it is made.", valueName: "dir"), completion: .directory)
    var directory: String

    @Option(help: ArgumentHelp("Make keys for a worker of this name.", valueName: "name"))
    var worker: String?

    func validate() throws {
      try requireDirectory(directory)
      try requireWord(worker, "--worker", "name the worker, such as node7")
    }

    func run() throws {
      let keys = KeyDirectory(directory)
      guard let worker else {
        let pair = try keys.makeCoordinatorKeys()
        print("coordinator  \(keys.path)")
        print("fingerprint  \(pair.publicKey.fingerprint)")
        return tell("attune: next, let a worker in: attune keys new \(keys.path) --worker NAME")
      }
      let name = try KeyName(checking: worker)
      if keys.isCoordinators {
        let (bundle, key) = try keys.makeWorkerBundle(name)
        print("worker       \(name), allowed")
        print("directory    \(bundle.path)")
        print("fingerprint  \(key.fingerprint)")
        tell("attune: copy \(bundle.path) to the worker's machine, for attune-worker --keys, and remove it here")
      } else {
        let pair = try keys.makeWorkerKeys(name)
        print("worker       \(name)")
        print("fingerprint  \(pair.publicKey.fingerprint)")
        tell(
          "attune: give \(keys.workerPublic) to the coordinator (attune keys allow DIR FILE), and put its coordinator.public "
            + "into \(keys.path)")
      }
    }
  }

  struct Allow: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "allow",
      abstract: "Let a worker's key in.",
      discussion: """
        Compare the fingerprint with the one that `attune keys new` printed on the worker's machine: whoever holds the key \
        may train for this coordinator's sweeps. A revoked key is allowed again by its name.

        Example:
          attune keys allow keys worker.public
        """)

    @Argument(help: directoryHelp, completion: .directory)
    var directory: String

    @Argument(
      help: ArgumentHelp("The file of a worker's public key, or the name of a revoked key.", valueName: "file|name"),
      completion: .file(extensions: ["public"]))
    var key: String

    @Option(help: ArgumentHelp("Call the key so (default: the name it was made with).", valueName: "name"))
    var name: String?

    func validate() throws {
      try requireDirectory(directory)
      try requireWord(key, "the key", "name the file worker.public of the worker")
      try requireWord(name, "--name", "name the worker, or leave it out")
    }

    func run() throws {
      let allowed = try KeyDirectory(directory).allow(key, as: try name.map { try KeyName(checking: $0) })
      print("worker       \(allowed.name), allowed")
      print("fingerprint  \(allowed.key.fingerprint)")
    }
  }

  struct Revoke: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke",
      abstract: "Shut a worker's key out.",
      discussion: """
        A running coordinator stops listening to the worker within a second, also on a connection that stands; its trials \
        go back to the queue.

        Example:
          attune keys revoke keys node7
        """)

    @Argument(help: directoryHelp, completion: .directory)
    var directory: String

    @Argument(help: ArgumentHelp("The key's name, as `attune keys list` shows it.", valueName: "name"))
    var name: String

    func validate() throws {
      try requireDirectory(directory)
      try requireWord(name, "the key's name", "`attune keys list` shows the names")
    }

    func run() throws {
      let key = try KeyDirectory(directory).revoke(try KeyName(checking: name))
      print("worker       \(name), revoked")
      print("fingerprint  \(key.fingerprint)")
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "list",
      abstract: "List the workers' keys.",
      discussion: """
        Example:
          attune keys list keys --json
        """)

    @Argument(help: directoryHelp, completion: .directory)
    var directory: String

    @Flag(help: "Print one JSON object per key and line.")
    var json = false

    private struct Line: Encodable {
      var name: String
      var state: ListedKey.State
      var fingerprint: String
      var key: String
    }

    func validate() throws { try requireDirectory(directory) }

    func run() throws {
      let listed = try KeyDirectory(directory).list()
      for problem in listed.problems { tell("attune: left out: \(problem)") }
      if json {
        for key in listed.keys {
          print(
            try jsonText(
              Line(
                name: key.name.rawValue, state: key.state, fingerprint: key.key.fingerprint, key: key.key.description)))
        }
        return
      }
      if listed.keys.isEmpty {
        return tell("attune: \(directory) holds no worker's key; make one: attune keys new \(directory) --worker NAME")
      }
      print(
        table(
          [["name", "state", "fingerprint"]]
            + listed.keys.map { [$0.name.rawValue, $0.state.rawValue, $0.key.fingerprint] }))
    }
  }
}
