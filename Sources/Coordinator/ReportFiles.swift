// The report's files in DIR/report: whole or not at all, each in the format its name says.
internal import ArgumentParser
import Foundation
import Reports
import Shared
import Store

enum ReportFormat: String, CaseIterable, ExpressibleByArgument {
  case html, markdown, csv, json, text, latex, svg

  /// Paths below the report's directory, with what stands there.
  func files(_ report: Report) -> [(name: String, text: String)] {
    switch self {
    case .html: [("index.html", report.html)]
    case .markdown: [("matrix.md", matrixMarkdown(report.matrix))]
    case .csv: [("matrix.csv", matrixCSV(report.matrix))]
    case .json: [("matrix.json", matrixJSON(report.matrix))]
    case .text: [("matrix.txt", matrixText(report.matrix, width: 100))]
    case .latex: latexFiles(report.results, report.matrix)
    case .svg: figureFiles(report.pictures).map { ("figures/" + $0.name, $0.text) }
    }
  }
}

/// What all formats are made of.
struct Report {
  let results: SweepResults
  let matrix: SweepMatrix
  let theory: TheoryFindings?
  let pictures: ReportPictures

  /// - theory: what has been computed beside the results.
  init(_ results: SweepResults, _ matrix: SweepMatrix, theory: TheoryFindings?) {
    (self.results, self.matrix, self.theory) = (results, matrix, theory)
    pictures = ReportPictures(results, matrix, theory: theory)
  }

  var html: String { reportHTML(results: results, matrix: matrix, theory: theory, pictures: pictures) }

  /// Writes `formats` into `directory`, making it; returns the paths of the files, a folder of many as one.
  func write(_ formats: [ReportFormat] = ReportFormat.allCases, to directory: String) throws -> [String] {
    try makeDirectory(directory)
    var paths: [String] = []
    for format in formats {
      if format == .svg { try makeDirectory(directory + "/figures") }
      for file in format.files(self) {
        try replaceFile(directory + "/" + file.name, with: file.text)
        if format != .svg { paths.append(directory + "/" + file.name) }
      }
      if format == .svg { paths.append(directory + "/figures") }
    }
    return paths
  }

  /// Writes every picture into `directory`, making it; returns how many there are.
  func writeFigures(to directory: String) throws -> Int {
    try makeDirectory(directory)
    for file in figureFiles(pictures) { try replaceFile(directory + "/" + file.name, with: file.text) }
    return pictures.all.count
  }
}
