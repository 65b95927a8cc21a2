// The one function of paths that several layers need.

/// The directory that holds `path`; `.` for a name alone. (Foundation's deletingLastPathComponent traps on a name of one
/// character in Swift 6.3.)
package func parentDirectory(of path: String) -> String {
  guard let slash = path.lastIndex(of: "/") else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}
