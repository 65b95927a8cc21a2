// What a configuration learns and is measured on. Losses of different problems have no common scale, so cells are only
// compared where an axis says that the problem differs, or where it does not.
import Shared

package struct Problem: Hashable, Sendable {
  /// By parameter, those that `decidesTheProblem`.
  package let values: [ParameterName: ParameterValue]

  package init(_ parameters: TrialParameters) {
    values = Dictionary(
      uniqueKeysWithValues: ParameterName.allCases.filter(\.decidesTheProblem).map { ($0, parameters.value(of: $0)) })
  }

  /// Parameters, sorted by name, that differ among the problems although they are not the axis along which these differ
  /// by plan.
  package static func differences(_ problems: [Problem], besides axis: ParameterName?) -> [ParameterName] {
    ParameterName.allCases.filter { name in
      name != axis && name.decidesTheProblem && Set(problems.map { $0.values[name] }).count > 1
    }.sorted()
  }
}
