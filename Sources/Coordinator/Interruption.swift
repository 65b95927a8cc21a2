// SIGINT and SIGTERM as something the event loop looks at. The first one asks for an orderly end, a second one ends the
// process on the spot: everything acknowledged is on the disk already.
import Dispatch
import Foundation
import Messaging
import Synchronization

final class Interruption {
  /// Wakes the loop that waits.
  let wakeup: Wakeup
  private let sources: [any DispatchSourceSignal]

  init() throws(TransportError) {
    wakeup = try Wakeup()
    signal(SIGPIPE, SIG_IGN)
    let wakeup = wakeup
    let seen = SeenSignal()
    sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if seen.record(number) { wakeup.signal() } else { _exit(128 + number) }
      }
      return source
    }
    self.seen = seen
    for source in sources { source.resume() }
  }

  private let seen: SeenSignal

  /// The signal that asked for the end; nil while nobody did.
  var signalNumber: Int32? { seen.number }

  /// Gives signals their usual effect again: nothing is left to be ended in order.
  func stopListening() {
    for source in sources { source.cancel() }
    for number in [SIGINT, SIGTERM] { signal(number, SIG_DFL) }
  }
}

private final class SeenSignal: Sendable {
  private let value = Atomic<Int32>(0)
  var number: Int32? {
    let number = value.load(ordering: .acquiring)
    return number == 0 ? nil : number
  }
  /// Whether it was the first one.
  func record(_ number: Int32) -> Bool {
    value.compareExchange(expected: 0, desired: number, ordering: .acquiringAndReleasing).exchanged
  }
}
