// Who may connect: answers libzmq's question about every key (ZAP, ZeroMQ RFC 27) on a thread of its own, and follows the
// allowlist on disk, so that `attune keys allow` and `revoke` act on a running coordinator.
internal import CZeroMQ
import Foundation
import Synchronization

/// One per context: all its sockets ask the same handler. Ends its thread when it goes.
package final class Gatekeeper: Sendable {
  /// Sockets that name a domain are refused every connection while nobody answers for it.
  static let domain = "attune"
  static let handlerAddress = "inproc://zeromq.zap.01"
  /// Between two looks at the directories' times, and between two readings of every file whatever the times say.
  static let lookInterval = Duration.milliseconds(200)
  static let readInterval = Duration.seconds(5)

  package let keys: CoordinatorKeys
  let context: MessagingContext
  private let shared: GatekeeperState

  /// Reads the allowlist and starts to answer; returns when it does.
  package init(_ context: MessagingContext, keys: CoordinatorKeys) throws {
    let shared = try GatekeeperState(try keys.directory.allowlist())
    (self.keys, self.context, self.shared) = (keys, context, shared)
    // The thread holds no reference: the context must go with its endpoints, not with this thread, and `deinit` waits for
    // the thread's end.
    let unmanaged = Unmanaged.passUnretained(context).toOpaque()
    let address = UInt(bitPattern: unmanaged)
    let directory = keys.directory
    let thread = Thread {
      var service = GatekeeperService(shared: shared, directory: directory)
      service.run(contextAddress: address)
      shared.ended.signal()
    }
    thread.name = "attune-zap"
    thread.start()
    shared.ready.wait()
    if let failure = shared.failure {
      shared.ended.wait()
      shared.ended.signal()
      throw failure
    }
  }

  deinit { stop() }

  /// Stops answering: from then on every new connection is refused.
  package func stop() {
    shared.wakeup.signal(stop: true)
    shared.ended.wait()
    shared.ended.signal()
    shared.fail(
      TransportError(
        operation: "check keys", code: 0, problem: "the thread that does has ended", remedy: "start again"))
  }

  /// Increases with every change of the allowlist, and when the thread ends.
  var generation: Int { shared.generation.load(ordering: .acquiring) }
  var allowlist: Allowlist { shared.content.withLock { $0.list } }
  /// Set when the thread has ended by itself: whoever relies on it must not go on.
  var failure: TransportError? { shared.failure }

  /// Signals `wakeup` when the allowlist changes, as long as it exists.
  func notify(_ wakeup: Wakeup) { shared.content.withLock { $0.listeners.append(WeakWakeup(wakeup)) } }

  /// Handshakes refused so far, with an unknown key and with a revoked one.
  var refusals: (unknown: Int, revoked: Int) { shared.content.withLock { ($0.unknown, $0.revoked) } }

  /// What happened since the last call, in words: refused keys (each once), changes of the allowlist, files left out.
  package func takeNotes() -> [String] {
    shared.content.withLock { content in
      defer { content.notes.removeAll() }
      return content.notes
    }
  }
}

/// What the thread and the others share.
final class GatekeeperState: Sendable {
  struct Content {
    var list: Allowlist
    var listeners: [WeakWakeup] = []
    var notes: [String] = []
    var unknown = 0, revoked = 0
    var failure: TransportError?
    /// Keys that were told of; a flood of new ones is counted only.
    var told: Set<PublicKey> = []
  }

  let content: Mutex<Content>
  let generation = Atomic<Int>(1)
  let wakeup: StopSignal
  let ready = DispatchSemaphore(value: 0)
  let ended = DispatchSemaphore(value: 0)

  init(_ list: Allowlist) throws(TransportError) {
    content = Mutex(Content(list: list, notes: list.problems))
    wakeup = try StopSignal()
  }

  var failure: TransportError? { content.withLock { $0.failure } }

  static let mostNotes = 256
  static let mostTold = 1024

  /// Judges one key; `address` is where it came from.
  func judge(_ key: PublicKey, from address: String) -> Allowlist.Standing {
    content.withLock { content in
      let standing = content.list.standing(of: key)
      switch standing {
      case .allowed: return standing
      case .unknown: content.unknown += 1
      case .revoked: content.revoked += 1
      }
      if content.told.count < Self.mostTold, content.told.insert(key).inserted {
        let found = if case .revoked(let name) = standing { "the revoked key \(name)" } else { "an unknown key" }
        content.note("refused \(found) from \(address), fingerprint \(key.fingerprint)")
      }
      return standing
    }
  }

  /// Puts `list` in force and wakes everybody who relies on it.
  func replace(_ list: Allowlist) {
    let listeners = content.withLock { content -> [WeakWakeup] in
      guard content.list != list else { return [] }
      for problem in list.problems where !content.list.problems.contains(problem) { content.note(problem) }
      let (before, after) = (content.list.allowed, list.allowed)
      for (key, name) in before where after[key] == nil { content.note("key \(name) may no longer connect") }
      for (key, name) in after where before[key] == nil { content.note("key \(name) may connect") }
      content.told.subtract(after.keys)
      content.list = list
      content.listeners.removeAll { $0.wakeup == nil }
      generation.add(1, ordering: .releasing)
      return content.listeners
    }
    for listener in listeners { listener.wakeup?.signal() }
  }

  func fail(_ error: TransportError) {
    let listeners = content.withLock { content in
      content.failure = error
      generation.add(1, ordering: .releasing)
      return content.listeners
    }
    for listener in listeners { listener.wakeup?.signal() }
  }
}

extension GatekeeperState.Content {
  mutating func note(_ text: String) { if notes.count < GatekeeperState.mostNotes { notes.append(text) } }
}

/// A wakeup that its owner may drop.
final class WeakWakeup: Sendable {
  private let reference: Mutex<Reference>
  private struct Reference { weak var wakeup: Wakeup? }
  init(_ wakeup: Wakeup) { reference = Mutex(Reference(wakeup: wakeup)) }
  var wakeup: Wakeup? { reference.withLock { $0.wakeup } }
}

/// Wakes the thread and says that it is to end.
final class StopSignal: Sendable {
  let wakeup: Wakeup
  private let flag = Atomic<Bool>(false)
  init() throws(TransportError) { wakeup = try Wakeup() }
  var isSet: Bool { flag.load(ordering: .acquiring) }
  func signal(stop: Bool) {
    flag.store(stop, ordering: .releasing)
    wakeup.signal()
  }
}
