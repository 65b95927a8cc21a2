// An error for the user of a command, in one line: where, what was found, what is allowed, what to do. Exit status 1.
internal import ArgumentParser
import Foundation

package struct CommandFailure: Error, Equatable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

/// An empty word, as an unset variable of a shell gives it, would be told later as a place without a name.
func requireWord(_ word: String?, _ what: String, _ remedy: String) throws {
  if word == "" { throw ValidationError("\(what) is empty; \(remedy)") }
}

func requireSweepName(_ directory: String) throws {
  try requireWord(directory, "the sweep's directory", "name the one that `attune run` printed")
}

let manifestRemedy = "name a manifest, such as sweeps/quickstart.yaml"

/// A line for people: standard output is for tables and what programs read.
func tell(_ line: String) { writeToStandardError(line + "\n") }

/// Nobody may be reading any more; a sweep goes on without its audience.
func writeToStandardError(_ text: String) {
  let bytes = Array(text.utf8)
  var written = 0
  while written < bytes.count {
    let count = bytes[written...].withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    if count < 0, errno == EINTR { continue }
    if count <= 0 { return }
    written += count
  }
}
