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
    func refused(_ failure: SpawnFailure) -> CommandFailure {
      CommandFailure(
        "\(executable): it cannot be started (\(failure.reason)); build it with "
          + "`swift build -c release`, so that it stands beside attune")
    }
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw refused(SpawnFailure(code: errno)) }
    // Other workers must not hold this one's pipe open.
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    defer { close(ends[0]) }
    do throws(SpawnFailure) {
      processID = try spawn([executable] + arguments) { actions in
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, errorFile, O_WRONLY | O_CREAT | O_APPEND, 0o600)
      }
    } catch {
      close(ends[1])
      throw refused(error)
    }
    (standardInput, self.errorFile) = (ends[1], errorFile)
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
