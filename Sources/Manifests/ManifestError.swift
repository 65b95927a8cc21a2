// Why a manifest was refused: where, what was found, what to write instead.
// Each issue is one line of text, made here and nowhere else.

package struct ManifestError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The manifest as the user named it.
  package let path: String
  /// At least one, ordered by line.
  package let issues: [Issue]

  package struct Issue: Error, Equatable, Sendable {
    /// Counted from 1; nil when the file as a whole is meant.
    package let line: Int?
    /// What was found: `learning_rate is "-0.1"`.
    package let finding: String
    /// What to do next: `write a number above 0`.
    package let remedy: String

    package init(line: Int? = nil, _ finding: String, _ remedy: String) {
      (self.line, self.finding, self.remedy) = (line, finding, remedy)
    }
  }

  package init(path: String, issues: [Issue]) {
    self.path = path
    self.issues = issues.sorted { ($0.line ?? 0) < ($1.line ?? 0) }
  }

  /// A manifest of thousands of mistakes is not told them all.
  private static let shownIssues = 20

  /// `sweeps/a.yaml:12: learning_rate is "-0.1"; write a number above 0`, one line per issue.
  package var description: String {
    var lines = issues.prefix(Self.shownIssues).map { issue in
      let place = issue.line.map { "\(path):\($0)" } ?? path
      return "\(place): \(issue.finding); \(issue.remedy)"
    }
    if issues.count > Self.shownIssues { lines.append("\(path): and \(issues.count - Self.shownIssues) more") }
    return lines.joined(separator: "\n")
  }
}

typealias Issue = ManifestError.Issue
