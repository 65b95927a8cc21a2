// What threads tell each other: a list that anyone adds to and its owner empties, with a descriptor for the owner's poll list.
import Synchronization

package final class Mailbox<Event: Sendable>: Sendable {
  private let events = Mutex<[Event]>([])
  private let wakeup: Wakeup

  package init() throws(TransportError) { wakeup = try Wakeup() }

  /// For the owner's poll list.
  package var descriptor: Int32 { wakeup.descriptor }

  /// From any thread.
  package func post(_ event: Event) {
    events.withLock { $0.append(event) }
    wakeup.signal()
  }

  /// By the owner: everything posted so far, in order.
  package func takeAll() -> [Event] {
    wakeup.clear()
    return events.withLock { events in
      defer { events.removeAll() }
      return events
    }
  }
}
