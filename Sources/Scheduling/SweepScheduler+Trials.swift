// What a message about a trial may change. A message counts if it carries the trial's latest token; every change of
// state goes through `move`, and nothing leaves a terminal state.
import Shared

extension SweepScheduler {
  /// The one place where a trial changes its state: checks that the change is legal, keeps counters, queue and holders
  /// in step, and has it made durable. False, with an alarm, if the change is illegal.
  @discardableResult
  mutating func move(
    _ index: Int, to next: TrialState, reason: String? = nil, result: TrialResult? = nil, holder: WorkerSession? = nil
  ) -> Bool {
    let previous = trials[index].record.state
    guard previous.mayBecome(next) else {
      let trial = trials[index].record.id
      commands.append(.note(.alarm("trial \(trial) was to go from \(previous.rawValue) to \(next.rawValue)")))
      return false
    }
    if !trials[index].cells.isEmpty {
      stateCounts[previous] -= 1
      stateCounts[next] += 1
    }
    trials[index].record.state = next
    trials[index].record.reason = reason
    if let result { trials[index].record.result = result }
    assign(index, to: holder)
    switch next {
    case .pending:
      trials[index].stepsPerSecond = 0
      trials[index].step = trials[index].checkpoint?.step ?? 0
      if trials[index].isReady { enqueue(index) }
    case .committing:
      // On its way to a terminal state within this very event; only that one is made durable.
      return true
    case .leased, .running, .paused: break
    case .succeeded, .failed, .quarantined, .cancelled, .pruned:
      commands.append(.note(.ended(trials[index].record.id, next, reason: reason)))
    }
    commands.append(.persist(.status(status(of: index))))
    if next.isTerminal { trialEnded(index) }
    return true
  }

  private func status(of index: Int) -> TrialStatus {
    // Field by field: a copy of the whole entry counts references of everything in it.
    TrialStatus(
      trial: trials[index].record.id, state: trials[index].record.state, failures: trials[index].record.failures,
      attempts: trials[index].record.attempts, token: trials[index].token, holder: trials[index].holder,
      reason: trials[index].record.reason, result: trials[index].record.result)
  }

  /// Makes `holder` the only session that holds the trial; nil frees it.
  private mutating func assign(_ index: Int, to holder: WorkerSession?) {
    let previous = trials[index].holder
    guard previous != holder else { return }
    if let previous, let place = workers.index(forKey: previous), workers.values[place].held.remove(index) != nil {
      if workers.values[place].freesSlot(of: trials[index].gang) {
        if trials[index].isAhead {
          workers.values[place].aheadCount -= 1
        } else {
          workers.values[place].threadsInUse -= trials[index].threads
        }
      }
      freeWorkers.insert(previous)
      // Whoever takes it up again has it in a slot of its own, as far as is known.
      (trials[index].isAhead, trials[index].gang) = (false, nil)
      unsettledWorkers.insert(previous)
    }
    trials[index].lentThreads = 0
    trials[index].holder = holder
    if let holder, let place = workers.index(forKey: holder), workers.values[place].held.insert(index).inserted {
      if workers.values[place].takesSlot(as: trials[index].gang) {
        if trials[index].isAhead {
          workers.values[place].aheadCount += 1
        } else {
          workers.values[place].threadsInUse += trials[index].threads
        }
      }
      unsettledWorkers.insert(holder)
    }
  }

  /// The trial an address speaks of, if its token is the trial's latest and the trial has not ended.
  func current(_ address: TrialAddress) -> Int? {
    guard let index = indexByID[address.trial], trials[index].token == address.token,
      !trials[index].record.state.isTerminal
    else { return nil }
    return index
  }

  mutating func fence(_ address: TrialAddress, _ session: WorkerSession) {
    commands.append(.note(.fenced(address, from: session)))
    commands.append(.send(.fenced(address), to: session))
  }

  /// The trial of a message whose sender may speak for it. A trial that went back to the queue and was not granted anew
  /// is leased to the sender again: its latest token is still the sender's, so no work is lost. Nil after fencing, and
  /// for a repeated message of a trial whose end is durable, which means nothing any more.
  mutating func hold(_ address: TrialAddress, by session: WorkerSession, at now: MonotonicInstant) -> Int? {
    if isSettled(address) { return nil }
    guard let index = current(address), readopt(index, by: session) else {
      fence(address, session)
      return nil
    }
    trials[index].lastHeard = now
    return index
  }

  /// Makes sure that the trial, whose latest token the session has shown, is leased to the session.
  mutating func readopt(_ index: Int, by session: WorkerSession) -> Bool {
    switch trials[index].record.state {
    case .leased, .running:
      if trials[index].threads == 0 { trials[index].threads = 1 }
      assign(index, to: session)
      return true
    case .pending:
      guard trials[index].isReady else { return false }
      if trials[index].threads == 0 { trials[index].threads = 1 }
      return move(index, to: .leased, holder: session)
    case .committing, .paused, .succeeded, .failed, .quarantined, .cancelled, .pruned: return false
    }
  }

  mutating func started(_ address: TrialAddress, from session: WorkerSession, at now: MonotonicInstant) {
    guard let index = hold(address, by: session, at: now) else { return }
    if trials[index].record.state == .leased { move(index, to: .running, holder: session) }
  }

  mutating func progressed(
    _ address: TrialAddress, points: [MetricPoint], step: Int, stepsPerSecond: Double, from session: WorkerSession,
    at now: MonotonicInstant
  ) {
    guard let index = hold(address, by: session, at: now) else { return }
    if trials[index].record.state == .leased { move(index, to: .running, holder: session) }
    trials[index].step = max(0, min(step, trials[index].record.plannedSteps))
    trials[index].stepsPerSecond = stepsPerSecond.isFinite ? max(0, stepsPerSecond) : 0
    if !points.isEmpty { commands.append(.persist(.points(address.trial, points))) }
  }

  /// The last offer may be repeated, with its result, where both answers were lost.
  mutating func offered(
    _ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession, at now: MonotonicInstant
  ) {
    if isSettled(address) {
      commands.append(.send(.stored(address, offer.digest), to: session))
    } else if hold(address, by: session, at: now) != nil {
      commands.append(.collect(address, offer, from: session))
    }
  }

  mutating func checkpointStored(
    _ address: TrialAddress, _ offer: CheckpointOffer, from session: WorkerSession, at now: MonotonicInstant
  ) {
    // Bytes travel apart from contact: the last piece may be written down when the worker is known to be lost. Whoever
    // goes on with the trial begins there, and nothing is leased to a session that nobody watches any more.
    let isPresent = workers[session]?.isSilent == false
    guard let index = isPresent ? hold(address, by: session, at: now) : current(address) else { return }
    if offer.step >= trials[index].checkpoint?.step ?? 0 { trials[index].checkpoint = offer }
    commands.append(.persist(.checkpoint(address.trial, offer)))
    if isPresent { commands.append(.send(.stored(address, offer.digest), to: session)) }
  }

  mutating func finished(
    _ address: TrialAddress, _ result: TrialResult, from session: WorkerSession, at now: MonotonicInstant
  ) {
    if let index = indexByID[address.trial], trials[index].token == address.token,
      let known = trials[index].record.result
    {
      if known.checkpoint == result.checkpoint, known.outcome == result.outcome {
        commands.append(.note(.repeated(address, from: session)))
        commands.append(.send(.acknowledged(address), to: session))
      } else {
        commands.append(
          .note(
            .alarm(
              "trial \(address.trial) under token \(address.token) has two results, with checkpoints "
                + "\(known.checkpoint) and \(result.checkpoint); the first one counts")))
        fence(address, session)
      }
      return
    }
    guard let index = hold(address, by: session, at: now) else { return }
    if result.outcome == .paused, let known = curves[index]?.last, known.step >= result.steps {
      // Promoted since, and not granted yet: the pause was heard.
      commands.append(.note(.repeated(address, from: session)))
      commands.append(.send(.acknowledged(address), to: session))
      move(index, to: .pending, reason: "promoted at step \(known.step)")
      return
    }
    guard trials[index].checkpoint?.digest == result.checkpoint else {
      commands.append(
        .send(
          .notStored(address, result.checkpoint, reason: "offer the result's checkpoint before the result"),
          to: session))
      return
    }
    learnLength(of: index, from: result)
    learnSpeed(of: session, from: index, result)
    learnPace(of: session, from: index, result, at: now)
    if result.outcome == .paused {
      if paused(index, result) {
        commands.append(.send(.acknowledged(address), to: session))
      } else {
        let trial = trials[index].record.id
        commands.append(.note(.alarm("trial \(trial) paused at step \(result.steps), where it was not to")))
        fence(address, session)
      }
    } else if move(index, to: .committing, holder: session), move(index, to: .succeeded, result: result) {
      commands.append(.send(.acknowledged(address), to: session))
    }
  }

  mutating func failed(
    _ address: TrialAddress, reason: String, from session: WorkerSession, at now: MonotonicInstant
  ) {
    if repeatsEnd(address, .failed) {
      commands.append(.note(.repeated(address, from: session)))
      commands.append(.send(.acknowledged(address), to: session))
    } else if let index = hold(address, by: session, at: now), move(index, to: .failed, reason: reason) {
      commands.append(.send(.acknowledged(address), to: session))
    }
  }

  private func repeatsEnd(_ address: TrialAddress, _ state: TrialState) -> Bool {
    guard let index = indexByID[address.trial] else { return false }
    return trials[index].token == address.token && trials[index].record.state == state
  }

  /// The worker gives the trial back. Its token ends with that, so that a late message under it changes nothing.
  /// - unclean: speaks for a process that ended without doing so; counted unless the loss of its lease was.
  mutating func released(
    _ address: TrialAddress, reason: String, unclean: Bool, from session: WorkerSession, at now: MonotonicInstant
  ) {
    if isSettled(address) { return fence(address, session) }
    guard let index = hold(address, by: session, at: now) else { return }
    if unclean, trials[index].countedToken != address.token {
      trials[index].token = nil
      endUncleanly(index, reason: reason)
      commands.append(.send(.acknowledged(address), to: session))
      return
    }
    if !unclean { rest(session, at: now) }
    trials[index].token = nil
    commands.append(.note(.returned(address.trial, reason: reason, failures: trials[index].record.failures)))
    move(index, to: .pending, reason: "its worker gave it back: \(reason)")
    commands.append(.send(.acknowledged(address), to: session))
  }

  private mutating func rest(_ session: WorkerSession, at now: MonotonicInstant) {
    workers[session]?.restsUntil = now + settings.releasePause
    look(notAfter: now + settings.releasePause)
  }

  /// A lease ended without the worker's doing: back to the queue, or out of it after too many such ends.
  mutating func endUncleanly(_ index: Int, reason: String) {
    trials[index].record.failures += 1
    trials[index].countedToken = trials[index].token
    let failures = trials[index].record.failures
    if failures >= settings.failureLimit {
      move(
        index, to: .quarantined,
        reason: "\(failures) workers were lost while they ran it, the last one because \(reason)")
    } else {
      commands.append(.note(.returned(trials[index].record.id, reason: reason, failures: failures)))
      move(index, to: .pending, reason: reason)
    }
  }
}
