// The dashboard's HTTP server: lets requests in or not, serves the page, hands everything else to who knows the answers,
// and tells pages that look on when something is new.
import FlyingFox
import FlyingSocks
import Foundation
import Synchronization

package final class DashboardServer: Sendable {
  /// Of a request.
  package static let mostBodyBytes = 64 << 10
  /// Pages that look on at a time.
  private static let mostListeners = 256

  /// What the server's tasks and its owner share.
  private final class Shared: Sendable {
    let events = EventHub()
    let lastRequest = Mutex<ContinuousClock.Instant?>(nil)
    let failure = Mutex<String?>(nil)
    let port = Mutex<UInt16?>(nil)
    let ended = DispatchSemaphore(value: 0)
  }

  private let http: HTTPServer
  private let shared = Shared()
  /// Where it listens, with the port that was taken.
  package let address: ListenAddress

  /// Listens at `place`; returns when it does.
  /// - token: who shows it may act, and look from elsewhere.
  package init(at place: ListenAddress, token: String, content: any DashboardContent) throws(DashboardError) {
    let access = DashboardAccess(isLoopback: place.isLoopback, token: token)
    let shared = shared
    // One at a time, and not on a thread that tasks run on: answers read the disk.
    let queue = DispatchQueue(label: "attune-dashboard")
    let handler = ClosureHandler { request in
      shared.lastRequest.withLock { $0 = .now }
      return await Self.respond(to: request, access: access, events: shared.events) { asked in
        await withCheckedContinuation { continuation in
          queue.async { continuation.resume(returning: content.answer(asked)) }
        }
      }
    }
    let http = HTTPServer(
      config: Self.configuration(try place.socketAddress()), handler: handler)
    let listening = DispatchSemaphore(value: 0)
    Task.detached {
      do { try await http.run() } catch { shared.failure.withLock { $0 = error.localizedDescription } }
      listening.signal()
      shared.ended.signal()
    }
    Task.detached {
      try? await http.waitUntilListening(timeout: 30)
      if case .ip4(_, let port)? = await http.listeningAddress { shared.port.withLock { $0 = port } }
      if case .ip6(_, let port)? = await http.listeningAddress { shared.port.withLock { $0 = port } }
      listening.signal()
    }
    listening.wait()
    if let reason = shared.failure.withLock({ $0 }) {
      throw DashboardError(
        "\(place): no dashboard can listen there (\(reason)); is another program there? choose another port")
    }
    self.http = http
    address = ListenAddress(host: place.host, port: shared.port.withLock { $0 } ?? place.port)
  }

  private static func configuration(_ address: some SocketAddress) -> HTTPServer.Configuration {
    HTTPServer.Configuration(address: address, timeout: 60, logger: .disabled)
  }

  /// Whether anyone has looked within this time.
  package func isLookedAt(within time: Duration) -> Bool {
    if shared.events.count > 0 { return true }
    return shared.lastRequest.withLock { $0 }.map { ContinuousClock.now - $0 < time } ?? false
  }

  /// Tells every page that looks on. One line of JSON.
  package func publish(_ json: String) { shared.events.publish(json) }

  /// To be called every few seconds while there is nothing to tell.
  package func breathe() { shared.events.breathe() }

  package func stop() {
    shared.events.close()
    let http = http
    Task.detached { await http.stop(timeout: 1) }
    _ = shared.ended.wait(timeout: .now() + 2)
  }

  private struct ClosureHandler: HTTPHandler {
    let body: @Sendable (HTTPRequest) async -> HTTPResponse
    init(_ body: @escaping @Sendable (HTTPRequest) async -> HTTPResponse) { self.body = body }
    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse { await body(request) }
  }

  private static func listen(_ events: EventHub) -> HTTPResponse {
    guard let body = events.listen(atMost: mostListeners) else {
      return plain(.serviceUnavailable, "\(mostListeners) pages look on already; close some")
    }
    var headers = commonHeaders
    headers[.contentType] = "text/event-stream"
    return HTTPResponse(statusCode: .ok, headers: headers, body: body)
  }

  private static func respond(
    to request: HTTPRequest, access: DashboardAccess, events: EventHub,
    answering: (DashboardRequest) async -> DashboardAnswer
  ) async -> HTTPResponse {
    guard request.method == .GET || request.method == .POST else {
      return plain(.methodNotAllowed, "only GET and POST are known here")
    }
    let query = Dictionary(request.query.map { ($0.name, $0.value) }) { first, _ in first }
    var credentials = DashboardAccess.Credentials()
    credentials.isPost = request.method == .POST
    credentials.host = request.headers[.host]
    credentials.authorization = request.headers[.authorization]
    credentials.cookie = request.headers[.cookie]
    credentials.tokenInQuery = query["token"]
    credentials.hasOwnHeader = request.headers[HTTPHeader("X-Attune")] != nil
    switch access.decide(credentials) {
    case .allowed: break
    case .refused(let status, let reason):
      return plain(HTTPStatusCode(status, phrase: status == 401 ? "Unauthorized" : "Forbidden"), reason)
    case .tokenShown:
      var headers = commonHeaders
      headers[.setCookie] =
        "\(DashboardAccess.cookieName)=\(query["token"] ?? ""); HttpOnly; SameSite=Strict; Path=/"
      // Only a path of this server: never somebody else's address.
      headers[.location] = "/"
      return HTTPResponse(statusCode: .seeOther, headers: headers)
    }
    let path = String(request.path.drop { $0 == "/" })
    if request.method == .GET {
      if path == "events" { return listen(events) }
      if let asset = dashboardAsset(path) { return response(to: asset) }
    }
    guard let body = await boundedBody(of: request) else {
      return plain(.payloadTooLarge, "the body is longer than \(mostBodyBytes) bytes")
    }
    return response(
      to: await answering(DashboardRequest(request.method == .POST ? .post : .get, path, query: query, body: body)))
  }

  /// Nil where it is longer than allowed.
  private static func boundedBody(of request: HTTPRequest) async -> Data? {
    if let announced = request.headers[.contentLength].flatMap(Int.init), announced > mostBodyBytes { return nil }
    var body = Data()
    do {
      for try await part in request.bodySequence {
        body += part
        if body.count > mostBodyBytes { return nil }
      }
    } catch { return nil }
    return body
  }

  private static func response(to answer: DashboardAnswer) -> HTTPResponse {
    var headers = commonHeaders
    headers[.contentType] = answer.type
    return HTTPResponse(
      statusCode: HTTPStatusCode(answer.status.rawValue, phrase: "\(answer.status)"), headers: headers,
      body: answer.body)
  }

  private static func plain(_ status: HTTPStatusCode, _ text: String) -> HTTPResponse {
    var headers = commonHeaders
    headers[.contentType] = "text/plain; charset=utf-8"
    return HTTPResponse(statusCode: status, headers: headers, body: Data((text + "\n").utf8))
  }

  /// Nothing of another origin is loaded, nothing is kept by caches, and no other page may frame it.
  private static var commonHeaders: HTTPHeaders {
    [
      .cacheControl: "no-store",
      HTTPHeader("X-Content-Type-Options"): "nosniff",
      HTTPHeader("Referrer-Policy"): "no-referrer",
      HTTPHeader("Content-Security-Policy"):
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        + "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ]
  }
}

package struct DashboardError: Error, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}
