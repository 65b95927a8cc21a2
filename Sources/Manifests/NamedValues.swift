// Values that a manifest writes as mappings and a configuration holds as texts: starts from checkpoints, whose files whoever loads
// the manifest reads and whose numbers the text has, and mixtures of tasks. How the manifest calls them is for people.
import Shared

/// A checkpoint's file as it was found.
package struct ReadCheckpoint: Sendable {
  package let network: StartingNetwork
  package let bytes: [UInt8]
  package init(_ network: StartingNetwork, bytes: [UInt8]) { (self.network, self.bytes) = (network, bytes) }
}

/// Reads the checkpoint of a name as the manifest writes it; the error says what is wrong with it and what to do.
package typealias CheckpointReader = (String) throws(StartingNetworkError) -> ReadCheckpoint

/// Collects them while parameters are read. Each checkpoint is read once.
final class NamedValues {
  private let read: CheckpointReader?
  private var known: [String: ReadCheckpoint] = [:]
  private var mixtures: [String: String] = [:]

  init(_ read: CheckpointReader?) { self.read = read }

  /// `{checkpoint: FILE}` of `init` as the text that a configuration holds; any other value as it is.
  func start(_ value: ParameterValue, _ node: ManifestNode) throws(Issue) -> ParameterValue {
    guard case .mapping(let entries) = value else { return value }
    guard entries.count == 1, case .text(let name)? = entries["checkpoint"], !name.isEmpty else {
      throw node.issue(ParameterName.initialization.rawValue, "write {checkpoint: FILE}")
    }
    guard let read else {
      throw node.issue(ParameterName.initialization.rawValue, "checkpoints cannot be read here; name another start")
    }
    do throws(StartingNetworkError) {
      let found: ReadCheckpoint
      if let earlier = known[name] { found = earlier } else { found = try read(name) }
      known[name] = found
      return .text(found.network.description)
    } catch { throw Issue(line: node.line, "init names \"\(excerpt(name))\": \(error.finding)", error.remedy) }
  }

  /// `{mixture: [linear, rational]}` as the text that a configuration holds; any other value as it is.
  func mixture(
    _ value: ParameterValue, _ node: ManifestNode, _ resolved: (String) -> String
  ) throws(Issue) -> ParameterValue {
    guard case .mapping(let entries) = value else { return value }
    let remedy = "write {mixture: [linear, relu]}"
    guard entries.count == 1, case .list(let items)? = entries["mixture"] else {
      throw node.issue(ParameterName.task.rawValue, remedy)
    }
    var names: [String] = []
    for item in items {
      guard case .text(let name) = item else { throw node.issue(ParameterName.task.rawValue, remedy) }
      names.append(name)
    }
    let text = "mixture(\(names.map(resolved).joined(separator: ", ")))"
    // In canonical form, where the tasks are such.
    let canonical = (try? TaskKernel(text))?.description ?? text
    mixtures[canonical] = "mixture(\(names.joined(separator: ", ")))"
    return .text(text)
  }

  /// Files and names for the plan.
  func add(to plan: inout SweepPlan) {
    plan.names.merge(mixtures) { $1 }
    for (name, found) in known {
      plan.names[found.network.description] = name
      plan.checkpointFiles[name] = found.bytes
    }
  }
}
