// Tuning trials that pause at rungs: who goes on, that nothing but results decides it, and what a restart finds.
import Scheduling
import Shared
import Testing

@Suite struct RungTests {
  /// Six learning rates on one tuning seed, 100 steps with an evaluation every 10: rungs at 20 and 60 with eta 3.
  private func plan(candidates: Int = 6, tune: Int = 1, brackets: Int = 1) -> SweepPlan {
    var plan = makePlan(candidates: candidates, tune: tune)
    plan.cells = plan.cells.map { cell in
      CellPlan(
        id: cell.id, coordinates: cell.coordinates,
        candidates: cell.candidates.map { candidate in
          var copy = candidate
          copy.evaluateEvery = 10
          return copy
        })
    }
    plan.earlyTermination = EarlyTermination(rule: .hyperband, spacing: .from(2), isStrict: true, brackets: brackets)
    return plan
  }

  /// The learning rate as it is shown: candidates have 0.01, 0.02, ….
  private func candidate(_ grant: TrialGrant) -> Int { Int((grant.parameters.learningRate * 100).rounded()) }

  /// Trains a granted trial to where it is to pause, or to its end. Smaller learning rates have smaller losses.
  private func train(_ harness: SchedulerHarness, _ grant: TrialGrant, from session: WorkerSession) {
    guard let until = grant.until else {
      return harness.complete(grant, from: session, validation: grant.parameters.learningRate)
    }
    harness.say(.started(harness.address(grant)), from: session)
    let name = "\(grant.parameters.id) \(grant.seed) at \(until)"
    harness.storeCheckpoint(grant, name, step: until, from: session)
    harness.say(.result(harness.address(grant), pause(grant, at: until, name)), from: session)
  }

  private func pause(_ grant: TrialGrant, at until: Int, _ name: String) -> TrialResult {
    let loss = grant.parameters.learningRate
    var result = makeResult(name, validation: loss, outcome: .paused)
    result.steps = until
    result.curve = stride(from: 10, through: until, by: 10).map {
      MetricPoint(step: $0, trainLoss: loss, validationLoss: loss, learningRate: 0)
    }
    return result
  }

  @Test func `candidates pause at each rung and the best third goes on from there`() {
    let harness = SchedulerHarness(plan())
    harness.connect(session(1))
    var seen: [String] = []
    while let (grant, worker) = harness.nextGrant() {
      if grant.stage == .tuning {
        seen.append("\(candidate(grant)): \(grant.resume?.step ?? 0) to \(grant.until.map { "\($0)" } ?? "the end")")
      }
      train(harness, grant, from: worker)
    }
    #expect(
      seen == (1...6).map { "\($0): 0 to 20" } + ["1: 20 to 60", "2: 20 to 60", "1: 60 to the end"])
    #expect(harness.finished && harness.alarms == [])
    let tuning = harness.stored.values.map(\.record).filter { $0.stage == .tuning }
    #expect(tuning.count { $0.state == .pruned } == 5 && tuning.count { $0.state == .succeeded } == 1)
    #expect(
      tuning.filter { $0.state == .pruned }.allSatisfy { $0.result?.outcome == .paused && $0.reason != nil })
    let reported = harness.stored.values.map(\.record).filter { $0.stage == .reporting }
    #expect(reported.count == 3 && reported.allSatisfy { $0.parameters.learningRate == 0.01 })
    #expect(harness.scheduler.progress.stepsDone == harness.scheduler.progress.stepsPlanned)
  }

  @Test(arguments: [1, 2, 3, 7])
  func `the order in which trials come back decides nothing`(seed: UInt64) {
    var outcomes: Set<String> = []
    for workers in [1, 3] {
      let harness = SchedulerHarness(plan(tune: 2, brackets: 2))
      harness.endInAnyOrder(seed, workers: workers, slots: 3) { train(harness, $0, from: $1) }
      #expect(harness.finished && harness.alarms == [])
      outcomes.insert(
        harness.stored.values.map(\.record).sorted { $0.identity < $1.identity }
          .map { "\($0.parameters.learningRate) \($0.seed) \($0.state) \($0.result?.steps ?? -1)" }
          .joined(separator: "\n"))
    }
    #expect(outcomes.count == 1)
  }

  /// After every single message the coordinator is killed and another one goes on from what was stored.
  @Test func `a restart at any moment comes to the same end`() {
    func outcome(_ harness: SchedulerHarness) -> String {
      harness.stored.values.map(\.record).sorted { $0.identity < $1.identity }
        .map { "\($0.identity) \($0.state) \($0.result?.steps ?? -1)" }.joined(separator: "\n")
    }
    let undisturbed = SchedulerHarness(plan(tune: 2))
    undisturbed.connect(session(1))
    while let (grant, worker) = undisturbed.nextGrant() { train(undisturbed, grant, from: worker) }

    var harness = SchedulerHarness(plan(tune: 2))
    var restarts: Int64 = 1
    while !harness.finished, restarts < 1000 {
      restarts += 1
      let worker = session(UInt64(restarts))
      harness.connect(worker)
      if let (grant, _) = harness.nextGrant() {
        // Every other coordinator is killed while the trial runs, with points of it stored that lead beyond its pause.
        if restarts % 2 == 0 {
          harness.say(.started(harness.address(grant)), from: worker)
          harness.say(
            .progress(
              harness.address(grant), points: pause(grant, at: grant.until ?? 90, "").curve, step: grant.until ?? 90,
              stepsPerSecond: 1), from: worker)
        } else {
          train(harness, grant, from: worker)
        }
      }
      #expect(harness.alarms == [])
      harness = SchedulerHarness(
        plan(tune: 2), epoch: restarts, stored: harness.stored.values.sorted { $0.record.id < $1.record.id },
        curves: harness.curves)
    }
    #expect(harness.finished)
    #expect(outcome(harness) == outcome(undisturbed))
  }

  @Test func `a pause that is told again after the trial was promoted is acknowledged and changes nothing`() throws {
    let harness = SchedulerHarness(plan(candidates: 2))
    harness.connect(session(1), slots: 1)
    let (first, _) = try #require(harness.nextGrant())
    train(harness, first, from: session(1))
    let (second, _) = try #require(harness.nextGrant())
    train(harness, second, from: session(1))
    // Both have paused; the better one is granted again, under another token.
    let (promoted, _) = try #require(harness.nextGrant())
    #expect(promoted.trial == first.trial && promoted.token != first.token && promoted.resume?.step == 20)
    _ = harness.takeMessages(to: session(1))
    let again = harness.address(first)
    harness.say(
      .result(again, pause(first, at: 20, "\(first.parameters.id) \(first.seed) at 20")), from: session(1))
    #expect(harness.takeMessages(to: session(1)) == [.fenced(again)])
    #expect(harness.state(first.trial) == .leased)
  }

  @Test func `a pause where none was asked for is refused`() throws {
    let harness = SchedulerHarness(plan(candidates: 2))
    harness.connect(session(1))
    let (grant, _) = try #require(harness.nextGrant())
    harness.say(.started(harness.address(grant)), from: session(1))
    harness.storeCheckpoint(grant, "too early", step: 10, from: session(1))
    harness.say(.result(harness.address(grant), pause(grant, at: 10, "too early")), from: session(1))
    #expect(harness.alarms.count == 1 && harness.state(grant.trial) != .paused)
  }

  @Test func `a diverged candidate is not promoted and failed ones do not stop the cell`() throws {
    let harness = SchedulerHarness(plan())
    harness.connect(session(1))
    while let (grant, worker) = harness.nextGrant() {
      switch (grant.stage, candidate(grant)) {
      case (.tuning, 1): harness.complete(grant, from: worker, outcome: .diverged)
      case (.tuning, 2): harness.say(.failed(harness.address(grant), reason: "no memory"), from: worker)
      default: train(harness, grant, from: worker)
      }
    }
    #expect(harness.finished && harness.alarms == [])
    let reported = harness.stored.values.map(\.record).filter { $0.stage == .reporting }
    #expect(reported.count == 3 && reported.allSatisfy { $0.parameters.learningRate == 0.03 })
  }

  /// With eta 3 three candidates have to arrive before one goes on, and it goes on at once.
  @Test func `asha promotes as soon as a candidate is among the best third of those that have arrived`() throws {
    var plan = plan()
    plan.earlyTermination?.rule = .asha
    let harness = SchedulerHarness(plan)
    harness.connect(session(1))
    var seen: [String] = []
    while let (grant, worker) = harness.nextGrant() {
      if grant.stage == .tuning { seen.append("\(candidate(grant)) to \(grant.until.map { "\($0)" } ?? "the end")") }
      train(harness, grant, from: worker)
    }
    #expect(
      seen == ["1 to 20", "2 to 20", "3 to 20", "1 to 60", "4 to 20", "5 to 20", "6 to 20", "2 to 60", "1 to the end"])
    #expect(harness.finished && harness.alarms == [])
    let tuning = harness.stored.values.map(\.record).filter { $0.stage == .tuning }
    #expect(tuning.count { $0.state == .pruned } == 5)
    // Decided once: each later trial is asked for once.
    #expect(harness.scheduler.progress.planned == harness.stored.count)
    #expect(harness.scheduler.progress.stepsDone == harness.scheduler.progress.stepsPlanned)
  }

  @Test func `without early termination what was stopped before goes on to its end`() {
    let before = SchedulerHarness(plan())
    before.connect(session(1))
    while let (grant, worker) = before.nextGrant() { train(before, grant, from: worker) }
    var whole = plan()
    whole.earlyTermination = nil
    let harness = SchedulerHarness(whole, epoch: 2, stored: before.stored.values.sorted { $0.record.id < $1.record.id })
    harness.connect(session(2))
    var resumed: [Int] = []
    while let (grant, worker) = harness.nextGrant() {
      if grant.stage == .tuning { resumed.append(grant.resume?.step ?? 0) }
      train(harness, grant, from: worker)
    }
    #expect(resumed.sorted() == [20, 20, 20, 20, 60])
    #expect(harness.finished && harness.alarms == [])
    #expect(harness.stored.values.allSatisfy { $0.record.state == .succeeded })
  }
}
