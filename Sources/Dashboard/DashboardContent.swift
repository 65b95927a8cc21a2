// What a dashboard serves, apart from how: paths in, bytes out. The server knows nothing of sweeps, and who answers knows
// nothing of HTTP beyond this.
import Foundation

/// A request that was let in.
package struct DashboardRequest: Sendable {
  package enum Method: Sendable { case get, post }
  package let method: Method
  /// Without the slash it begins with, percent-decoded: `api/v1/trials`.
  package let path: String
  package let query: [String: String]
  /// Of a POST, at most `DashboardServer.mostBodyBytes`.
  package let body: Data

  package init(_ method: Method, _ path: String, query: [String: String] = [:], body: Data = Data()) {
    (self.method, self.path, self.query, self.body) = (method, path, query, body)
  }
}

package struct DashboardAnswer: Sendable {
  package enum Status: Int, Sendable {
    case ok = 200
    case badRequest = 400
    case notFound = 404
    /// It cannot be done now; the text says why.
    case conflict = 409
    case unavailable = 503
  }

  package let status: Status
  package let type: String
  package let body: Data

  package init(_ status: Status = .ok, type: String, _ body: Data) {
    (self.status, self.type, self.body) = (status, type, body)
  }

  package static func json(_ text: String, _ status: Status = .ok) -> Self {
    Self(status, type: "application/json; charset=utf-8", Data(text.utf8))
  }

  package static func text(_ text: String, _ status: Status = .ok) -> Self {
    Self(status, type: "text/plain; charset=utf-8", Data(text.utf8))
  }

  package static func html(_ text: String) -> Self { Self(type: "text/html; charset=utf-8", Data(text.utf8)) }
}

/// Who answers. Called one request at a time, on a thread where it may read files and wait.
package protocol DashboardContent: AnyObject, Sendable {
  func answer(_ request: DashboardRequest) -> DashboardAnswer
}
