// Who is let in, without a socket.
import Testing

import Dashboard

@Suite struct DashboardAccessTests {
  private let loopback = DashboardAccess(isLoopback: true, token: "secret")
  private let open = DashboardAccess(isLoopback: false, token: "secret")

  private func credentials(_ change: (inout DashboardAccess.Credentials) -> Void) -> DashboardAccess.Credentials {
    var credentials = DashboardAccess.Credentials()
    change(&credentials)
    return credentials
  }

  private func isRefused(_ decision: DashboardAccess.Decision, _ status: Int) -> Bool {
    if case .refused(status, _) = decision { true } else { false }
  }

  @Test(arguments: ["localhost:8080", "127.0.0.1:8080", "[::1]:8080", "LOCALHOST", "127.8.9.1:1"])
  func `on loopback anyone on the machine may look`(host: String) {
    #expect(loopback.decide(credentials { $0.host = host }) == .allowed)
  }

  @Test(arguments: ["evil.example:8080", "127.0.0.1.evil.example", "127.evil.example:8080", "", "[::2]:8080"])
  func `a page of another site whose name points here reads nothing`(host: String) {
    #expect(isRefused(loopback.decide(credentials { $0.host = host }), 403))
  }

  @Test func `from elsewhere nobody looks without the token`() {
    #expect(isRefused(open.decide(credentials { $0.host = "10.0.0.1:8080" }), 401))
    #expect(open.decide(credentials { $0.authorization = "Bearer secret" }) == .allowed)
    #expect(open.decide(credentials { $0.cookie = "a=b; attune_token=secret" }) == .allowed)
    #expect(open.decide(credentials { $0.tokenInQuery = "secret" }) == .tokenShown)
  }

  @Test(arguments: ["", "secre", "secret ", "Secret", "secret1"])
  func `a wrong token is refused wherever it stands`(text: String) {
    #expect(isRefused(open.decide(credentials { $0.tokenInQuery = text }), 401))
    #expect(isRefused(open.decide(credentials { $0.cookie = "attune_token=x\(text)" }), 401))
    #expect(
      isRefused(loopback.decide(credentials { ($0.host, $0.authorization) = ("localhost", "Bearer x\(text)") }), 401))
  }

  @Test func `nobody acts without the token, on loopback either`() {
    #expect(isRefused(loopback.decide(credentials { ($0.isPost, $0.host) = (true, "localhost") }), 401))
    #expect(loopback.decide(credentials { ($0.isPost, $0.authorization) = (true, "bearer secret") }) == .allowed)
  }

  @Test func `a cookie alone does not act: another site's form would send it, too`() {
    let form = credentials { ($0.isPost, $0.cookie) = (true, "attune_token=secret") }
    #expect(isRefused(open.decide(form), 401))
    var own = form
    own.hasOwnHeader = true
    #expect(open.decide(own) == .allowed)
  }

  @Test func `a token in the address of a POST is none`() {
    #expect(isRefused(open.decide(credentials { ($0.isPost, $0.tokenInQuery) = (true, "secret") }), 401))
  }
}
