// A worker's two lines to its coordinator, control and bulk, each through a proxy of its own. What is done to the network
// is done to both; what is done to one of them alone is done to `control` or `bulk`.
import Foundation

final class FleetLines: Sendable {
  let control: FaultProxy
  let bulk: FaultProxy

  init(control: UInt16, bulk: UInt16) throws {
    (self.control, self.bulk) = (try FaultProxy(to: control), try FaultProxy(to: bulk))
  }

  /// How a worker is told of them.
  var endpoints: [String] {
    ["--connect", "tcp://127.0.0.1:\(control.port)", "--bulk-connect", "tcp://127.0.0.1:\(bulk.port)"]
  }

  func setToCoordinator(_ change: (inout FaultRules) -> Void) {
    var rules = FaultRules()
    change(&rules)
    bulk.setToCoordinator(rules)
    // Pieces travel in bulk: elsewhere the change would wait for ever.
    rules.corrupts = nil
    control.setToCoordinator(rules)
  }
  func setToWorkers(_ change: (inout FaultRules) -> Void) {
    for line in [control, bulk] { line.setToWorkers(change) }
  }
  func setBoth(_ change: (inout FaultRules) -> Void) { for line in [control, bulk] { line.setBoth(change) } }
  func setBoth(_ rules: FaultRules) { for line in [control, bulk] { line.setBoth(rules) } }

  func heal() { for line in [control, bulk] { line.heal() } }
  func refuse() { for line in [control, bulk] { line.refuse() } }
  func reset() { for line in [control, bulk] { line.reset() } }
  func record() { for line in [control, bulk] { line.record() } }

  var isHolding: Bool { control.isHolding || bulk.isHolding }
  var isPending: Bool { control.isPending || bulk.isPending }
}
