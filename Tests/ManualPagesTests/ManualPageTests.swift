// Manual pages of help texts that are awkward for roff, and where the parts of a help text go.
import Foundation
import ManualPages
import Testing

struct ManualPageTests {
  private func command(_ json: String) throws -> ProgramHelp.Command {
    try ProgramHelp(json: Data(#"{"serializationVersion":0,"command":\#(json)}"#.utf8)).command
  }

  private func page(_ json: String) throws -> String {
    ManualPage(command: try command(json), version: "1.2", date: 86_400, related: []).text
  }

  @Test func `every command has a page, however deep; help and hidden ones have none`() throws {
    let program = try command(
      #"""
      {"commandName":"one","shouldDisplay":true,"subcommands":[
        {"commandName":"two","superCommands":["one"],"shouldDisplay":true,"subcommands":[
          {"commandName":"three","superCommands":["one","two"],"shouldDisplay":true,"abstract":"Counts."}]},
        {"commandName":"hidden","superCommands":["one"],"shouldDisplay":false},
        {"commandName":"help","superCommands":["one"],"shouldDisplay":true}]}
      """#)
    let other = try command(#"{"commandName":"other","shouldDisplay":true}"#)
    let pages = ManualPagesProgram.pages(of: [program, other], version: "1", date: nil)
    #expect(pages.map(\.fileName) == ["one.1", "one-two.1", "one-two-three.1", "other.1"])
    #expect(pages[0].text.contains(".SH SEE ALSO\n\\fB\\%one\\-two\\fR(1),\n\\fB\\%other\\fR(1)\n"))
    #expect(pages[1].text.contains(".SH COMMANDS\n.TP\n\\fB\\%one\\-two\\-three\\fR(1)\nCounts.\n"))
    #expect(pages[2].text.contains(".SH SEE ALSO\n\\fB\\%one\\fR(1),\n\\fB\\%one\\-two\\fR(1)\n"))
  }

  @Test func `arguments stand in the synopsis and in lists, optional ones in brackets, with defaults and values`()
    throws
  {
    let text = try page(
      #"""
      {"commandName":"p","shouldDisplay":true,"abstract":"Does it.","arguments":[
        {"kind":"positional","shouldDisplay":true,"isOptional":false,"isRepeating":true,"valueName":"file",
         "abstract":"What."},
        {"kind":"option","shouldDisplay":true,"isOptional":true,"isRepeating":false,"valueName":"n","defaultValue":"1",
         "allValues":["1","2"],"names":[{"kind":"long","name":"many"},{"kind":"short","name":"m"}],"abstract":"How many."},
        {"kind":"flag","shouldDisplay":true,"isOptional":true,"isRepeating":false,"names":[{"kind":"long","name":"all"}]},
        {"kind":"flag","shouldDisplay":false,"isOptional":true,"isRepeating":false,
         "names":[{"kind":"long","name":"secret"}]}]}
      """#)
    #expect(text.contains(".SH NAME\np \\- does it\n"))
    #expect(
      text.contains(
        "\\fBp\\fR\n[\\fB\\%\\-\\-many\\fR|\\fB\\%\\-m\\fR\\ \\fIn\\fR]\n[\\fB\\%\\-\\-all\\fR]\n\\fIfile\\fR\\ ...\n"))
    #expect(text.contains(".SH ARGUMENTS\n.TP\n\\fIfile\\fR\nWhat.\n"))
    #expect(
      text.contains(".TP\n\\fB\\%\\-\\-many\\fR, \\fB\\%\\-m\\fR \\fIn\\fR\nHow many (values: 1, 2; default: 1).\n"))
    #expect(!text.contains("secret"))
    #expect(text.contains(".TH P 1 \"1970-01-02\" \"Attune 1.2\" \"Attune\"\n"))
  }

  @Test func `examples, the exit status and what is indented have places of their own`() {
    let discussion = Discussion(
      """
      First line
      goes on.

      Write:
          a
            b

      Examples:
        p one
        p two

      Exit status: 0 well, 1 not.
      """)
    #expect(
      discussion.description == [.prose("First line goes on."), .prose("Write:"), .example(["a", "  b"])])
    #expect(discussion.examples == ["p one", "p two"])
    #expect(discussion.exitStatus == "0 well, 1 not.")
    #expect(Discussion("").description.isEmpty)
  }

  @Test func `whatever a help text holds is shown as it stands`() {
    #expect(RoffText.literal(#"a\b -x 'q' "d" `g` ~^"#) == #"a\eb \-x \(aqq\(aq \(dqd\(dq \(gag\(ga \(ti\(ha"#)
    #expect(RoffText.literal("½ → 😀\u{7}.") == "\\[u00BD] \\[u2192] \\[u1F600] .")
    #expect(RoffText.example([".TH", "'x"]) == [".RS 4", ".EX", "\\&.TH", "\\(aqx", ".EE", ".RE"])
  }

  @Test func `prose has a sentence a line, code in bold, and never a line that is a request`() {
    #expect(
      RoffText.paragraph("Reads it. With --watch of `a --b c-d` (`x`).")
        == ["Reads it.", "With \\-\\-watch of \\fB\\%a\\fR \\fB\\%\\-\\-b\\fR \\fB\\%c\\-d\\fR (\\fB\\%x\\fR)."])
    #expect(RoffText.paragraph("well-known") == ["well-known"])
    #expect(RoffText.paragraph(".de x").first == "\\&.de x")
    let long = RoffText.paragraph(String(repeating: "word ", count: 40))
    #expect(long.count == 3 && long.allSatisfy { $0.count <= 76 })
    // A sentence does not end inside of code.
    #expect(RoffText.paragraph("Use `a. b` here").count == 1)
  }

  @Test func `a description of another version is refused`() {
    #expect(throws: ManualError.self) {
      try ProgramHelp(
        json: Data(#"{"serializationVersion":1,"command":{"commandName":"x","shouldDisplay":true}}"#.utf8))
    }
  }
}
