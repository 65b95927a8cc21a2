// Why a comparison cannot be made, in one line that says what was found and what to do.

package enum TheoryError: Error, Equatable, Sendable, CustomStringConvertible {
  case tooManyPrompts(count: Int, bytes: Int)

  package var description: String {
    switch self {
    case .tooManyPrompts(let count, let bytes):
      "\(count) prompts need \(bytes >> 20) MiB, more than \(PromptSet.mostBytes >> 20) MiB are not attempted; "
        + "take fewer prompts"
    }
  }
}
