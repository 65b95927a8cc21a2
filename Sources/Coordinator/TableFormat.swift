// Tables of numbers as text, CSV or JSON, and the options that several commands read alike.
internal import ArgumentParser
import Foundation

enum TableValue {
  case text(String)
  case number(Double?)
}

enum TableFormat: String, ExpressibleByArgument, CaseIterable {
  case text, csv, json

  /// - rows: the first holds the columns' names. Numbers are rounded in text alone.
  func text(_ rows: [[TableValue]]) throws -> String {
    switch self {
    case .text: return table(rows.map { $0.map(\.shown) })
    case .csv: return rows.map { $0.map { csvField($0.exact) }.joined(separator: ",") }.joined(separator: "\n")
    case .json:
      let names = rows[0].map(\.exact)
      return try rows.dropFirst().map { row in
        try jsonText(
          Dictionary(
            uniqueKeysWithValues: zip(names, row).compactMap { name, value in
              value.json.map { (name, $0) }
            }))
      }.joined(separator: "\n")
    }
  }
}

extension TableValue {
  fileprivate enum JSON: Encodable {
    case text(String)
    case number(Double)
    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .text(let text): try container.encode(text)
      case .number(let number): try container.encode(number)
      }
    }
  }

  fileprivate var shown: String {
    switch self {
    case .text(let text): text
    case .number(let number): number.map { String(format: "%.4g", $0) } ?? ""
    }
  }

  fileprivate var exact: String {
    switch self {
    case .text(let text): text
    case .number(let number): number.map { "\($0)" } ?? ""
    }
  }

  /// Nil for what is not there or no number.
  fileprivate var json: JSON? {
    switch self {
    case .text(let text): .text(text)
    case .number(let number): number.flatMap { $0.isFinite ? .number($0) : nil }
    }
  }
}

/// Source: RFC 4180 §2.
func csvField(_ text: String) -> String {
  text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacingOccurrences(of: "\"", with: "\"\""))\"" : text
}

func requireCount(_ value: Int, _ name: String, _ range: ClosedRange<Int>) throws {
  guard range.contains(value) else {
    throw ValidationError("\(name) is \(value); write a number from \(range.lowerBound) to \(range.upperBound)")
  }
}

/// The numbers of `--covariance`.
func numberList(_ text: String) throws -> [Double] {
  try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
    guard let number = Double(part), number.isFinite, number > 0 else {
      throw ValidationError("--covariance is \"\(text)\"; write numbers above 0, joined by commas")
    }
    return number
  }
}

/// A text file that is written line by line and appears under its name as a whole, when it is closed.
final class LineFile {
  private let path: String
  private let temporary: String
  private let handle: FileHandle
  private var waiting = Data()

  init(_ path: String) throws {
    self.path = path
    temporary = path + ".part"
    guard FileManager.default.createFile(atPath: temporary, contents: nil),
      let handle = FileHandle(forWritingAtPath: temporary)
    else { throw CommandFailure("\(path): it cannot be written; choose a file in a directory that you may write to") }
    self.handle = handle
  }

  func write(_ line: String) throws {
    waiting.append(contentsOf: line.utf8)
    waiting.append(10)
    if waiting.count > 1 << 20 { try flush() }
  }

  private func flush() throws {
    do { try handle.write(contentsOf: waiting) } catch {
      unlink(temporary)
      throw CommandFailure("\(path): it could not be written (\(error.localizedDescription)); make room and try again")
    }
    waiting.removeAll(keepingCapacity: true)
  }

  func close() throws {
    try flush()
    guard fsync(handle.fileDescriptor) == 0, rename(temporary, path) == 0 else {
      throw CommandFailure("\(path): \(String(cString: strerror(errno))); choose another file")
    }
  }
}
