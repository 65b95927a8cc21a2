// Gangs of grants: started together in one slot when all of them have what they need, ended one by one.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerGangTests {
  private let blob = checkpoint(40)

  /// The grants of trials 1, 2, … under tokens 5, 6, …
  private func gang(_ size: Int, resume: [Int: CheckpointOffer] = [:]) -> [TrialGrant] {
    (0..<size).map { place in
      var member = grant(Int64(place + 1), counter: 5 + Int64(place), resume: resume[place])
      member.parameters.learningRate = 0.01 * Double(place + 1)
      member.gang = GrantedGang(first: token, size: size)
      return member
    }
  }

  private func attempts(_ places: Int...) -> [Attempt] {
    places.map { attempt(Int64($0 + 1), counter: 5 + Int64($0)) }
  }

  private func starts(_ harness: inout ServiceHarness) -> [[Attempt]] {
    harness.startedGangs().map { $0.map(\.attempt) }
  }

  @Test func `a gang starts in one slot when its last grant has come`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 2)
    let members = gang(3)
    for member in members.dropLast() { harness.receive(.grant(member)) }
    harness.expectNothingElse()
    harness.receive(.grant(members[2]))
    #expect(starts(&harness) == [attempts(0, 1, 2)])
    let told: [WorkerMessage] = members.map { .started(TrialAddress(trial: $0.trial, token: $0.token, sequence: 1)) }
    #expect(harness.sent() == told)
    // The other slot takes another trial, and no more.
    harness.receive(.grant(grant(8, counter: 20)))
    harness.receive(.grant(grant(9, counter: 21)))
    #expect(starts(&harness) == [[attempt(8, counter: 20)]])
    _ = harness.sent()
    harness.expectNothingElse()
  }

  @Test func `what has come of a gang starts when anything else comes, or the connection breaks`() {
    for what in 0..<3 {
      var harness = ServiceHarness.welcomed(slots: 2, threads: 2)
      for member in gang(3).prefix(2) { harness.receive(.grant(member)) }
      harness.expectNothingElse()
      switch what {
      case 0: harness.receive(.heard)
      case 1: harness.receive(.grant(grant(8, counter: 20)))
      default: harness.on(.disconnected)
      }
      #expect(starts(&harness).first == attempts(0, 1))
    }
  }

  @Test func `the slot is free when the last member has ended, each tells its own end`() {
    var harness = ServiceHarness.welcomed()
    for member in gang(2) { harness.receive(.grant(member)) }
    #expect(starts(&harness) == [attempts(0, 1)])
    harness.receive(.grant(grant(8, counter: 20)))
    _ = harness.sent()
    harness.on(.trainingEnded(attempts(1)[0], .failed(reason: "no memory")))
    #expect(harness.sent() == [.failed(address(2, 2, counter: 6), reason: "no memory")])
    #expect(starts(&harness).isEmpty)
    harness.on(.trainingEnded(attempts(0)[0], .failed(reason: "no memory")))
    #expect(starts(&harness) == [[attempt(8, counter: 20)]])
    let told: [WorkerMessage] = [.failed(address(2), reason: "no memory"), .started(address(1, 8, counter: 20))]
    #expect(harness.sent() == told)
    harness.expectNothingElse()
  }

  @Test func `a member that is cancelled stops alone, and keeps the slot until its thread has let it go`() {
    var harness = ServiceHarness.welcomed()
    for member in gang(2) { harness.receive(.grant(member)) }
    _ = (starts(&harness), harness.sent())
    harness.receive(.cancel(attempts(0)[0].trial, attempts(0)[0].token))
    #expect(harness.stopped() == attempts(0))
    harness.receive(.grant(grant(8, counter: 20)))
    harness.on(.trainingEnded(attempts(1)[0], .failed(reason: "no memory")))
    #expect(starts(&harness).isEmpty)
    harness.on(.trainingEnded(attempts(0)[0], .ended(.stopped(blob))))
    #expect(starts(&harness) == [[attempt(8, counter: 20)]])
  }

  @Test func `a member cancelled before the start is not waited for`() {
    var harness = ServiceHarness.welcomed()
    let members = gang(3, resume: [1: offer(blob)])
    for member in members { harness.receive(.grant(member)) }
    #expect(harness.sent() == [.fetch(blob.digest, offset: 0)])
    #expect(starts(&harness).isEmpty)
    harness.receive(.cancel(members[1].trial, members[1].token))
    #expect(starts(&harness) == [attempts(0, 2)])
  }

  @Test func `a gang waits for its members' checkpoints while they can come`() {
    var harness = ServiceHarness.welcomed()
    for member in gang(3, resume: [1: offer(blob)]) { harness.receive(.grant(member)) }
    #expect(starts(&harness).isEmpty)
    harness.receive(
      .chunk(BlobChunk(digest: blob.digest, offset: 0, byteCount: blob.bytes.count, bytes: blob.bytes)))
    let started = harness.startedGangs()
    #expect(started.map { $0.map(\.attempt) } == [attempts(0, 1, 2)])
    #expect(started[0].map(\.assignment.resume) == [nil, blob.bytes, nil])
    #expect(started[0].map(\.assignment.parameters.learningRate) == gang(3).map(\.parameters.learningRate))

    harness = ServiceHarness.welcomed()
    for member in gang(3, resume: [1: offer(blob)]) { harness.receive(.grant(member)) }
    harness.on(.disconnected)
    #expect(starts(&harness) == [attempts(0, 2)])
  }

  @Test func `trials of other prompts are never started together, whatever their grants say`() {
    var harness = ServiceHarness.welcomed(slots: 4, threads: 4)
    var members = gang(4)
    members[1].seed = Seed(rawValue: 1)
    members[2].parameters.batch = 9
    for member in members { harness.receive(.grant(member)) }
    #expect(starts(&harness) == [attempts(0, 3), attempts(1), attempts(2)])
  }

  @Test func `a gang is given back trial by trial`() {
    var harness = ServiceHarness.welcomed()
    for member in gang(2) { harness.receive(.grant(member)) }
    _ = (starts(&harness), harness.sent())
    harness.on(.drain(reason: "SIGTERM"))
    #expect(harness.stopped() == attempts(0, 1))
    for stopped in attempts(0, 1) { harness.on(.trainingEnded(stopped, .ended(.stopped(blob)))) }
    let offers = harness.sent().filter { if case .offer = $0 { true } else { false } }
    #expect(offers.count == 2)
  }
}
