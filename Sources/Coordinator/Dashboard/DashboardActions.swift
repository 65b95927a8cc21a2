// What somebody who has the token may ask of the coordinator. The dashboard is a process of its own, so each wish is a line
// in the pipe between the two; the coordinator does what it finds possible and says so in its log.
import Foundation
import Shared
import Synchronization

enum DashboardAction: Equatable, Sendable {
  case pause
  case resume
  case cancel(TrialID)
  case retry(TrialID)
  case drain(WorkerSession)

  /// Of a POST: `api/v1/pause`, `api/v1/trials/12/cancel`, `api/v1/workers/0123456789abcdef/drain`.
  init?(path: String) {
    guard path.hasPrefix("api/v1/") else { return nil }
    self.init(words: path.dropFirst("api/v1/".count).split(separator: "/").map(String.init))
  }

  /// A line as `line` writes it.
  init?(line: String) { self.init(words: line.split(separator: "/").map(String.init)) }

  private init?(words: [String]) {
    switch words.count {
    case 1 where words[0] == "pause": self = .pause
    case 1 where words[0] == "resume": self = .resume
    case 3 where words[0] == "trials":
      guard let number = Int64(words[1]), number > 0 else { return nil }
      switch words[2] {
      case "cancel": self = .cancel(TrialID(rawValue: number))
      case "retry": self = .retry(TrialID(rawValue: number))
      default: return nil
      }
    case 3 where words[0] == "workers" && words[2] == "drain":
      guard words[1].count == 16, let session = UInt64(words[1], radix: 16) else { return nil }
      self = .drain(WorkerSession(rawValue: session))
    default: return nil
    }
  }

  var line: String {
    switch self {
    case .pause: "pause"
    case .resume: "resume"
    case .cancel(let trial): "trials/\(trial)/cancel"
    case .retry(let trial): "trials/\(trial)/retry"
    case .drain(let session): "workers/\(session)/drain"
    }
  }

  /// After "asked the coordinator to".
  var words: String {
    switch self {
    case .pause: "pause: what runs goes on, nothing more is granted"
    case .resume: "go on"
    case .cancel(let trial): "cancel trial \(trial)"
    case .retry(let trial): "try trial \(trial) again"
    case .drain(let session): "send worker \(session) away when it has given back what it holds"
    }
  }
}

/// The dashboard's end of the pipe.
final class DashboardActions: Sendable {
  private let descriptor: Int32
  private let lock = Mutex(())

  init(descriptor: Int32) { self.descriptor = descriptor }

  /// False where nobody reads any more.
  func ask(_ action: DashboardAction) -> Bool {
    let line = Array((action.line + "\n").utf8)
    // Below PIPE_BUF, so a line is written whole or not at all (POSIX, write).
    return lock.withLock { _ in line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == line.count }
  }
}
