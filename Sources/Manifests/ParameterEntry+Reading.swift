// Reading one entry of `parameters` by the W&B sweep convention:
// {value} · {values} · {values, probabilities} · {min, max} · {distribution, …}.
import Shared

extension ParameterEntry {
  /// - node: what stands after the parameter's name.
  init(_ name: ParameterName, line: Int, node: ManifestNode, _ definitions: Definitions) throws(Issue) {
    (self.name, self.line) = (name, line)
    let subject = name.rawValue
    let entries = try node.entries(of: subject, Self.remedyForBareValue(node))
    if entries.contains(where: { $0.key == "parameters" }) {
      throw Issue(
        line: line, "\(subject) has nested parameters", "write its value as one: \(subject): {value: …}")
    }
    var fields = Fields(subject: subject, line: line, entries: entries)
    if let when = fields.take("when") { conditions = try Self.conditions(of: name, when, definitions) }
    let distribution = try Self.distribution(&fields)
    try fields.allowOnly(distribution.keys)
    switch distribution {
    case .constant: domain = .constant(try Self.placed(name, fields.required("value"), definitions))
    case .categorical: domain = try Self.choices(name, fields, definitions)
    case .categoricalWithProbabilities:
      _ = try fields.required("probabilities")
      domain = try Self.choices(name, fields, definitions)
    default: domain = .range(try Self.range(name, distribution, fields))
    }
  }

  /// `when: {optimizer: [adam, adamw]}`: a value or a list of them for each parameter; all must hold.
  private static func conditions(
    of name: ParameterName, _ node: ManifestNode, _ definitions: Definitions
  ) throws(Issue) -> [Condition] {
    let subject = "\(name.rawValue).when"
    let entries = try node.entries(of: subject, "write {optimizer: adam}, a parameter and the value it must have")
    guard !entries.isEmpty else { throw Issue(line: node.line, "\(subject) is empty", "write {optimizer: adam}") }
    var conditions: [Condition] = []
    for entry in entries {
      guard let parent = ParameterName(rawValue: entry.key) else {
        let near = nearest(to: entry.key, among: ParameterName.allCases.map(\.rawValue))
        throw Issue(
          line: entry.line, "\(subject) has \"\(excerpt(entry.key))\", which is not a parameter",
          near.map { "did you mean \($0)?" } ?? "docs/manifest.md lists all parameters")
      }
      var items = [entry.value]
      if case .list(let list) = entry.value.content { items = list }
      guard !items.isEmpty else {
        throw Issue(line: entry.line, "\(subject).\(parent.rawValue) is an empty list", "write at least one value")
      }
      var values: [Placed] = []
      for item in items { values.append(try placed(parent, item, definitions)) }
      conditions.append(Condition(parent: parent, values: values, line: entry.line))
    }
    return conditions
  }

  private static func remedyForBareValue(_ node: ManifestNode) -> String {
    if case .list = node.content { return "write {values: \(excerpt(node.text))}" }
    return node.isNull ? "write {value: …} or {values: […]}" : "write {value: \(excerpt(node.text))}"
  }

  /// As named, or as the keys imply it.
  private static func distribution(_ fields: inout Fields) throws(Issue) -> DistributionName {
    if let node = fields.take("distribution") {
      let subject = "\(fields.subject).distribution"
      let allowed = DistributionName.allCases.map(\.rawValue)
      let word = try node.word(of: subject, "write one of \(allowed.joined(separator: ", "))")
      if ["log_uniform", "inv_log_uniform", "q_log_uniform"].contains(word) {
        throw node.issue(
          subject, "its bounds are exponents in W&B; write \(word)_values and the bounds themselves")
      }
      guard let name = DistributionName(rawValue: word) else {
        throw node.issue(subject, suggestion(for: word, among: allowed))
      }
      return name
    }
    if fields.has("value") { return .constant }
    if fields.has("values") { return fields.has("probabilities") ? .categoricalWithProbabilities : .categorical }
    guard fields.has("min") || fields.has("max") else {
      if let stray = fields.entries.first {
        let known = Set(DistributionName.allCases.flatMap(\.keys) + ["distribution", "when"]).sorted()
        guard known.contains(stray.key) else {
          throw Issue(
            line: stray.line, "\(fields.subject) has the unknown key \"\(excerpt(stray.key))\"",
            suggestion(for: stray.key, among: known))
        }
        throw Issue(
          line: stray.line, "\(fields.subject) has \(stray.key) but no distribution", "add distribution: …")
      }
      throw Issue(line: fields.line, "\(fields.subject) is empty", "write {value: …} or {values: […]}")
    }
    let bounds = [fields.optional("min"), fields.optional("max")].compactMap { $0?.scalarValue }
    return bounds.allSatisfy { if case .integer = $0 { true } else { false } } ? .intUniform : .uniform
  }

  private static func placed(
    _ name: ParameterName, _ node: ManifestNode, _ definitions: Definitions
  ) throws(Issue) -> Placed {
    let value = try definitions.resolved(try node.parameterValue(of: name.rawValue), of: name, node)
    do { return Placed(value: try name.canonical(value), line: node.line) } catch {
      if let own = nearest(to: error.found, among: definitions.known(name)) {
        throw node.issue(name.rawValue, "did you mean \(own)?")
      }
      // A scalar is shown as it was written, a list by the item that is wrong.
      if case .scalar = node.content { throw node.issue(name.rawValue, error.remedy) }
      throw Issue(line: node.line, "\(name.rawValue) is \"\(excerpt(error.found))\"", error.remedy)
    }
  }

  private static func choices(
    _ name: ParameterName, _ fields: Fields, _ definitions: Definitions
  ) throws(Issue) -> Domain {
    let list = try fields.required("values")
    guard case .list(let items) = list.content else {
      throw list.issue("\(name.rawValue).values", "write a list: [\(excerpt(list.text))]")
    }
    guard !items.isEmpty else {
      throw Issue(line: list.line, "\(name.rawValue).values is an empty list", "write at least one value")
    }
    var values: [Placed] = []
    var seen: Set<ParameterValue> = []
    for item in items {
      let value = try placed(name, item, definitions)
      guard seen.insert(value.value).inserted else {
        throw Issue(line: value.line, "\(name.rawValue) lists \"\(excerpt(item.text))\" twice", "keep one")
      }
      values.append(value)
    }
    guard let node = fields.optional("probabilities") else { return .choices(values, probabilities: nil) }
    let subject = "\(name.rawValue).probabilities"
    guard case .list(let weights) = node.content, weights.count == values.count else {
      throw node.issue(subject, "write \(values.count) numbers, one per value")
    }
    var probabilities: [Double] = []
    for weight in weights {
      probabilities.append(try weight.number(of: subject, "write numbers from 0 to 1") { $0 >= 0 && $0 <= 1 })
    }
    let sum = probabilities.reduce(0, +)
    guard abs(sum - 1) <= 1e-6 else {
      throw Issue(line: node.line, "\(subject) sum to \(sum)", "make them sum to 1")
    }
    return .choices(values, probabilities: probabilities)
  }

  private static func range(
    _ name: ParameterName, _ distribution: DistributionName, _ fields: Fields
  ) throws(Issue) -> ValueDistribution {
    let subject = name.rawValue
    guard name.takesNumbers else {
      throw Issue(line: fields.line, "\(subject) takes no range", "write its values: {values: […]}")
    }
    var quantum: Double?
    if distribution.keys.contains("q") { quantum = try fields.number("q", default: 1, "above 0") { $0 > 0 } }
    let shape: ValueDistribution.Shape
    switch distribution {
    case .intUniform:
      let limits = -(1 << 53)...(1 << 53)
      let low = try fields.required("min").integer(of: "\(subject).min", in: limits)
      let high = try fields.required("max").integer(of: "\(subject).max", in: limits)
      guard low < high else { throw fields.emptyRange() }
      shape = .integers(low...high)
    case .uniform, .qUniform: shape = .uniform(try fields.bounds())
    case .logUniformValues, .qLogUniformValues: shape = .logUniform(try fields.bounds(above: 0), inverted: false)
    case .invLogUniformValues: shape = .logUniform(try fields.bounds(above: 0), inverted: true)
    case .normal, .qNormal: shape = .normal(mu: try fields.mean(), sigma: try fields.deviation())
    case .logNormal, .qLogNormal: shape = .logNormal(mu: try fields.mean(), sigma: try fields.deviation())
    case .beta, .qBeta:
      shape = .beta(
        a: try fields.number("a", default: 1, "from 0.001 to 1e6") { $0 >= 1e-3 && $0 <= 1e6 },
        b: try fields.number("b", default: 1, "from 0.001 to 1e6") { $0 >= 1e-3 && $0 <= 1e6 })
    case .constant, .categorical, .categoricalWithProbabilities:
      throw Issue(line: fields.line, "\(subject) takes no range", "write its values: {values: […]}")
    }
    if name.takesIntegers, quantum.map({ $0 != $0.rounded() }) ?? (distribution != .intUniform) {
      throw Issue(
        line: fields.line, "\(subject) is drawn as \(distribution.rawValue), which gives fractions",
        "write int_uniform, or a distribution with a whole q")
    }
    return ValueDistribution(shape, quantum: quantum)
  }
}

/// The keys of one parameter's mapping.
private struct Fields {
  let subject: String
  let line: Int
  var entries: [ManifestNode.Entry]

  func has(_ key: String) -> Bool { entries.contains { $0.key == key } }
  func optional(_ key: String) -> ManifestNode? { entries.first { $0.key == key }?.value }

  mutating func take(_ key: String) -> ManifestNode? {
    guard let index = entries.firstIndex(where: { $0.key == key }) else { return nil }
    return entries.remove(at: index).value
  }

  func required(_ key: String) throws(Issue) -> ManifestNode {
    guard let node = optional(key) else { throw Issue(line: line, "\(subject) has no \(key)", "add \(key): …") }
    return node
  }

  func allowOnly(_ keys: [String]) throws(Issue) {
    for entry in entries where !keys.contains(entry.key) {
      let isKnown = DistributionName.allCases.contains { $0.keys.contains(entry.key) }
      throw Issue(
        line: entry.line,
        "\(subject) has \(isKnown ? "the key" : "the unknown key") \"\(excerpt(entry.key))\"",
        isKnown
          ? "beside \(keys.joined(separator: ", ")) it has no meaning, remove it"
          : suggestion(for: entry.key, among: keys + ["distribution", "when"]))
    }
  }

  func number(
    _ key: String, default standard: Double, _ range: String, where accepts: (Double) -> Bool
  ) throws(Issue) -> Double {
    guard let node = optional(key) else { return standard }
    return try node.number(of: "\(subject).\(key)", "write a number \(range)", where: accepts)
  }

  func mean() throws(Issue) -> Double { try number("mu", default: 0, "such as 0") { _ in true } }
  func deviation() throws(Issue) -> Double { try number("sigma", default: 1, "above 0") { $0 > 0 } }

  func bounds(above limit: Double? = nil) throws(Issue) -> ClosedRange<Double> {
    let remedy = limit == nil ? "write a number" : "write a number above 0"
    func bound(_ key: String) throws(Issue) -> Double {
      try required(key).number(of: "\(subject).\(key)", remedy) { number in limit.map { number > $0 } ?? true }
    }
    let low = try bound("min"), high = try bound("max")
    guard low < high else { throw emptyRange() }
    return low...high
  }

  func emptyRange() -> Issue {
    let low = optional("min")?.text ?? "", high = optional("max")?.text ?? ""
    return Issue(
      line: optional("min")?.line ?? line, "\(subject) has min \(excerpt(low)) and max \(excerpt(high))",
      "write a min below the max, or {value: \(excerpt(low))}")
  }
}

/// The remedy for a word that is not among the allowed ones.
func suggestion(for word: String, among allowed: [String]) -> String {
  nearest(to: word, among: allowed).map { "did you mean \($0)?" } ?? "write one of \(allowed.joined(separator: ", "))"
}
