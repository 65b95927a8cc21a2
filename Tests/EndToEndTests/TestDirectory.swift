// A directory of its own for every test, gone afterwards, and what the tests look at in a sweep's directory.
import Foundation
import Shared
import Store
import Testing

final class TestDirectory {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "/attune-end-to-end-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func write(_ text: String, to name: String) throws {
    try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
  }

  func read(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }

  func contains(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }

  func sweep(_ name: String = "out") -> StoredDirectory { StoredDirectory(path: path + "/" + name, parent: self) }
}

/// A sweep's directory, looked at from outside while others work on it.
struct StoredDirectory {
  let path: String
  /// Kept, since it is gone with its last reference.
  let parent: TestDirectory

  /// Empty while there is no sweep yet.
  func trials() throws -> [StoredTrial] {
    guard FileManager.default.fileExists(atPath: path + "/sweep.sqlite") else { return [] }
    do {
      return try SweepStore.forReading(path).trials()
    } catch {
      // A database that is just being made.
      return []
    }
  }

  /// Every succeeded trial, as all that is stored of it, by number.
  func succeeded() throws -> [TrialID: String] {
    Dictionary(
      uniqueKeysWithValues: try trials().filter { $0.record.state == .succeeded }.map { ($0.record.id, "\($0)") })
  }

  /// The lines of log.jsonl that are whole.
  func log() -> [LoggedEvent] {
    let text = (try? String(contentsOfFile: path + "/log.jsonl", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").compactMap { try? JSONDecoder().decode(LoggedEvent.self, from: Data($0.utf8)) }
  }

  func count(of event: String) -> Int { log().count { $0.event == event } }

  /// Processes of workers since the latest start, in the order in which they came.
  func workerProcesses() -> [Int] {
    let log = log()
    let start = log.lastIndex { $0.event == "started" || $0.event == "resumed" } ?? 0
    return log[start...].filter { $0.event == "worker_joined" }.compactMap(\.process)
  }
}

struct LoggedEvent: Decodable {
  var event: String
  var trial: Int64?
  var worker: String?
  var process: Int?
  var step: Int?
  var threads: Int?
  var count: Int?
  var state: String?
  var token: String?
  var gang: String?
  var reason: String?
  var time: String?
  var counters: [String: Int]?
}
