// Durable first, then said: the changes of a batch go into one transaction, and what depends on them is sent after it. What
// depends on nothing, such as the answer to a heartbeat, waits for no disk.
// While the disk is full nothing is acknowledged and nothing granted, contact is kept, and the commit is tried again.
import Messaging
import Scheduling
import Shared
import Store

extension SweepService {
  private static let longestRetryPause = Duration.seconds(10)

  /// From so many changes on a commit takes longer than to hand it to another thread.
  private static let fewestForThread = 256
  /// A disk that took so long the last time may do so again.
  private static let slowCommit = Duration.milliseconds(4)
  /// With so many decided the loop waits for the commit on its way before it reads on.
  private static let mostUndurable = 65_536

  /// What the committer is at work on, and what is said once that is durable.
  struct CommitOnItsWay {
    var changes: [SweepChange]
    var outgoing: [(message: CoordinatorMessage, session: WorkerSession)]
  }

  func commitAndSend() throws {
    if try !settleCommit(waiting: changes.count >= Self.mostUndurable) {
      try sendWhatIsReady(durable: false)
      return
    }
    if let retryAt, now < retryAt {
      try sendWhatIsReady(durable: false)
      return
    }
    // Checkpoints beyond the budget are removed between two commits.
    let isOverBudget = store.budget.map { store.storedBytes > $0 } ?? false
    if changes.count >= Self.fewestForThread || isDiskSlow && !changes.isEmpty, retryAt == nil, !isOverBudget {
      try sendWhatIsReady(durable: false)
      commitBegan = now
      onItsWay = CommitOnItsWay(changes: changes, outgoing: outgoing)
      changes = []
      outgoing = []
      log.mark()
      committer.begin(onItsWay?.changes ?? [], in: store)
      return
    }
    commitBegan = now
    do throws(StoreError) {
      try store.commit(changes)
      if !changes.isEmpty { isDiskSlow = now - commitBegan >= Self.slowCommit }
      noteCommit(of: changes)
      changes.removeAll(keepingCapacity: true)
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

  private func noteCommit(of changes: [SweepChange]) {
    if settings.meters, !changes.isEmpty { meter.committed(changes, at: now / .seconds(1)) }
  }

  /// Says what waited for the commit on its way, if it has ended. False while it goes on.
  @discardableResult
  func settleCommit(waiting: Bool) throws -> Bool {
    guard let batch = onItsWay else { return true }
    guard let outcome = waiting ? committer.wait() : committer.take() else { return false }
    onItsWay = nil
    // A large one takes longer, whatever the disk.
    if batch.changes.count < Self.fewestForThread { isDiskSlow = now - commitBegan >= Self.slowCommit }
    switch outcome {
    case .success(let committed):
      store.settle(committed, sparing: checkpointsNamed(in: changes))
      noteCommit(of: batch.changes)
      log.flushMarked()
      let later = outgoing
      outgoing = batch.outgoing
      try sendWhatIsReady(durable: true)
      outgoing += later
    case .failure(let error):
      guard error.mayPass else { throw error }
      changes = batch.changes + changes
      outgoing = batch.outgoing + outgoing
      storageFailed(error)
    }
    return true
  }

  /// An offered blob that was there already is recorded again, whatever a commit before has done to its last reference.
  private func checkpointsNamed(in changes: [SweepChange]) -> Set<BlobDigest> {
    var named: Set<BlobDigest> = []
    for case .checkpoint(_, let offer) in changes { named.insert(offer.digest) }
    return named
  }

  /// Nothing is lost: the changes stay here until they can be stored, and the workers keep what is not acknowledged.
  func storageFailed(_ error: StoreError) {
    if retryAt == nil {
      let what = if case .diskFull(let place) = error { "\(place): no space is left on the disk" } else { "\(error)" }
      display.note("\(what); the sweep waits and goes on by itself once there is some: nothing is lost")
      var line = LogLine("storage_failed")
      (line.reason, line.count) = (error.description, changes.count)
      log.write(line)
      handle(.holdGrants(true))
    }
    retryAt = now + retryPause
    retryPause = min(retryPause * 2, Self.longestRetryPause)
  }

  /// To be sent when it may be.
  func say(_ message: CoordinatorMessage, to session: WorkerSession) {
    if message.promisesDurability { outgoing.append((message, session)) } else { prompt.append((message, session)) }
  }

  /// Sends in order, per worker; keeps what a full connection does not take.
  /// - durable: everything decided so far is on the disk; otherwise only what promises nothing is sent.
  private func sendWhatIsReady(durable: Bool) throws {
    guard !prompt.isEmpty || durable && !outgoing.isEmpty else { return }
    var order: [WorkerSession] = []
    var messages: [WorkerSession: [CoordinatorMessage]] = [:]
    for (message, session) in durable ? prompt + outgoing : prompt {
      if messages[session] == nil { order.append(session) }
      messages[session, default: []].append(message)
    }
    prompt.removeAll(keepingCapacity: true)
    if durable { outgoing.removeAll(keepingCapacity: true) }
    for session in order {
      // Without a connection the worker is on its way back with a hello, after which it is told everything anew.
      guard let peer = peers[session], let ready = messages[session] else { continue }
      let sent = try send(ready, to: peer, batched: takesBatches.contains(session))
      for message in ready[sent...] { say(message, to: session) }
    }
  }

  /// How many of them are settled: sent, or for a worker that has gone.
  private func send(_ messages: [CoordinatorMessage], to peer: PeerID, batched: Bool) throws -> Int {
    guard batched, messages.count > 1 else {
      for (index, message) in messages.enumerated() where try !send(message, to: peer) { return index }
      return messages.count
    }
    let (sent, result) = try endpoint.send(batched: messages, to: peer)
    switch result {
    case .sent, .full: return sent
    case .unreachable:
      count("unreachable")
      return messages.count
    }
  }
}

extension CoordinatorMessage {
  /// Whether the worker may forget or begin something because of it, so that it must not leave before its reason is on
  /// the disk.
  fileprivate var promisesDurability: Bool {
    switch self {
    case .grant, .stored, .acknowledged, .fenced, .cancel, .finish: true
    case .welcome, .refused, .wanted, .pull, .notStored, .chunk, .missing, .heard, .helloWanted: false
    }
  }
}
