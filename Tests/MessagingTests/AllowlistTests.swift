// Whom a coordinator with keys lets in: real sockets on loopback. Who is not listed hears nothing and says nothing.
import Foundation
import Messaging
import Shared
import Testing

@Suite(.serialized) struct AllowlistTests {
  private func opened(_ bench: SecurityBench) throws -> Gatekeeper {
    try Gatekeeper(bench.context, keys: try bench.keys.coordinatorKeys())
  }

  @Test func `an allowed key is let in and every message names it`() throws {
    let bench = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    var worker = try bench.connect(coordinator.address, .curve(try bench.first))
    try bench.send(.hello(Examples.hello), from: &worker)
    guard case .message(let peer, .hello(let hello), let key)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "no hello")
    }
    #expect(hello == Examples.hello && key?.rawValue == "first")
    #expect(try coordinator.send(.heard, to: peer) == .sent)
    #expect(try bench.next(&worker) == .message(.heard))
    // Two frames of content: the key is read where it is.
    try bench.send(.chunk(Examples.chunk), from: &worker)
    #expect(try bench.next(&coordinator) == .message(peer, .chunk(Examples.chunk), key: key))
    #expect(try coordinator.receive() == nil)
    #expect(coordinator.refusals.refused.isEmpty && coordinator.refusals.established == 1)
  }

  @Test func `an unknown key is refused in words, counted, and let in as soon as it is allowed`() throws {
    let bench = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    let keys = try bench.stranger()
    var worker = try bench.connect(coordinator.address, .curve(keys), handshakeLimit: .seconds(1))
    let failure = try bench.failure(&worker, at: &coordinator)
    #expect(
      failure?.description
        == "\(coordinator.address) closed the connection while keys were checked: this worker's key (fingerprint "
        + "\(keys.pair.publicKey.fingerprint)) is not on its allowlist, or \(keys.directory.path)/coordinator.public is "
        + "not that coordinator's; there: attune keys allow DIR \(keys.directory.path)/worker.public")
    #expect(coordinator.refusals.unknownKey >= 1)
    #expect(coordinator.takeNotes().contains { $0.contains(keys.pair.publicKey.fingerprint) })
    #expect(try coordinator.receive() == nil)
    _ = try bench.keys.allow(keys.directory.workerPublic)
    try bench.send(.heartbeat(held: []), from: &worker)
    guard case .message(_, .heartbeat, let key)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "not let in")
    }
    #expect(key?.rawValue == "stranger")
  }

  @Test func `a key that is revoked loses its live connection at once and another worker does not`() throws {
    let bench = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    var worker = try bench.connect(coordinator.address, .curve(try bench.first))
    var other = try bench.connect(coordinator.address, .curve(try bench.worker("second")), session: 2)
    try bench.send(.heartbeat(held: []), from: &worker)
    guard case .message(let peer, _, _)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "no heartbeat")
    }
    try bench.send(.heartbeat(held: []), from: &other)
    guard case .message(let otherPeer, _, _)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "no heartbeat")
    }
    let first = try KeyName(checking: "first")
    _ = try bench.keys.revoke(first)
    #expect(try bench.next(&coordinator) == .revoked(peer, key: first))
    #expect(
      try bench.next(&worker) == .message(.refused(reason: "the key first of this worker was revoked")))
    #expect(try coordinator.send(.heard, to: peer) == .unreachable)
    // What it says is dropped and counted; the next to arrive is the other worker's.
    #expect(try worker.send(.heartbeat(held: [])))
    while coordinator.refusals.revokedMessages == 0 {
      #expect(try coordinator.receive() == nil)
      _ = try coordinator.wait(timeout: .milliseconds(50))
    }
    #expect(try other.send(.goodbye(reason: "done")))
    #expect(
      try bench.next(&coordinator)
        == .message(otherPeer, .goodbye(reason: "done"), key: try KeyName(checking: "second")))
    #expect(try coordinator.send(.heard, to: otherPeer) == .sent)
    #expect(try bench.next(&other) == .message(.heard))

    // A new connection is refused for good, in words, and comes when the key is allowed again.
    try worker.reconnect()
    let failure = try bench.failure(&worker, at: &coordinator)
    #expect(failure?.reason == .revoked)
    #expect(coordinator.refusals.revokedKey >= 1)
    _ = try bench.keys.allow("first")
    try bench.send(.heartbeat(held: []), from: &worker)
    guard case .message(let newPeer, .heartbeat, first)? = try bench.next(&coordinator) else {
      return #expect(Bool(false), "not let in again")
    }
    #expect(newPeer != peer)
  }

  @Test func `a worker without keys is refused in words`() throws {
    let bench = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    var worker = try bench.connect(coordinator.address, .open)
    let failure = try bench.failure(&worker, at: &coordinator)
    #expect(
      failure?.description
        == "\(coordinator.address) closed the connection before it stood: it may ask for keys; start this worker with "
        + "--keys DIR, or check that attune listens there")
    // Which end notices first is a race: the coordinator finds a wrong greeting, or an end in the middle of it.
    let deadline = ContinuousClock.now + bench.limit
    while coordinator.refusals.brokenHandshake + coordinator.refusals.abandonedHandshake == 0,
      ContinuousClock.now < deadline
    { _ = try coordinator.receive() }
    #expect(coordinator.refusals.brokenHandshake + coordinator.refusals.abandonedHandshake > 0)
    #expect(try worker.send(.heartbeat(held: [])) == false)
  }

  @Test func `a worker with keys tells that the coordinator has none`() throws {
    let bench = try SecurityBench()
    var coordinator = try bench.bind(.open)
    var worker = try bench.connect(coordinator.address, .curve(try bench.first))
    let failure = try bench.failure(&worker, at: &coordinator)
    #expect(
      failure?.description
        == "\(coordinator.address) does not use keys; start the coordinator with --keys, or this worker without")
  }

  @Test func `another coordinator's key is not believed`() throws {
    let bench = try SecurityBench(), other = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    var worker = try bench.connect(coordinator.address, .curve(try other.first))
    let failure = try bench.failure(&worker, at: &coordinator)
    #expect(failure != nil)
    #expect(try worker.send(.heartbeat(held: [])) == false)
  }

  @Test func `without the thread that checks keys nobody is let in and the coordinator stops`() throws {
    let bench = try SecurityBench(), gatekeeper = try opened(bench)
    var coordinator = try bench.bind(.curve(gatekeeper))
    gatekeeper.stop()
    var worker = try bench.connect(coordinator.address, .curve(try bench.first), handshakeLimit: .seconds(1))
    var failed = false
    for _ in 0..<100 where !failed {
      let result = try worker.wait(timeout: .milliseconds(20))
      #expect(!result.connectionChanges.contains(true))
      failed = result.handshakeFailure != nil
      _ = try worker.receive()
      _ = try? coordinator.receive()
    }
    #expect(try worker.send(.heartbeat(held: [])) == false)
    #expect(throws: TransportError.self) { _ = try self.receive(&coordinator) }
  }

  private func receive(_ endpoint: inout CoordinatorEndpoint) throws -> WorkerDelivery? { try endpoint.receive() }
}
