// What a command that computes for a while is doing, as one line of a terminal that is drawn over; silent elsewhere.
import Foundation

final class StepProgress {
  private let isTerminal = isatty(2) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  func show(_ text: String) {
    guard isTerminal else { return }
    writeToStandardError("\r\u{1B}[K\(text.prefix(terminalWidth(of: 2) - 1))")
  }

  /// Takes the line away.
  func clear() {
    if isTerminal { writeToStandardError("\r\u{1B}[K") }
  }
}
