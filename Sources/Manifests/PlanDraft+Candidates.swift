// The configurations of every cell: the tuned values in the method's order, the same in every cell.
import Search
import Shared

extension PlanDraft {
  /// The first `count` points of the grid; parameters as in `tuned`, the last varying fastest.
  func gridTuples(
    _ tuned: [ParameterEntry], _ space: SearchSpace, count: Int
  ) throws(Issue) -> [[ParameterValue]] {
    guard space.conditions.isEmpty else { return try conditionalGridTuples(tuned, space, count: count) }
    var tuples: [[ParameterValue]] = []
    tuples.reserveCapacity(count)
    for index in 0..<count {
      var rest = UInt64(index)
      var tuple: [ParameterValue] = []
      for entry in tuned.reversed() {
        let size = entry.gridCount ?? 1
        tuple.append(try entry.gridValue(at: Int(rest % size)))
        rest /= size
      }
      tuples.append(tuple.reversed())
    }
    return tuples
  }

  /// The first `count` different draws. Fewer if the values on offer run out.
  func randomTuples(
    _ tuned: [ParameterEntry], _ space: SearchSpace, count: Int
  ) throws(Issue) -> [[ParameterValue]] {
    var tuples: [[ParameterValue]] = []
    var seen: Set<[ParameterValue]> = []
    // A draw that was there before is left out, as a trial is never run twice. With few values left each try is
    // unlikely to be new, so tries are bounded.
    for draw in 0..<(20 * count + 1000) where tuples.count < count {
      var tuple: [ParameterValue] = []
      for entry in tuned {
        var stream = DrawStream(seed: samplerSeed, draw: UInt32(draw), parameter: entry.name.rawValue)
        tuple.append(try entry.draw(draw, from: &stream))
      }
      tuple = space.settled(tuple)
      if seen.insert(tuple).inserted { tuples.append(tuple) }
    }
    return tuples
  }

  /// The first `count` different points of a scrambled Sobol sequence.
  func sobolTuples(
    _ tuned: [ParameterEntry], _ space: SearchSpace, count: Int
  ) throws(Issue) -> [[ParameterValue]] {
    do { return try space.sobolTuples(count: count, seed: samplerSeed) } catch {
      let line = tuned.first { $0.name.rawValue == error.error.name }?.line ?? parametersLine
      throw Issue(
        line: line, "\(error.error.name) becomes \"\(error.error.found)\" (point \(error.number))", error.error.remedy)
    }
  }

  /// The first value of every parameter that is not drawn, without those named.
  func constants(_ others: Set<ParameterName>) -> [ParameterName: ParameterValue] {
    var values: [ParameterName: ParameterValue] = [:]
    for entry in parameters.values where !others.contains(entry.name) && entry.conditions.isEmpty {
      switch entry.domain {
      case .constant(let placed): values[entry.name] = placed.value
      case .choices(let choices, _): values[entry.name] = choices.first?.value
      case .range: break
      }
    }
    return values
  }

  /// All cells, the last axis varying fastest.
  func cells(axes: [Axis], _ space: SearchSpace, tuples: [[ParameterValue]]) throws(Issue) -> [CellPlan] {
    let tuned = space.dimensions.map(\.name)
    var values = constants([])
    var cells: [CellPlan] = []
    var known: Set<TrialParameters> = []
    // On these the defaults of others depend.
    let needsAll = !space.conditions.isEmpty || tuned.contains { [.recipe, .steps, .initialization].contains($0) }
    for index in 0..<axes.reduce(1, { $0 * $1.values.count }) {
      var rest = index
      var coordinates: [ParameterValue] = []
      for axis in axes.reversed() {
        coordinates.append(axis.values[rest % axis.values.count])
        rest /= axis.values.count
      }
      coordinates.reverse()
      for (axis, value) in zip(axes, coordinates) { values[axis.name] = value }
      var candidates: [TrialConfiguration] = []
      candidates.reserveCapacity(tuples.count)
      for tuple in tuples {
        let candidate: TrialParameters
        if !needsAll, let first = candidates.first?.parameters, let changed = first.replacing(tuned, with: tuple) {
          candidate = changed
        } else {
          space.assign(tuple, to: &values)
          candidate = try configuration(values)
        }
        try checkNew(candidate, among: &known)
        candidates.append(TrialConfiguration(candidate))
      }
      cells.append(CellPlan(id: CellID(rawValue: index), coordinates: coordinates, configurations: candidates))
    }
    return cells
  }

  private func configuration(_ values: [ParameterName: ParameterValue]) throws(Issue) -> TrialParameters {
    do { return try TrialParameters(values: values) } catch {
      let name = ParameterName(rawValue: error.name)
      let line = name.flatMap { name in parameters[name]?.line(of: values[name]) } ?? parametersLine
      throw Issue(line: line, "\(error.name) is \"\(excerpt(error.found))\"", error.remedy)
    }
  }

  /// A recipe is no part of an identity, only what it sets is: two recipes of which everything is overridden are the
  /// same configuration. Other values that differ always make configurations that differ.
  private func checkNew(_ candidate: TrialParameters, among known: inout Set<TrialParameters>) throws(Issue) {
    guard let entry = parameters[.recipe], entry.isSearched else { return }
    var effective = candidate
    effective.recipe = .standard
    guard known.insert(effective).inserted else {
      throw Issue(
        line: entry.line, "recipe makes no difference where all that it sets is given", "write one recipe")
    }
  }
}
