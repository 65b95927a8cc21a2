// Events from slots and signals on their way to the thread that owns the socket.
import Messaging
import Synchronization

final class Mailbox: Sendable {
  private let events = Mutex<[WorkerEvent]>([])
  private let wakeup: Wakeup

  init() throws(TransportError) { wakeup = try Wakeup() }

  /// For the owner's poll list.
  var descriptor: Int32 { wakeup.descriptor }

  /// From any thread.
  func post(_ event: WorkerEvent) {
    events.withLock { $0.append(event) }
    wakeup.signal()
  }

  /// By the owner: everything posted so far, in order.
  func takeAll() -> [WorkerEvent] {
    wakeup.clear()
    return events.withLock { events in
      defer { events.removeAll() }
      return events
    }
  }
}
