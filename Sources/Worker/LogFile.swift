// Log records as lines of a file, each written at once: a worker that is killed leaves all it has said.
import Foundation
internal import Logging
import Shared

/// Where the log goes cannot be opened.
struct LogFileError: Error, CustomStringConvertible {
  let path: String
  let problem: String
  var description: String { "--log \(path): \(problem); write the path of a file in a directory that you may write to" }
}

struct LogFile: LogHandler {
  private let file: FileHandle
  var metadata = Logger.Metadata()
  var logLevel = Logger.Level.info

  /// Appends to the file at `path`.
  init(path: String) throws(LogFileError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw LogFileError(path: path, problem: String(cString: strerror(errno))) }
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let line = "\(Date.now.formatted(.iso8601)) \(event.level) \(event.message)\n"
    // A full disk must not end a worker.
    try? file.write(contentsOf: Data(line.utf8))
  }
}
