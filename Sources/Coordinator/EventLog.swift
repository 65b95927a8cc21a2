// DIR/log.jsonl: what happened, one JSON object per line, for people who look into a sweep and programs that watch it.
// Nothing depends on it, so a disk that takes no more lines stops no sweep.
import Foundation
import Scheduling
import Shared

/// One line. Absent fields are left out.
package struct LogLine: Encodable {
  var time = ""
  var event: String
  var trial: Int64?
  var token: String?
  var worker: String?
  var host: String?
  var process: Int?
  var state: String?
  var step: Int?
  var threads: Int?
  var count: Int?
  var cell: Int?
  var candidate: Int?
  var reason: String?

  package init(_ event: String) { self.event = event }
}

package final class EventLog {
  private let descriptor: Int32
  private let encoder = JSONEncoder()
  private let wallClock: () -> Date

  package init(path: String, wallClock: @escaping () -> Date = Date.init) {
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    self.wallClock = wallClock
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  package func write(_ line: LogLine) {
    var line = line
    line.time = wallClock().formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    guard descriptor >= 0, var bytes = try? encoder.encode(line) else { return }
    bytes.append(UInt8(ascii: "\n"))
    // One write per line: with O_APPEND lines stay whole.
    _ = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
  }

  package func write(_ note: SchedulingNote) { write(LogLine(note)) }
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
      (worker, self.reason, count) = (session.description, reason, returned)
    case .workerLeft(let session, let reason):
      self.init("worker_left")
      (worker, self.reason) = (session.description, reason)
    case .granted(let trial, let token, let session, let threads, let step):
      self.init("granted")
      (self.trial, self.token, worker) = (trial.rawValue, token.description, session.description)
      (self.threads, self.step) = (threads, step)
    case .returned(let trial, let reason, let failures):
      self.init("returned")
      (self.trial, self.reason, count) = (trial.rawValue, reason, failures)
    case .ended(let trial, let state, let reason):
      self.init("ended")
      (self.trial, self.state, self.reason) = (trial.rawValue, state.rawValue, reason)
    case .fenced(let address, let session):
      self.init("fenced")
      (trial, token, worker) = (address.trial.rawValue, address.token.description, session.description)
    case .selected(let cell, let candidate):
      self.init("selected")
      (self.cell, self.candidate) = (cell.rawValue, candidate)
    case .cellCancelled(let cell, let reason):
      self.init("cell_cancelled")
      (self.cell, self.reason) = (cell.rawValue, reason)
    case .alarm(let text):
      self.init("alarm")
      reason = text
    }
  }

  private mutating func describe(_ hello: WorkerHello) {
    (worker, host, process) = (hello.session.description, hello.host, hello.processID)
  }
}
