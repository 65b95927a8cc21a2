// Who gets which trial, and how many threads for it.
import Shared

extension SweepScheduler {
  /// Fills free slots from the queue. With more trials than slots, each gets its slot's share of threads; at the tail,
  /// trials are spread over the workers and share all their threads. Any number of threads gives the same bits. Workers of
  /// short trials get more than they have slots for.
  mutating func grantTrials(at now: MonotonicInstant) {
    guard !grantsHeld, !isPaused, queue.count > 0, !freeWorkers.isEmpty else { return }
    let (free, waiting) = availableWorkers(at: now)
    defer {
      freeWorkers = Set(waiting)
      for worker in free where (workers[worker.session]?.freeSlots ?? 0) > 0 { freeWorkers.insert(worker.session) }
    }
    let freeSlots = free.reduce(0) { $0 + $1.freeSlots }
    if queue.count >= freeSlots {
      for worker in free {
        for _ in 0..<worker.freeSlots { grantNext(to: worker.session, threads: worker.threadsPerSlot, at: now) }
      }
      for worker in free { grantAhead(to: worker.session, at: now) }
    } else {
      for (worker, count) in spread(queue.count, over: free) {
        for place in 0..<count {
          // 5 threads for 3 trials are 2, 2, 1.
          let threads = worker.freeThreads / count + (place < worker.freeThreads % count ? 1 : 0)
          grantNext(to: worker.session, threads: threads, at: now)
        }
      }
    }
  }

  private struct FreeWorker {
    let session: WorkerSession
    let order: Int
    let freeSlots: Int
    let freeThreads: Int
    let threadsPerSlot: Int
  }

  /// Workers with a free slot, in order of arrival, and those that rest for now.
  private func availableWorkers(at now: MonotonicInstant) -> (free: [FreeWorker], waiting: [WorkerSession]) {
    var free: [FreeWorker] = []
    var waiting: [WorkerSession] = []
    for session in freeWorkers {
      guard let worker = workers[session], worker.freeSlots > 0 || worker.mayHoldMore else { continue }
      if let rest = worker.restsUntil, rest > now {
        waiting.append(session)
        continue
      }
      let perSlot = worker.threadsPerSlot, freeThreads = worker.freeThreads
      free.append(
        FreeWorker(
          session: session, order: worker.order,
          freeSlots: max(0, min(worker.hello.slots - worker.units, freeThreads / perSlot)),
          freeThreads: freeThreads, threadsPerSlot: perSlot))
    }
    if free.count > 1 { free.sort { $0.order < $1.order } }
    return (free, waiting)
  }

  /// Deals `trials` out one by one, always to the worker with the most threads per trial.
  private func spread(_ trials: Int, over free: [FreeWorker]) -> [(FreeWorker, Int)] {
    var counts = [Int](repeating: 0, count: free.count)
    for _ in 0..<trials {
      var best: Int?
      for candidate in free.indices where counts[candidate] < free[candidate].freeSlots {
        guard let chosen = best else {
          best = candidate
          continue
        }
        // freeThreads / (count + 1) compared without division.
        if free[candidate].freeThreads * (counts[chosen] + 1) > free[chosen].freeThreads * (counts[candidate] + 1) {
          best = candidate
        }
      }
      if let best { counts[best] += 1 }
    }
    return zip(free, counts).filter { $0.1 > 0 }
  }

  /// Grants the next trial, and others of the same prompts with it where many wait.
  /// - ahead: beyond the worker's slots.
  /// Returns false where no trial was found for the worker.
  @discardableResult
  mutating func grantNext(
    to session: WorkerSession, threads: Int, ahead: Bool = false, at now: MonotonicInstant
  ) -> Bool {
    guard let first = nextRunnable(for: session, threads: threads, at: now) else { return false }
    let members = [first] + mates(of: first, for: session, threads: threads, at: now)
    let name = LeaseToken(epoch: epoch, counter: tokenCounter + 1)
    let gang = members.count > 1 ? GrantedGang(first: name, size: members.count) : nil
    for index in members { grant(index, in: gang, to: session, threads: threads, ahead: ahead, at: now) }
    return true
  }

  private mutating func grant(
    _ index: Int, in gang: GrantedGang?, to session: WorkerSession, threads: Int, ahead: Bool, at now: MonotonicInstant
  ) {
    tokenCounter += 1
    let token = LeaseToken(epoch: epoch, counter: tokenCounter)
    (trials[index].token, trials[index].gang) = (token, gang)
    (trials[index].threads, trials[index].grantee) = (threads, session)
    (trials[index].isAhead, trials[index].grantedAt) = (ahead, now)
    trials[index].record.attempts += 1
    // Of a pause before: what comes under this token is another result.
    trials[index].record.result = nil
    trials[index].lastHeard = now
    guard move(index, to: .leased, holder: session) else { return }
    trials[index].grantedStep = trials[index].checkpoint?.step ?? 0
    commands.append(
      .note(
        .granted(
          trials[index].record.id, token, to: session, threads: threads,
          fromStep: trials[index].checkpoint?.step ?? 0, gang: gang?.first)))
    sendGrant(index, token, to: session)
  }

  /// Grants the trial, or tells its worker of another number of threads for it.
  private mutating func sendGrant(_ index: Int, _ token: LeaseToken, to session: WorkerSession) {
    commands.append(
      .send(
        .grant(
          TrialGrant(
            trial: trials[index].record.id, token: token, parameters: trials[index].record.parameters,
            seed: trials[index].record.seed, stage: trials[index].record.stage,
            threads: trials[index].threads + trials[index].lentThreads, resume: trials[index].checkpoint,
            reference: referenceCheckpoint(for: index), gang: trials[index].gang, until: trials[index].until)),
        to: session))
  }

  /// At the tail, trials that already run take over the threads of slots that nothing waits for. They give them back as
  /// soon as a trial is granted to these slots: for grants, lent threads count as free.
  mutating func lendIdleThreads() {
    guard !unsettledWorkers.isEmpty else { return }
    // While trials wait nothing is lent, and of most workers nothing has to be taken back.
    let mayLend = queue.count == 0
    guard mayLend || hasLent else { return unsettledWorkers.removeAll(keepingCapacity: true) }
    let unsettled = unsettledWorkers.filter { mayLend || workers[$0]?.hasLent == true }.compactMap { workers[$0] }
    unsettledWorkers.removeAll(keepingCapacity: true)
    for worker in unsettled.sorted(by: { $0.order < $1.order }) where !worker.isSilent {
      // Where trials wait at the worker itself the threads are theirs.
      settle(worker, lending: mayLend && worker.aheadCount == 0 ? max(0, worker.freeThreads) : 0)
    }
  }

  /// Spreads `idle` threads evenly over the trials and gangs that the worker runs.
  private mutating func settle(_ worker: Worker, lending idle: Int) {
    let running = worker.held.sorted()
    let lends = idle > 0 && !running.isEmpty
    workers[worker.hello.session]?.hasLent = lends
    if lends { hasLent = true }
    var lentToGangs: [LeaseToken: Int] = [:]
    var place = 0
    for index in running {
      let gang = trials[index].gang?.first
      let lent = gang.flatMap { lentToGangs[$0] } ?? idle / worker.units + (place < idle % worker.units ? 1 : 0)
      if let gang, lentToGangs.updateValue(lent, forKey: gang) != nil {} else { place += 1 }
      guard lent != trials[index].lentThreads, let token = trials[index].token else { continue }
      trials[index].lentThreads = lent
      sendGrant(index, token, to: worker.hello.session)
    }
  }

  /// The first trial of the queue that is still pending; a trial that a returning worker took up again stays in the
  /// queue and is passed over here.
  mutating func nextRunnable() -> Int? {
    while let index = queue.removeFirst() {
      if trials[index].record.state == .pending { return index }
    }
    return nil
  }
}
