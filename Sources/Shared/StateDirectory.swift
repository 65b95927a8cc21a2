// Where what a program keeps between runs is, by the XDG Base Directory Specification.

/// `attune` below XDG_STATE_HOME or ~/.local/state; nil where neither names a directory.
package func stateDirectory(_ environment: [String: String]) -> String? {
  if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/attune" }
  guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
  return home + "/.local/state/attune"
}
