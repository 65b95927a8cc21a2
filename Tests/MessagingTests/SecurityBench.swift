// What the tests of security have in common: a scratch directory with keys, a coordinator that is bound on loopback with
// them, and workers. Waits end when the awaited thing happens; their limits only keep a failure from hanging.
import Foundation
import Messaging
import Shared
import Testing

/// A coordinator's keys and the machinery around them, in a directory of its own that goes with it.
final class SecurityBench {
  let limit = Duration.seconds(20)
  let path = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString.prefix(8))").path
  let context: MessagingContext
  let keys: KeyDirectory

  /// With keys of a coordinator and of the worker "first", which is allowed.
  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    context = try MessagingContext()
    keys = KeyDirectory(path + "/keys")
    _ = try keys.makeCoordinatorKeys()
    _ = try worker("first")
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Makes and allows a worker's keys.
  func worker(_ name: String) throws -> WorkerKeys {
    try keys.makeWorkerBundle(try KeyName(checking: name)).bundle.workerKeys()
  }

  /// A pair of keys that nobody allowed, but that knows the coordinator.
  func stranger() throws -> WorkerKeys {
    let directory = KeyDirectory(path + "/stranger-\(UUID().uuidString.prefix(8))")
    _ = try directory.makeWorkerKeys(try KeyName(checking: "stranger"))
    try FileManager.default.copyItem(atPath: keys.coordinatorPublic, toPath: directory.coordinatorPublic)
    return try directory.workerKeys()
  }

  var first: WorkerKeys { get throws { try KeyDirectory(path + "/keys/workers/first").workerKeys() } }

  func bind(_ security: CoordinatorSecurity, options: SocketOptions? = nil) throws -> CoordinatorEndpoint {
    try CoordinatorEndpoint(context, bind: try freeLoopback(), security: security, options: options)
  }

  /// A worker that comes back within milliseconds.
  func connect(
    _ address: EndpointAddress, _ security: WorkerSecurity, session: UInt64 = 1,
    handshakeLimit: Duration = .seconds(10)
  ) throws -> WorkerEndpoint {
    var options = SocketOptions(for: .tcp)
    (options.reconnectInterval, options.longestReconnectInterval) = (.milliseconds(20), .milliseconds(100))
    options.workerHandshakeLimit = handshakeLimit
    return try WorkerEndpoint(
      context, connect: address, session: WorkerSession(rawValue: session), security: security, options: options)
  }

  /// The next thing that arrives at the coordinator.
  func next(_ endpoint: inout CoordinatorEndpoint) throws -> WorkerDelivery? {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      if let delivery = try endpoint.receive() { return delivery }
      _ = try endpoint.wait(timeout: .milliseconds(100))
    }
    return nil
  }

  /// Sends once the connection stands.
  func send(_ message: WorkerMessage, from worker: inout WorkerEndpoint) throws {
    let deadline = ContinuousClock.now + limit
    while try !worker.send(message), ContinuousClock.now < deadline {
      _ = try worker.wait(timeout: .milliseconds(100), toSend: true)
      _ = try worker.receive()
    }
  }

  /// The next thing that the worker hears.
  func next(_ worker: inout WorkerEndpoint) throws -> CoordinatorDelivery? {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      if let delivery = try worker.receive() { return delivery }
      _ = try worker.wait(timeout: .milliseconds(100))
    }
    return nil
  }

  /// Why the worker's next handshake fails, while the coordinator goes on serving; nil if it does not fail.
  func failure(
    _ worker: inout WorkerEndpoint, at coordinator: inout CoordinatorEndpoint,
    where accepts: (HandshakeFailure) -> Bool = { _ in true }
  ) throws -> HandshakeFailure? {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      let result = try worker.wait(timeout: .milliseconds(20))
      if let failure = result.handshakeFailure, accepts(failure) { return failure }
      if result.connectionChanges.contains(true) { return nil }
      _ = try worker.receive()
      while try coordinator.receive() != nil {}
    }
    return nil
  }
}

/// A loopback port that nobody uses, below those that the system gives to outgoing connections (32,768 and more by
/// ip_local_port_range): nobody can take one of those between this look and the binding.
func freeLoopback(_ host: String = "127.0.0.1") throws -> EndpointAddress {
  while true {
    let port = UInt16.random(in: 12_000...31_000)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let code = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if code == 0 { return try EndpointAddress("tcp://\(host):\(port)") }
  }
}
