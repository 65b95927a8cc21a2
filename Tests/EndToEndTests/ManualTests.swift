// The manual pages that `make install` writes, made by the same program from the same two.
import Foundation
import Testing

extension EndToEnd {
  @ProcessThread @Suite struct Manual {
    /// Every command that help shows, as the words that call it.
    private func commands(_ node: [String: Any], below words: [String] = []) -> [[String]] {
      guard let name = node["commandName"] as? String, name != "help", node["shouldDisplay"] as? Bool == true else {
        return []
      }
      let own = words + [name]
      return [own] + ((node["subcommands"] as? [[String: Any]]) ?? []).flatMap { commands($0, below: own) }
    }

    @Test func `every command of both programs has a page with all its options, which groff takes without a warning`()
      throws
    {
      let directory = try TestDirectory()
      let programs = ["attune", "attune-worker"]
      let made = try RunningProgram(
        ["man1"] + programs.map { try productPath($0) }, of: "manual-pages", in: directory
      ).end()
      try #require(made.exitCode == 0 && made.errors.isEmpty, "\(made.errors)")
      var names: Set<String> = []
      for program in programs {
        let help = try RunningProgram(["--experimental-dump-help"], of: program, in: directory).end()
        let document = try JSONSerialization.jsonObject(with: Data(help.output.utf8)) as? [String: Any]
        for words in commands(try #require(document?["command"] as? [String: Any])) {
          let name = words.joined(separator: "-") + ".1"
          names.insert(name)
          let page = try directory.read("man1/\(name)").replacing("\\-", with: "-").replacing("\\%", with: "")
          #expect(page.contains("\\fB\(words.joined(separator: " "))\\fR\n"))
          let usage = try RunningProgram(
            Array(words.dropFirst()) + ["--help"], of: program, in: directory
          ).end().output
          let options = usage.matches(of: /^  (?:-\w, )?(--[\w-]+)/.anchorsMatchLineEndings())
          #expect(!options.isEmpty)
          for option in options { #expect(page.contains(option.1), "\(name) says nothing of \(option.1)") }
        }
      }
      #expect(names.count > 30)
      #expect(Set(try FileManager.default.contentsOfDirectory(atPath: directory.path + "/man1")) == names)
      guard FileManager.default.isExecutableFile(atPath: "/usr/bin/groff") else {
        print("skipped: no groff, so the pages were not set")
        return
      }
      let pages = names.map { "man1/\($0)" }
      let set = try RunningProgram(["-man", "-ww", "-z"] + pages, of: "/usr/bin/groff", in: directory).end()
      #expect(set.exitCode == 0 && set.errors.isEmpty, "\(set.errors)")
    }
  }
}
