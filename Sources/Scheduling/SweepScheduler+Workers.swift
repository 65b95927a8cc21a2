// Sessions of workers: who may take part, what they still hold, and when one counts as lost.
import Shared

extension SweepScheduler {
  /// Whether the session has said this hello, or a later one, before: what it lists was overtaken by grants.
  package func isOutdated(_ hello: WorkerHello) -> Bool {
    guard hello.number > 0, let known = workers[hello.session]?.hello else { return false }
    return hello.number <= known.number
  }

  mutating func connect(_ hello: WorkerHello, at now: MonotonicInstant) {
    if isOutdated(hello) { return commands.append(.note(.helloRepeated(hello.session))) }
    if let reason = refusal(of: hello) {
      commands.append(.note(.workerRefused(hello, reason: reason)))
      commands.append(.send(.refused(reason: reason), to: hello.session))
      return
    }
    // Trials of another sweep that was served here before: the worker sets them aside when it reads the welcome.
    let inventory = hello.sweep.mayBe(settings.sweep) ? hello.inventory : []
    // Both are known from the spool, which one process at a time holds: whoever had it before is gone.
    let predecessors = workers[hello.session] == nil ? holders(of: inventory, or: hello.previous, hello.session) : []
    if workers[hello.session] == nil {
      workerCounter += 1
      workers[hello.session] = Worker(hello: hello, order: workerCounter, lastContact: now)
      presentCount += 1
      presentSlots += hello.slots
    }
    touch(hello.session, at: now)
    presentSlots += hello.slots - (workers[hello.session]?.hello.slots ?? 0)
    workers[hello.session]?.hello = hello
    note(remaining: hello.remaining, of: hello.session, at: now)
    commands.append(.persist(.worker(hello)))
    commands.append(
      .send(
        .welcome(
          Welcome(
            version: protocolVersion, sweepName: plan.name, epoch: epoch,
            heartbeatInterval: settings.heartbeatInterval, leaseDuration: settings.leaseDuration,
            sweep: settings.sweep, takesBatches: true, bulk: settings.bulk)),
        to: hello.session))
    let readopted = keep(inventory, of: hello.session, at: now)
    // What it no longer speaks of never reached it, or is lost: nobody's fault, so it is not counted.
    let listed = Set(inventory.compactMap { indexByID[$0.trial] })
    let awaited = (awaitedTrials.removeValue(forKey: hello.session) ?? []).filter {
      trials[$0].isLeased && trials[$0].holder == nil
    }
    for index in (workers[hello.session]?.held ?? []).union(awaited).subtracting(listed).sorted() {
      let reason = "its worker came back without it"
      commands.append(
        .note(.returned(trials[index].record.id, reason: reason, failures: trials[index].record.failures)))
      move(index, to: .pending, reason: reason)
    }
    for predecessor in predecessors { replace(predecessor, by: hello.session) }
    commands.append(.note(.workerJoined(hello, readopted: readopted)))
    if announcedFinish { commands.append(.send(.finish(reason: "the sweep is complete"), to: hello.session)) }
  }

  /// Sessions of earlier processes: the one that is named, and those that were granted what is listed here, under these
  /// very tokens.
  private func holders(
    of inventory: [HeldTrial], or previous: WorkerSession?, _ session: WorkerSession
  ) -> [WorkerSession] {
    let earlier = inventory.compactMap { item -> WorkerSession? in
      guard let index = indexByID[item.trial], trials[index].token == item.token else { return nil }
      return trials[index].holder ?? trials[index].grantee
    }
    return Set(earlier + (previous.map { [$0] } ?? [])).subtracting([session]).sorted { $0.rawValue < $1.rawValue }
  }

  /// The process of `old` is gone, since another one has its spool: what is not in there is lost. No lease need pass
  /// until then. Should the process live all the same, its next message is answered with the wish for a hello.
  private mutating func replace(_ old: WorkerSession, by session: WorkerSession) {
    for index in (awaitedTrials.removeValue(forKey: old) ?? []).sorted()
    where trials[index].isLeased && trials[index].holder == nil {
      move(index, to: .pending, reason: "its worker was started again without it")
    }
    guard workers[old]?.isSilent == false else { return }
    endSession(old, reason: "its process has ended, and the next one took over its spool", clean: false)
    commands.append(.note(.workerReplaced(old, by: session)))
  }

  /// Why a worker may not take part, in words for its user; nil if it may.
  private func refusal(of hello: WorkerHello) -> String? {
    if hello.arithmeticVersion != arithmeticVersion {
      return "this worker computes with arithmetic version \(hello.arithmeticVersion), the coordinator with "
        + "\(arithmeticVersion), so their results would differ in bits; start the worker of attune \(programVersion)"
    }
    guard hello.minimumVersion <= protocolVersion, protocolVersion <= hello.maximumVersion else {
      return "this worker speaks versions \(hello.minimumVersion) to \(hello.maximumVersion) of the protocol, the "
        + "coordinator version \(protocolVersion); start the worker of attune \(programVersion)"
    }
    let allowed = 1...4096
    guard allowed.contains(hello.slots), allowed.contains(hello.threads) else {
      return "this worker offers \(hello.slots) slots with \(hello.threads) threads; "
        + "start it with 1 to \(allowed.upperBound) of each"
    }
    return nil
  }

  /// Renews the session's leases. False for a session that never said hello.
  @discardableResult
  mutating func touch(_ session: WorkerSession, at now: MonotonicInstant) -> Bool {
    guard let place = workers.index(forKey: session) else { return false }
    workers.values[place].lastContact = now
    if workers.values[place].isSilent {
      workers.values[place].isSilent = false
      presentCount += 1
      presentSlots += workers.values[place].hello.slots
    }
    if nextLook == nil { nextLook = now + settings.leaseDuration }
    freeWorkers.insert(session)
    return true
  }

  /// Re-adopts what a worker says it holds and has every other trial stopped. Returns how many were kept.
  private mutating func keep(_ held: [HeldTrial], of session: WorkerSession, at now: MonotonicInstant) -> Int {
    var kept = 0
    for item in held {
      let address = TrialAddress(trial: item.trial, token: item.token, sequence: 0)
      if let index = current(address), readopt(index, by: session) {
        trials[index].lastHeard = now
        kept += 1
      } else if isSettled(address) {
        // Its end is durable; the acknowledgement is on its way, or will be repeated when the worker repeats the end.
        continue
      } else {
        commands.append(.note(.fenced(address, from: session)))
        commands.append(.send(.cancel(item.trial, item.token), to: session))
      }
    }
    return kept
  }

  /// Whether the trial ended by what a worker reported under this very token.
  func isSettled(_ address: TrialAddress) -> Bool {
    guard let index = indexByID[address.trial], trials[index].token == address.token else { return false }
    switch trials[index].record.state {
    case .succeeded, .failed: return true
    case .pending, .leased, .running, .committing, .paused, .quarantined, .cancelled, .pruned: return false
    }
  }

  /// Compares what a heartbeat lists with what is recorded. A trial the worker should hold and has not spoken of for a
  /// whole lease is lost: its grant never arrived, or the worker dropped it. While grants are held back, the last ones
  /// may not have left the coordinator: nobody can speak of those.
  mutating func reconcile(_ held: [HeldTrial], with session: WorkerSession, at now: MonotonicInstant) {
    _ = keep(held, of: session, at: now)
    for index in (workers[session]?.held ?? []).sorted()
    where now - trials[index].lastHeard > settings.leaseDuration
      && !(grantsHeld && trials[index].record.state == .leased)
    {
      endUncleanly(index, reason: "its worker no longer speaks of it")
    }
  }

  /// What was granted just before grants were held back leaves only now, so the time to speak of it begins now.
  mutating func holdGrants(_ hold: Bool, at now: MonotonicInstant) {
    if grantsHeld, !hold {
      for index in trials.indices where trials[index].record.state == .leased { trials[index].lastHeard = now }
    }
    grantsHeld = hold
  }

  /// The worker has left (`clean`: it said so) or its process has ended.
  mutating func endSession(_ session: WorkerSession, reason: String, clean: Bool) {
    guard let worker = workers[session], !worker.isSilent || !worker.held.isEmpty else { return }
    if !worker.isSilent {
      presentCount -= 1
      presentSlots -= worker.hello.slots
    }
    workers[session]?.isSilent = true
    for index in worker.held.sorted() {
      if clean {
        // A grant that crossed the goodbye on its way.
        move(index, to: .pending, reason: "its worker left: \(reason)")
      } else {
        endUncleanly(index, reason: reason)
      }
    }
    commands.append(
      .note(
        clean
          ? .workerLeft(session, reason: reason)
          : .workerLost(session, reason: reason, returned: worker.held.count)))
    freeWorkers.remove(session)
  }

  /// Makes the next look around happen at `time` or before.
  mutating func look(notAfter time: MonotonicInstant) { nextLook = min(nextLook ?? time, time) }

  /// Ends what is overdue and decides when to look again. A session's contact only moves its expiry on, so that the
  /// earliest expiry found here is a bound until then, and no event has to go through all workers.
  mutating func lookAround(at now: MonotonicInstant) {
    if let until = leasesHeldUntil, until <= now {
      leasesHeldUntil = nil
      awaitedTrials = [:]
      for index in trials.indices where trials[index].isLeased && trials[index].holder == nil {
        move(index, to: .pending, reason: "its worker did not return after the coordinator was restarted")
      }
    }
    let overdue = workers.values.filter { !$0.isSilent && $0.lastContact + settings.leaseDuration <= now }
    for worker in overdue.sorted(by: { $0.order < $1.order }) {
      let seconds = settings.leaseDuration.components.seconds
      endSession(worker.hello.session, reason: "its worker was silent for \(seconds) s", clean: false)
    }
    nextLook = leasesHeldUntil
    for worker in workers.values where !worker.isSilent {
      look(notAfter: worker.lastContact + settings.leaseDuration)
      if let rest = worker.restsUntil, rest > now { look(notAfter: rest) }
    }
  }
}
