// What arrives from workers: who it is from, and which part is for the scheduler; and what became of their checkpoints, whose
// bytes travel in bulk.
import Messaging
import Scheduling
import Shared
import Store

extension SweepService {
  func receive(_ message: WorkerMessage, from peer: PeerID, key: KeyName?) throws {
    if case .hello(var hello) = message {
      guard sessionKeys[hello.session] == nil || sessionKeys[hello.session] == key else {
        return try refuse(hello, from: peer, key)
      }
      // One that comes late may come from a connection that has gone.
      if !scheduler.isOutdated(hello) { bind(hello, to: peer) }
      hello.inventory.removeAll { !mayHold($0.trial, key) }
      // Another key's worker is not this one's to end.
      if let previous = hello.previous, sessionKeys[previous] != key { hello.previous = nil }
      handle(.message(.hello(hello), from: hello.session))
      if let key {
        sessionKeys[hello.session] = key
        changes.append(.workerKey(hello.session, key.rawValue))
      }
      return
    }
    guard let session = sessions[peer] else {
      // A connection to an earlier coordinator: its session is not known here.
      count("hello_wanted")
      _ = try send(.helloWanted, to: peer)
      return
    }
    if let address = message.address, !mayHold(address.trial, key) {
      count("trial_of_another_key")
      say(.fenced(address), to: session)
      return
    }
    switch message {
    case .ready, .chunk, .fetch:
      count("wrong_channel")
      tellDrop(of: session, "a message of the bulk channel came over control")
      return
    case .hello, .started, .progress, .offer, .result, .failed, .released, .goodbye: break
    case .heartbeat(let held, let remaining):
      let own = held.filter { mayHold($0.trial, key) }
      handle(.message(.heartbeat(held: own, remaining: remaining), from: session))
      return
    }
    handle(.message(message, from: session))
  }

  /// A session belongs to the key that opened it, also after a restart; another key gets none of its trials.
  private func refuse(_ hello: WorkerHello, from peer: PeerID, _ key: KeyName?) throws {
    count("session_of_another_key")
    let reason = "session \(hello.session) belongs to another worker's key; start this worker again"
    var line = LogLine("worker_refused")
    (line.worker, line.host, line.process) = (hello.session, hello.host, hello.processID)
    (line.key, line.reason) = (key?.rawValue, reason)
    log.write(line)
    _ = try send(.refused(reason: reason), to: peer)
  }

  /// Whether a worker with this key may speak for a trial: the trial was not granted to another key's worker.
  private func mayHold(_ trial: TrialID, _ key: KeyName?) -> Bool {
    // Without keys nobody owns anything.
    guard !sessionKeys.isEmpty, let grantee = scheduler.grantee(of: trial), let owner = sessionKeys[grantee] else {
      return true
    }
    return owner == key
  }

  /// The key may not take part any more: what its worker held goes back to the queue, and is nobody's failure.
  func revoked(_ peer: PeerID, _ key: KeyName) {
    count("key_revoked")
    var line = LogLine("key_revoked")
    (line.key, line.worker) = (key.rawValue, sessions[peer])
    log.write(line)
    display.note("the key \(key) was revoked; its worker is shut out")
    guard let session = sessions.removeValue(forKey: peer) else { return }
    peers[session] = nil
    handle(.workerShutOut(session, reason: "its key was revoked"))
  }

  /// From now on the session is where this hello came from.
  private func bind(_ hello: WorkerHello, to peer: PeerID) {
    if let old = peers[hello.session] { sessions[old] = nil }
    if let old = sessions[peer] { peers[old] = nil }
    peers[hello.session] = peer
    // A worker that names its credit is of a version that takes batches.
    if hello.credit > 0 { takesBatches.insert(hello.session) }
    sessions[peer] = hello.session
    // Another machine may have a process of the same number.
    if workers.name(of: hello.processID) != nil, hello.host == ownHost {
      sessionsByProcess[hello.processID] = hello.session
    }
  }

  /// Gets an offered checkpoint, unless it is there.
  func collect(_ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession) {
    if store.blobs.contains(offer.digest) {
      handle(.checkpointStored(address, offer, from: session))
    } else {
      bulk.collect(address, offer, from: session, key: sessionKeys[session])
    }
  }

  func follow(_ outcome: BulkService.Outcome) throws {
    switch outcome {
    case .wanted(let digest, let session): say(.wanted(digest), to: session)
    case .stalled(let digest, let session):
      count("bulk_stalled")
      guard saidStalled.insert(session).inserted else { break }
      var line = LogLine("bulk_stalled")
      line.worker = session
      line.reason = "checkpoint \(digest) was asked for and does not come; can the worker reach \(bulk.address)?"
      log.write(line)
    case .stored(let address, let offer, let session):
      saidStalled.remove(session)
      // It may have been removed again meanwhile, as nobody had recorded it yet: only this thread removes.
      collect(address, offer, from: session)
    case .refused(let address, let offer, let session, let error):
      count("checkpoint_refused")
      if error.mayPass { storageFailed(error) }
      handle(.checkpointRefused(address, offer, from: session, reason: error.description))
    case .dropped(let kind, let text):
      count(kind)
      if let text { tellDrop(of: nil, text) }
    case .failed(let error): throw error
    }
  }

  /// What the scheduler has to say, for the log and for the user.
  func heed(_ note: SchedulingNote) {
    if case .repeated = note {} else { log.write(note) }
    switch note {
    case .workerJoined(let hello, _):
      if sessionsByProcess[hello.processID] == hello.session { workers.wasWelcomed(hello.processID) }
    case .workerRefused(_, let reason):
      refusal = reason
      count("worker_refused")
      display.note("a worker was refused: \(reason)")
    case .workerLost(let session, let reason, let returned):
      forgetTransfers(of: session)
      if returned > 0 { display.note("\(countText(returned, "trial")) back in the queue: \(reason)") }
    case .workerLeft(let session, _): forgetTransfers(of: session)
    case .workerReplaced(let session, _):
      forgetTransfers(of: session)
      if let peer = peers.removeValue(forKey: session) { sessions[peer] = nil }
    case .helloRepeated: count("hello_repeated")
    case .ended(let trial, let state, let reason):
      if state == .succeeded { workers.trialFinished() }
      if state == .failed || state == .quarantined {
        display.note("trial \(trial) \(state.rawValue): \(reason ?? "no reason was given")")
      }
    case .cellCancelled(let cell, let reason): display.note("cell \(cell): cancelled, because \(reason)")
    case .alarm(let text):
      count("alarm")
      display.note("alarm: \(text)")
    case .fenced: count("stale_token")
    case .repeated: count("repeated_end")
    case .granted, .returned, .selected, .replicated: break
    }
  }
}

extension SweepService {
  private func forgetTransfers(of session: WorkerSession) {
    saidStalled.remove(session)
    bulk.forget(session)
  }

  /// `worker 2` for one that was started here, otherwise its host and process.
  func workerName(_ session: WorkerSession) -> String {
    guard let hello = scheduler.hello(of: session) else { return "worker \(session)" }
    if sessionsByProcess[hello.processID] == session, let name = workers.name(of: hello.processID) { return name }
    return "\(hello.host) \(hello.processID)"
  }
}

extension WorkerMessage {
  /// The trial and token that it speaks of, if it does.
  fileprivate var address: TrialAddress? {
    switch self {
    case .started(let address), .progress(let address, _, _, _), .offer(let address, _), .result(let address, _),
      .failed(let address, _), .released(let address, _, _):
      address
    case .hello, .heartbeat, .ready, .chunk, .fetch, .goodbye: nil
    }
  }
}
