// Tuples of a space whose parameters depend on others' values: what of them is set, and how many there are.

extension SearchSpace {
  /// Sets the values of a tuple that take part; the others are left to their defaults.
  package func assign(_ tuple: [ParameterValue], to values: inout [ParameterName: ParameterValue]) {
    for (dimension, isActive) in zip(dimensions.indices, activity(of: tuple)) {
      values[dimensions[dimension].name] = isActive ? tuple[dimension] : nil
    }
  }

  /// Per dimension: whether it takes part.
  package func activity(of tuple: [ParameterValue]) -> [Bool] {
    guard !conditions.isEmpty else { return dimensions.map { _ in true } }
    return dimensions.map { dimension in
      conditions.activate(dimension.name) { name in
        dimensions.firstIndex { $0.name == name }.map { tuple[$0] }
      }
    }
  }

  /// Dimensions that others depend on.
  package var parents: [Int] {
    dimensions.indices.filter { index in conditions.contains { $0.parent == dimensions[index].name } }
  }

  /// How many tuples differ in what takes part; the largest number if there are more.
  /// - count: values of a dimension; nil where it has no steps, which makes the answer nil.
  package func countTuples(_ count: (Int) -> UInt64?) -> UInt64? {
    var counts: [UInt64] = []
    for index in dimensions.indices {
      guard let count = count(index) else { return nil }
      counts.append(count)
    }
    func product(_ indices: some Sequence<Int>) -> UInt64 {
      indices.reduce(1) { product, index in
        let (result, overflow) = product.multipliedReportingOverflow(by: counts[index])
        return overflow ? .max : result
      }
    }
    guard !conditions.isEmpty else { return product(dimensions.indices) }
    let parents = Set(parents)
    return parentTuples().reduce(0) { sum, tuple in
      let activity = activity(of: tuple)
      let (result, overflow) = sum.addingReportingOverflow(
        product(dimensions.indices.filter { !parents.contains($0) && activity[$0] }))
      return overflow ? .max : result
    }
  }

  /// All tuples that differ in parents that take part; the other dimensions have their first value.
  package func parentTuples() -> [[ParameterValue]] {
    var tuples = [dimensions.map(\.first)]
    for parent in parents {
      tuples = tuples.flatMap { tuple in
        dimensions[parent].possibleChoices.map { value in
          var changed = tuple
          changed[parent] = value
          return changed
        }
      }
    }
    return tuples.filter { tuple in
      let activity = activity(of: tuple)
      return parents.allSatisfy { activity[$0] || tuple[$0] == dimensions[$0].first }
    }
  }
}

extension SearchDimension {
  /// Of choices those that may be drawn; ranges have none.
  package var possibleChoices: [ParameterValue] {
    switch domain {
    case .range: []
    case .choices(let values, nil): values
    case .choices(let values, let probabilities?): zip(values, probabilities).filter { $0.1 > 0 }.map(\.0)
    }
  }

  /// Of a parent; anything for a range, which is none.
  fileprivate var first: ParameterValue { possibleChoices.first ?? .integer(0) }
}
