// How the two ends of a connection prove themselves, and the one rule about who may listen without keys.

package enum CoordinatorSecurity: Sendable {
  /// Whoever reaches the endpoint is let in: for ipc:// and loopback only.
  case open
  /// CURVE; only keys on the gatekeeper's allowlist.
  case curve(Gatekeeper)

  /// The rule: without keys nobody listens where other machines could connect. Nothing overrides it.
  func check(_ address: EndpointAddress) throws(TransportError) {
    guard case .open = self else { return }
    switch address.reach {
    case .thisMachine: return
    case .anyUser:
      throw TransportError(
        operation: "bind \(address)", code: 0, problem: "any user of this machine could connect",
        remedy: "write a path in a private directory, such as ipc:///run/user/1000/attune.sock")
    case .network:
      throw TransportError(
        operation: "bind \(address)", code: 0, problem: "other machines could connect, and no keys say which may",
        remedy: "add --keys DIR (make one with `attune keys new DIR`), or bind tcp://127.0.0.1:PORT")
    }
  }
}

package enum WorkerSecurity: Sendable {
  case open
  case curve(WorkerKeys)
}
