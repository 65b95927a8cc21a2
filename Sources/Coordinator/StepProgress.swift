// What a command that computes for a while is doing, as one line of a terminal that is drawn over; silent elsewhere.
import Foundation
import Shared

final class StepProgress {
  private let isTerminal = canBeDrawnOver(2)
  private var block = TerminalBlock()

  func show(_ text: String) {
    guard isTerminal else { return }
    let size = terminalSize(of: 2)
    writeToStandardError(block.draw([text], columns: size.columns, rows: size.rows))
  }

  /// Takes the line away.
  func clear() {
    if isTerminal { writeToStandardError(block.erase(columns: terminalSize(of: 2).columns)) }
  }
}

/// Whether a file descriptor is a terminal that knows escape codes.
func canBeDrawnOver(_ descriptor: Int32) -> Bool {
  isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
}

/// Of the terminal behind a file descriptor; COLUMNS and LINES, or 100 by 40, where there is none.
func terminalSize(of descriptor: Int32) -> (columns: Int, rows: Int) {
  var size = winsize()
  if ioctl(descriptor, UInt(TIOCGWINSZ), &size) != 0 { size = winsize() }
  func known(_ value: UInt16, _ variable: String, otherwise: Int) -> Int {
    value > 0 ? Int(value) : ProcessInfo.processInfo.environment[variable].flatMap(Int.init) ?? otherwise
  }
  return (known(size.ws_col, "COLUMNS", otherwise: 100), known(size.ws_row, "LINES", otherwise: 40))
}
