// A block that is drawn over itself, and texts fitted to columns.
import Shared
import Testing

@Suite struct TerminalBlockTests {
  @Test func `a block replaces the one before, and leaves nothing when erased`() {
    var block = TerminalBlock()
    #expect(block.draw(["one", "two"], columns: 80, rows: 24) == "one\ntwo\n")
    #expect(block.draw(["three"], columns: 80, rows: 24) == "\u{1B}[2F\u{1B}[Jthree\n")
    #expect(block.erase(columns: 80) == "\u{1B}[1F\u{1B}[J")
    #expect(block.erase(columns: 80) == "")
  }

  @Test func `lines are cut to the terminal's columns, and lines to its rows`() {
    var block = TerminalBlock()
    #expect(block.draw([String(repeating: "x", count: 30)], columns: 10, rows: 24) == "xxxxxxxx…\n")
    var tall = TerminalBlock()
    let shown = tall.draw((1...50).map { "line \($0)" }, columns: 40, rows: 5)
    #expect(shown == "line 1\nline 2\nline 3\n… 47 more lines\n")
    #expect(tall.erase(columns: 40) == "\u{1B}[4F\u{1B}[J")
    var tiny = TerminalBlock()
    #expect(tiny.draw(["a", "b"], columns: 0, rows: 0) == "…\n")
  }

  @Test func `a screen that became narrower shows a line on several, and all of them go`() {
    var block = TerminalBlock()
    _ = block.draw([String(repeating: "x", count: 70), "", "short"], columns: 80, rows: 24)
    #expect(block.erase(columns: 40) == "\u{1B}[4F\u{1B}[J")
  }

  @Test func `wide characters take two columns, marks none, and none is cut in half`() {
    #expect(terminalColumns("abc") == 3 && terminalColumns("é") == 1 && terminalColumns("e\u{301}") == 1)
    #expect(terminalColumns("任务") == 4 && terminalColumns("🙂") == 2 && terminalColumns("█░·◆") == 4)
    #expect(terminalLine("任务任务", columns: 6) == "任务…")
    #expect(terminalLine("任务任务", columns: 8) == "任务任务")
  }

  @Test func `what commands a terminal or turns the direction round is replaced`() {
    #expect(terminalLine("a\u{1B}[2Jb\n\u{202E}c\u{85}", columns: 40) == "a\u{FFFD}[2Jb\u{FFFD}\u{FFFD}c\u{FFFD}")
  }
}
