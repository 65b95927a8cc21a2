// What arrives from workers: who it is from, which part is for the scheduler, and the bytes of checkpoints, which are
// for the store.
import Messaging
import Scheduling
import Shared
import Store

extension SweepService {
  func receive(_ message: WorkerMessage, from peer: PeerID) throws {
    if case .hello(let hello) = message {
      bind(hello, to: peer)
      handle(.message(message, from: hello.session))
      return
    }
    guard let session = sessions[peer] else {
      // A connection to an earlier coordinator: its session is not known here.
      _ = try send(.helloWanted, to: peer)
      return
    }
    switch message {
    case .chunk(let chunk):
      if let step = transfers.receive(chunk, from: session) { follow(step, session) }
    case .fetch(let digest, let offset):
      do throws(StoreError) {
        outgoing.append((.chunk(try store.blobs.chunk(digest, offset: offset)), session))
      } catch {
        outgoing.append((.missing(digest, reason: error.description), session))
      }
    case .hello, .heartbeat, .started, .progress, .offer, .result, .failed, .released, .goodbye: break
    }
    handle(.message(message, from: session))
  }

  /// From now on the session is where this hello came from.
  private func bind(_ hello: WorkerHello, to peer: PeerID) {
    if let old = peers[hello.session] { sessions[old] = nil }
    if let old = sessions[peer] { peers[old] = nil }
    peers[hello.session] = peer
    sessions[peer] = hello.session
    // Another machine may have a process of the same number.
    if workers.name(of: hello.processID) != nil, hello.host == ownHost {
      sessionsByProcess[hello.processID] = hello.session
    }
  }

  func follow(_ step: CheckpointTransfers.Step, _ session: WorkerSession) {
    switch step {
    case .pull(let digest, let offset): outgoing.append((.pull(digest, offset: offset), session))
    case .stored(let address, let offer): handle(.checkpointStored(address, offer, from: session))
    case .refused(let address, let offer, let error):
      if error.mayPass { storageFailed(error) }
      handle(.checkpointRefused(address, offer, from: session, reason: error.description))
    }
  }

  /// What the scheduler has to say, for the log and for the user.
  func heed(_ note: SchedulingNote) {
    log.write(note)
    switch note {
    case .workerJoined(let hello, _):
      if sessionsByProcess[hello.processID] == hello.session { workers.wasWelcomed(hello.processID) }
    case .workerRefused(_, let reason):
      refusal = reason
      display.note("a worker was refused: \(reason)")
    case .workerLost(let session, let reason, let returned):
      transfers.forget(session)
      if returned > 0 { display.note("\(countText(returned, "trial")) back in the queue: \(reason)") }
    case .workerLeft(let session, _): transfers.forget(session)
    case .ended(let trial, let state, let reason):
      if state == .succeeded { workers.trialFinished() }
      if state == .failed || state == .quarantined {
        display.note("trial \(trial) \(state.rawValue): \(reason ?? "no reason was given")")
      }
    case .cellCancelled(let cell, let reason): display.note("cell \(cell): cancelled, because \(reason)")
    case .alarm(let text): display.note("alarm: \(text)")
    case .granted, .returned, .fenced, .selected: break
    }
  }
}
