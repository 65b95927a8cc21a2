// DIR/log.jsonl: what happened, one JSON object per line, for people who look into a sweep and programs that watch it.
// Nothing depends on it, so a disk that takes no more lines stops no sweep. Lines are collected and written once per turn
// of the event loop; a file that has grown to its limit becomes log.1.jsonl, in the place of the one before.
import Foundation
import Scheduling
import Shared

/// One line. Absent fields are left out.
package struct LogLine {
  var event: String
  var trial: Int64?
  var token: String?
  /// The token of the first of those that share the trial's slot.
  var gang: String?
  var worker: String?
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
  private var pending: [UInt8] = []
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
    var json = JSONLine()
    json.add("candidate", line.candidate)
    json.add("cell", line.cell)
    json.add("count", line.count)
    json.add("counters", line.counters)
    json.add("event", line.event)
    json.add("gang", line.gang)
    json.add("host", line.host)
    json.add("key", line.key)
    json.add("process", line.process)
    json.add("reason", line.reason)
    json.add("state", line.state)
    json.add("step", line.step)
    json.add("threads", line.threads)
    json.add("time", time())
    json.add("token", line.token)
    json.add("trial", line.trial)
    json.add("worker", line.worker)
    pending += json.bytes
    pending += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
    if pending.count > 1 << 20 { flush() }
  }

  package func write(_ note: SchedulingNote) { write(LogLine(note)) }

  /// Lines written so far are in the file when this returns.
  package func flush() {
    guard !pending.isEmpty else { return }
    if size + pending.count > sizeLimit, size > 0, descriptor >= 0 {
      close(descriptor)
      let older = (path.hasSuffix(".jsonl") ? String(path.dropLast(".jsonl".count)) : path) + ".1.jsonl"
      rename(path, older)
      open()
    }
    // With O_APPEND, and whole lines at once, lines stay whole.
    if descriptor >= 0 { _ = pending.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) } }
    size += pending.count
    pending.removeAll(keepingCapacity: true)
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

/// A JSON object that is being written, without its closing brace. Hot: a sweep of short trials logs 100,000 lines a second.
private struct JSONLine {
  private(set) var bytes: [UInt8] = [UInt8(ascii: "{")]

  mutating func add(_ name: StaticString, _ value: String?) {
    guard let value else { return }
    begin(name)
    append(value)
  }

  mutating func add(_ name: StaticString, _ value: (some BinaryInteger & CustomStringConvertible)?) {
    guard let value else { return }
    begin(name)
    bytes += value.description.utf8
  }

  mutating func add(_ name: StaticString, _ value: [String: Int]?) {
    guard let value else { return }
    begin(name)
    bytes.append(UInt8(ascii: "{"))
    for (index, entry) in value.sorted(by: { $0.key < $1.key }).enumerated() {
      if index > 0 { bytes.append(UInt8(ascii: ",")) }
      append(entry.key)
      bytes.append(UInt8(ascii: ":"))
      bytes += entry.value.description.utf8
    }
    bytes.append(UInt8(ascii: "}"))
  }

  private mutating func begin(_ name: StaticString) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    bytes += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    bytes += [UInt8(ascii: "\""), UInt8(ascii: ":")]
  }

  /// RFC 8259 §7: quotation mark, reverse solidus and control characters are escaped.
  private mutating func append(_ text: String) {
    bytes.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
      case UInt8(ascii: "\n"): bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
      case 0..<0x20: bytes += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
      default: bytes.append(byte)
      }
    }
    bytes.append(UInt8(ascii: "\""))
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
      (worker, self.reason, count) = (session.description, reason, returned)
    case .workerLeft(let session, let reason):
      self.init("worker_left")
      (worker, self.reason) = (session.description, reason)
    case .workerReplaced(let old, let session):
      self.init("worker_replaced")
      (worker, reason) = (old.description, "session \(session) has its spool")
    case .helloRepeated(let session):
      self.init("hello_repeated")
      worker = session.description
    case .granted(let trial, let token, let session, let threads, let step, let gang):
      self.init("granted")
      (self.trial, self.token, worker) = (trial.rawValue, token.description, session.description)
      (self.threads, self.step, self.gang) = (threads, step, gang?.description)
    case .returned(let trial, let reason, let failures):
      self.init("returned")
      (self.trial, self.reason, count) = (trial.rawValue, reason, failures)
    case .ended(let trial, let state, let reason):
      self.init("ended")
      (self.trial, self.state, self.reason) = (trial.rawValue, state.rawValue, reason)
    case .fenced(let address, let session):
      self.init("fenced")
      (trial, token, worker) = (address.trial.rawValue, address.token.description, session.description)
    case .repeated(let address, let session):
      self.init("repeated")
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
