// What can go wrong with a sweep's directory, as data, with its one line of text made here: the place, what was found,
// what is allowed, what to do.
internal import GRDB
import Foundation

package enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Another process works on the directory.
  case inUse(directory: String, owner: String)
  /// The directory holds something that is no sweep.
  case foreign(directory: String, found: String)
  case notADirectory(path: String)
  /// A file where a sweep's directory was to be read.
  case fileInsteadOfSweep(path: String)
  /// A directory, a device, a pipe or a link that leads nowhere where a file was to be written.
  case notAFile(path: String)
  /// There is no sweep where one was asked for.
  case absent(directory: String)
  /// The manifest leaves out or changes what the directory has run.
  case otherSweep(directory: String, difference: String)
  case networkFileSystem(directory: String, kind: String)
  case diskFull(place: String)
  case readOnly(place: String)
  /// A path that cannot be one of a sweep, such as one below a file.
  case impossible(place: String, what: String)
  /// Any other refusal of the operating system or the database.
  case failed(place: String, what: String)
  /// Content that attune did not write, or that changed since.
  case damaged(place: String, what: String)
  /// Written by a newer version of this program.
  case tooNew(directory: String)
  /// A change that the stored state forbids: somebody else wrote, or the program is wrong.
  case illegalChange(trial: Int64, found: String, asked: String)

  package var description: String {
    switch self {
    case .inUse(let directory, let owner):
      "\(directory): \(owner) is running this sweep; wait for it, or stop it and run the same command again"
    case .foreign(let directory, let found):
      "\(directory): it holds \(found), and no sweep; choose another directory with --out, or an empty one"
    case .notADirectory(let path): "\(path): it is a file; choose a directory with --out"
    case .fileInsteadOfSweep(let path):
      "\(path): it is a file, and no sweep's directory; name the directory that `attune run` printed"
    case .notAFile(let path): "\(path): it is not a regular file; name another one"
    case .absent(let directory):
      "\(directory): no sweep is stored here; name the directory that `attune run` printed, or run a manifest first"
    case .otherSweep(let directory, let difference):
      "\(directory): the directory holds another sweep: \(difference); use another --out or restore the manifest "
        + "\(directory)/manifest.yaml"
    case .networkFileSystem(let directory, let kind):
      "\(directory): it is on a network file system (\(kind)), where the database's write-ahead log does not work; "
        + "choose a directory on a local disk with --out"
    case .diskFull(let place):
      "\(place): no space is left on the disk; free some, then run the same command again: nothing stored is lost"
    case .readOnly(let place):
      "\(place): it cannot be written to; make it writable, or choose another directory with --out"
    case .impossible(let place, let what): "\(place): \(what); choose another place with --out"
    case .failed(let place, let what): "\(place): \(what); check the disk, then run the same command again"
    case .damaged(let place, let what):
      "\(place): \(what); restore the directory from a copy, or run the sweep again in another --out"
    case .tooNew(let directory):
      "\(directory): a newer version of attune wrote it; use that version, or another --out"
    case .illegalChange(let trial, let found, let asked):
      "trial \(trial): it is \(found) and was to become \(asked); report this with the directory's log.jsonl"
    }
  }

  /// Whether the same operation may succeed later with nothing lost in between.
  package var mayPass: Bool {
    switch self {
    case .diskFull: true
    case .inUse, .foreign, .notADirectory, .fileInsteadOfSweep, .notAFile, .absent, .otherSweep, .networkFileSystem,
      .readOnly, .impossible, .failed, .damaged, .tooNew, .illegalChange:
      false
    }
  }
}

extension StoreError {
  /// From the operating system's error number.
  static func system(_ code: Int32, place: String, doing what: String) -> StoreError {
    switch code {
    case ENOSPC, EDQUOT: .diskFull(place: place)
    case EROFS, EACCES, EPERM: .readOnly(place: place)
    default: .failed(place: place, what: "\(what) failed: \(String(cString: strerror(code)))")
    }
  }

  static func database(_ error: DatabaseError, place: String) -> StoreError {
    // The log's shared index could not be given its room: SQLite says "disk I/O error" for that.
    if error.extendedResultCode == .SQLITE_IOERR_SHMSIZE { return .diskFull(place: place) }
    return switch error.resultCode {
    case .SQLITE_FULL: .diskFull(place: place)
    case .SQLITE_READONLY, .SQLITE_PERM: .readOnly(place: place)
    case .SQLITE_CORRUPT, .SQLITE_NOTADB:
      .damaged(place: place, what: "it is no intact database (\(error.message ?? "no message"))")
    default: .failed(place: place, what: "the database said \"\(error.message ?? "\(error.resultCode)")\"")
    }
  }
}

/// Runs `work`, which may throw what the database or the system throws, and gives its errors this module's type.
func storing<Value>(_ place: String, _ work: () throws -> Value) throws(StoreError) -> Value {
  do {
    return try work()
  } catch let error as StoreError {
    throw error
  } catch let error as DatabaseError {
    throw .database(error, place: place)
  } catch {
    let code = (error as NSError).userInfo[NSUnderlyingErrorKey].map { Int32(($0 as? NSError)?.code ?? 0) } ?? 0
    throw code == 0
      ? .failed(place: place, what: error.localizedDescription)
      : .system(code, place: place, doing: "access")
  }
}
