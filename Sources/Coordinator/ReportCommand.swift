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

  @Argument(help: "The sweep's directory, or several to be one report.", completion: .directory)
  var directories: [String]

  @Option(help: "Which files: html, markdown, csv, json, text, latex, svg, joined by commas (default: all).")
  var format: String?

  @Option(help: ArgumentHelp("Where to write them (default: the sweep's own report directory).", valueName: "dir"))
  var out: String?

  @Option(
    help: ArgumentHelp(
      "Write every picture as SVG with its numbers as CSV into this folder, and no other file.", valueName: "dir"))
  var figures: String?

  @Flag(help: "Compute theory's baselines and the networks' form for the page.")
  var theory = false
  @Flag(help: "Measure the form along the training too.")
  var along = false
  @Flag(help: "Find the attainable references too.")
  var references = false

  func validate() throws {
    for directory in directories { try requireSweepName(directory) }
    if directories.count > 1, out == nil, figures == nil {
      throw ValidationError("several directories have no report directory of their own; add --out DIR")
    }
    if directories.count > 1, theory { throw ValidationError("--theory is computed for one directory at a time") }
    if figures != nil, format != nil || out != nil {
      throw ValidationError("--figures writes pictures alone; leave out --format and --out, or use --format svg")
    }
    try requireWord(figures, "--figures", "name a directory, or leave it out")
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
    let sweeps = try directories.map { try StoredSweep(reading: $0) }
    let results = try mergedResults(sweeps)
    let matrix = SweepMatrix(results: results)
    let report = Report(results, matrix, theory: try sweeps.count == 1 ? findings(sweeps[0]) : nil)
    if let figures {
      let place = normalizedDirectory(figures)
      print("wrote  \(try report.writeFigures(to: place)) pictures in \(place)")
      return
    }
    let files = try report.write(
      try formats(), to: normalizedDirectory(out ?? sweeps[0].store.directory.report))
    print(matrixText(matrix, width: isatty(1) == 1 ? terminalSize(of: 1).columns : 100))
    for file in files { print("wrote  \(file)") }
  }
}
