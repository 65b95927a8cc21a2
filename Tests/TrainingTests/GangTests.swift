// Trials that train side by side on shared batches end as each of them alone, bit for bit: whoever ends, stops, diverges
// or falls behind beside them.
import Kernels
import Shared
import Testing
import Training

@Suite struct GangTests {
  /// Members of one source of prompts that differ in everything else.
  static func members(_ change: (inout TrialParameters) -> Void = { _ in }) -> [TrialParameters] {
    let base = tinyParameters {
      ($0.task, $0.batch, $0.labelNoise) = (.exponential(scale: 0.5), 300, 0.1)
      change(&$0)
    }
    return [
      base,
      base.changed { ($0.heads, $0.learningRate, $0.layers) = (Heads([.exp]), 0.1, 1) },
      base.changed { ($0.heads, $0.steps, $0.optimizer) = (Heads([.softmax, .linear]), 23, .sgd) },
      base.changed { ($0.value, $0.steps, $0.evaluateEvery, $0.checkpointEvery) = (.sparse, 41, 5, 13) },
    ]
  }

  /// Other ways to draw: batches used several times, from a pool, of one lane, of many chunks; several restarts.
  static let sources: [[TrialParameters]] = [
    members(), members { ($0.resampleEvery, $0.pool) = (4, 50) }, members { $0.batch = 1 },
    members { ($0.batch, $0.context, $0.dimension) = (1100, 3, 7) },
    [Heads([.relu]), Heads([.exp]), Heads([.linear, .exp])].map { heads in
      tinyParameters {
        ($0.restarts, $0.steps, $0.resampleEvery, $0.heads) = (3, 11, 3, heads)
        if heads.activations.count == 2 { $0.network = .isotropic }
      }
    },
  ]

  @Test(arguments: sources.indices, [1, 2, 3])
  func `trials side by side end as each of them alone`(source: Int, threads: Int) throws {
    let members = Self.sources[source]
    let together = try trainGang(members.map { GangSeat($0) }, threads: threads)
    for (place, parameters) in members.enumerated() {
      let alone = try finish(parameters), beside = try together[place].finished()
      #expect(beside.identity == alone.identity, "member \(place)")
      #expect(beside.points == alone.points && beside.checkpoints.map(\.digest) == alone.checkpoints.map(\.digest))
    }
  }

  @Test(.enabled(if: InstructionSet.allCases.allSatisfy(\.isSupported), "this processor has no AVX-512"))
  func `the instruction set changes no bit of a gang`() throws {
    let seats = Self.members().map { GangSeat($0) }
    let narrow = try trainGang(seats, on: .avx2), wide = try trainGang(seats, on: .avx512)
    for (one, other) in zip(narrow, wide) { #expect(try one.finished().identity == other.finished().identity) }
  }

  @Test func `a member that is stopped leaves the others alone, and can go on by itself or in another gang`() throws {
    let members = Self.members()
    var seats = members.map { GangSeat($0) }
    seats[0].stopBefore = 0
    seats[1].stopBefore = 12
    let together = try trainGang(seats)
    for place in [2, 3] {
      #expect(try together[place].finished().identity == finish(members[place]).identity)
    }
    let never = try together[0].stopped(), middle = try together[1].stopped()
    #expect(never.step == 0 && middle.step == 12)
    let whole = try members.map { try finish($0) }
    #expect(try finish(members[1], resume: middle.bytes).identity == whole[1].identity)
    let later = try trainGang([
      GangSeat(members[1], resume: middle.bytes), GangSeat(members[0], resume: never.bytes), GangSeat(members[3]),
    ])
    #expect(try later[0].finished().identity == whole[1].identity)
    #expect(try together[1].recorder.points + later[0].finished().points == whole[1].points)
    #expect(try later[1].finished().identity == whole[0].identity)
    #expect(try later[2].finished().identity == whole[3].identity)
  }

  /// Who is behind catches up; who has nothing left to do only states its end.
  @Test func `members may go on from different checkpoints`() throws {
    let members = Self.members { $0.resampleEvery = 3 }
    let whole = try members.map { try finish($0) }
    let seats = members.indices.map { place in
      let last = whole[place].checkpoint, earlier = whole[place].checkpoints[place / 2]
      return GangSeat(members[place], resume: place == 1 ? last.bytes : earlier.bytes)
    }
    let together = try trainGang(seats + [GangSeat(members[0])], threads: 2)
    for place in members.indices {
      let end = try together[place].finished()
      #expect(end.identity == whole[place].identity, "member \(place)")
      let from = place == 1 ? whole[1].result.steps : whole[place].checkpoints[place / 2].step
      #expect(end.points == whole[place].points.filter { $0.step > from })
    }
    #expect(try together[4].finished().identity == whole[0].identity)
  }

  @Test func `a member that diverges ends, the others go on`() throws {
    let members =
      Self.members { $0.clipNorm = nil }
      + [Self.members { $0.clipNorm = nil }[0].changed { ($0.optimizer, $0.learningRate) = (.sgd, 1e18) }]
    let together = try trainGang(members.map { GangSeat($0) })
    for (place, parameters) in members.enumerated() {
      #expect(try together[place].finished().identity == finish(parameters).identity, "member \(place)")
    }
    let diverged = try together[4].finished()
    #expect(diverged.result.outcome == .diverged && diverged.result.steps < 30)
  }

  @Test func `a member whose checkpoint is unusable fails, the others go on`() throws {
    let members = Self.members()
    let together = try trainGang([GangSeat(members[0], resume: [1, 2, 3])] + members[1...].map { GangSeat($0) })
    #expect(throws: TrainingError.self) { try together[0].end.get() }
    for place in 1...3 { #expect(try together[place].finished().identity == finish(members[place]).identity) }
    let none = try trainGang([GangSeat(members[0], resume: [1])])
    #expect(throws: TrainingError.self) { try none[0].end.get() }
  }

  @Test func `threads that come and go while a gang trains change no bit`() throws {
    let members = Self.members { $0.resampleEvery = 2 }
    var seats = members.map { GangSeat($0) }
    seats[1].threads = [0: 2, 5: 1, 9: 3]
    seats[3].threads = [9: 2, 26: 2, 35: 1]
    let together = try trainGang(seats)
    for (place, parameters) in members.enumerated() {
      #expect(try together[place].finished().identity == finish(parameters).identity, "member \(place)")
    }
  }

  @Test func `the time of a gang is shared out among its members`() throws {
    let clock = ContinuousClock()
    var seconds = 0.0
    let whole = try clock.measure {
      for end in try trainGang(Self.members().map { GangSeat($0) }) {
        let own = try end.finished().result.seconds
        #expect(own > 0)
        seconds += own
      }
    }
    #expect(seconds <= whole.seconds)
  }

  @Test func `what concerns networks only does not separate sources, what concerns prompts does`() {
    let source = PromptSource(TrialParameters())
    for member in Self.members() { #expect(PromptSource(member) == PromptSource(Self.members()[0])) }
    let changes: [(inout TrialParameters) -> Void] = [
      { $0.task = .relu }, { $0.context = 15 }, { $0.dimension = 6 }, { $0.batch = 513 }, { $0.resampleEvery = 2 },
      { $0.pool = 9 }, { $0.covariance = [1, 2, 1, 1, 1] }, { $0.inputs = .cube }, { $0.kernelOn = .x },
      { $0.labelNoise = 0.1 }, { $0.validationPrompts = 9 }, { $0.restarts = 2 },
    ]
    for change in changes { #expect(PromptSource(TrialParameters().changed(change)) != source) }
    // Later restarts draw on from where the first one ended.
    let two = TrialParameters().changed { $0.restarts = 2 }
    #expect(PromptSource(two.changed { $0.steps = 7 }) != PromptSource(two))
    #expect(PromptSource(TrialParameters().changed { $0.steps = 7 }) == source)
  }
}

extension TrialParameters {
  /// A copy with something changed.
  func changed(_ change: (inout TrialParameters) -> Void) -> TrialParameters {
    var copy = self
    change(&copy)
    return copy
  }
}
