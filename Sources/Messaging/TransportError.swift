// What went wrong between this process and libzmq or the operating system, with its number and its text.
// A peer's faults are ProtocolErrors; these are ours or the machine's.
internal import CZeroMQ

package struct TransportError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was tried: "bind ipc:///run/attune/s", "set MAXMSGSIZE".
  package let operation: String
  /// errno; 0 where the request was refused before it reached the system.
  package let code: Int32
  package let problem: String
  package let remedy: String

  package init(operation: String, code: Int32, problem: String, remedy: String) {
    (self.operation, self.code, self.problem, self.remedy) = (operation, code, problem, remedy)
  }

  /// From an errno of libzmq or the C library, read before anything else could change it.
  package init(_ operation: String, code: Int32) {
    self.init(
      operation: operation, code: code, problem: String(cString: zmq_strerror(code)), remedy: Self.remedy(for: code))
  }

  private static func remedy(for code: Int32) -> String {
    switch code {
    case EADDRINUSE: "another process listens there; stop it or choose another endpoint"
    case EACCES, EPERM: "check the permissions of its directory"
    case ENOENT: "create its directory first"
    case EADDRNOTAVAIL, ENODEV: "write an address of this machine"
    case EMFILE, ENFILE: "raise the limit of open files (ulimit -n)"
    case EPROTONOSUPPORT: "write ipc:// or tcp://"
    default: "start again; if it returns, report it with this text"
    }
  }

  package var description: String { "\(operation): \(problem); \(remedy)" }
}
