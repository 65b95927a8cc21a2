// A manifest's own activations and tasks: formulas under names, which its parameters then use as values. Names are for
// people; what a configuration is, is the formula's canonical text.
import Shared

struct Definitions {
  private let named: NamedValues
  /// Canonical texts by name: `expression(…)` and `kernel(…)`.
  private(set) var activations: [String: String] = [:]
  private(set) var tasks: [String: String] = [:]

  init(_ named: NamedValues) { self.named = named }

  /// What the plan shows for a canonical text.
  var names: [String: String] {
    var names: [String: String] = [:]
    for (name, text) in activations {
      names[text] = name
      names["normalized(\(text))"] = "normalized(\(name))"
    }
    for (name, text) in tasks { names[text] = name }
    return names
  }

  mutating func readActivations(_ node: ManifestNode) throws(Issue) {
    let example = "write {quick_gelu: \"s * sigmoid(1.702 * s)\"}"
    for entry in try node.entries(of: "activations", example) {
      let subject = try Self.checkedName(entry, "activations", taken: Activation.names)
      let formula = try Self.formula(entry.value, subject) { text throws(ExpressionError) in
        try ActivationFormula(text)
      }
      activations[entry.key] = "expression(\(formula))"
    }
  }

  mutating func readTasks(_ node: ManifestNode) throws(Issue) {
    let example = "write {rational: {kernel: \"(1 + sqdist) ^ -1\"}}"
    for entry in try node.entries(of: "tasks", example) {
      let subject = try Self.checkedName(entry, "tasks", taken: TaskKernel.names)
      let fields = try entry.value.entries(of: subject, "write {kernel: \"…\"}")
      var maps: [String: [[Double]]] = [:]
      for field in fields where field.key == "maps" {
        for map in try field.value.entries(of: "\(subject).maps", "write {G: [[1, 0], [0, 1]]}") {
          maps[map.key] = try Self.matrix(map.value, "\(subject).maps.\(excerpt(map.key))")
        }
      }
      for field in fields where field.key != "maps" && field.key != "kernel" {
        throw Issue(
          line: field.line, "\(subject) has the unknown key \"\(excerpt(field.key))\"",
          suggestion(for: field.key, among: ["kernel", "maps"]))
      }
      guard let kernel = fields.first(where: { $0.key == "kernel" }) else {
        throw Issue(line: entry.line, "\(subject) has no kernel", "add kernel: \"…\"")
      }
      let expression = try Self.formula(kernel.value, "\(subject).kernel") { text throws(ExpressionError) in
        try Expression(text, as: .kernel(maps: maps))
      }
      tasks[entry.key] = "kernel(\(expression))"
    }
  }

  /// `value` with names of this manifest replaced by what they stand for.
  func resolved(_ value: ParameterValue, of name: ParameterName, _ node: ManifestNode) throws(Issue) -> ParameterValue {
    switch (name, value) {
    case (.initialization, _): return try named.start(value, node)
    case (.activation, .list(let items)):
      var resolved: [ParameterValue] = []
      for item in items { resolved.append(try self.resolved(item, of: name, node)) }
      return .list(resolved)
    case (.activation, .text(let text)):
      if let known = activations[text] { return .text(known) }
      for (name, known) in activations where text == "normalized(\(name))" { return .text("normalized(\(known))") }
      return value
    case (.task, .text(let text)): return .text(tasks[text] ?? text)
    case (.task, _): return try named.mixture(value, node) { tasks[$0] ?? $0 }
    default: return value
    }
  }

  /// The names that may stand where `name` takes a value.
  func known(_ name: ParameterName) -> [String] {
    switch name {
    case .activation: activations.keys.sorted()
    case .task: tasks.keys.sorted()
    default: []
    }
  }

  /// `activations.quick_gelu`, for errors.
  private static func checkedName(
    _ entry: ManifestNode.Entry, _ section: String, taken: [String]
  ) throws(Issue) -> String {
    let isWord =
      entry.key.utf8.count <= 40 && entry.key.utf8.first.map { (97...122).contains($0) } == true
      && entry.key.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    guard isWord else {
      throw Issue(
        line: entry.line, "\(section) defines \"\(excerpt(entry.key))\"",
        "write a name of at most 40 small letters, digits and underscores that starts with a letter")
    }
    guard !taken.contains(entry.key) else {
      throw Issue(line: entry.line, "\(section) defines \"\(entry.key)\", which exists already", "choose another name")
    }
    return "\(section).\(entry.key)"
  }

  private static func formula<Formula>(
    _ node: ManifestNode, _ subject: String, _ read: (String) throws(ExpressionError) -> Formula
  ) throws(Issue) -> Formula {
    let text = try node.word(of: subject, "write a formula in quotation marks")
    do { return try read(text) } catch {
      var issue = Issue(line: node.line, "\(subject): \(error.finding)", error.remedy)
      issue.column = node.column.map { $0 + error.offset }
      issue.pointer = .init(text: text, offset: error.offset)
      throw issue
    }
  }

  /// Rows of numbers, or the diagonal of a square matrix.
  private static func matrix(_ node: ManifestNode, _ subject: String) throws(Issue) -> [[Double]] {
    let remedy = "write rows of equal length, [[1, 0], [0, 1]], or the numbers of a diagonal, [1, 0.5]"
    guard case .list(let items) = node.content, !items.isEmpty, items.count <= ExpressionLimits.matrixRows else {
      throw node.issue(subject, remedy)
    }
    func number(_ node: ManifestNode) throws(Issue) -> Double {
      try node.number(of: subject, remedy) { Float($0).isFinite }
    }
    guard case .list = items[0].content else {
      var diagonal: [Double] = []
      for item in items { diagonal.append(try number(item)) }
      return diagonal.indices.map { i in diagonal.indices.map { $0 == i ? diagonal[i] : 0 } }
    }
    var rows: [[Double]] = []
    for item in items {
      guard case .list(let numbers) = item.content, !numbers.isEmpty, numbers.count <= 128 else {
        throw item.issue(subject, remedy)
      }
      var row: [Double] = []
      for node in numbers { row.append(try number(node)) }
      rows.append(row)
    }
    guard rows.allSatisfy({ $0.count == rows[0].count }) else { throw node.issue(subject, remedy) }
    return rows
  }
}
