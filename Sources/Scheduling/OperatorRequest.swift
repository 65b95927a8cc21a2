// What a person may ask of a sweep that runs: never how trials are computed, only whether and where.
import Shared

package enum OperatorRequest: Equatable, Sendable {
  /// While paused nothing is granted; what runs goes on. Not remembered by the next coordinator.
  case pause(Bool)
  /// The trial is not run, or not to its end. Its cell does without it.
  case cancel(TrialID)
  /// The trial is taken from its worker and granted anew, from its latest checkpoint.
  case retry(TrialID)
  /// The worker gives back what it holds and leaves.
  case drain(WorkerSession)
}

extension SweepScheduler {
  /// Does what was asked where that is possible, and notes either.
  mutating func obey(_ request: OperatorRequest) {
    switch request {
    case .pause(let pause):
      isPaused = pause
      commands.append(.note(.obeyed(pause ? "paused: nothing more is granted" : "goes on granting")))
    case .cancel(let trial):
      guard let index = endable(trial, "cancelled") else { return }
      stopAtWorker(index)
      move(index, to: .cancelled, reason: "an operator cancelled it")
      commands.append(.note(.obeyed("trial \(trial) cancelled")))
    case .retry(let trial):
      guard let index = endable(trial, "tried again") else { return }
      guard trials[index].isLeased else {
        commands.append(.note(.obeyed("trial \(trial) cannot be tried again: no worker has it")))
        return
      }
      stopAtWorker(index)
      let reason = "an operator wants it tried again"
      commands.append(.note(.returned(trial, reason: reason, failures: trials[index].record.failures)))
      // Its worker may not speak for it any more.
      trials[index].token = nil
      move(index, to: .pending, reason: reason)
    case .drain(let session):
      guard workers[session]?.isSilent == false else {
        commands.append(.note(.obeyed("worker \(session) cannot be sent away: it is not here")))
        return
      }
      commands.append(.send(.finish(reason: "an operator sent this worker away"), to: session))
      commands.append(.note(.obeyed("worker \(session) is sent away")))
    }
  }

  /// Nil, with a note, where the trial is none of this sweep or has ended.
  private mutating func endable(_ trial: TrialID, _ what: String) -> Int? {
    guard let index = indexByID[trial] else {
      commands.append(.note(.obeyed("trial \(trial) cannot be \(what): there is none of that number")))
      return nil
    }
    let state = trials[index].record.state
    guard [.pending, .leased, .running, .paused].contains(state) else {
      commands.append(.note(.obeyed("trial \(trial) cannot be \(what): it is \(state.rawValue)")))
      return nil
    }
    return index
  }

  private mutating func stopAtWorker(_ index: Int) {
    guard let holder = trials[index].holder, let token = trials[index].token else { return }
    commands.append(.send(.cancel(trials[index].record.id, token), to: holder))
  }
}
