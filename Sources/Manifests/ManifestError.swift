// Why a manifest was refused: where, what was found, what to write instead.
// Each issue is one line of text, made here and nowhere else, with a caret below where a formula is meant.
import Shared

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
    /// Counted from 1; nil where the line says enough.
    package var column: Int?
    /// A text and the number of characters before the one that is meant, to be shown below.
    package var pointer: Pointer?

    package struct Pointer: Equatable, Sendable {
      package let text: String
      package let offset: Int
    }

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
      let column = issue.column.map { ":\($0)" } ?? ""
      let place = issue.line.map { "\(path):\($0)\(column)" } ?? path
      return "\(place): \(issue.finding); \(issue.remedy)\(issue.pointer?.lines ?? "")"
    }
    if issues.count > Self.shownIssues { lines.append("\(path): and \(issues.count - Self.shownIssues) more") }
    return lines.joined(separator: "\n")
  }
}

extension ManifestError.Issue.Pointer {
  /// Characters shown on each side of the one that is meant.
  private static let reach = 60

  /// The text around the place, and a caret below it.
  fileprivate var lines: String {
    let characters = Array(text.unicodeScalars), first = max(0, offset - Self.reach)
    var shown = String.UnicodeScalarView()
    for scalar in characters[min(first, characters.count)..<min(characters.count, offset + Self.reach)] {
      shown.append(isControl(scalar) ? " " : scalar)
    }
    return "\n    \(String(shown))\n    \(String(repeating: " ", count: offset - first))^"
  }
}

typealias Issue = ManifestError.Issue

/// Reads a text of YAML as a whole: every issue is told with the file it is in.
/// - what: the file in words, such as "the manifest".
/// - read: takes the root; nil for a text that holds nothing.
func reading<Value>(
  _ text: String, called what: String, at path: String, _ read: (ManifestNode?) throws -> Value
) throws(ManifestError) -> Value {
  do {
    if text.utf8.contains(0) {
      let line = 1 + text.utf8.prefix { $0 != 0 }.count(where: { $0 == UInt8(ascii: "\n") })
      throw Issue(line: line, "the text has a NUL byte", "save \(what) as plain UTF-8")
    }
    let root = try readYAML(text)
    return try read(root?.isNull == true ? nil : root)
  } catch let issue as Issue {
    throw ManifestError(path: path, issues: [issue])
  } catch let error as ManifestError {
    throw error
  } catch {
    throw ManifestError(path: path, issues: [Issue("\(error)", "report this")])
  }
}
