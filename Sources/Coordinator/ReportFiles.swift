// The report's files in DIR/report: whole or not at all, each in the format its name says.
internal import ArgumentParser
import Foundation
import Reports
import Shared
import Store

enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case html, markdown, csv, json, text

  var fileName: String {
    switch self {
    case .html: "index.html"
    case .markdown: "matrix.md"
    case .csv: "matrix.csv"
    case .json: "matrix.json"
    case .text: "matrix.txt"
    }
  }

  func content(_ results: SweepResults, _ matrix: SweepMatrix, _ theory: TheoryFindings?) -> String {
    switch self {
    case .html: reportHTML(results: results, matrix: matrix, theory: theory)
    case .markdown: matrixMarkdown(matrix)
    case .csv: matrixCSV(matrix)
    case .json: matrixJSON(matrix)
    case .text: matrixText(matrix, width: 100)
    }
  }
}

/// Writes `formats` into `directory`, making it; returns the files' paths.
/// - theory: what has been computed beside the results.
func writeReport(
  _ results: SweepResults, _ matrix: SweepMatrix, theory: TheoryFindings?,
  formats: [ReportFormat] = ReportFormat.allCases, to directory: String
) throws -> [String] {
  try makeDirectory(directory)
  return try formats.map { format in
    let path = directory + "/" + format.fileName
    try replaceFile(path, with: format.content(results, matrix, theory))
    return path
  }
}
