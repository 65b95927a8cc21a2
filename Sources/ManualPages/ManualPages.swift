// The program `manual-pages`, which `make install` runs: manual-pages FOLDER PROGRAM... asks each program what it can do and
// writes a page of section 1 for it and for every command of it. SOURCE_DATE_EPOCH dates them (reproducible-builds.org).
import Foundation
import Shared

@main
package struct ManualPagesProgram {
  package static func main() {
    let arguments = CommandLine.arguments.dropFirst()
    guard let folder = arguments.first, arguments.count > 1 else {
      fail("usage: manual-pages FOLDER PROGRAM...", status: 64)
    }
    do {
      let commands = try arguments.dropFirst().map { try ProgramHelp(json: try askedForHelp($0)).command }
      let date = ProcessInfo.processInfo.environment["SOURCE_DATE_EPOCH"].flatMap(Int.init)
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      for page in pages(of: commands, version: programVersion, date: date) {
        try Data(page.text.utf8).write(to: URL(filePath: folder).appending(path: page.fileName), options: .atomic)
      }
    } catch {
      fail("\(error)", status: 1)
    }
  }

  /// One for each command that is shown, however deep.
  package static func pages(of programs: [ProgramHelp.Command], version: String, date: Int?) -> [ManualPage] {
    func pages(_ command: ProgramHelp.Command) -> [ManualPage] {
      let others = command.superCommands == nil ? programs.map(\.pageName).filter { $0 != command.pageName } : []
      return [ManualPage(command: command, version: version, date: date, related: others)]
        + command.shownSubcommands.flatMap(pages)
    }
    return programs.flatMap(pages)
  }

  private static func askedForHelp(_ program: String) throws -> Data {
    let process = Process()
    let answer = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = ["--experimental-dump-help"]
    process.standardOutput = answer
    try process.run()
    let json = try answer.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw ManualError("\(program) --experimental-dump-help ended with status \(process.terminationStatus)")
    }
    return json
  }

  private static func fail(_ text: String, status: Int32) -> Never {
    FileHandle.standardError.write(Data("manual-pages: \(text)\n".utf8))
    exit(status)
  }
}
