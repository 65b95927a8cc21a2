// A JSON document with its keys in the order they were written, so that two reports of one sweep are equal byte by byte.
import Shared

indirect enum JSONValue {
  case null
  case flag(Bool)
  case integer(Int)
  /// Shortest form that reads back the same; null unless finite.
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([(String, JSONValue)])

  static func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
  static func texts(_ values: [String]) -> JSONValue { .list(values.map { .text($0) }) }

  init(_ value: ParameterValue) {
    switch value {
    case .integer(let number): self = .integer(number)
    case .number(let number): self = .number(number)
    case .text(let text): self = .text(text)
    case .flag(let flag): self = .flag(flag)
    case .list(let values): self = .list(values.map { JSONValue($0) })
    case .mapping(let entries): self = .object(entries.sorted { $0.key < $1.key }.map { ($0.key, JSONValue($0.value)) })
    }
  }

  /// Two spaces per level; lists of scalars on one line. Source: RFC 8259.
  func text(indent: Int = 0) -> String {
    let inner = String(repeating: " ", count: indent + 2)
    let outer = String(repeating: " ", count: indent)
    switch self {
    case .null: return "null"
    case .flag(let flag): return flag ? "true" : "false"
    case .integer(let number): return "\(number)"
    case .number(let number): return number.isFinite ? "\(number)" : "null"
    case .text(let text): return jsonString(text)
    case .list(let values):
      guard !values.allSatisfy(\.isScalar) else {
        return "[" + values.map { $0.text() }.joined(separator: ", ") + "]"
      }
      return "[\n" + values.map { inner + $0.text(indent: indent + 2) }.joined(separator: ",\n") + "\n\(outer)]"
    case .object(let entries):
      guard !entries.isEmpty else { return "{}" }
      let lines = entries.map { "\(inner)\(jsonString($0.0)): \($0.1.text(indent: indent + 2))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(outer)}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .null, .flag, .integer, .number, .text: true
    case .list, .object: false
    }
  }
}
