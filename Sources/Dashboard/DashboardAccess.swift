// Who may see a dashboard and who may act by it. On loopback anyone on the machine may look, since they could read the
// sweep's files as well; from elsewhere, and to act, the token is needed.
import Foundation

package struct DashboardAccess: Sendable {
  package enum Decision: Equatable, Sendable {
    case allowed
    /// The token came in the address, as from a link: it is kept in a cookie, and the address without it is shown.
    case tokenShown
    case refused(status: Int, reason: String)
  }

  /// What of a request matters here.
  package struct Credentials: Sendable {
    package var isPost = false
    package var host: String?
    package var authorization: String?
    package var cookie: String?
    /// `token` of the address.
    package var tokenInQuery: String?
    /// Whether the header `X-Attune` came along, which no form or image of another site can send without being asked
    /// first (Fetch standard, CORS preflight).
    package var hasOwnHeader = false
    package init() {}
  }

  package static let cookieName = "attune_token"

  /// Whether it listens on the loopback interface only.
  private let isLoopback: Bool
  private let token: String

  package init(isLoopback: Bool, token: String) { (self.isLoopback, self.token) = (isLoopback, token) }

  package func decide(_ credentials: Credentials) -> Decision {
    if let shown = credentials.tokenInQuery {
      return isToken(shown) && !credentials.isPost
        ? .tokenShown : .refused(status: 401, reason: "that is not this dashboard's token")
    }
    let bearer = credentials.authorization.flatMap { header -> String? in
      let parts = header.split(separator: " ", maxSplits: 1)
      return parts.count == 2 && parts[0].lowercased() == "bearer" ? String(parts[1]) : nil
    }
    if let bearer {
      return isToken(bearer) ? .allowed : .refused(status: 401, reason: "that is not this dashboard's token")
    }
    let hasCookie = cookieValues(credentials.cookie).contains(where: isToken)
    if credentials.isPost {
      guard hasCookie, credentials.hasOwnHeader else {
        return .refused(
          status: 401, reason: "to act the dashboard's token is needed: send Authorization: Bearer TOKEN")
      }
      return .allowed
    }
    if hasCookie { return .allowed }
    guard isLoopback else {
      return .refused(
        status: 401, reason: "open the address with ?token=TOKEN behind it; the coordinator has said where it is kept")
    }
    // A page of another site whose name has been made to point here must not read it (DNS rebinding).
    guard let host = credentials.host, Self.isLoopbackName(host) else {
      return .refused(status: 403, reason: "ask for it as localhost or 127.0.0.1")
    }
    return .allowed
  }

  private func cookieValues(_ header: String?) -> [String] {
    (header ?? "").split(separator: ";").compactMap { pair in
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard parts.count == 2, parts[0].trimmingCharacters(in: .whitespaces) == Self.cookieName else { return nil }
      return parts[1].trimmingCharacters(in: .whitespaces)
    }
  }

  /// In a time that does not depend on where they differ.
  private func isToken(_ text: String) -> Bool {
    let (own, other) = (Array(token.utf8), Array(text.utf8))
    guard own.count == other.count else { return false }
    return zip(own, other).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
  }

  static func isLoopbackName(_ hostAndPort: String) -> Bool {
    let host: Substring
    if hostAndPort.hasPrefix("[") {
      host = hostAndPort.dropFirst().prefix { $0 != "]" }
    } else {
      host = hostAndPort.prefix { $0 != ":" }
    }
    return ["localhost", "::1"].contains(host.lowercased()) || isLoopbackIPv4(host)
  }

  private static func isLoopbackIPv4(_ host: Substring) -> Bool {
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
