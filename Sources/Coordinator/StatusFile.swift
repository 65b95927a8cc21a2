// DIR/status.json: what only the coordinator that runs knows, its workers and its counters, written anew every few
// seconds for `attune status`. It is no record: nothing reads it to decide anything, and it is not flushed.
import Foundation
import Shared
import Store

package struct CoordinatorStatus: Codable, Equatable {
  package struct Worker: Codable, Equatable {
    package var session: String
    package var host: String
    package var process: Int
    /// The name of the key it showed; nil without keys.
    package var key: String?
    package var slots: Int
    package var threads: Int
    /// Since its last message, when this was written.
    package var silentSeconds: Double
    package var trials: [Int64]
  }

  package var process: Int
  /// Wall clock, seconds since 1970.
  package var written: Double
  package var endpoint: String
  /// Trials that could be granted now.
  package var waiting: Int
  /// Optimiser steps per second of all running trials, and an estimate of the time left in seconds, once it is known.
  package var stepsPerSecond: Double?
  package var remainingSeconds: Double?
  /// An operator has paused it.
  package var isPaused: Bool?
  package var workerCount: Int
  /// The first thousand.
  package var workers: [Worker]
  /// Messages that were dropped or refused since the coordinator started, by reason.
  package var counters: [String: Int]

  static let mostWorkers = 1000

  /// Replaces the file at once, so that a reader sees a whole one; a disk that takes nothing is nobody's loss.
  func write(to path: String) {
    guard let text = try? jsonText(self) else { return }
    let temporary = path + ".new"
    guard FileManager.default.createFile(atPath: temporary, contents: Data(text.utf8)) else { return }
    if rename(temporary, path) != 0 { unlink(temporary) }
  }

  /// What `process` wrote; nil where the file is of an earlier coordinator, or none.
  static func read(from path: String) -> CoordinatorStatus? {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return FileManager.default.contents(atPath: path).flatMap { try? decoder.decode(Self.self, from: $0) }
  }
}

extension SweepDirectory {
  /// What the coordinator that runs tells of itself. Without an owner nothing runs, whatever a killed process left written.
  var liveStatus: CoordinatorStatus? { owner == nil ? nil : CoordinatorStatus.read(from: status) }
}
