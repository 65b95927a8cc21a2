// `attune report`: the matrix from what a sweep has stored so far.
internal import ArgumentParser
import Foundation
import Reports
import Shared

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report from what a sweep has stored.",
    discussion: """
      Prints the matrix and writes the files. Works on a sweep that still runs; the report says what is missing.

      Example:
        attune report runs/quickstart --format html,csv --out /tmp/quickstart-report
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Option(help: "Which files: html, markdown, csv, json, text, joined by commas (default: all).")
  var format: String?

  @Option(help: ArgumentHelp("Where to write them (default: the sweep's own report directory).", valueName: "dir"))
  var out: String?

  func validate() throws {
    try requireSweepName(directory)
    try requireWord(out, "--out", "name a directory, or leave it out")
    _ = try formats()
  }

  private func formats() throws -> [ReportFormat] {
    guard let format else { return ReportFormat.allCases }
    return try format.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let format = ReportFormat(rawValue: String(name)) else {
        let allowed = ReportFormat.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--format is \"\(name)\"; write one or more of \(allowed), joined by commas")
      }
      return format
    }
  }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    let results = try sweep.results()
    let matrix = SweepMatrix(results: results)
    let target = normalizedDirectory(out ?? sweep.store.directory.report)
    let files = try writeReport(results, matrix, formats: try formats(), to: target)
    print(matrixText(matrix, width: isatty(1) == 1 ? terminalWidth(of: 1) : 100))
    for file in files { print("wrote  \(file)") }
  }
}
