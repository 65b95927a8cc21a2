// A terminal that a program under test writes to, and what would stand on its screen.
import Foundation
import Synchronization

/// Both ends of a pseudo-terminal (pty(7)). What is written is taken at once, so nobody waits for this end.
final class PseudoTerminal: Sendable {
  private struct State {
    var bytes: [UInt8] = []
    var isOver = false
  }

  let columns: Int
  let rows: Int
  /// Of the end that programs open.
  let path: String
  private let master: Int32
  private let state = Mutex(State())

  init(columns: Int, rows: Int) throws {
    (self.columns, self.rows) = (columns, rows)
    let master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
    // Requests of ioctl_tty(2), whose macros Swift does not import: TIOCSPTLCK unlocks, TIOCGPTN tells the number.
    var isLocked: Int32 = 0, number: Int32 = 0
    guard master >= 0, ioctl(master, 0x4004_5431, &isLocked) == 0, ioctl(master, 0x8004_5430, &number) == 0,
      ioctl(master, UInt(TIOCSWINSZ), &size) == 0
    else { throw HarnessError("no pseudo-terminal: \(String(cString: strerror(errno)))") }
    (self.master, path) = (master, "/dev/pts/\(number)")
    Thread.detachNewThread { [self] in
      var buffer = [UInt8](repeating: 0, count: 1 << 16)
      // It ends with an error when the last program that had it open has closed it.
      while true {
        let count = read(master, &buffer, buffer.count)
        guard count > 0 || errno == EINTR else { break }
        if count > 0 { state.withLock { $0.bytes += buffer[..<count] } }
      }
      state.withLock { $0.isOver = true }
    }
  }

  deinit { close(master) }

  /// Everything that was written to it so far.
  var written: String { String(decoding: state.withLock { $0.bytes }, as: UTF8.self) }
  /// Every program has closed it, and all of it is here.
  var isOver: Bool { state.withLock { $0.isOver } }
  var screen: Screen { Screen(written, columns: columns, rows: rows) }
}

/// What a text with escape codes leaves on a terminal that wraps long lines, with all that has scrolled away above it.
struct Screen {
  private(set) var lines = [""]
  /// Final bytes of the control sequences that came, and every other one as it is.
  private(set) var codes: Set<String> = []
  private var row = 0
  private var column = 0

  init(_ text: String, columns: Int, rows: Int) {
    var rest = Substring(text.replacing("\r\n", with: "\n"))
    while let character = rest.popFirst() {
      switch character {
      case "\n": (row, column) = (row + 1, 0)
      case "\r": column = 0
      case "\u{1B}":
        let sequence = rest.prefix { !$0.isLetter }
        rest = rest.dropFirst(sequence.count)
        let last = rest.popFirst().map(String.init) ?? ""
        codes.insert(sequence.hasPrefix("[") ? last : sequence + last)
        let count = Int(sequence.dropFirst()) ?? 1
        switch last {
        // Cursor to the beginning of a line further up: not above the screen (ECMA-48, CPL).
        case "F": (row, column) = (max(row - count, lines.count - rows, 0), 0)
        case "J": lines = Array(lines.prefix(row)) + [String(lines[row].prefix(column))]
        case "K": lines[row] = String(lines[row].prefix(column))
        default: break
        }
      default:
        if column == columns { (row, column) = (row + 1, 0) }
        while lines.count <= row { lines.append("") }
        var line = Array(lines[row])
        while line.count < column { line.append(" ") }
        if column < line.count { line[column] = character } else { line.append(character) }
        lines[row] = String(line)
        column += 1
      }
      while lines.count <= row { lines.append("") }
    }
  }
}
