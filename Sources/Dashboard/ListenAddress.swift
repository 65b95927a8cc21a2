// HOST:PORT where a dashboard listens.
import FlyingSocks
import Foundation

package struct ListenAddress: CustomStringConvertible, Sendable {
  package let host: String
  package let port: UInt16

  /// `127.0.0.1:8080`, `localhost:8080`, `[::1]:8080`, `0.0.0.0:8080`; port 0 takes a free one.
  package init(_ text: String) throws(DashboardError) {
    let problem = DashboardError("\"\(text.prefix(120))\" is no HOST:PORT; write for example 127.0.0.1:8080")
    guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else {
      throw problem
    }
    var host = String(text[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = String(host.dropFirst().dropLast())
    } else if host.contains(":") {
      throw problem
    }
    if host == "localhost" { host = "127.0.0.1" }
    (self.host, self.port) = (host, port)
    _ = try socketAddress()
  }

  init(host: String, port: UInt16) { (self.host, self.port) = (host, port) }

  package var isLoopback: Bool { host == "::1" || host.hasPrefix("127.") }
  package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }

  func socketAddress() throws(DashboardError) -> any SocketAddress {
    do {
      if host.contains(":") { return try sockaddr_in6.inet6(ip6: host, port: port) }
      return try sockaddr_in.inet(ip4: host, port: port)
    } catch {
      throw DashboardError(
        "\"\(host.prefix(120))\" is no address of this machine; write an IP address, such as 127.0.0.1 or 0.0.0.0")
    }
  }
}
