// Real sockets over ipc in a directory of their own: delivery, what happens when a side goes, and waking the owner.
// Waits end when the awaited thing happens; their limits only keep a failure from hanging.
import Foundation
import Messaging
import Shared
import Testing

@Suite(.serialized) final class SocketTests {
  private let limit = Duration.seconds(20)
  /// One per test, gone with it.
  private let directory = FileManager.default.temporaryDirectory.appending(
    path: "attune-\(UUID().uuidString.prefix(8))")

  init() throws { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: directory) }

  private func scratchAddress() throws -> EndpointAddress { try EndpointAddress("ipc://\(directory.path)/s") }

  private func nextDelivery(_ endpoint: inout CoordinatorEndpoint) throws -> WorkerDelivery? {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      if let delivery = try endpoint.receive() { return delivery }
      // Connections that come and go end it too.
      _ = try endpoint.wait(timeout: limit)
    }
    return nil
  }

  private func nextDelivery(_ endpoint: inout WorkerEndpoint) throws -> CoordinatorDelivery? {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
      if let delivery = try endpoint.receive() { return delivery }
      _ = try endpoint.wait(timeout: limit)
    }
    return nil
  }

  /// Waits until the connection stands.
  private func sendWhenConnected(_ message: WorkerMessage, from worker: borrowing WorkerEndpoint) throws {
    while try !worker.send(message) { _ = try worker.wait(timeout: limit, toSend: true) }
  }

  @Test func `messages go both ways`() throws {
    let context = try MessagingContext(), address = try scratchAddress()
    var coordinator = try CoordinatorEndpoint(context, bind: address)
    var worker = try WorkerEndpoint(context, connect: address, session: WorkerSession(rawValue: 1))
    try sendWhenConnected(.hello(Examples.hello), from: worker)
    guard case .message(let peer, .hello(let hello), nil)? = try nextDelivery(&coordinator) else {
      return #expect(Bool(false), "no hello")
    }
    #expect(hello == Examples.hello)
    for (_, message) in Examples.coordinator {
      #expect(try coordinator.send(message, to: peer) == .sent)
      #expect(try nextDelivery(&worker) == .message(message))
    }
    #expect(try worker.receive() == nil)
    #expect(try worker.send(.chunk(Examples.chunk)))
    #expect(try nextDelivery(&coordinator) == .message(peer, .chunk(Examples.chunk), key: nil))
  }

  @Test func `sending to nobody is reported`() throws {
    let context = try MessagingContext()
    let coordinator = try CoordinatorEndpoint(context, bind: try scratchAddress())
    #expect(try coordinator.send(.heard, to: PeerID(bytes: [0, 1, 2, 3, 4])) == .unreachable)
  }

  @Test func `a worker without a coordinator queues nothing`() throws {
    let context = try MessagingContext()
    let worker = try WorkerEndpoint(context, connect: try scratchAddress(), session: WorkerSession(rawValue: 1))
    #expect(try worker.send(.goodbye(reason: "nobody listens")) == false)
  }

  @Test func `a full queue takes no more and loses nothing`() throws {
    let context = try MessagingContext(), address = try scratchAddress()
    var options = SocketOptions(for: .ipc)
    options.highWaterMark = 4
    var coordinator = try CoordinatorEndpoint(context, bind: address, options: options)
    var worker = try WorkerEndpoint(context, connect: address, session: WorkerSession(rawValue: 1), options: options)
    try sendWhenConnected(.heartbeat(held: []), from: worker)
    guard case .message(let peer, _, _)? = try nextDelivery(&coordinator) else {
      return #expect(Bool(false), "no heartbeat")
    }
    let padding = [UInt8](repeating: 7, count: BlobChunk.maximumChunkBytes)
    func chunk(_ index: Int) -> BlobChunk {
      BlobChunk(digest: Examples.digest, offset: index, byteCount: WireLimits.blobBytes, bytes: padding)
    }
    var sent = 0
    while try coordinator.send(.chunk(chunk(sent)), to: peer) == .sent { sent += 1 }
    for index in 0..<sent { #expect(try nextDelivery(&worker) == .message(.chunk(chunk(index)))) }
    #expect(sent >= 4)
  }

  @Test func `a worker finds a coordinator that was started again at the same place`() throws {
    let context = try MessagingContext(), address = try scratchAddress()
    var first = try CoordinatorEndpoint(context, bind: address)
    var worker = try WorkerEndpoint(context, connect: address, session: WorkerSession(rawValue: 1))
    var changes: [Bool] = []
    while changes.isEmpty { changes += try worker.wait(timeout: limit).connectionChanges }
    try sendWhenConnected(.heartbeat(held: []), from: worker)
    _ = try nextDelivery(&first)
    first.close()
    while changes.last != false { changes += try worker.wait(timeout: limit).connectionChanges }
    #expect(changes == [true, false])
    var second = try CoordinatorEndpoint(context, bind: address)
    while changes.last != true { changes += try worker.wait(timeout: limit).connectionChanges }
    try sendWhenConnected(.hello(Examples.hello), from: worker)
    guard case .message(_, .hello, _)? = try nextDelivery(&second) else { return #expect(Bool(false), "no hello") }
    #expect(try worker.receive() == nil)
  }

  @Test func `a new socket is a new peer`() throws {
    let context = try MessagingContext(), address = try scratchAddress()
    var coordinator = try CoordinatorEndpoint(context, bind: address)
    var worker = try WorkerEndpoint(context, connect: address, session: WorkerSession(rawValue: 1))
    var peers: Set<PeerID> = []
    for _ in 0..<3 {
      try sendWhenConnected(.heartbeat(held: []), from: worker)
      guard case .message(let peer, .heartbeat, _)? = try nextDelivery(&coordinator) else {
        return #expect(Bool(false), "no heartbeat")
      }
      peers.insert(peer)
      try worker.reconnect()
    }
    #expect(peers.count == 3)
  }

  @Test func `another thread wakes the owner`() throws {
    let context = try MessagingContext(), wakeup = try Wakeup(), other = try Wakeup()
    let coordinator = try CoordinatorEndpoint(context, bind: try scratchAddress())
    let thread = Thread { wakeup.signal() }
    thread.start()
    let result = try coordinator.wait(timeout: limit, watching: [other.descriptor, wakeup.descriptor])
    #expect(!result.hasMessages && result.readyDescriptors == [wakeup.descriptor])
    wakeup.clear()
    #expect(try coordinator.wait(timeout: .zero, watching: [wakeup.descriptor]).timedOut)
  }

  @Test func `any number of signals is one`() throws {
    let context = try MessagingContext(), wakeup = try Wakeup()
    let coordinator = try CoordinatorEndpoint(context, bind: try scratchAddress())
    for _ in 0..<100_000 { wakeup.signal() }
    wakeup.clear()
    #expect(try coordinator.wait(timeout: .zero, watching: [wakeup.descriptor]).timedOut)
  }

  @Test func `the end of a pipe wakes the owner`() throws {
    let context = try MessagingContext()
    let coordinator = try CoordinatorEndpoint(context, bind: try scratchAddress())
    let pipe = Pipe()
    let reading = pipe.fileHandleForReading.fileDescriptor
    #expect(try coordinator.wait(timeout: .zero, watching: [reading]).timedOut)
    try pipe.fileHandleForWriting.close()
    #expect(try coordinator.wait(timeout: limit, watching: [reading]).readyDescriptors == [reading])
  }

  @Test func `what is no address is refused in words`() throws {
    func text(_ address: String) -> String {
      do throws(TransportError) { return try EndpointAddress(address).description } catch { return error.description }
    }
    #expect(text("tcp://[::1]:7400") == "tcp://[::1]:7400")
    #expect(
      text("http://a") == "endpoint \"http://a\": is of no known transport; write ipc://PATH or tcp://HOST:PORT")
    #expect(
      text("tcp://node7")
        == "endpoint \"tcp://node7\": has no host and port from 1 to 65535; write tcp://127.0.0.1:7400")
    let long = "ipc:///" + String(repeating: "d", count: 107)
    #expect(
      text(long) == "endpoint \"\(long)\": path is 108 bytes long, at most 107 are possible; choose a shorter directory"
    )
  }

  @Test func `binding where nobody may is an error with the system's words`() throws {
    let context = try MessagingContext()
    let address = try EndpointAddress("ipc:///nonexistent-directory/s")
    #expect(
      throws: TransportError("bind ipc:///nonexistent-directory/s", code: 2)
    ) { try bindAndClose(context, address) }
  }

  private func bindAndClose(_ context: MessagingContext, _ address: EndpointAddress) throws {
    try CoordinatorEndpoint(context, bind: address).close()
  }
}
