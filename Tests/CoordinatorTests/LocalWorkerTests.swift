// Worker processes: started, noticed when they end, started again with growing pauses, given up in the end. Small shell
// scripts stand for the worker program.
import Coordinator
import Foundation
import Testing

@Suite(.serialized) struct LocalWorkerTests {
  /// A directory with an executable script.
  private final class Script {
    let directory = NSTemporaryDirectory() + "attune-script-\(UUID().uuidString)"
    var path: String { directory + "/worker" }
    init(_ text: String) throws {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: false, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }
    deinit { try? FileManager.default.removeItem(atPath: directory) }
    func workers(_ count: Int = 1) -> LocalWorkers {
      LocalWorkers(
        LocalWorkerSettings(
          count: count, threads: 2, slots: 3, executable: path, endpoint: "ipc:///nowhere", directory: directory))
    }
  }

  /// Blocks until a worker's pipe closes, then until its end can be read.
  private func awaitEnd(_ workers: LocalWorkers, at now: Duration) throws -> [(
    processID: pid_t, name: String, reason: String
  )] {
    while true {
      var requests = workers.descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      _ = poll(&requests, nfds_t(requests.count), -1)
      let ended = try workers.lookAfter(at: now)
      if !ended.isEmpty { return ended }
    }
  }

  @Test func `a worker gets its endpoint, threads and slots, and is told apart by its pipe when it ends`() throws {
    let script = try Script("echo \"$@\" >&2; exit 7")
    let workers = script.workers()
    #expect(try workers.lookAfter(at: .zero).isEmpty)
    #expect(workers.runningCount == 1)
    let ended = try awaitEnd(workers, at: .zero)
    #expect(ended[0].name == "worker 1")
    #expect(
      ended[0].reason == "its process ended with status 7: --connect ipc:///nowhere --threads 2 --slots 3 "
        + "--exit-with-parent")
  }

  @Test func `a worker that is killed is started again after half a second`() throws {
    let script = try Script("exec cat")
    let workers = script.workers()
    _ = try workers.lookAfter(at: .zero)
    workers.kill()
    let ended = try awaitEnd(workers, at: .seconds(10))
    #expect(ended.map(\.reason) == ["its process was ended by signal 9"])
    #expect(workers.runningCount == 0)
    #expect(workers.nextStart == .seconds(10) + .milliseconds(500))
    #expect(!workers.isExhausted)
    _ = try workers.lookAfter(at: .seconds(11))
    #expect(workers.runningCount == 1)
    workers.kill()
    _ = try awaitEnd(workers, at: .seconds(20))
    #expect(workers.nextStart == .seconds(21))
  }

  @Test func `a worker that is never welcomed is given up after three times, with its last words`() throws {
    let script = try Script("echo 'attune-worker: no such thing' >&2; exit 1")
    let workers = script.workers()
    for turn in 1...3 {
      let now = Duration.seconds(turn * 100)
      _ = try workers.lookAfter(at: now)
      #expect(!workers.isExhausted)
      if workers.runningCount > 0 { _ = try awaitEnd(workers, at: now) }
    }
    #expect(workers.isExhausted)
    #expect(workers.lastEnding == "its process ended with status 1: attune-worker: no such thing")
  }

  @Test func `draining starts no worker again`() throws {
    let script = try Script("exec cat")
    let workers = script.workers(2)
    _ = try workers.lookAfter(at: .zero)
    #expect(workers.runningCount == 2)
    workers.drain()
    while workers.runningCount > 0 { _ = try awaitEnd(workers, at: .zero) }
    #expect(workers.nextStart == nil)
    #expect(workers.isExhausted)
  }

  @Test func `a worker program that is missing is told with its place`() throws {
    let script = try Script("exit 0")
    let workers = script.workers()
    try FileManager.default.removeItem(atPath: script.path)
    #expect(
      throws: CommandFailure(
        "\(script.path): it cannot be started (No such file or directory); build it with `swift build -c release`, so "
          + "that it stands beside attune")
    ) { _ = try workers.lookAfter(at: .zero) }
  }
}
