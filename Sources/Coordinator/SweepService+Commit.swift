// Durable first, then said: the changes of a batch go into one transaction, and what depends on them is sent after it.
// While the disk is full nothing is acknowledged and nothing granted, contact is kept, and the commit is tried again.
import Messaging
import Scheduling
import Shared
import Store

extension SweepService {
  private static let longestRetryPause = Duration.seconds(10)

  func commitAndSend() throws {
    if let retryAt, now < retryAt {
      try sendWhatIsReady(durable: false)
      return
    }
    do throws(StoreError) {
      try store.commit(changes)
      changes = []
    } catch {
      guard error.mayPass else { throw error }
      storageFailed(error)
      try sendWhatIsReady(durable: false)
      return
    }
    if retryAt != nil {
      retryAt = nil
      retryPause = .seconds(1)
      log.write(LogLine("storage_recovered"))
      display.note("the disk takes changes again; the sweep goes on")
      handle(.holdGrants(false))
      try commitAndSend()
      return
    }
    try sendWhatIsReady(durable: true)
  }

  /// Nothing is lost: the changes stay here until they can be stored, and the workers keep what is not acknowledged.
  func storageFailed(_ error: StoreError) {
    if retryAt == nil {
      let what = if case .diskFull(let place) = error { "\(place): no space is left on the disk" } else { "\(error)" }
      display.note("\(what); the sweep waits and goes on by itself once there is some: nothing is lost")
      var line = LogLine("storage_failed")
      line.reason = error.description
      log.write(line)
      handle(.holdGrants(true))
    }
    retryAt = now + retryPause
    retryPause = min(retryPause * 2, Self.longestRetryPause)
  }

  /// Sends in order, per worker; keeps what a full connection does not take.
  /// - durable: everything decided so far is on the disk; otherwise only what promises nothing is sent.
  private func sendWhatIsReady(durable: Bool) throws {
    var kept: [(message: CoordinatorMessage, session: WorkerSession)] = []
    var blocked: Set<WorkerSession> = []
    for (message, session) in outgoing {
      // Without a connection the worker is on its way back with a hello, after which it is told everything anew.
      guard let peer = peers[session] else { continue }
      let waits = blocked.contains(session) || (!durable && message.promisesDurability)
      if waits {
        kept.append((message, session))
      } else if try !send(message, to: peer) {
        blocked.insert(session)
        kept.append((message, session))
      }
    }
    outgoing = kept
  }
}

extension CoordinatorMessage {
  /// Whether the worker may forget or begin something because of it, so that it must not leave before its reason is on
  /// the disk.
  fileprivate var promisesDurability: Bool {
    switch self {
    case .grant, .stored, .acknowledged, .fenced, .cancel, .finish: true
    case .welcome, .refused, .pull, .notStored, .chunk, .missing, .heard, .helloWanted: false
    }
  }
}
