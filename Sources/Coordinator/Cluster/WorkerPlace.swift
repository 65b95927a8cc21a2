// A place where workers are started: what the process that looks after a cluster asks of it.
import Cluster
import Foundation

protocol WorkerPlace: AnyObject {
  /// Between two looks.
  var interval: Duration { get }
  /// Looks at what is there, starts what is wanted and stops what is not. Failures are told, and tried again later.
  /// - wanted: hosts, processes or jobs, at most.
  func tend(_ demand: ClusterDemand?, wanted: Int, at now: Duration) -> PlaceReport
  /// Tries again what was given up.
  func forgive()
  /// Ends every worker in order and removes all that was left there, whoever started it.
  /// Returns what could not be done.
  func clear() -> [String]
}

struct PlaceReport {
  var units: [ClusterUnit] = []
  /// Lines for the log.
  var notes: [String] = []
}
