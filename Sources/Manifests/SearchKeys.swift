// The keys that say how a sweep spends its trials: `early_terminate` with the meaning of W&B's, `replicate` and `bayes`.
import Shared

/// Seeds or evaluations that a manifest may name: far above any use.
private let maximumCount = 1_000_000

extension EarlyTermination {
  private enum Key: String, CaseIterable {
    case type, eta, s, strict, brackets, interval
    case minimum = "min_iter"
    case maximum = "max_iter"
  }

  /// - node: what stands after `early_terminate`.
  init(_ node: ManifestNode, line: Int) throws(Issue) {
    let subject = "early_terminate"
    var values: [Key: ManifestNode] = [:]
    for entry in try node.entries(of: subject, "write {type: hyperband, min_iter: 2}") {
      guard let key = Key(rawValue: entry.key) else {
        throw Issue(
          line: entry.line, "\(subject) has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: Key.allCases.map(\.rawValue)))
      }
      values[key] = entry.value
    }
    let rules = Rule.allCases.map(\.rawValue)
    guard let type = values[.type] else {
      throw Issue(line: line, "\(subject) has no type", "add type: hyperband")
    }
    let word = try type.word(of: "\(subject).type", "write one of \(rules.joined(separator: ", "))")
    guard let rule = Rule(rawValue: word) else {
      throw type.issue("\(subject).type", suggestion(for: word, among: rules))
    }
    let allowed: [Key] =
      switch rule {
      case .hyperband: [.type, .minimum, .maximum, .s, .eta, .strict, .brackets]
      case .asha: [.type, .minimum, .maximum, .s, .eta, .strict]
      case .median: [.type, .minimum, .interval]
      }
    // In the file's order, so that the first mistake is the one told.
    for (key, value) in values.sorted(by: { ($0.value.line, $0.key.rawValue) < ($1.value.line, $1.key.rawValue) })
    where !allowed.contains(key) {
      throw Issue(
        line: value.line, "\(subject).\(key.rawValue) has no meaning for \(rule.rawValue)", "remove it")
    }
    func integer(_ key: Key) throws(Issue) -> Int? {
      try values[key]?.integer(of: "\(subject).\(key.rawValue)", in: 1...maximumCount)
    }
    let spacing: Spacing
    if rule == .median {
      spacing = .every(try integer(.interval) ?? 1, from: try integer(.minimum) ?? 1)
    } else if let maximum = try integer(.maximum) {
      guard let count = try integer(.s) else {
        throw Issue(line: line, "\(subject) has max_iter but no s", "add s, the number of rungs, or write min_iter")
      }
      spacing = .below(maximum, count: count)
    } else if let minimum = try integer(.minimum) {
      spacing = .from(minimum)
    } else {
      throw Issue(line: line, "\(subject) has neither min_iter nor max_iter and s", "add min_iter: 2")
    }
    self.init(rule: rule, spacing: spacing)
    if let node = values[.eta] { eta = try node.number(of: "\(subject).eta", "write a number above 1") { $0 > 1 } }
    if let node = values[.strict] {
      guard case .flag(let flag)? = node.scalarValue else {
        throw node.issue("\(subject).strict", "write true or false")
      }
      isStrict = flag
    }
    if let count = try integer(.brackets) { brackets = count }
  }
}

extension Replication {
  private enum Key: String, CaseIterable {
    case minimum = "min"
    case maximum = "max"
    case horizon, until
  }

  /// - node: what stands after `replicate`.
  init(_ node: ManifestNode, line: Int) throws(Issue) {
    let subject = "replicate"
    var numbers: [Key: Int] = [:]
    for entry in try node.entries(of: subject, "write {min: 8, max: 40, until: decided}") {
      switch Key(rawValue: entry.key) {
      case let key? where key != .until:
        numbers[key] = try entry.value.integer(of: "\(subject).\(entry.key)", in: 2...maximumSeeds)
      case .until?:
        guard try entry.value.word(of: "\(subject).until", "write decided") == "decided" else {
          throw entry.value.issue("\(subject).until", "write decided")
        }
      default:
        throw Issue(
          line: entry.line, "\(subject) has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: Key.allCases.map(\.rawValue)))
      }
    }
    self.init(
      minimum: numbers[.minimum] ?? 8, maximum: numbers[.maximum] ?? 40, horizon: numbers[.horizon])
    guard minimum <= maximum else {
      throw Issue(
        line: line, "\(subject) has min \(minimum) and max \(maximum)", "write a min that is at most the max")
    }
    guard (minimum...maximum).contains(horizon) else {
      throw Issue(
        line: line, "\(subject) has horizon \(horizon)",
        "write a number from \(minimum) to \(maximum), its min and max, or leave it out")
    }
  }
}

/// `bayes: {initial: …, generation: …}`; what is not given follows from the number of tuned parameters.
struct GenerationSizes {
  var initial: Int?
  var generation: Int?

  init() {}

  init(_ node: ManifestNode) throws(Issue) {
    for entry in try node.entries(of: "bayes", "write {initial: 8, generation: 4}") {
      switch entry.key {
      case "initial": initial = try entry.value.integer(of: "bayes.initial", in: 2...maximumCount)
      case "generation": generation = try entry.value.integer(of: "bayes.generation", in: 1...maximumCount)
      default:
        throw Issue(
          line: entry.line, "bayes has the unknown key \"\(excerpt(entry.key))\"",
          suggestion(for: entry.key, among: ["initial", "generation"]))
      }
    }
  }
}
