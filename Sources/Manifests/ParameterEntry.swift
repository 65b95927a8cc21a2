// One entry of `parameters`: what a manifest says about one parameter, every value checked and in its canonical form.
import Search
import Shared

struct ParameterEntry {
  /// A value and the line it stands on.
  struct Placed {
    let value: ParameterValue
    let line: Int
  }

  enum Domain {
    case constant(Placed)
    /// At least one, all different; probabilities of the same count, summing to 1.
    case choices([Placed], probabilities: [Double]?)
    case range(ValueDistribution)
  }

  /// One line of `when`: the parameter takes part only while another one has one of these values.
  struct Condition {
    let parent: ParameterName
    let values: [Placed]
    let line: Int
  }

  let name: ParameterName
  /// Of the parameter's name.
  let line: Int
  let domain: Domain
  var conditions: [Condition] = []

  /// A parameter that takes several values.
  var isSearched: Bool {
    switch domain {
    case .constant: false
    case .choices(let values, _): values.count > 1
    case .range: true
    }
  }

  /// Those that are written down; nil for a range.
  var values: [Placed]? {
    switch domain {
    case .constant(let placed): [placed]
    case .choices(let values, _): values
    case .range: nil
    }
  }

  /// Whether configurations differ in it, as far as it is no axis.
  var isTuned: Bool { isSearched || !conditions.isEmpty }

  /// How many values a grid has along this parameter; nil where it has none.
  var gridCount: UInt64? {
    switch domain {
    case .constant: 1
    case .choices(let values, _): UInt64(values.count)
    case .range(let distribution): distribution.gridCount
    }
  }

  /// - index: below `gridCount`.
  func gridValue(at index: Int) throws(Issue) -> ParameterValue {
    switch domain {
    case .constant(let placed): placed.value
    case .choices(let values, _): values[index].value
    case .range(let distribution): try checked(distribution.gridValue(at: index), note: "value \(index + 1)")
    }
  }

  /// What samplers know of a tuned parameter.
  var dimension: SearchDimension {
    switch domain {
    case .constant(let placed): return SearchDimension(name, .choices([placed.value], probabilities: nil))
    case .range(let distribution): return SearchDimension(name, .range(distribution))
    case .choices(let values, let probabilities):
      let paired = zip(values.map(\.value), probabilities ?? Array(repeating: 0, count: values.count))
      let sorted =
        values.allSatisfy { $0.value.number != nil }
        ? paired.sorted { ($0.0.number ?? 0) < ($1.0.number ?? 0) } : Array(paired)
      return SearchDimension(name, .choices(sorted.map(\.0), probabilities: probabilities.map { _ in sorted.map(\.1) }))
    }
  }

  /// - draw: its number, for the error's text.
  func draw(_ draw: Int, from stream: inout DrawStream) throws(Issue) -> ParameterValue {
    switch domain {
    case .constant(let placed): return placed.value
    case .choices(let values, nil): return values[Int(stream.nextIndex(below: UInt64(values.count)))].value
    case .choices(let values, let probabilities?):
      let u = stream.nextUniform()
      var sum = 0.0
      for (value, probability) in zip(values, probabilities) {
        sum += probability
        if u < sum { return value.value }
      }
      // The probabilities sum to 1 up to rounding only.
      return values[probabilities.lastIndex { $0 > 0 } ?? 0].value
    case .range(let distribution): return try checked(distribution.draw(from: &stream), note: "draw \(draw + 1)")
    }
  }

  /// The line that wrote `value`, for errors about combinations.
  func line(of value: ParameterValue?) -> Int {
    switch domain {
    case .constant(let placed): placed.line
    case .choices(let values, _): values.first { $0.value == value }?.line ?? line
    case .range: line
    }
  }

  /// `value` in canonical form; whole numbers where the parameter takes them.
  private func checked(_ value: ParameterValue, note: String) throws(Issue) -> ParameterValue {
    do { return try name.canonical(drawn: value) } catch {
      throw Issue(line: line, "\(name.rawValue) becomes \"\(error.found)\" (\(note))", error.remedy)
    }
  }
}
