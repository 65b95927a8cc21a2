// Why keys cannot be used: the place, what was found, what to do. Never the key itself.
// Everything that reads, writes or judges keys throws this and nothing else.
import Foundation

package struct KeyError: Error, Equatable, Sendable, CustomStringConvertible {
  /// A file or directory, or what a user wrote.
  package let place: String
  package let problem: String
  package let remedy: String

  package init(_ place: String, _ problem: String, _ remedy: String) {
    (self.place, self.problem, self.remedy) = (place, problem, remedy)
  }

  /// An error of the system while `doing` something, such as "reading it".
  package init(_ place: String, doing: String, code: Int32) {
    let remedy =
      switch code {
      case ENOENT: "check the path; `attune keys new DIR` makes keys"
      case EACCES, EPERM: "check who owns it and its permissions"
      case ENOSPC, EDQUOT: "free some space"
      default: "check the directory"
      }
    self.init(place, "\(doing) failed: \(String(cString: strerror(code)))", remedy)
  }

  package var description: String { "\(place): \(problem); \(remedy)" }
}
