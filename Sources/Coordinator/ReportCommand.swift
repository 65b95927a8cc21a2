// `attune report`: the matrix from what a sweep has stored so far.
internal import ArgumentParser
import Foundation
import Reports
import Shared
import Store

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write the report from what a sweep has stored.",
    discussion: """
      Prints the matrix and writes the files. Works on a sweep that still runs; the report says what is missing.
      --theory puts theory beside the networks: what its predictors reach on every task, and how near every reporting
      network is to theory's form. That is computed, which takes seconds per task and activation, and kept as theory.json,
      from which later reports take it. With --along the form is measured along the training, which trains the reporting
      trials once more; with --references the attainable references are found, seconds each.

      Examples:
        attune report runs/quickstart --format html,csv --out /tmp/quickstart-report
        attune report runs/structure --theory --along
      """)

  @Argument(help: "The sweep's directory.", completion: .directory)
  var directory: String

  @Option(help: "Which files: html, markdown, csv, json, text, joined by commas (default: all).")
  var format: String?

  @Option(help: ArgumentHelp("Where to write them (default: the sweep's own report directory).", valueName: "dir"))
  var out: String?

  @Flag(help: "Compute theory's baselines and the networks' form for the page.")
  var theory = false
  @Flag(help: "Measure the form along the training too.")
  var along = false
  @Flag(help: "Find the attainable references too.")
  var references = false

  func validate() throws {
    try requireSweepName(directory)
    try requireWord(out, "--out", "name a directory, or leave it out")
    if !theory, along || references { throw ValidationError("--along and --references need --theory") }
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

  private func findings(_ sweep: StoredSweep) throws -> TheoryFindings? {
    let place = sweep.store.directory.report
    guard theory else { return storedTheory(place) }
    let found = try ReportTheory(sweep, along: along, references: references).compute()
    try makeDirectory(place)
    try replaceFile(place + "/" + theoryFile, with: try jsonText(found))
    return found
  }

  func run() throws {
    let sweep = try StoredSweep(reading: directory)
    let results = try sweep.results()
    let matrix = SweepMatrix(results: results)
    let target = normalizedDirectory(out ?? sweep.store.directory.report)
    let files = try writeReport(
      results, matrix, theory: try findings(sweep), formats: try formats(), to: target)
    print(matrixText(matrix, width: isatty(1) == 1 ? terminalWidth(of: 1) : 100))
    for file in files { print("wrote  \(file)") }
  }
}
