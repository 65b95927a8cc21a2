// Everything that is not an allowed worker speaking properly: refused, counted, memory bounded, and the worker beside it
// notices nothing.
import Foundation
import Messaging
import Shared
import Testing

@Suite(.serialized) final class HostilePeerTests {
  private let bench: SecurityBench
  private let gatekeeper: Gatekeeper

  init() throws {
    bench = try SecurityBench()
    gatekeeper = try Gatekeeper(bench.context, keys: try bench.keys.coordinatorKeys())
  }

  /// A coordinator with keys and a worker that it knows, around what `attack` does; afterwards the worker still gets its
  /// answers on the same connection.
  private func disturbing(
    _ options: SocketOptions = SocketOptions(for: .tcp),
    _ attack: (inout CoordinatorEndpoint) throws -> Void
  ) throws -> RefusalCounts {
    var coordinator = try bench.bind(.curve(gatekeeper), options: options)
    var worker = try bench.connect(coordinator.address, .curve(try bench.first))
    try bench.send(.hello(Examples.hello), from: &worker)
    guard case .message(let peer, .hello, let key)? = try bench.next(&coordinator) else {
      #expect(Bool(false), "no hello")
      return RefusalCounts()
    }
    try attack(&coordinator)
    for _ in 0..<10 {
      #expect(try worker.send(.heartbeat(held: [])))
      #expect(try nextMessage(&coordinator) == .message(peer, .heartbeat(held: []), key: key))
      #expect(try coordinator.send(.heard, to: peer) == .sent)
      #expect(try bench.next(&worker) == .message(.heard))
    }
    // With its last messages the events of before have been counted too.
    while try coordinator.receive() != nil {}
    return coordinator.refusals
  }

  /// The next delivery that is a message; what else arrives is counted by the endpoint.
  private func nextMessage(_ coordinator: inout CoordinatorEndpoint) throws -> WorkerDelivery? {
    while let delivery = try bench.next(&coordinator) {
      if case .message = delivery { return delivery }
    }
    return nil
  }

  /// Lets the coordinator go on until `done`.
  private func serve(_ coordinator: inout CoordinatorEndpoint, until done: (RefusalCounts) -> Bool) throws {
    let deadline = ContinuousClock.now + bench.limit
    while !done(coordinator.refusals), ContinuousClock.now < deadline {
      _ = try coordinator.wait(timeout: .milliseconds(20))
      while let delivery = try coordinator.receive() {
        if case .message(_, let message, _) = delivery { #expect(Bool(false), "took \(message)") }
      }
    }
  }

  @Test(arguments: [
    Greeting.version1, Greeting.version2, Greeting.version3("NULL") + [4, 25] + [UInt8](repeating: 5, count: 25),
    Greeting.version3("PLAIN"), Greeting.version3("GSSAPI"), Array("GET / HTTP/1.1\r\nHost: attune\r\n\r\n".utf8),
    Greeting.version3("CURVE") + [4, 200] + [UInt8](repeating: 7, count: 200),
    // A handshake command of 2^62 bytes.
    Greeting.version3("CURVE") + [6, 0x40] + [UInt8](repeating: 0, count: 7) + [UInt8](repeating: 1, count: 5000),
    Greeting.version3("CURVE") + [0, 5] + Array("hello".utf8),
  ])
  func `bytes of another protocol end their connection`(_ bytes: [UInt8]) throws {
    var options = SocketOptions(for: .tcp)
    options.handshakeLimit = .seconds(2)
    let counts = try disturbing(options) { coordinator in
      let connections = (0..<8).map { _ in BareConnection(coordinator.address) }
      for connection in connections { connection.send(bytes) }
      try serve(&coordinator) { _ in connections.allSatisfy(\.isEnded) }
      #expect(connections.allSatisfy { $0.isEnded })
    }
    #expect(counts.accepted >= 9 && counts.established == 1, "\(counts)")
  }

  @Test func `random bytes never get in`() throws {
    var bits = SeededBits(state: 4)
    var options = SocketOptions(for: .tcp)
    options.handshakeLimit = .milliseconds(300)
    let counts = try disturbing(options) { coordinator in
      var connections: [BareConnection] = []
      for index in 0..<64 {
        let connection = BareConnection(coordinator.address)
        let start = [[], Greeting.signature, Greeting.version3("CURVE")][index % 3]
        connection.send(
          start + (0..<Int.random(in: 1...3000, using: &bits)).map { _ in .random(in: 0...255, using: &bits) })
        connections.append(connection)
      }
      try serve(&coordinator) { _ in connections.allSatisfy(\.isEnded) }
      #expect(connections.allSatisfy { $0.isEnded })
    }
    #expect(counts.accepted >= 65 && counts.established == 1, "\(counts)")
  }

  @Test func `peers of libzmq without keys or with passwords are counted and never heard`() throws {
    let counts = try disturbing { coordinator in
      let peers = try [RawDealer.Proof.nothing, .plain].map { try RawDealer(coordinator.address, $0) }
      for peer in peers { peer.send(encode(WorkerMessage.goodbye(reason: "hostile"))[0]) }
      // Either end may notice first, and end the connection.
      try serve(&coordinator) { $0.brokenHandshake + $0.abandonedHandshake >= 2 }
      withExtendedLifetime(peers) {}
    }
    #expect(
      counts.brokenHandshake + counts.abandonedHandshake >= 2 && counts.established == 1 && counts.unreadable == 0,
      "\(counts)")
  }

  @Test func `slow handshakes end at their limit`() throws {
    var options = SocketOptions(for: .tcp)
    options.handshakeLimit = .milliseconds(200)
    let counts = try disturbing(options) { coordinator in
      let connections = (0..<20).map { _ in BareConnection(coordinator.address) }
      for (index, connection) in connections.enumerated() {
        connection.send(Array(Greeting.version3("CURVE").prefix(index * 3)))
      }
      try serve(&coordinator) { _ in connections.allSatisfy(\.isEnded) }
      #expect(connections.allSatisfy { $0.isEnded })
    }
    #expect(counts.abandonedHandshake >= 20 && counts.established == 1)
  }

  @Test func `a flood of handshakes costs bounded memory and ends with the flood`() throws {
    var options = SocketOptions(for: .tcp)
    options.handshakeLimit = .seconds(1)
    var grown: [Int] = []
    let counts = try disturbing(options) { coordinator in
      for round in 0..<3 {
        let before = residentBytes() ?? 0
        var connections: [BareConnection] = []
        for index in 0..<400 {
          let connection = BareConnection(coordinator.address)
          connection.send(index % 2 == 0 ? Greeting.version3("CURVE") : Greeting.signature)
          connections.append(connection)
        }
        try serve(&coordinator) { $0.accepted >= 1 + 400 * (round + 1) }
        grown.append((residentBytes() ?? 0) - before)
        try serve(&coordinator) { _ in connections.allSatisfy(\.isEnded) }
        #expect(connections.allSatisfy { $0.isEnded })
      }
    }
    #expect(counts.accepted >= 1201 && counts.established == 1, "\(counts)")
    // Tens of kilobytes per connection, and later rounds use what earlier ones gave back.
    #expect(grown[0] < 64 << 20 && grown[1] + grown[2] < 64 << 20, "\(grown)")
  }

  @Test func `a flood of unknown keys is counted, told once, and let none in`() throws {
    let counts = try disturbing { coordinator in
      let stranger = RawDealer.proof(try bench.stranger().directory)
      let peers = try (0..<40).map { _ in try RawDealer(coordinator.address, stranger) }
      for peer in peers { peer.send([1, 2, 3]) }
      try serve(&coordinator) { $0.unknownKey >= 40 }
      withExtendedLifetime(peers) {}
      #expect(coordinator.takeNotes().filter { $0.hasPrefix("refused an unknown key from 127.0.0.1") }.count == 1)
    }
    #expect(counts.unknownKey >= 40 && counts.established == 1, "\(counts)")
  }

  @Test func `an allowed worker's wrong frames are dropped and counted`() throws {
    let second = try bench.worker("second").directory
    let counts = try disturbing { coordinator in
      let peer = try RawDealer(coordinator.address, RawDealer.proof(second))
      let heartbeat = encode(WorkerMessage.heartbeat(held: []))[0]
      for index in 0..<1000 { peer.send(heartbeat, more: index < 999) }
      peer.send(Array("nonsense".utf8))
      peer.send([])
      peer.send(Array("ATTN".utf8) + [0, 1, 0, 2, 0, 0, 0, 200] + [UInt8](repeating: 0x7b, count: 200))
      try serve(&coordinator) { $0.unreadable >= 4 }
      withExtendedLifetime(peer) {}
    }
    #expect(counts.tooManyFrames == 1 && counts.malformed == 3)
  }

  @Test func `an allowed worker's endless frame ends its connection`() throws {
    let second = try bench.worker("second").directory
    let before = residentBytes() ?? 0
    let counts = try disturbing { coordinator in
      let peer = try RawDealer(coordinator.address, RawDealer.proof(second))
      peer.send([UInt8](repeating: 0, count: 64 << 20))
      try serve(&coordinator) { $0.ended >= 1 }
      withExtendedLifetime(peer) {}
    }
    #expect(counts.ended >= 1 && counts.unreadable == 0)
    // The sender's own copies, in this same process, are gone again; nothing near them is left here.
    #expect((residentBytes() ?? 0) - before < 200 << 20)
  }

  @Test func `a connection's name cannot be taken over with another key`() throws {
    var coordinator = try bench.bind(.curve(gatekeeper))
    let owner = try bench.worker("owner").directory, thief = try bench.worker("thief").directory
    let heartbeat = encode(WorkerMessage.heartbeat(held: []))[0]
    let peer = PeerID(bytes: Array("chosen".utf8))
    do {
      let first = try RawDealer(coordinator.address, RawDealer.proof(owner), routingID: "chosen")
      first.send(heartbeat)
      #expect(
        try nextMessage(&coordinator)
          == .message(peer, .heartbeat(held: []), key: try KeyName(checking: "owner")))
      withExtendedLifetime(first) {}
    }
    try serve(&coordinator) { $0.ended >= 1 }
    let second = try RawDealer(coordinator.address, RawDealer.proof(thief), routingID: "chosen")
    second.send(heartbeat)
    try serve(&coordinator) { $0.foreignMessages >= 1 }
    #expect(coordinator.refusals.foreignMessages == 1)
    withExtendedLifetime(second) {}
  }

  @Test func `when no descriptors are left those that are connected go on, and others come when there are again`() async
  {
    await #expect(processExitsWith: .success) {
      let bench = try SecurityBench()
      let gatekeeper = try Gatekeeper(bench.context, keys: try bench.keys.coordinatorKeys())
      var coordinator = try bench.bind(.curve(gatekeeper))
      var worker = try bench.connect(coordinator.address, .curve(try bench.first))
      let later = try bench.worker("later")
      try bench.send(.heartbeat(held: []), from: &worker)
      guard case .message(let peer, _, _)? = try bench.next(&coordinator) else { exit(1) }
      // The other ends have their descriptors already; the coordinator finds ten.
      var connections = (0..<60).map { _ in BareConnection() }
      let used = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
      var limits = rlimit()
      getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limits)
      let before = limits.rlim_cur
      limits.rlim_cur = rlim_t(used + 10)
      setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limits)
      for connection in connections { connection.connect(to: coordinator.address) }
      for _ in 0..<20 {
        guard try worker.send(.heartbeat(held: [])) else { exit(2) }
        guard try bench.next(&coordinator) == .message(peer, .heartbeat(held: []), key: KeyName(rawValue: "first")),
          try coordinator.send(.heard, to: peer) == .sent, try bench.next(&worker) == .message(.heard)
        else { exit(3) }
      }
      guard coordinator.refusals.accepted < 40 else { exit(4) }
      connections.removeAll()
      limits.rlim_cur = before
      setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limits)
      var newcomer = try bench.connect(coordinator.address, .curve(later), session: 2)
      try bench.send(.heartbeat(held: []), from: &newcomer)
      guard case .message(_, .heartbeat, KeyName(rawValue: "later"))? = try bench.next(&coordinator) else { exit(5) }
      exit(0)
    }
  }

  @Test func `a message without end is noticed by the memory that it takes`() async throws {
    await #expect(processExitsWith: .exitCode(MemoryGuard.exitStatus)) {
      let bench = try SecurityBench()
      let gatekeeper = try Gatekeeper(bench.context, keys: try bench.keys.coordinatorKeys())
      var coordinator = try bench.bind(.curve(gatekeeper))
      let peer = try RawDealer(coordinator.address, RawDealer.proof(try bench.first.directory))
      let memory = try MemoryGuard(limit: (residentBytes() ?? 0) + (256 << 20)) { _ in _exit(MemoryGuard.exitStatus) }
      let piece = [UInt8](repeating: 1, count: 200 * 1024)
      // 20 GiB and a coordinator that looks for messages all the time: none ever arrives.
      for _ in 0..<100_000 {
        peer.send(piece, more: true)
        while try coordinator.receive() != nil {}
      }
      withExtendedLifetime((memory, peer)) {}
    }
  }
}
