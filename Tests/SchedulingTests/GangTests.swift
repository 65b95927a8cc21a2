// Trials of the same prompts that share a slot: when they are granted together, what their slot and threads count as,
// and that each of them keeps a lease and an end of its own.
import Scheduling
import Shared
import Testing

@Suite struct GangTests {
  private let first = session(1), other = session(2)

  private func connect(
    _ harness: SchedulerHarness, _ session: WorkerSession, slots: Int = 1, threads: Int? = nil, credit: Int = 64,
    inventory: [HeldTrial] = [], remaining: Duration? = nil
  ) {
    var hello = makeHello(session, slots: slots, threads: threads, inventory: inventory)
    (hello.credit, hello.remaining) = (credit, remaining)
    harness.say(.hello(hello), from: session)
  }

  @Test func `the fewer trials wait for each slot the smaller are gangs`() {
    let waiting = [0, 1, 3, 4, 5, 6, 7, 8, 9, 1000]
    #expect(waiting.map { gangSize(waiting: $0, slots: 1) } == [1, 1, 1, 2, 2, 3, 3, 4, 4, 4])
    #expect([1, 19, 20, 30, 40].map { gangSize(waiting: $0, slots: 5) } == [1, 1, 2, 3, 4])
    #expect(gangSize(waiting: 5, slots: 0) == 2)
  }

  @Test func `trials of the same prompts are granted together and take one slot`() throws {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 2, tune: 2))
    connect(harness, first)
    let gang = harness.takeGrants().map(\.grant)
    // Two cells with two candidates each, in the order of the plan, on the first seed.
    #expect(gang.count == 4 && Set(gang.map(\.seed)).count == 1)
    #expect(gang.map(\.parameters.learningRate) == [0.01, 0.02, 0.01, 0.02])
    #expect(gang.map(\.parameters.heads) == [0, 0, 1, 1].map { Heads([Activation.classic[$0]]) })
    #expect(gang.allSatisfy { $0.gang == GrantedGang(first: gang[0].token, size: 4) })
    #expect(gang.map(\.token.counter) == [1, 2, 3, 4])
    // The slot is free when the last of them has ended.
    for grant in gang.dropLast() {
      harness.complete(grant, from: first)
      #expect(harness.nextGrant() == nil)
    }
    harness.complete(gang[3], from: first)
    let next = harness.takeGrants().map(\.grant)
    #expect(next.count == 4 && Set(next.map(\.seed)).count == 1 && next[0].seed != gang[0].seed)
    #expect(next.allSatisfy { $0.gang?.first == next[0].token })
    #expect(harness.alarms == [])
  }

  @Test func `other seeds, problems and progress are never of one gang`() throws {
    let plan = makePlan(cells: 3, candidates: 3, tune: 3, report: 7)
    let harness = SchedulerHarness(plan)
    connect(harness, first, slots: 2)
    connect(harness, other)
    var sizes: [Int] = []
    var seen: Set<LeaseToken> = []
    while true {
      // A trial that is lent threads is granted again.
      let grants = harness.takeGrants().filter { seen.insert($0.grant.token).inserted }
      if grants.isEmpty { break }
      for (name, members) in Dictionary(grouping: grants.map(\.grant), by: { $0.gang?.first ?? $0.token }) {
        #expect(members.contains { $0.token == name })
        #expect(members.allSatisfy { ($0.gang?.size ?? 1) == members.count })
        #expect(Set(members.map(\.seed)).count == 1 && Set(members.map { PromptSource($0.parameters) }).count == 1)
        sizes.append(members.count)
      }
      for (grant, session) in grants { harness.complete(grant, from: session) }
    }
    #expect(harness.finished && harness.alarms == [])
    #expect(harness.scheduler.progress.succeeded == 27 + 3 + 21)
    #expect(sizes.contains(4) && sizes.contains(1))
  }

  @Test(arguments: [(22, 4), (23, 1)])
  func `large networks are trained alone`(dimension: Int, size: Int) {
    var plan = makePlan(cells: 1, candidates: 8)
    let large = plan.cells[0].candidates.map { small in
      var parameters = small
      (parameters.layers, parameters.dimension) = (16, dimension)
      parameters.heads = Heads(Array(repeating: .exp, count: 16))
      return parameters
    }
    plan.cells[0] = CellPlan(id: plan.cells[0].id, coordinates: plan.cells[0].coordinates, candidates: large)
    let harness = SchedulerHarness(plan)
    connect(harness, first)
    #expect(harness.takeGrants().count == size)
  }

  @Test func `a worker that takes none beyond its slots is granted one at a time`() {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 8))
    connect(harness, first, slots: 2, credit: 0)
    #expect(harness.takeGrants().map(\.grant.gang) == [nil, nil])
    connect(harness, other, credit: 3)
    #expect(harness.takeGrants().map(\.grant.gang?.size) == [3, 3, 3])
  }

  @Test(arguments: [(1, 4), (4, 2), (6, 1)])
  func `the first worker to come leaves their part to those that are being started`(slots: Int, size: Int) {
    var settings = SchedulingSettings()
    settings.expectedSlots = slots
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 2), settings: settings)
    connect(harness, first)
    #expect(harness.takeGrants().count == size)
  }

  @Test func `a member that is given back leaves the slot to the others`() throws {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 2))
    connect(harness, first)
    let gang = harness.takeGrants().map(\.grant)
    harness.storeCheckpoint(gang[0], "half", step: 50, from: first)
    harness.say(.released(harness.address(gang[0]), reason: "stopped"), from: first)
    harness.advance(.seconds(6))
    #expect(harness.takeGrants().isEmpty && harness.state(gang[0].trial) == .pending)
    // It is half done: nobody else is.
    connect(harness, other)
    let again = try #require(harness.nextGrant())
    #expect(again.grant.trial == gang[0].trial && again.grant.gang == nil && again.grant.resume?.step == 50)
    for grant in gang.dropFirst() { harness.complete(grant, from: first) }
    #expect(harness.takeGrants().map(\.session) == Array(repeating: first, count: 3))
    #expect(harness.alarms == [])
  }

  @Test func `a lost worker's gang returns to the queue, trial by trial`() {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 2))
    connect(harness, first)
    let gang = harness.takeGrants().map(\.grant)
    harness.complete(gang[1], from: first)
    harness.event(.workerEnded(first, reason: "killed"))
    for grant in [gang[0], gang[2], gang[3]] {
      #expect(harness.state(grant.trial) == .pending && harness.stored[grant.trial]?.record.failures == 1)
    }
    connect(harness, other)
    let again = harness.takeGrants().map(\.grant)
    #expect(again.map(\.trial).prefix(3) == [gang[0].trial, gang[2].trial, gang[3].trial])
    #expect(again.allSatisfy { $0.gang == GrantedGang(first: again[0].token, size: 4) && $0.token > gang[3].token })
    #expect(harness.alarms == [])
  }

  @Test func `at the tail all members of a gang are lent the same threads`() throws {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 4))
    connect(harness, first, slots: 2, threads: 4)
    var held = harness.takeGrants().map(\.grant)
    var lent: [TrialGrant] = []
    while !held.isEmpty {
      // The newest ends first, so that one slot keeps its gang until nothing waits any more.
      let ended = held.removeLast()
      harness.complete(ended, from: first)
      for grant in harness.takeGrants().map(\.grant) {
        if let place = held.firstIndex(where: { $0.token == grant.token }) {
          held[place] = grant
          if grant.threads > 2 { lent.append(grant) }
        } else {
          held.append(grant)
        }
      }
      // What shares a slot has the same threads, and no thread is promised twice.
      let slots = Dictionary(grouping: held, by: { $0.gang?.first ?? $0.token }).values
      #expect(slots.allSatisfy { Set($0.map(\.threads)).count == 1 })
      #expect(slots.reduce(0) { $0 + $1[0].threads } <= 4 && slots.count <= 2)
    }
    #expect(lent.contains { $0.gang != nil } && harness.finished && harness.alarms == [])
  }

  @Test func `a gang is as large as the time of its worker allows`() throws {
    let harness = SchedulerHarness(makePlan(cells: 4, candidates: 4, tune: 3))
    connect(harness, first)
    let known = harness.takeGrants().map(\.grant)
    for grant in known { harness.complete(grant, from: first) }
    // Each of those took a second of its slot beside the others; alone it would take up to twice as long.
    func sizes(_ remaining: Double, _ number: UInt64) -> [Int] {
      connect(harness, session(number), remaining: .seconds(remaining))
      let granted = harness.takeGrants().filter { $0.session == session(number) }
      harness.event(.workerShutOut(session(number), reason: "enough"))
      return granted.map { $0.grant.gang?.size ?? 1 }
    }
    #expect(sizes(60, 11) == [4, 4, 4, 4])
    #expect(sizes(3.5, 12) == [3, 3, 3])
    #expect(sizes(2.5, 13) == [2, 2])
    // Longer than all the time this one ever has: in parts, and by itself.
    #expect(sizes(1.5, 14) == [1])
    #expect(harness.alarms == [])
  }

  @Test func `members come back one by one to a coordinator that was restarted`() {
    let plan = makePlan(cells: 4, candidates: 2)
    let before = SchedulerHarness(plan)
    connect(before, first)
    let gang = before.takeGrants().map(\.grant)
    let harness = SchedulerHarness(plan, epoch: 2, stored: Array(before.stored.values), holdLeases: .seconds(35))
    connect(
      harness, first, inventory: gang.map { HeldTrial(trial: $0.trial, token: $0.token, step: 10) })
    for grant in gang {
      #expect(harness.takeGrants().isEmpty && harness.state(grant.trial) == .leased)
      harness.complete(grant, from: first)
    }
    #expect(harness.takeGrants().map(\.grant.gang?.size) == [4, 4, 4, 4])
    #expect(harness.alarms == [])
  }

  /// Ends, releases, losses and returns in any order, with several workers.
  @Test(arguments: 1...8)
  func `whatever happens every trial ends once and no slot is taken twice`(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    var settings = SchedulingSettings()
    settings.failureLimit = 1000
    let harness = SchedulerHarness(makePlan(cells: 3, candidates: 3, tune: 2, report: 4), settings: settings)
    let sessions: [WorkerSession: Int] = [session(1): 1, session(2): 2, session(3): 3]
    for (session, slots) in sessions.sorted(by: { $0.value < $1.value }) { connect(harness, session, slots: slots) }
    var held: [(grant: TrialGrant, session: WorkerSession)] = []
    var turns = 0
    while !harness.finished, turns < 5000 {
      turns += 1
      for (grant, session) in harness.takeGrants() {
        held.removeAll { $0.grant.token == grant.token }
        held.append((grant, session))
      }
      for (session, slots) in sessions {
        let taken = Set(held.filter { $0.session == session }.map { $0.grant.gang?.first ?? $0.grant.token })
        #expect(taken.count <= slots)
      }
      guard !held.isEmpty else {
        harness.advance(.seconds(6))
        continue
      }
      let (grant, session) = held.remove(at: Int(random.next() % UInt64(held.count)))
      switch random.next() % 12 {
      case 0: harness.say(.released(harness.address(grant), reason: "draining"), from: session)
      case 1:
        harness.event(.workerEnded(session, reason: "killed"))
        held.removeAll { $0.session == session }
        connect(harness, session, slots: sessions[session] ?? 1)
      default: harness.complete(grant, from: session)
      }
    }
    #expect(harness.finished && harness.alarms == [])
    #expect(harness.scheduler.progress.succeeded == 18 + 3 + 12)
  }
}
