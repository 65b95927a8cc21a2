// An error for the user of a command, in one line: where, what was found, what is allowed, what to do. Exit status 1.
import Foundation

struct CommandFailure: Error, Equatable, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// A line for people: standard output is for tables and what programs read.
func tell(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
