// One page of section 1: a command with its arguments, examples and relatives, as source for man(7).
import Foundation

package struct ManualPage {
  let command: ProgramHelp.Command
  let version: String
  /// Of the sources, in seconds since 1970; nil leaves it out.
  let date: Int?
  /// Pages to look at besides those above and below: the other programs.
  let related: [String]

  package init(command: ProgramHelp.Command, version: String, date: Int?, related: [String]) {
    (self.command, self.version, self.date, self.related) = (command, version, date, related)
  }

  package var fileName: String { command.pageName + ".1" }

  /// The page's source, ending with a newline.
  package var text: String {
    let parts = Discussion(command.discussion ?? "")
    let abstract = command.abstract ?? ""
    var lines = [
      ".\\\" Written by manual-pages from what the program says of itself.",
      ".TH \(RoffText.literal(command.pageName.uppercased())) 1 \"\(dateText)\" \"Attune \(version)\" \"Attune\"",
      ".ad l",
      ".SH NAME", "\(RoffText.literal(command.pageName)) \\- \(nameLine(abstract))",
      ".SH SYNOPSIS",
    ]
    lines += synopsis + [".SH DESCRIPTION"]
    lines += RoffText.paragraph(abstract)
    for block in parts.description { lines += [".PP"] + block.source }
    lines += list("ARGUMENTS", command.shownArguments.filter { $0.kind == .positional })
    lines += list("OPTIONS", command.shownArguments.filter { $0.kind != .positional })
    if !command.shownSubcommands.isEmpty {
      lines.append(".SH COMMANDS")
      for each in command.shownSubcommands {
        lines += [".TP", reference(each.pageName)] + RoffText.paragraph(each.abstract ?? "")
      }
    }
    if let status = parts.exitStatus { lines += [".SH EXIT STATUS"] + RoffText.paragraph(status) }
    if !parts.examples.isEmpty { lines += [".SH EXAMPLES"] + RoffText.example(parts.examples) }
    lines += seeAlso
    return lines.joined(separator: "\n") + "\n"
  }

  /// `show how far a sweep is`: apropos(1) and whatis(1) show it behind the name.
  private func nameLine(_ abstract: String) -> String {
    let sentence = abstract.hasSuffix(".") ? String(abstract.dropLast()) : abstract
    return RoffText.paragraph(sentence.prefix(1).lowercased() + sentence.dropFirst()).joined(separator: " ")
  }

  private var synopsis: [String] {
    let name = "\\fB\(RoffText.literal(command.words.joined(separator: " ")))\\fR"
    var words = command.shownArguments.filter { $0.kind != .positional }.map(usage)
    words += command.shownArguments.filter { $0.kind == .positional }.map(usage)
    if !command.shownSubcommands.isEmpty { words.append("\\fIcommand\\fR ...") }
    return [([name] + words).joined(separator: "\n")]
  }

  private func usage(_ argument: ProgramHelp.Argument) -> String {
    let names = (argument.names ?? []).map { bold($0.text) }.joined(separator: "|")
    var text =
      switch argument.kind {
      case .positional: value(of: argument)
      case .flag: names
      // The space between an option and its value is none to break a line at.
      case .option: "\(names)\\ \(value(of: argument))"
      }
    if argument.isRepeating { text += "\\ ..." }
    return argument.isOptional ? "[\(text)]" : text
  }

  private func list(_ title: String, _ arguments: [ProgramHelp.Argument]) -> [String] {
    guard !arguments.isEmpty else { return [] }
    return [".SH \(title)"] + arguments.flatMap(entry)
  }

  private func entry(_ argument: ProgramHelp.Argument) -> [String] {
    let names = (argument.names ?? []).map { bold($0.text) }.joined(separator: ", ")
    let head =
      switch argument.kind {
      case .positional: value(of: argument)
      case .flag: names
      case .option: "\(names) \(value(of: argument))"
      }
    var notes: [String] = []
    if let values = argument.allValues, !values.isEmpty { notes.append("values: \(values.joined(separator: ", "))") }
    if let known = argument.defaultValue { notes.append("default: \(known)") }
    var text = argument.abstract ?? ""
    if !notes.isEmpty {
      if text.hasSuffix(".") { text.removeLast() }
      text += " (\(notes.joined(separator: "; ")))."
    }
    var lines = [".TP", head] + RoffText.paragraph(text)
    for block in Discussion(argument.discussion ?? "").description { lines += [".IP"] + block.source }
    return lines
  }

  private var seeAlso: [String] {
    // The program, the command it belongs to, and its own commands, which COMMANDS tells about.
    let above = command.words.indices.dropLast().map { command.words[...$0].joined(separator: "-") }
    let names = above + command.shownSubcommands.map(\.pageName) + related
    guard !names.isEmpty else { return [] }
    return [".SH SEE ALSO"] + names.enumerated().map { reference($1) + ($0 < names.count - 1 ? "," : "") }
  }

  private func reference(_ page: String) -> String { bold(page) + "(1)" }
  private func bold(_ text: String) -> String { "\\fB\\%\(RoffText.literal(text))\\fR" }
  private func value(of argument: ProgramHelp.Argument) -> String {
    "\\fI\(RoffText.literal(argument.valueName ?? "value"))\\fR"
  }

  /// 2026-11-22, in UTC.
  private var dateText: String {
    guard let date else { return "" }
    return Date(timeIntervalSince1970: Double(date)).formatted(.iso8601.year().month().day())
  }
}

/// A help text's paragraphs by where a manual page has them.
package struct Discussion: Equatable {
  package enum Block: Equatable {
    case prose(String)
    /// Indented lines, less what all of them are indented by.
    case example([String])

    var source: [String] {
      switch self {
      case .prose(let text): RoffText.paragraph(text)
      case .example(let lines): RoffText.example(lines)
      }
    }
  }

  package private(set) var description: [Block] = []
  /// What stood behind "Exit status:".
  package private(set) var exitStatus: String?
  /// What stood indented below "Example:" or "Examples:".
  package private(set) var examples: [String] = []

  package init(_ text: String) {
    for paragraph in text.components(separatedBy: "\n\n") {
      let lines = paragraph.split(separator: "\n").map(String.init)
      let prose = lines.prefix { !$0.hasPrefix(" ") }
      let shown = Self.unindented(Array(lines.dropFirst(prose.count)))
      let words = prose.joined(separator: " ")
      if let status = words.components(separatedBy: "Exit status: ").dropFirst().first, words.hasPrefix("Exit status: ")
      {
        exitStatus = status.prefix(1).uppercased() + status.dropFirst()
      } else if ["Example:", "Examples:"].contains(words) {
        examples += shown
        continue
      } else if !words.isEmpty {
        description.append(.prose(words))
      }
      if !shown.isEmpty { description.append(.example(shown)) }
    }
  }

  private static func unindented(_ lines: [String]) -> [String] {
    let margin = lines.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(margin)) }
  }
}
