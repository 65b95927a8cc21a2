// What a worker keeps on disk and when: before it is said, until it is acknowledged, and after the process has ended.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerSpoolTests {
  private func training(walltime: Duration? = nil) -> ServiceHarness {
    var harness = ServiceHarness.welcomed(walltime: walltime, keepsSpool: true)
    harness.receive(.grant(grant()))
    _ = harness.started()
    _ = harness.sent()
    return harness
  }

  /// The hello that a harness sends when it is connected.
  private func greet(_ harness: inout ServiceHarness) -> WorkerHello? {
    harness.on(.connected)
    guard case .hello(let hello)? = harness.sent().first else { return nil }
    return hello
  }

  @Test func `a result is in the spool before anything of it is said, and out of it when it is acknowledged`() throws {
    var harness = training()
    let last = checkpoint(100)
    harness.on(.progressed(attempt(), points: [point(100)], step: 100, stepsPerSecond: 1))
    _ = harness.sent()
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    // The points come first: they are in the file as well.
    #expect(harness.order == ["send", "keep", "offer"])
    let entry = try #require(harness.kept().first)
    #expect(entry.conclusion == .result(address(3), result(last)))
    #expect(entry.checkpoint?.digest == last.digest && entry.sweep == ServiceHarness.sweep && !entry.isInterim)
    #expect(entry.messages == [.progress(address(2), points: [point(100)], step: 100, stepsPerSecond: 1)])
    harness.receive(.stored(address(3), last.digest))
    #expect(harness.sent().last == .result(address(4), result(last)))
    #expect(harness.discarded() == [])
    harness.receive(.acknowledged(address(4)))
    #expect(harness.discarded() == [attempt()])
  }

  @Test func `a worker that was killed between its result and the sending delivers it when it is started again`() throws
  {
    var first = training()
    let last = checkpoint(100)
    first.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    let entry = try SpoolEntry(file: try #require(first.kept().first).file)

    var second = ServiceHarness(keepsSpool: true, spooled: [entry])
    let hello = try #require(greet(&second))
    #expect(hello.inventory == [HeldTrial(trial: TrialID(rawValue: 1), token: token, step: 100)])
    #expect(hello.sweep == ServiceHarness.sweep)
    second.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    guard case .offer(let offered, let found)? = second.sent().last else { return #expect(Bool(false), "no offer") }
    // Above every number that the first process may have used.
    #expect(offered.sequence > 1 << 31 && found == offer(last))
    second.receive(.wanted(last.digest))
    second.receive(.pull(last.digest, offset: 0))
    #expect(second.sent().count == 2)
    second.receive(.stored(offered, last.digest))
    guard case .result(let ended, let delivered)? = second.sent().last else { return #expect(Bool(false), "no result") }
    #expect(delivered == result(last) && second.discarded() == [])
    second.receive(.acknowledged(ended))
    #expect(second.discarded() == [attempt()])
    second.receive(.grant(grant(2, counter: 9)))
    #expect(second.started().count == 1)
  }

  @Test func `what is said again after an acknowledgement got lost is acknowledged again and only then forgotten`()
    throws
  {
    var first = training()
    let last = checkpoint(100)
    first.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    let entry = try #require(first.kept().first)
    for _ in 0..<2 {
      var again = ServiceHarness(keepsSpool: true, spooled: [entry])
      _ = greet(&again)
      again.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
      guard case .offer(let offered, _)? = again.sent().last else { return #expect(Bool(false), "no offer") }
      again.receive(.stored(offered, last.digest))
      #expect(again.sent().count == 1 && again.discarded() == [])
    }
  }

  @Test(arguments: [false, true])
  func `a result whose trial was granted anew is dropped, from the spool as well`(isFenced: Bool) throws {
    var first = training()
    first.on(.trainingEnded(attempt(), .failed(reason: "x")))
    var second = ServiceHarness(keepsSpool: true, spooled: first.kept())
    _ = greet(&second)
    second.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    #expect(second.sent() == [.failed(address((1 << 32) + 2), reason: "x")])
    second.receive(isFenced ? .fenced(address((1 << 32) + 2)) : .cancel(TrialID(rawValue: 1), token))
    #expect(second.discarded() == [attempt()])
    second.expectNothingElse()
  }

  @Test func `a training that was cut off is handed over with its learning curve up to the checkpoint`() throws {
    var first = training()
    first.on(.progressed(attempt(), points: [point(40)], step: 40, stepsPerSecond: 1))
    // Not told yet: it has just been told how far the attempt is.
    first.on(.progressed(attempt(), points: [point(50)], step: 50, stepsPerSecond: 1))
    first.on(.wrote(attempt(), checkpoint(50)))
    let entry = try SpoolEntry(file: try #require(first.kept().first).file)
    var second = ServiceHarness(keepsSpool: true, spooled: [entry])
    _ = greet(&second)
    second.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    var points: [MetricPoint] = []
    for message in second.sent() {
      switch message {
      case .progress(_, let told, _, _): points += told
      case .offer: #expect(points == [point(40), point(50)], "the curve comes before the checkpoint")
      default: #expect(Bool(false), "nothing else is said yet")
      }
    }
    #expect(points == [point(40), point(50)])
  }

  @Test func `a training that was cut off is handed over with its last checkpoint, as an end that counts`() throws {
    var first = training()
    first.on(.wrote(attempt(), checkpoint(50)))
    #expect(first.order == ["keep", "offer"])
    let entry = try #require(first.kept().first)
    #expect(entry.isInterim)
    _ = first.sent()
    // More of them within two seconds are not worth an fsync.
    first.on(.wrote(attempt(), checkpoint(60)))
    #expect(first.kept().isEmpty)

    var second = ServiceHarness(keepsSpool: true, spooled: [entry])
    _ = greet(&second)
    second.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    guard case .offer(let offered, let found)? = second.sent().first else { return #expect(Bool(false)) }
    #expect(found == offer(checkpoint(50)))
    second.receive(.stored(offered, found.digest))
    guard case .released(_, _, let unclean)? = second.sent().first else { return #expect(Bool(false), "no release") }
    #expect(unclean)
  }

  @Test func `a stored checkpoint of a training that goes on leaves the spool`() {
    var harness = training()
    harness.on(.wrote(attempt(), checkpoint(50)))
    #expect(harness.kept().count == 1)
    harness.receive(.stored(address(2), checkpoint(50).digest))
    #expect(harness.discarded() == [attempt()])
    harness.wait(.seconds(2))
    harness.on(.wrote(attempt(), checkpoint(60)))
    #expect(harness.kept().map(\.step) == [60])
  }

  @Test func `without contact a worker trains on into its spool and sends nothing until it is welcomed`() throws {
    var harness = training()
    harness.now = .seconds(20)
    harness.on(.timer)
    #expect(harness.reconnects() == 1)
    _ = harness.sent()
    for step in [30, 60] {
      harness.wait(.seconds(60))
      harness.on(.wrote(attempt(), checkpoint(step)))
    }
    let last = checkpoint(100)
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    #expect(harness.kept().map(\.step) == [30, 60, 100])
    #expect(harness.sent() == [])
    #expect(greet(&harness)?.inventory == [HeldTrial(trial: TrialID(rawValue: 1), token: token, step: 100)])
    // Its lease was lost meanwhile and somebody else has the trial: nothing of it counts.
    harness.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    harness.receive(.cancel(TrialID(rawValue: 1), token))
    #expect(harness.discarded() == [attempt()])
    _ = harness.sent()
    harness.wait(.seconds(2))
    #expect(harness.sent() == [.heartbeat(held: [])])
  }

  @Test func `results of another sweep stay in the spool for its own coordinator`() throws {
    var first = training()
    first.on(.trainingEnded(attempt(), .failed(reason: "x")))
    let entry = try #require(first.kept().first)
    var second = ServiceHarness(keepsSpool: true, spooled: [entry])
    _ = greet(&second)
    second.receive(ServiceHarness.welcome(to: SweepID(rawValue: 78)))
    #expect(second.notes().contains(.otherSweep(ServiceHarness.sweep, held: 1, kept: true)))
    second.expectNothingElse()
    // The same number and token, and another trial.
    second.receive(.grant(grant()))
    second.wait(.seconds(2))
    #expect(second.discarded() == [])
  }

  @Test func `of several sweeps in a spool the coordinator's own is handed over`() throws {
    var first = training()
    first.on(.trainingEnded(attempt(), .failed(reason: "x")))
    let ours = try #require(first.kept().first)
    var others = ours
    others.sweep = SweepID(rawValue: 78)
    var second = ServiceHarness(keepsSpool: true, spooled: [ours, others])
    #expect(greet(&second)?.sweep == SweepID(rawValue: 78))
    second.receive(ServiceHarness.welcome(to: ServiceHarness.sweep))
    #expect(second.sent() == [.failed(address((1 << 32) + 2), reason: "x")])
  }

  @Test func `a worker that drains without a coordinator leaves in time and keeps its checkpoint as given back`() throws
  {
    var harness = training()
    harness.on(.disconnected)
    harness.on(.drain(reason: "SIGTERM"))
    #expect(harness.stopped() == [attempt()])
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    let entry = try #require(harness.kept().first)
    #expect(entry.conclusion == .released(address(2), reason: "SIGTERM") && entry.step == 70)
    harness.wait(.seconds(10))
    #expect(harness.exit() == "0: SIGTERM: left; trials kept in the spool for the next start: 1")
  }

  @Test func `a step that outlasts the drain leaves the last checkpoint, as given back and not as a crash`() throws {
    var harness = training()
    harness.on(.wrote(attempt(), checkpoint(50)))
    _ = (harness.kept(), harness.sent())
    harness.on(.drain(reason: "SIGTERM"))
    harness.wait(.seconds(10))
    let entry = try #require(harness.kept().first)
    #expect(!entry.isInterim && entry.checkpoint?.digest == checkpoint(50).digest)
    #expect(harness.exit() == "0: SIGTERM: left; trials kept in the spool for the next start: 1")
  }

  @Test func `a worker whose patience ends stops, keeps what it has and says why`() {
    var harness = training()
    harness.on(.disconnected)
    harness.wait(.seconds(600))
    #expect(harness.stopped() == [attempt()] && harness.exit() == nil)
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    #expect(harness.kept().count == 1)
    #expect(
      harness.exit()
        == "1: no contact with a coordinator for 10 min; check that one runs there, then start the worker again; trials "
        + "kept in the spool for the next start: 1")
  }

  @Test func `a worker whose key was revoked keeps what it has and leaves with the reason`() {
    var harness = training()
    harness.on(.disconnected)
    harness.on(.notLetIn(reason: "the key was revoked", isFinal: true))
    #expect(harness.stopped() == [attempt()])
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    #expect(harness.kept().count == 1)
    #expect(harness.exit() == "1: the key was revoked; trials kept in the spool for the next start: 1")
  }

  @Test func `a worker whose key is not allowed yet says so once, waits, and names it when its patience ends`() {
    var harness = ServiceHarness()
    for _ in 0..<3 { harness.on(.notLetIn(reason: "key not allowed", isFinal: false)) }
    #expect(harness.notes() == [.notLetIn(reason: "key not allowed")])
    harness.wait(.seconds(600))
    #expect(harness.exit() == "1: no contact with a coordinator for 10 min; key not allowed")
  }

  @Test func `a worker that is sent away gives back what it trains first`() {
    var harness = training()
    harness.receive(.finish(reason: "the coordinator stops"))
    #expect(harness.stopped() == [attempt()] && harness.exit() == nil)
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    harness.receive(.stored(address(2), checkpoint(70).digest))
    harness.receive(.acknowledged(address(3)))
    #expect(harness.exit() == "0: the coordinator stops")
  }

  @Test func `more grants than slots wait in order and start as slots become free`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 2)
    for number in 1...6 { harness.receive(.grant(grant(Int64(number), counter: Int64(number)))) }
    #expect(harness.started().map(\.0.trial.rawValue) == [1, 2])
    harness.on(.trainingEnded(attempt(2, counter: 2), .failed(reason: "x")))
    // The slot is taken before any answer has come.
    #expect(harness.started().map(\.0.trial.rawValue) == [3])
    harness.receive(.cancel(TrialID(rawValue: 4), LeaseToken(epoch: 1, counter: 4)))
    harness.on(.trainingEnded(attempt(1, counter: 1), .failed(reason: "x")))
    #expect(harness.started().map(\.0.trial.rawValue) == [5])
  }
}
