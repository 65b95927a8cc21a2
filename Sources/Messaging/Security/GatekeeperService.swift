// The gatekeeper's thread: one REP socket that answers handshakes, and a look at the allowlist's directories in between.
// Nothing here waits for anybody else, so a busy or stalled coordinator delays no handshake.
internal import CZeroMQ
import Foundation

struct GatekeeperService {
  private let shared: GatekeeperState
  private let directory: KeyDirectory
  private var stamp: [Int]
  private var lastReading = ContinuousClock.now

  init(shared: GatekeeperState, directory: KeyDirectory) {
    (self.shared, self.directory) = (shared, directory)
    // Of before the thread's first reading: a change in between is seen as one.
    stamp = []
  }

  /// Serves until told to stop. `contextAddress` is the context's, which outlives this call.
  mutating func run(contextAddress: UInt) {
    do throws(TransportError) {
      guard let pointer = UnsafeRawPointer(bitPattern: contextAddress) else { return }
      let context = Unmanaged<MessagingContext>.fromOpaque(pointer).takeUnretainedValue()
      let socket = try Socket(context, type: ZMQ_REP)
      try socket.set(ZMQ_LINGER, 0, "LINGER")
      guard zmq_bind(socket.pointer, Gatekeeper.handlerAddress) == 0 else {
        throw TransportError("answer for keys at \(Gatekeeper.handlerAddress)", code: zmq_errno())
      }
      shared.ready.signal()
      try serve(socket)
    } catch {
      shared.fail(error)
    }
    // However it ended, nobody may wait for it.
    shared.ready.signal()
  }

  private mutating func serve(_ socket: borrowing Socket) throws(TransportError) {
    while !shared.wakeup.isSet {
      let ready = try poll(
        [PollRequest(socket: socket.pointer), PollRequest(descriptor: shared.wakeup.wakeup.descriptor)],
        timeout: Gatekeeper.lookInterval)
      followAllowlist()
      guard ready[0], let received = try socket.receive(atMost: 16) else { continue }
      if case .message(let frames, _) = received { _ = try socket.send(answer(frames)) }
    }
  }

  private mutating func followAllowlist() {
    let now = directory.allowlistStamp(), time = ContinuousClock.now
    guard now != stamp || time - lastReading >= Gatekeeper.readInterval else { return }
    (stamp, lastReading) = (now, time)
    do throws(KeyError) {
      shared.replace(try directory.allowlist())
    } catch {
      // Out of descriptors, or somebody is changing permissions: who was allowed stays so, and it is said.
      shared.content.withLock { if !$0.notes.contains("\(error)") { $0.note("\(error)") } }
    }
  }

  /// version, request id, domain, address, routing id, mechanism, credentials
  /// → version, request id, status, text, user id, metadata. Source: ZeroMQ RFC 27.
  private func answer(_ frames: [[UInt8]]) -> [[UInt8]] {
    func reply(_ status: String, _ text: String, user: String = "") -> [[UInt8]] {
      [Array("1.0".utf8), frames.count > 1 ? frames[1] : []] + [status, text, user, ""].map { Array($0.utf8) }
    }
    guard frames.count == 7, frames[0] == Array("1.0".utf8), frames[2] == Array(Gatekeeper.domain.utf8),
      frames[5] == Array("CURVE".utf8), let key = PublicKey(bytes: frames[6])
    else { return reply("400", "CURVE keys only") }
    switch shared.judge(key, from: String(decoding: frames[3].prefix(64), as: UTF8.self)) {
    case .allowed: return reply("200", "OK", user: key.description)
    // A "try later" (docs/messaging.md, 5): the key may be allowed any moment.
    case .unknown: return reply("300", "unknown key")
    case .revoked: return reply("400", "revoked key")
    }
  }
}
