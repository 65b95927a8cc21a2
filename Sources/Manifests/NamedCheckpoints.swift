// Checkpoints that a manifest names as starts of training. Whoever loads the manifest reads the files; what a configuration
// holds of them is their numbers, and the name is for people.
import Shared

/// A checkpoint's file as it was found.
package struct ReadCheckpoint: Sendable {
  package let network: StartingNetwork
  package let bytes: [UInt8]
  package init(_ network: StartingNetwork, bytes: [UInt8]) { (self.network, self.bytes) = (network, bytes) }
}

/// Reads the checkpoint of a name as the manifest writes it; the error says what is wrong with it and what to do.
package typealias CheckpointReader = (String) throws(StartingNetworkError) -> ReadCheckpoint

/// Each is read once.
final class NamedCheckpoints {
  private let read: CheckpointReader?
  private var known: [String: ReadCheckpoint] = [:]

  init(_ read: CheckpointReader?) { self.read = read }

  /// `{checkpoint: FILE}` of `init` as the text that a configuration holds; any other value as it is.
  func resolved(_ value: ParameterValue, _ node: ManifestNode) throws(Issue) -> ParameterValue {
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

  /// Files and names for the plan.
  func add(to plan: inout SweepPlan) {
    for (name, found) in known {
      plan.names[found.network.description] = name
      plan.checkpointFiles[name] = found.bytes
    }
  }
}
