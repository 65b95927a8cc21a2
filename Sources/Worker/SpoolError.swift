// What can be wrong with a spool, in words: where, what was found, what to do.
import Foundation

package enum SpoolError: Error, Equatable, CustomStringConvertible {
  /// - owner: as it wrote itself into the lock, such as "process 12 on node7".
  case inUse(directory: String, owner: String)
  case system(code: Int32, place: String, doing: String)

  package var description: String {
    switch self {
    case .inUse(let directory, let owner):
      "--spool \(directory): \(owner) uses it already; give every worker a directory of its own"
    case .system(ENOSPC, let place, let doing), .system(EDQUOT, let place, let doing):
      "\(place): no space is left on the disk for \(doing); free some, or start the worker with another --spool"
    case .system(EIO, let place, let doing):
      "\(place): the disk reports an error while \(doing); check it, or start the worker with another --spool"
    case .system(let code, let place, let doing):
      "\(place): \(doing) failed (\(String(cString: strerror(code)))); give --spool a directory that can be written to"
    }
  }
}
