// One worker process that this one started: its command line, its standard input, which it watches to notice this
// process's death, and how it ended.
import Foundation

struct WorkerProcess {
  let processID: pid_t
  /// The writing end of its standard input. Becomes "readable" for a poll when the process has ended.
  let standardInput: Int32
  private let errorFile: String

  /// - errorFile: takes its standard error; its last line tells why it ended.
  init(executable: String, arguments: [String], errorFile: String) throws(CommandFailure) {
    func refused(_ code: Int32) -> CommandFailure {
      CommandFailure(
        "\(executable): it cannot be started (\(String(cString: strerror(code)))); build it with "
          + "`swift build -c release`, so that it stands beside attune")
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw refused(errno) }
    // Other workers must not hold this one's pipe open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, errorFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals that this process ignores or blocks would stay so in the worker.
    var all = sigset_t(), none = sigset_t()
    sigfillset(&all)
    sigemptyset(&none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var words = ([executable] + arguments).map { strdup($0) } + [nil]
    defer { for word in words { free(word) } }
    var child: pid_t = 0
    var code = posix_spawn(&child, executable, &actions, &attributes, &words, environ)
    // A program that was just written may still be open in a process that is between fork and exec.
    for _ in 0..<20 where code == ETXTBSY {
      usleep(10_000)
      code = posix_spawn(&child, executable, &actions, &attributes, &words, environ)
    }
    close(ends[0])
    guard code == 0 else {
      close(ends[1])
      throw refused(code)
    }
    (processID, standardInput, self.errorFile) = (child, ends[1], errorFile)
  }

  /// Why it ended, in words; nil while it runs. Once it has answered, the process is gone for good.
  func ending() -> String? {
    var status: Int32 = 0
    let answer = waitpid(processID, &status, WNOHANG)
    if answer == 0 || (answer < 0 && errno == EINTR) { return nil }
    close(standardInput)
    guard answer == processID else { return "its process has ended" }
    if status & 0x7f != 0 { return "its process was ended by signal \(status & 0x7f)" }
    let code = (status >> 8) & 0xff
    return "its process ended with status \(code)" + (code == 0 ? "" : lastErrorLine.map { ": \($0)" } ?? "")
  }

  /// What it said last besides its log, whose lines start with the time.
  private var lastErrorLine: String? {
    let text = (try? String(contentsOfFile: errorFile, encoding: .utf8)) ?? ""
    return text.split(separator: "\n").last { $0.first?.isNumber == false }.map { String($0.prefix(500)) }
  }
}
