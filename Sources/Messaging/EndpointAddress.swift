// Where a coordinator listens and workers connect: text that is checked before libzmq sees it.
// libzmq cuts or misreads some wrong addresses silently; these errors come first and say what to write.
import Foundation

/// `ipc://PATH` or `tcp://HOST:PORT`.
package struct EndpointAddress: Hashable, Sendable, CustomStringConvertible {
  package enum Transport: Hashable, Sendable { case ipc, tcp }
  /// Who could connect to a socket that is bound there.
  enum Reach: Hashable, Sendable {
    /// Processes of this machine; for ipc:// whom the socket's file lets.
    case thisMachine
    /// Every user of this machine, without a file whose permissions could forbid it.
    case anyUser
    case network
  }

  package let transport: Transport
  package let description: String
  /// Of tcp, without the brackets of an IPv6 address.
  let host: String
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
      (transport, host) = (.ipc, "")
    } else if text.hasPrefix("tcp://") {
      let hostAndPort = text.dropFirst("tcp://".count)
      guard let colon = hostAndPort.lastIndex(of: ":"), colon != hostAndPort.startIndex,
        let port = UInt16(hostAndPort[hostAndPort.index(after: colon)...]), port > 0
      else { throw refused("has no host and port from 1 to 65535", "write tcp://127.0.0.1:7400") }
      var host = String(hostAndPort[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") {
        host = String(host.dropFirst().dropLast())
      } else if host.contains(":") {
        throw refused("has an IPv6 address without brackets", "write tcp://[::1]:7400")
      }
      (transport, self.host) = (.tcp, host)
    } else {
      throw refused("is of no known transport", "write ipc://PATH or tcp://HOST:PORT")
    }
    guard !text.utf8.contains(0) else { throw refused("contains a zero byte", "write plain text") }
    description = text
  }

  /// What is not surely loopback counts as the network: `*`, names of interfaces and hosts, short forms of numbers.
  var reach: Reach {
    switch transport {
    // A name without a file (Linux's abstract sockets), or a file that libzmq puts into a shared directory.
    case .ipc: ["ipc://@", "ipc://*"].contains { description.hasPrefix($0) } ? .anyUser : .thisMachine
    case .tcp: host == "localhost" || isLoopbackNumber ? .thisMachine : .network
    }
  }

  private var isLoopbackNumber: Bool {
    if let bytes = addressBytes(AF_INET, 4) { return bytes[0] == 127 }
    guard let bytes = addressBytes(AF_INET6, 16) else { return false }
    // ::1, and 127.0.0.0/8 as ::ffff:127.…
    return bytes == [UInt8](repeating: 0, count: 15) + [1]
      || bytes.starts(with: [UInt8](repeating: 0, count: 10) + [255, 255, 127])
  }

  private func addressBytes(_ family: Int32, _ count: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: count)
    return inet_pton(family, host, &bytes) == 1 ? bytes : nil
  }

  /// libzmq resolves no names where it binds, and /etc/hosts is not asked what localhost means.
  var bindText: String {
    host == "localhost" ? "tcp://127.0.0.1" + description.dropFirst("tcp://localhost".count) : description
  }

  /// `[::]` listens on both families.
  var isIPv6Number: Bool { host.contains(":") }

  /// Whether a connection needs ZMQ_IPV6. With it libzmq prefers IPv6, so a name that has an IPv4 address as well is used
  /// without: a coordinator listens there by default. May ask the name service.
  var connectsOverIPv6: Bool {
    guard transport == .tcp, !isIPv6Number else { return isIPv6Number }
    guard host != "localhost", addressBytes(AF_INET, 4) == nil else { return false }
    return resolves(AF_INET6) && !resolves(AF_INET)
  }

  private func resolves(_ family: Int32) -> Bool {
    var hints = addrinfo()
    hints.ai_family = family
    var list: UnsafeMutablePointer<addrinfo>?
    defer { if let list { freeaddrinfo(list) } }
    return getaddrinfo(host, nil, &hints, &list) == 0 && list != nil
  }
}
