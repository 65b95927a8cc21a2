// Parameters that take part only while others have certain values: what `when` means, and the grid of such a space.
import Shared

/// Combinations of values that others may depend on. Above it a mistake is likelier than a wish.
private let maximumCombinations = 10_000

extension PlanDraft {
  /// The draft with conditions among tuned parameters alone: what depends on a parameter of one value is decided here.
  /// - axes: their names.
  func resolvingConditions(axes: Set<ParameterName>) throws(Issue) -> (draft: PlanDraft, notes: [String]) {
    for entry in conditionalEntries { try check(entry, axes) }
    try refuseCycles()
    var draft = self, notes: [String] = [], isChanged = true
    while isChanged {
      isChanged = false
      for entry in draft.conditionalEntries {
        let isOpen = entry.conditions.map { draft.parameters[$0.parent]?.isTuned ?? false }
        let never = zip(entry.conditions, isOpen).first { condition, isOpen in
          !isOpen && !condition.values.contains { $0.value == draft.parameters[condition.parent]?.values?.first?.value }
        }
        if let never {
          let name = entry.name.rawValue, parent = never.0.parent.rawValue
          notes.append("\(name) is left at its default: \(parent) never has the value that \(name).when asks for")
          draft.parameters[entry.name] = nil
        } else {
          draft.parameters[entry.name]?.conditions = zip(entry.conditions, isOpen).filter(\.1).map(\.0)
        }
        isChanged = isChanged || never != nil || isOpen.contains(false)
      }
    }
    let parents = Set(draft.conditionalEntries.flatMap(\.conditions).map(\.parent))
    let combinations = parents.reduce(UInt64(1)) { saturatingProduct($0, draft.parameters[$1]?.gridCount ?? 1) }
    guard combinations <= maximumCombinations else {
      throw Issue(
        line: parametersLine,
        "parameters depend on \(parents.count) others with more than \(maximumCombinations) combinations of values",
        "let fewer parameters or values decide")
    }
    return (draft, notes)
  }

  /// By line, so that the first mistake of the file is told.
  private var conditionalEntries: [ParameterEntry] {
    parameters.values.filter { !$0.conditions.isEmpty }.sorted { ($0.line, $0.name) < ($1.line, $1.name) }
  }

  /// What the parameters that `when` names have to be.
  private func check(_ entry: ParameterEntry, _ axes: Set<ParameterName>) throws(Issue) {
    let name = entry.name.rawValue
    guard !axes.contains(entry.name) else {
      throw Issue(line: entry.line, "\(name) has when, but is an axis and takes every value", "remove when")
    }
    for condition in entry.conditions {
      let other = condition.parent.rawValue
      guard condition.parent != entry.name else {
        throw Issue(line: condition.line, "\(name) depends on itself", "name another parameter in when")
      }
      guard let parent = parameters[condition.parent] else {
        throw Issue(
          line: condition.line, "\(name) depends on \(other), which parameters does not have",
          "add `\(other): {values: […]}` to parameters")
      }
      guard !axes.contains(condition.parent) else {
        throw Issue(
          line: condition.line, "\(name) depends on \(other), which is an axis: all cells try the same",
          "write one manifest per value of \(other)")
      }
      guard let choices = parent.values else {
        throw Issue(
          line: condition.line, "\(name) depends on \(other), which is drawn from a range",
          "give \(other) its values: {values: […]}")
      }
      for wanted in condition.values where parent.isTuned && !choices.contains(where: { $0.value == wanted.value }) {
        throw Issue(
          line: wanted.line, "\(name).when.\(other) is \"\(excerpt("\(wanted.value)"))\", which \(other) never is",
          suggestion(for: "\(wanted.value)", among: choices.map { "\($0.value)" }))
      }
    }
  }

  private func refuseCycles() throws(Issue) {
    for entry in parameters.values.sorted(by: { $0.line < $1.line }) {
      var reached: Set<ParameterName> = [], open = entry.conditions.map(\.parent)
      while let next = open.popLast() {
        if reached.insert(next).inserted { open += parameters[next]?.conditions.map(\.parent) ?? [] }
      }
      guard !reached.contains(entry.name) else {
        throw Issue(
          line: entry.line, "\(entry.name.rawValue) depends on itself by way of other parameters", "remove one when")
      }
    }
  }

  /// Of the tuned parameters.
  func searchConditions(_ tuned: [ParameterEntry]) -> [SearchCondition] {
    tuned.flatMap { entry in
      entry.conditions.map { SearchCondition(entry.name, when: $0.parent, is: $0.values.map(\.value)) }
    }
  }

  /// The first `count` tuples of a grid in which some parameters take no part everywhere: in the order of the full grid, each
  /// configuration once.
  func conditionalGridTuples(
    _ tuned: [ParameterEntry], _ space: SearchSpace, count: Int
  ) throws(Issue) -> [[ParameterValue]] {
    let parents = Set(space.parents)
    var places: [[Int]] = []
    for tuple in space.parentTuples() {
      let activity = space.activity(of: tuple)
      var combinations = [tuned.map { _ in 0 }]
      for (index, entry) in tuned.enumerated() {
        if parents.contains(index) {
          // The space sorts numbers, the grid follows the manifest.
          guard activity[index], case .choices(let values, _) = entry.domain else { continue }
          let place = values.firstIndex { $0.value == tuple[index] } ?? 0
          for number in combinations.indices { combinations[number][index] = place }
        } else if activity[index] {
          combinations = combinations.flatMap { combination in
            (0..<Int(entry.gridCount ?? 1)).map { place in
              var changed = combination
              changed[index] = place
              return changed
            }
          }
        }
      }
      places += combinations
    }
    places.sort { $0.lexicographicallyPrecedes($1) }
    var tuples: [[ParameterValue]] = []
    for places in places.prefix(count) {
      var tuple: [ParameterValue] = []
      for (entry, place) in zip(tuned, places) { tuple.append(try entry.gridValue(at: place)) }
      tuples.append(space.settled(tuple))
    }
    return tuples
  }
}
