// Where a coordinator may listen without keys: the rule stands in one place, and nothing but keys gets around it.
// Only addresses that are surely this machine's own count as such.
import Foundation
import Messaging
import Shared
import Testing

@Suite struct BindingRuleTests {
  private func problem(_ address: String, _ security: CoordinatorSecurity = .open) throws -> String? {
    let context = try MessagingContext()
    do throws(TransportError) {
      try CoordinatorEndpoint(context, bind: try EndpointAddress(address), security: security).close()
      return nil
    } catch {
      return error.description
    }
  }

  @Test(arguments: [
    "tcp://*:7400", "tcp://0.0.0.0:7400", "tcp://[::]:7400", "tcp://10.0.0.1:7400", "tcp://eth0:7400", "tcp://lo:7400",
    "tcp://node7.example.org:7400", "tcp://[fe80::1%lo]:7400", "tcp://127.1:7400", "tcp://0x7f.1:7400",
    "tcp://localhost.:7400", "tcp://128.0.0.1:7400", "tcp://[::2]:7400", "tcp://127.0.0.1;10.0.0.1:7400",
  ])
  func `an address that others could reach is refused without keys`(_ address: String) throws {
    #expect(
      try problem(address)
        == "bind \(address): other machines could connect, and no keys say which may; add --keys DIR (make one with "
        + "`attune keys new DIR`), or bind tcp://127.0.0.1:PORT")
  }

  @Test func `no environment variable gets around the rule`() throws {
    for name in ["ATTUNE_INSECURE", "ATTUNE_ALLOW_INSECURE", "ATTUNE_NO_KEYS"] {
      setenv(name, "1", 1)
      #expect(try problem("tcp://0.0.0.0:7400") != nil)
      unsetenv(name)
    }
  }

  @Test func `loopback and private sockets need no keys`() throws {
    for host in ["127.0.0.1", "127.8.9.10", "localhost"] {
      #expect(try problem(freeLoopback(host).description) == nil, "\(host)")
    }
    let path = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString.prefix(8))").path
    #expect(try problem("ipc://\(path)") == nil)
  }

  @Test func `a socket's file is its owner's whatever the umask`() throws {
    let path = FileManager.default.temporaryDirectory.appending(path: "attune-\(UUID().uuidString.prefix(8))").path
    let endpoint = try CoordinatorEndpoint(try MessagingContext(), bind: try EndpointAddress("ipc://\(path)"))
    var status = stat()
    #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    endpoint.close()
  }

  @Test func `sockets without a file of their own are refused without keys`() throws {
    #expect(
      try problem("ipc://@attune")
        == "bind ipc://@attune: any user of this machine could connect; write a path in a private directory, such as "
        + "ipc:///run/user/1000/attune.sock")
    #expect(try problem("ipc://*") != nil)
  }

  @Test func `with keys every address will do`() throws {
    let bench = try SecurityBench()
    let gatekeeper = try Gatekeeper(bench.context, keys: try bench.keys.coordinatorKeys())
    let port = try freeLoopback().description.split(separator: ":").last ?? ""
    try CoordinatorEndpoint(bench.context, bind: try EndpointAddress("tcp://*:\(port)"), security: .curve(gatekeeper))
      .close()
  }

  @Test func `an IPv6 address needs its brackets, and a worker finds it`() throws {
    #expect(throws: TransportError.self) { try EndpointAddress("tcp://::1:7400") }
    // Machines without IPv6 cannot show the rest.
    guard access("/proc/net/if_inet6", F_OK) == 0 else { return }
    let bench = try SecurityBench(), address = try freeLoopback("[::1]")
    guard var coordinator = try? CoordinatorEndpoint(bench.context, bind: address) else { return }
    var worker = try bench.connect(address, .open)
    try bench.send(.heartbeat(held: []), from: &worker)
    guard case .message(_, .heartbeat, nil)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "no heartbeat")
    }
  }

  @Test func `a coordinator with keys and nobody allowed does not start`() throws {
    let bench = try SecurityBench()
    _ = try bench.keys.revoke(try KeyName(checking: "first"))
    #expect(
      throws: KeyError(
        bench.keys.path + "/allowed", "no worker's key is allowed, so no worker could connect",
        "allow one: attune keys new \(bench.keys.path) --worker NAME, or attune keys allow \(bench.keys.path) FILE")
    ) { try bench.keys.coordinatorKeys() }
  }
}
