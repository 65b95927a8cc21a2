// Words as a POSIX shell takes them.

/// One word, whatever it holds.
package func quoted(_ word: String) -> String {
  "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
}

/// A command to be typed again: only what needs it is quoted.
package func shellCommand(_ words: [String]) -> String {
  words.map { word in
    !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=:,+".contains($0) } ? word : quoted(word)
  }.joined(separator: " ")
}
