// Attempts from grant to start, and what the slots report while they train.
import Messaging
import Shared
import Training

extension WorkerService {
  mutating func granted(_ grant: TrialGrant, at now: Duration) {
    let attempt = Attempt(grant.trial, grant.token)
    // A repeated grant of what is held may change its threads; of what has ended here it means nothing.
    if let held = attempts[attempt] {
      guard let before = held.grant else { return }
      attempts[attempt]?.grant?.threads = grant.threads
      let threads = configuration.threads(for: grant)
      if held.phase == .training, threads != configuration.threads(for: before) {
        commands.append(.share(attempt, threads: threads))
      }
      return
    }
    if let last = concluded[grant.trial], grant.token <= last { return }
    for (older, _) in sortedAttempts where older.trial == grant.trial {
      if older.token > grant.token { return }
      abandon(older, why: "granted anew under token \(grant.token)")
    }
    noteArrival(of: grant)
    let heldBefore = attempts.count
    attempts[attempt] = HeldAttempt(grant)
    if let draining {
      conclude(attempt, .released(reason: draining.reason), at: now)
    } else if heldBefore >= configuration.credit {
      conclude(attempt, .released(reason: "the worker holds \(heldBefore) trials already"), at: now)
    } else {
      for blob in [grant.resume, grant.reference] {
        if let blob { need(blob, for: attempt, at: now) }
      }
    }
  }

  /// The grants of a gang come one after another, so it is complete when as many have come, or when anything else comes.
  private mutating func noteArrival(of grant: TrialGrant) {
    let before = arriving?.first == grant.gang?.first ? arriving?.count ?? 0 : 0
    arriving = grant.gang.flatMap { before + 1 < $0.size ? ($0.first, before + 1) : nil }
  }

  /// Starts waiting attempts that have all they need, oldest grant first, while slots are free: each with the others of
  /// its gang, once all of them have what they need.
  mutating func startReady() {
    guard draining == nil else { return }
    var free = configuration.slots - Set(attempts.values.compactMap(\.slotInUse)).count
    guard free > 0 else { return }
    let waiting = sortedAttempts.filter { $0.value.phase == .waiting }
    for (attempt, held) in waiting where attempts[attempt]?.phase == .waiting {
      guard free > 0 else { return }
      guard let grant = held.grant else { continue }
      if let gang = grant.gang, gang.first == arriving?.first { continue }
      let members = waiting.filter {
        $0.key == attempt || attempts[$0.key]?.phase == .waiting && $0.value.grant?.mayTrain(beside: grant) == true
      }
      let ready = members.filter { $0.value.missing.isEmpty }
      // Without contact nobody knows when the rest would come.
      guard !ready.isEmpty, ready.count == members.count || link != .up else { continue }
      free -= 1
      start(ready)
    }
  }

  private mutating func start(_ members: [(key: Attempt, value: HeldAttempt)]) {
    var gang: [AttemptStart] = []
    for (attempt, held) in members {
      guard let grant = held.grant else { continue }
      gang.append(
        AttemptStart(
          attempt: attempt,
          assignment: TrialAssignment(
            parameters: grant.parameters, seed: grant.seed, stage: grant.stage,
            threads: configuration.threads(for: grant), resume: held.resume, reference: held.reference,
            until: grant.until)))
      attempts[attempt]?.phase = .training
      attempts[attempt]?.slot = members[0].key
      // The slot holds them now.
      attempts[attempt]?.resume = nil
      attempts[attempt]?.reference = nil
    }
    commands.append(.start(gang))
    for (attempt, held) in members {
      commands.append(.note(.started(attempt, fromStep: held.step)))
      say(attempt) { .started($0) }
    }
  }

  mutating func progressed(
    _ attempt: Attempt, _ points: [MetricPoint], _ step: Int, _ stepsPerSecond: Double, at now: Duration
  ) {
    guard attempts[attempt]?.phase == .training else { return }
    attempts[attempt]?.points += points
    attempts[attempt]?.step = step
    attempts[attempt]?.stepsPerSecond = stepsPerSecond
    attempts[attempt]?.progressIsNew = true
  }

  /// Sends what has not been told yet. Points are kept until acknowledged, the mere state of progress is not.
  mutating func tellProgress(_ attempt: Attempt, at now: Duration) {
    guard let held = attempts[attempt], held.progressIsNew else { return }
    attempts[attempt]?.progressIsNew = false
    attempts[attempt]?.lastProgress = now
    attempts[attempt]?.points = []
    if held.points.isEmpty {
      guard let address = attempts[attempt]?.nextAddress() else { return }
      send(.progress(address, points: [], step: held.step, stepsPerSecond: held.stepsPerSecond))
    }
    var rest = held.points[...]
    while !rest.isEmpty {
      let batch = Array(rest.prefix(WireLimits.points))
      rest = rest.dropFirst(batch.count)
      say(attempt) { .progress($0, points: batch, step: held.step, stepsPerSecond: held.stepsPerSecond) }
    }
  }

  mutating func wrote(_ attempt: Attempt, _ checkpoint: WrittenCheckpoint, at now: Duration) {
    guard attempts[attempt]?.phase == .training else { return }
    keepInterim(attempt, checkpoint, at: now)
    // While one is on its way only the newest of the others is worth sending.
    attempts[attempt]?.nextCheckpoint = checkpoint
    attempts[attempt]?.offerAgainAt = nil
    advance(attempt, at: now)
  }

  mutating func trainingEnded(_ attempt: Attempt, _ outcome: TrainingOutcome, at now: Duration) {
    guard let held = attempts[attempt] else { return }
    if held.phase == .abandoned { return forget(attempt) }
    guard held.phase == .training else { return }
    switch outcome {
    case .ended(.finished(let result, let checkpoint)):
      conclude(attempt, .result(result), checkpoint, at: now)
      // Told when it is in the spool: whoever reads it may rely on that.
      commands.append(.note(.finished(attempt, result.outcome)))
    case .ended(.stopped(let checkpoint)):
      conclude(attempt, .released(reason: draining?.reason ?? "its training was stopped"), checkpoint, at: now)
    case .failed(let reason):
      conclude(attempt, .failed(reason: reason), at: now)
    }
  }

  /// Stops an attempt that the coordinator no longer wants, and says nothing more about it.
  mutating func abandon(_ attempt: Attempt, why: String) {
    guard let held = attempts[attempt] else { return }
    commands.append(.note(.dropped(attempt, why: why)))
    outbox.forget(attempt)
    discardSpooled(attempt)
    switch held.phase {
    case .training:
      commands.append(.stop(attempt))
      attempts[attempt]?.phase = .abandoned
      attempts[attempt]?.nextCheckpoint = nil
      attempts[attempt]?.offer = nil
      attempts[attempt]?.unansweredSince = nil
      attempts[attempt]?.progressIsNew = false
    case .abandoned: break
    case .waiting, .concluding, .concluded: forget(attempt)
    }
  }

  mutating func forget(_ attempt: Attempt) {
    discardSpooled(attempt)
    attempts[attempt] = nil
    outbox.forget(attempt)
    concluded[attempt.trial] = max(concluded[attempt.trial] ?? attempt.token, attempt.token)
    dropDownloadsNobodyWaitsFor()
  }
}

extension TrialGrant {
  /// Whether the two are of one gang, and see the same prompts indeed.
  fileprivate func mayTrain(beside other: TrialGrant) -> Bool {
    gang != nil && gang?.first == other.gang?.first && seed == other.seed
      && PromptSource(parameters) == PromptSource(other.parameters)
  }
}
