// Where a coordinator listens and workers connect: text that is checked before libzmq sees it.
// libzmq cuts or misreads some wrong addresses silently; these errors come first and say what to write.

/// `ipc://PATH` or `tcp://HOST:PORT`.
package struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
  package enum Transport: Hashable, Sendable { case ipc, tcp }

  package let transport: Transport
  package let description: String
  /// sockaddr_un holds 108 bytes with the closing zero.
  package static let longestSocketPath = 107

  package init(_ text: String) throws(TransportError) {
    func refused(_ problem: String, _ remedy: String) -> TransportError {
      TransportError(operation: "endpoint \"\(text.prefix(120))\"", code: 0, problem: problem, remedy: remedy)
    }
    if text.hasPrefix("ipc://") {
      let length = text.utf8.count - "ipc://".utf8.count
      guard length > 0 else { throw refused("has no path", "write ipc:///run/user/1000/attune.sock") }
      guard length <= Self.longestSocketPath else {
        throw refused(
          "path is \(length) bytes long, at most \(Self.longestSocketPath) are possible", "choose a shorter directory")
      }
      transport = .ipc
    } else if text.hasPrefix("tcp://") {
      let hostAndPort = text.dropFirst("tcp://".count)
      guard let colon = hostAndPort.lastIndex(of: ":"), colon != hostAndPort.startIndex,
        let port = UInt16(hostAndPort[hostAndPort.index(after: colon)...]), port > 0
      else { throw refused("has no host and port from 1 to 65535", "write tcp://127.0.0.1:7400") }
      transport = .tcp
    } else {
      throw refused("is of no known transport", "write ipc://PATH or tcp://HOST:PORT")
    }
    guard !text.utf8.contains(0) else { throw refused("contains a zero byte", "write plain text") }
    description = text
  }
}
