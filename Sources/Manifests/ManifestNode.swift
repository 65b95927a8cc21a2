// A manifest's YAML as a tree with line numbers, free of any YAML library, and the types of its scalars.
// Scalars follow the core schema of YAML 1.2.2 §10.3, so `1e-3` is a number and `yes` is text.
import Shared

struct ManifestNode {
  /// Counted from 1.
  let line: Int
  /// Of a scalar's first character, counted from 1; nil where its characters do not stand as they are.
  var column: Int?
  let content: Content

  init(line: Int, column: Int? = nil, content: Content) {
    (self.line, self.column, self.content) = (line, column, content)
  }

  indirect enum Content {
    /// `plain` is false for quoted and block scalars, which are always text.
    case scalar(String, plain: Bool)
    case list([ManifestNode])
    /// In the file's order, keys all different.
    case mapping([Entry])
  }

  struct Entry {
    let key: String
    /// Of the key.
    let line: Int
    let value: ManifestNode
  }

  /// As the user might write it in flow style.
  var text: String {
    switch content {
    case .scalar(let text, _): text
    case .list(let items): "[" + items.map(\.text).joined(separator: ", ") + "]"
    case .mapping(let entries): "{" + entries.map { "\($0.key): \($0.value.text)" }.joined(separator: ", ") + "}"
    }
  }

  var isNull: Bool {
    guard case .scalar(let text, plain: true) = content else { return false }
    return ["", "~", "null", "Null", "NULL"].contains(text)
  }

  func issue(_ subject: String, _ remedy: String) -> Issue {
    isNull
      ? Issue(line: line, "\(subject) is empty", remedy)
      : Issue(line: line, "\(subject) is \"\(excerpt(text))\"", remedy)
  }

  func entries(of subject: String, _ remedy: String) throws(Issue) -> [Entry] {
    guard case .mapping(let entries) = content else { throw issue(subject, remedy) }
    return entries
  }

  /// Any scalar but null, as it is written: `name: 2024` is a fine name.
  func word(of subject: String, _ remedy: String) throws(Issue) -> String {
    guard case .scalar(let text, _) = content, !isNull else { throw issue(subject, remedy) }
    return text
  }

  func integer(of subject: String, in range: ClosedRange<Int>) throws(Issue) -> Int {
    guard case .integer(let value)? = scalarValue, range.contains(value) else {
      throw issue(subject, "write a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }

  func flag(of subject: String) throws(Issue) -> Bool {
    guard case .flag(let value)? = scalarValue else { throw issue(subject, "write true or false") }
    return value
  }

  /// A finite number that `accepts` holds for.
  func number(
    of subject: String, _ remedy: String = "write a number", where accepts: (Double) -> Bool = { _ in true }
  ) throws(Issue) -> Double {
    let number: Double
    switch scalarValue {
    case .integer(let value): number = Double(value)
    case .number(let value): number = value
    default: throw issue(subject, remedy)
    }
    guard number.isFinite, accepts(number) else { throw issue(subject, remedy) }
    return number
  }

  /// The value this node stands for as a parameter's value.
  func parameterValue(of subject: String) throws(Issue) -> ParameterValue {
    guard !isNull else { throw issue(subject, "write a value") }
    switch content {
    case .scalar:
      guard let value = scalarValue else { throw issue(subject, "write a value") }
      if case .number(let number) = value, !number.isFinite { throw issue(subject, "write a finite number") }
      return value
    case .list(let items):
      var values: [ParameterValue] = []
      for item in items { values.append(try item.parameterValue(of: subject)) }
      return .list(values)
    case .mapping(let entries):
      var values: [String: ParameterValue] = [:]
      for entry in entries { values[entry.key] = try entry.value.parameterValue(of: "\(subject).\(entry.key)") }
      return .mapping(values)
    }
  }

  /// A scalar by the core schema; nil for null, lists and mappings. `.inf` and `.nan` are numbers here, so that whoever
  /// asks can refuse them in words.
  var scalarValue: ParameterValue? {
    guard case .scalar(let text, let plain) = content else { return nil }
    guard plain else { return .text(text) }
    switch text {
    case "", "~", "null", "Null", "NULL": return nil
    case "true", "True", "TRUE": return .flag(true)
    case "false", "False", "FALSE": return .flag(false)
    case ".nan", ".NaN", ".NAN": return .number(.nan)
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number(.infinity)
    case "-.inf", "-.Inf", "-.INF": return .number(-.infinity)
    default: return coreNumber(text) ?? .text(text)
    }
  }
}

/// An integer or a float of the core schema, or nil. An integer beyond 64 bits becomes the nearest float.
private func coreNumber(_ text: String) -> ParameterValue? {
  if text.hasPrefix("0x") { return Int(text.dropFirst(2), radix: 16).map { .integer($0) } }
  if text.hasPrefix("0o") { return Int(text.dropFirst(2), radix: 8).map { .integer($0) } }
  var rest = text.utf8[...]
  func skipSign() { if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest.removeFirst() } }
  func skipDigits() -> Int {
    let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
    rest = rest.dropFirst(digits)
    return digits
  }
  skipSign()
  var digits = skipDigits()
  guard !rest.isEmpty else {
    guard digits > 0 else { return nil }
    return Int(text).map { .integer($0) } ?? Double(text).map { .number($0) }
  }
  if rest.first == UInt8(ascii: ".") {
    rest.removeFirst()
    digits += skipDigits()
  }
  guard digits > 0 else { return nil }
  if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
    rest.removeFirst()
    skipSign()
    guard skipDigits() > 0 else { return nil }
  }
  guard rest.isEmpty, let number = Double(text) else { return nil }
  // −0 and 0 are equal but differ in their bits, which identities are taken from.
  return .number(number == 0 ? 0 : number)
}
