// What the programs write to terminals of several sizes, to such as know no escape codes, and into pipes.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Terminals {
    private static let escape = "\u{1B}"

    @Test func `a run fits its progress to the terminal, draws it over itself and leaves only what stays`() throws {
      let directory = try TestDirectory()
      let terminal = try PseudoTerminal(columns: 48, rows: 30)
      let program = try RunningProgram(
        try TinySweep.many.command(in: directory), in: directory, on: terminal, environment: ["NO_COLOR=1"])
      #expect(try program.end().exitCode == 0)
      try waitUntil("the terminal has everything") { terminal.isOver }
      let (text, screen) = (terminal.written, terminal.screen)
      // Drawn several times, and taken away.
      #expect(text.ranges(of: "of 36 trials done").count > 1 && text.contains("░"))
      #expect(!screen.lines.contains { $0.contains("░") || $0.contains("trials done") })
      // Only moves to a line further up and erasing: no colour, nothing else.
      #expect(screen.codes == ["F", "J"])
      for line in text.split(whereSeparator: \.isNewline) where line.contains("░") || line.contains("trials done") {
        let shown = line.split(separator: "J").last ?? ""
        #expect(shown.count < 48, "\(shown)")
      }
      #expect(screen.lines.contains { $0.hasPrefix("task") } && screen.lines.contains { $0.contains("report") })
    }

    @Test func `status in place is there once, at any size, and whole in the end`() throws {
      let directory = try TestDirectory()
      let sweep = try RunningProgram(try TinySweep.many.command(in: directory), in: directory)
      try waitUntil("a trial has ended") { directory.sweep().count(of: "ended") >= 1 }
      let terminal = try PseudoTerminal(columns: 30, rows: 6)
      let watch = try RunningProgram(["status", "out", "--watch"], in: directory, on: terminal)
      #expect(try sweep.end().exitCode == 0)
      #expect(try watch.end().exitCode == 0)
      try waitUntil("the terminal has everything") { terminal.isOver }
      let screen = terminal.screen
      #expect(terminal.written.ranges(of: "of 36 trials").count > 1)
      let shown = screen.lines.joined()
      #expect(shown.ranges(of: "tiny: 36 of 36 trials").count == 1 && shown.ranges(of: "of 36 trials").count == 1)
      #expect(screen.lines.contains { $0.contains("pending") } && !shown.contains("more lines"))
      #expect(screen.codes == ["F", "J"])
    }

    @Test func `pipes and terminals without escape codes get none`() throws {
      let directory = try TestDirectory()
      let ended = try attune(try TinySweep().command(in: directory), in: directory)
      #expect(ended.exitCode == 0 && !ended.errors.isEmpty)
      #expect(!(ended.output + ended.errors).contains(Self.escape))
      let status = try attune(["status", "out", "--watch"], in: directory)
      #expect(status.exitCode == 0 && !status.output.contains(Self.escape))
      let dumb = try PseudoTerminal(columns: 80, rows: 24)
      let again = try RunningProgram(
        try TinySweep().command(in: directory, out: "again"), in: directory, on: dumb, environment: ["TERM=dumb"])
      #expect(try again.end().exitCode == 0)
      try waitUntil("the terminal has everything") { dumb.isOver }
      #expect(dumb.written.contains("report") && !dumb.written.contains(Self.escape))
    }
  }
}
