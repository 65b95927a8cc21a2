// The programs under test as real processes: started in a group of their own, signalled, and waited for with a deadline.
import Foundation
import Synchronization
import Testing

/// How a process ended and what it wrote.
struct EndedProgram {
  /// Exit status; nil if a signal ended it.
  let exitCode: Int32?
  /// Standard output.
  let output: String
  /// Standard error.
  let errors: String

  var outputLines: [String] { output.split(separator: "\n").map(String.init) }
  var errorLines: [String] { errors.split(separator: "\n").map(String.init) }
}

struct HarnessError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

@ProcessThread final class RunningProgram {
  let processID: pid_t
  private let directory: TestDirectory
  private let outputFile: String
  private let errorFile: String
  private var status: Int32?

  /// - executable: a product of this package, or an absolute path.
  /// - directory: its working directory, which also takes what it writes.
  /// - terminal: takes what it writes instead.
  /// - environment: `NAME=value`, besides what this process has.
  init(
    _ arguments: [String], of executable: String = "attune", in directory: TestDirectory,
    on terminal: PseudoTerminal? = nil, environment: [String] = []
  ) throws {
    self.directory = directory
    let path = try executable.hasPrefix("/") ? executable : productPath(executable)
    let name = directory.path + "/process-" + UUID().uuidString
    (outputFile, errorFile) = (name + ".out", name + ".err")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let flags = terminal == nil ? O_WRONLY | O_CREAT | O_APPEND : O_RDWR | O_NOCTTY
    posix_spawn_file_actions_addopen(&actions, 1, terminal?.path ?? outputFile, flags, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, terminal?.path ?? errorFile, flags, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var all = sigset_t(), none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setpgroup(&attributes, 0)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP))
    // `env` changes the directory and then becomes the program: the process id stays. Spools lie in the directory too.
    let prefix = ["/usr/bin/env", "-C", directory.path, "XDG_STATE_HOME=\(directory.path)/state"]
    var words = (prefix + environment + [path] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    let code = withoutSpawning { posix_spawn(&child, "/usr/bin/env", &actions, &attributes, &words, environ) }
    guard code == 0 else { throw HarnessError("\(path): \(String(cString: strerror(code)))") }
    processID = child
  }

  deinit {
    if status == nil {
      kill(-processID, SIGKILL)
      var ignored: Int32 = 0
      waitpid(processID, &ignored, 0)
    }
  }

  /// What it has written to standard output so far.
  var output: String { (try? String(contentsOfFile: outputFile, encoding: .utf8)) ?? "" }

  /// What it has written to standard error so far.
  var errors: String { (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? "" }

  var hasEnded: Bool {
    if status != nil { return true }
    var found: Int32 = 0
    if waitpid(processID, &found, WNOHANG) == processID { status = found }
    return status != nil
  }

  func signal(_ number: Int32) { kill(processID, number) }

  /// As a terminal does for Ctrl-C: to the program and all that it started.
  func signalGroup(_ number: Int32) { kill(-processID, number) }

  func end(limit: Duration = .seconds(120)) throws -> EndedProgram {
    try waitUntil("process \(processID) ends; it wrote: \(errors.suffix(500))", limit: limit) { hasEnded }
    let status = status ?? 0
    return EndedProgram(exitCode: status & 0x7f == 0 ? (status >> 8) & 0xff : nil, output: output, errors: errors)
  }
}

private let spawning = Mutex(())

/// No process is started meanwhile: a descriptor that is made here must be marked before a child could inherit it.
func withoutSpawning<Result: Sendable>(_ body: () -> Result) -> Result { spawning.withLock { _ in body() } }

/// Runs `attune` with `arguments` to its end.
@ProcessThread func attune(_ arguments: [String], in directory: TestDirectory) throws -> EndedProgram {
  try RunningProgram(arguments, in: directory).end()
}

/// Returns as soon as `condition` holds; throws if it has not in two minutes, which no sweep of these tests takes.
@ProcessThread func waitUntil(
  _ what: @autoclosure () -> String, limit: Duration = .seconds(120), _ condition: () throws -> Bool
) throws {
  let deadline = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < deadline else { throw HarnessError("waited in vain until \(what())") }
    usleep(4000)
  }
}

/// Whether a process has gone; one that only waits to be reaped has.
func isGone(_ processID: Int) -> Bool {
  guard let text = try? String(contentsOfFile: "/proc/\(processID)/stat", encoding: .utf8) else { return true }
  // proc(5): the state follows the name, which is in parentheses.
  return text.split(separator: ")").last?.split(separator: " ").first == "Z"
}

/// The program beside the test program, or where `swift build -c release` puts it.
func productPath(_ name: String) throws -> String {
  let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
  let package = URL(filePath: #filePath).appending(path: "../../..").standardized.path
  let places = [(own as NSString).deletingLastPathComponent, package + "/.build/release"]
  guard let place = places.first(where: { access($0 + "/" + name, X_OK) == 0 }) else {
    throw HarnessError("\(name) is in none of \(places); run `swift build -c release` first")
  }
  return place + "/" + name
}

/// Where a program of the PATH is.
func installedProgram(_ name: String) -> String? {
  (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin").split(separator: ":").map { "\($0)/\(name)" }
    .first { access($0, X_OK) == 0 }
}
