// What a program says of itself with --experimental-dump-help: swift-argument-parser's description of commands, version 0
// (its module ArgumentParserToolInfo). Only what a manual page shows is read.
import Foundation

package struct ProgramHelp: Decodable, Equatable {
  package struct Command: Decodable, Equatable {
    /// The commands above it, outermost first; the program itself has none.
    var superCommands: [String]?
    var commandName: String
    var shouldDisplay: Bool
    var abstract: String?
    var discussion: String?
    var subcommands: [Command]?
    var arguments: [Argument]?

    /// As it is called: `attune export metrics`.
    var words: [String] { (superCommands ?? []) + [commandName] }
    /// `attune-export-metrics`.
    var pageName: String { words.joined(separator: "-") }
    /// Those with a page of their own. `help` shows the help of others, which their pages are.
    var shownSubcommands: [Command] { (subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" } }
    var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
  }

  package struct Argument: Decodable, Equatable {
    package enum Kind: String, Decodable { case positional, option, flag }
    package struct Name: Decodable, Equatable {
      package enum Kind: String, Decodable { case long, short, longWithSingleDash }
      var kind: Kind
      var name: String
      var text: String { (kind == .long ? "--" : "-") + name }
    }
    var kind: Kind
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
    var discussion: String?
  }

  var serializationVersion: Int
  package var command: Command

  package init(json: Data) throws {
    self = try JSONDecoder().decode(Self.self, from: json)
    guard serializationVersion == 0 else {
      throw ManualError("the program describes itself in version \(serializationVersion), and only 0 is known")
    }
  }
}

package struct ManualError: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
