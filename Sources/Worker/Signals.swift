// SIGTERM and SIGINT as events of the worker's one loop.
import Dispatch
import Foundation
import Messaging
import Synchronization

/// The first signal drains the worker, the second one ends it on the spot.
struct Signals {
  private let sources: [any DispatchSourceSignal]

  /// - ignoresInterrupt: a terminal sends SIGINT to the parent as well, and the parent decides.
  init(ignoresInterrupt: Bool, reportingTo mailbox: Mailbox<WorkerEvent>) {
    signal(SIGPIPE, SIG_IGN)
    if ignoresInterrupt { signal(SIGINT, SIG_IGN) }
    let caught = [(SIGTERM, "SIGTERM")] + (ignoresInterrupt ? [] : [(SIGINT, "SIGINT")])
    let seen = SignalCount()
    sources = caught.map { number, name in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        if seen.isFirst() { mailbox.post(.drain(reason: name)) } else { _exit(128 + number) }
      }
      source.resume()
      return source
    }
  }
}

private final class SignalCount: Sendable {
  private let count = Atomic(0)
  func isFirst() -> Bool { count.wrappingAdd(1, ordering: .relaxed).oldValue == 0 }
}
