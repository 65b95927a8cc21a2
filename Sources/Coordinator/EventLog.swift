// DIR/log.jsonl: what happened, one JSON object per line, for people who look into a sweep and programs that watch it.
// Nothing depends on it, so a disk that takes no more lines stops no sweep. Lines are collected and written once per turn
// of the event loop; a file that has grown to its limit becomes log.1.jsonl, in the place of the one before.
import Foundation
import Reports
import Scheduling
import Shared

/// One line. Absent fields are left out.
package struct LogLine {
  var event: String
  var trial: Int64?
  var token: LeaseToken?
  /// The token of the first of those that share the trial's slot.
  var gang: LeaseToken?
  var worker: WorkerSession?
  var host: String?
  var process: Int?
  /// The name of the key that a worker showed.
  var key: String?
  var state: String?
  var step: Int?
  var threads: Int?
  var count: Int?
  var counters: [String: Int]?
  var cell: Int?
  var candidate: Int?
  var reason: String?

  package init(_ event: String) { self.event = event }
}

package final class EventLog {
  private let path: String
  private let sizeLimit: Int
  private var descriptor: Int32
  private var size = 0
  /// Whole lines that are not in the file yet.
  private var pending = JSONLines()
  /// Bytes of `pending` that `flushMarked` writes.
  private var marked = 0
  private let wallClock: () -> Date
  private var lastTime = (milliseconds: Int64.min, text: "")

  /// - sizeLimit: bytes after which another file is begun; the file before is kept, so that both together take twice as
  ///   much at most.
  package init(path: String, sizeLimit: Int = 64 << 20, wallClock: @escaping () -> Date = Date.init) {
    (self.path, self.sizeLimit, self.wallClock) = (path, sizeLimit, wallClock)
    descriptor = -1
    open()
  }

  deinit {
    flush()
    if descriptor >= 0 { close(descriptor) }
  }

  private func open() {
    descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    var status = stat()
    size = descriptor >= 0 && fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  package func write(_ line: LogLine) {
    pending.begin()
    pending.add("candidate", line.candidate)
    pending.add("cell", line.cell)
    pending.add("count", line.count)
    pending.add("counters", line.counters)
    pending.add("event", line.event)
    pending.add("gang", line.gang)
    pending.add("host", line.host)
    pending.add("key", line.key)
    pending.add("process", line.process)
    pending.add("reason", line.reason)
    pending.add("state", line.state)
    pending.add("step", line.step)
    pending.add("threads", line.threads)
    pending.add("time", time())
    pending.add("token", line.token)
    pending.add("trial", line.trial.map { Int($0) })
    pending.add("worker", line.worker)
    pending.end()
    if pending.bytes.count > 1 << 20 { flush() }
  }

  package func write(_ note: SchedulingNote) { write(LogLine(note)) }

  /// Notes the lines written so far as those of a commit that begins.
  package func mark() { marked = pending.bytes.count }

  /// The lines that were marked are in the file when this returns.
  package func flushMarked() { flush(byteCount: marked) }

  /// Lines written so far are in the file when this returns.
  package func flush() { flush(byteCount: pending.bytes.count) }

  /// - byteCount: of whole lines.
  private func flush(byteCount: Int) {
    marked = 0
    guard byteCount > 0 else { return }
    if size + byteCount > sizeLimit, size > 0, descriptor >= 0 {
      close(descriptor)
      let older = (path.hasSuffix(".jsonl") ? String(path.dropLast(".jsonl".count)) : path) + ".1.jsonl"
      rename(path, older)
      open()
    }
    // With O_APPEND, and whole lines at once, lines stay whole.
    if descriptor >= 0 {
      _ = pending.bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, byteCount) }
    }
    size += byteCount
    pending.removeFirst(byteCount)
  }

  /// `2023-11-14T22:13:20.250Z`; made anew when the millisecond has changed.
  private func time() -> String {
    let now = wallClock()
    let milliseconds = Int64((now.timeIntervalSince1970 * 1000).rounded(.down))
    if milliseconds != lastTime.milliseconds {
      lastTime = (milliseconds, now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
    return lastTime.text
  }
}

extension LogLine {
  package init(_ note: SchedulingNote) {
    switch note {
    case .workerJoined(let hello, let readopted):
      self.init("worker_joined")
      describe(hello)
      (threads, count) = (hello.threads, readopted)
    case .workerRefused(let hello, let reason):
      self.init("worker_refused")
      describe(hello)
      self.reason = reason
    case .workerLost(let session, let reason, let returned):
      self.init("worker_lost")
      (worker, self.reason, count) = (session, reason, returned)
    case .workerLeft(let session, let reason):
      self.init("worker_left")
      (worker, self.reason) = (session, reason)
    case .workerReplaced(let old, let session):
      self.init("worker_replaced")
      (worker, reason) = (old, "session \(session) has its spool")
    case .helloRepeated(let session):
      self.init("hello_repeated")
      worker = session
    case .granted(let trial, let token, let session, let threads, let step, let gang):
      self.init("granted")
      (self.trial, self.token, worker) = (trial.rawValue, token, session)
      (self.threads, self.step, self.gang) = (threads, step, gang)
    case .returned(let trial, let reason, let failures):
      self.init("returned")
      (self.trial, self.reason, count) = (trial.rawValue, reason, failures)
    case .ended(let trial, let state, let reason):
      self.init("ended")
      (self.trial, self.state, self.reason) = (trial.rawValue, state.rawValue, reason)
    case .fenced(let address, let session):
      self.init("fenced")
      (trial, token, worker) = (address.trial.rawValue, address.token, session)
    case .repeated(let address, let session):
      self.init("repeated")
      (trial, token, worker) = (address.trial.rawValue, address.token, session)
    case .selected(let cell, let candidate):
      self.init("selected")
      (self.cell, self.candidate) = (cell.rawValue, candidate)
    case .cellCancelled(let cell, let reason):
      self.init("cell_cancelled")
      (self.cell, self.reason) = (cell.rawValue, reason)
    case .obeyed(let text):
      self.init("operator")
      reason = text
    case .replicated(let cell, let step):
      self.init("replicated")
      (self.cell, count, reason) = (cell.rawValue, step.seeds, step.reason.text)
    case .alarm(let text):
      self.init("alarm")
      reason = text
    }
  }

  private mutating func describe(_ hello: WorkerHello) {
    (worker, host, process) = (hello.session, hello.host, hello.processID)
  }
}
