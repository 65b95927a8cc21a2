// A configuration with its identity, kept once for all the trials of it: a sweep has up to a million trials, and their
// parameters take several hundred bytes, their identity some microseconds to compute.

package final class TrialConfiguration: Sendable {
  package let parameters: TrialParameters
  package let id: ConfigurationID

  package init(_ parameters: TrialParameters) { (self.parameters, id) = (parameters, parameters.id) }

  /// Where the identity is known already, as for what the store gives back.
  package init(_ parameters: TrialParameters, id: ConfigurationID) { (self.parameters, self.id) = (parameters, id) }
}

/// The parameters of some configurations, in their order.
package struct CandidateList: RandomAccessCollection, Sendable {
  fileprivate let configurations: [TrialConfiguration]
  package var startIndex: Int { 0 }
  package var endIndex: Int { configurations.count }
  package subscript(position: Int) -> TrialParameters { configurations[position].parameters }
}

extension CellPlan {
  package var candidates: CandidateList { CandidateList(configurations: configurations) }
}

extension SweepPlan {
  /// Every configuration that a trial of this plan may have, with the attainable references.
  package var configurations: [ConfigurationID: TrialConfiguration] {
    var known: [ConfigurationID: TrialConfiguration] = [:]
    known.reserveCapacity(cells.reduce(0) { $0 + $1.configurations.count })
    for configuration in cells.lazy.flatMap(\.configurations) { known[configuration.id] = configuration }
    for reference in references.values { known[reference.id] = reference }
    return known
  }

  /// The attainable references of all candidates, by their parameters: many candidates share one.
  package var references: [TrialParameters: TrialConfiguration] {
    var known: [TrialParameters: TrialConfiguration] = [:]
    var last: TrialParameters?
    for configuration in cells.lazy.flatMap(\.configurations) {
      let reference = configuration.parameters.reference
      // Most candidates of a cell differ in what concerns training only.
      if reference == last { continue }
      last = reference
      if known[reference] == nil { known[reference] = TrialConfiguration(reference) }
    }
    return known
  }
}
