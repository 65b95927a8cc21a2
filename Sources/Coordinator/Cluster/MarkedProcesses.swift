// Processes of a cluster on this machine: started in sessions of their own, found again by a mark in their environment,
// also by a later process after this one has crashed.
import Cluster
import Foundation

final class MarkedProcesses {
  let cluster: String
  /// Started by this process, which is told how they end.
  private var children: [pid_t: String] = [:]
  /// How children ended, in wait(2)'s form, by part.
  private var statuses: [String: Int32] = [:]

  init(cluster: String) { self.cluster = cluster }

  /// Process numbers by part, such as `coordinator` or `local-2`.
  func running() -> [String: [pid_t]] {
    var found: [String: [pid_t]] = [:]
    let prefix = RemoteHost.mark + "=" + RemoteHost.markValue(cluster: cluster, part: "")
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
      guard let process = pid_t(name), process != getpid(),
        let environment = FileManager.default.contents(atPath: "/proc/\(name)/environ"), !isZombie(name)
      else { continue }
      for entry in environment.split(separator: 0) {
        let text = String(decoding: entry, as: UTF8.self)
        if text.hasPrefix(prefix) { found[String(text.dropFirst(prefix.count)), default: []].append(process) }
      }
    }
    return found
  }

  /// The same of one part, without a look at all processes where this one started it.
  func isRunning(_ part: String) -> Bool {
    reap()
    return children.values.contains(part) || running()[part] != nil
  }

  private func isZombie(_ name: String) -> Bool {
    guard let data = FileManager.default.contents(atPath: "/proc/\(name)/stat") else { return true }
    // "12 (name) Z …"; the name may hold anything.
    let text = String(decoding: data, as: UTF8.self)
    return text.split(separator: ")").last?.dropFirst().first == "Z"
  }

  /// Starts a program that outlives this one, its output appended to `log`.
  func start(_ words: [String], part: String, log: String) throws(CommandFailure) {
    let mark = [RemoteHost.mark: RemoteHost.markValue(cluster: cluster, part: part)]
    let child: pid_t
    do throws(SpawnFailure) {
      child = try spawn(words, variables: mark, inNewSession: true) { actions in
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
      }
    } catch { throw CommandFailure("\(words[0]): it cannot be started: \(error.reason)") }
    children[child] = part
    statuses[part] = nil
  }

  /// The exit status of a part that this process started and that has ended since, 128 and the signal's number for a
  /// signal; nil where that is not known.
  func status(of part: String) -> Int32? {
    reap()
    guard let status = statuses[part] else { return nil }
    let signal = status & 0x7f
    return signal == 0 ? (status >> 8) & 0xff : 128 + signal
  }

  /// Asks every process of the parts to end, and ends after `patience` those that did not.
  func stop(_ parts: (String) -> Bool, patience: Duration) {
    let deadline = ContinuousClock.now + patience
    for process in running().filter({ parts($0.key) }).values.joined() { kill(process, SIGTERM) }
    while ContinuousClock.now < deadline {
      reap()
      if running().allSatisfy({ !parts($0.key) }) { return }
      usleep(100_000)
    }
    for process in running().filter({ parts($0.key) }).values.joined() { kill(process, SIGKILL) }
    usleep(100_000)
    reap()
  }

  private func reap() {
    for (process, part) in children {
      var status: Int32 = 0
      guard waitpid(process, &status, WNOHANG) == process else { continue }
      children[process] = nil
      statuses[part] = status
    }
  }
}
