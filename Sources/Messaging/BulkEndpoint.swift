// Where checkpoints travel, beside the control endpoint: what is bound by default, what workers are told, and what they
// make of it. One host may be called by many names, so only the port is told where that will do.

extension EndpointAddress {
  /// The next port, or the path with `.bulk` behind it.
  package func bulkByDefault() throws(TransportError) -> EndpointAddress {
    guard transport == .tcp else { return try EndpointAddress(description + ".bulk") }
    guard port < Int(UInt16.max) else {
      throw TransportError(
        operation: "endpoint \"\(self)\"", code: 0, problem: "has no next port for checkpoints",
        remedy: "choose a lower port, or name one with --bulk-bind")
    }
    return try EndpointAddress(withPort(port + 1))
  }

  /// What workers are told of a bulk socket that is bound here while control is bound at `control`: `*` for the host that
  /// they have reached already.
  package func announced(beside control: EndpointAddress) -> String {
    guard transport == .tcp, control.transport == .tcp, isWildcard || host == control.host else { return description }
    return "tcp://*:\(port)"
  }

  /// The bulk endpoint that was announced to a worker which has reached control at this one.
  package func bulk(announced text: String) throws(TransportError) -> EndpointAddress {
    let address = try EndpointAddress(text)
    guard address.isWildcard else { return address }
    guard transport == .tcp else {
      throw TransportError(
        operation: "endpoint \"\(text.prefix(120))\"", code: 0, problem: "has no host for a worker that came over ipc",
        remedy: "give --bulk-connect, or start the coordinator with another --bulk-bind")
    }
    return try EndpointAddress(withPort(address.port))
  }

  package var port: Int {
    transport == .tcp
      ? description.lastIndex(of: ":").flatMap { Int(description[description.index(after: $0)...]) } ?? 0 : 0
  }

  private var isWildcard: Bool { transport == .tcp && ["*", "0.0.0.0", "::"].contains(host) }

  private func withPort(_ port: Int) -> String {
    "tcp://" + (host.contains(":") ? "[\(host)]" : host) + ":\(port)"
  }
}
