// Contact with the coordinator: hello, heartbeats, silence, return, and leaving.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerLinkTests {
  @Test func `a new connection is greeted with who and what is there`() {
    var harness = ServiceHarness(slots: 2, threads: 4)
    harness.on(.connected)
    let messages = harness.sent()
    guard case .hello(let hello)? = messages.first, messages.count == 1 else {
      return #expect(Bool(false), "\(messages)")
    }
    #expect(hello.session == WorkerSession(rawValue: 7) && hello.slots == 2 && hello.threads == 4)
    #expect(hello.minimumVersion == protocolVersion && hello.maximumVersion == protocolVersion)
    #expect(hello.arithmeticVersion == arithmeticVersion && hello.inventory.isEmpty)
    harness.receive(ServiceHarness.welcome)
    #expect(harness.notes() == [.registered(sweep: "s", epoch: 1)])
    harness.expectNothingElse()
  }

  @Test func `nothing but the hello is said before the welcome`() {
    var harness = ServiceHarness()
    harness.on(.connected)
    _ = harness.sent()
    harness.receive(.grant(grant()))
    #expect(harness.started().count == 1)
    #expect(harness.sent() == [])
    harness.receive(ServiceHarness.welcome)
    #expect(harness.sent() == [.started(address(1))])
  }

  @Test func `several messages go in one frame only to a coordinator that has said so, and never with the hello`() {
    var harness = ServiceHarness.welcomed()
    #expect(!harness.service.sendsBatches)
    harness.on(.connected)
    harness.receive(
      .welcome(
        Welcome(
          version: protocolVersion, sweepName: "s", epoch: 2, heartbeatInterval: .seconds(2),
          leaseDuration: .seconds(30), takesBatches: true, bulk: "tcp://*:7401")))
    #expect(harness.service.sendsBatches)
    harness.receive(.helloWanted)
    #expect(!harness.service.sendsBatches)
  }

  @Test func `a hello without answer is repeated on a new socket, ever less often`() {
    var harness = ServiceHarness()
    var waits: [Duration] = []
    for _ in 0..<5 {
      harness.on(.connected)
      guard case .hello? = harness.sent().first, let deadline = harness.service.nextDeadline() else {
        return #expect(Bool(false), "no hello")
      }
      waits.append(deadline - harness.now)
      harness.wait(deadline - harness.now)
      #expect(harness.reconnects() == 1)
    }
    #expect(waits == [5, 10, 20, 30, 30].map { .seconds($0) })
  }

  @Test func `heartbeats list every trial that has not been acknowledged`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 2)
    harness.receive(.grant(grant(1)))
    harness.receive(.grant(grant(2, counter: 6)))
    _ = harness.started()
    harness.on(.progressed(attempt(1), points: [], step: 40, stepsPerSecond: 1))
    harness.on(.trainingEnded(attempt(2, counter: 6), .failed(reason: "x")))
    _ = harness.sent()
    harness.wait(.seconds(2))
    let held = [
      HeldTrial(trial: TrialID(rawValue: 1), token: token, step: 40),
      HeldTrial(trial: TrialID(rawValue: 2), token: LeaseToken(epoch: 1, counter: 6), step: 0),
    ]
    let sent = harness.sent()
    #expect(sent.contains(.heartbeat(held: held)), "\(sent)")
  }

  @Test func `without contact for two thirds of the lease a worker trains on and sends nothing`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant()))
    _ = harness.started()
    _ = harness.sent()
    var heartbeats = 0
    while harness.reconnects() == 0 {
      harness.wait(.seconds(1))
      heartbeats += harness.sent().count
      if harness.now > .seconds(60) { return #expect(Bool(false), "never started over") }
    }
    #expect(harness.now == .seconds(20) && heartbeats == 9)
    let last = checkpoint(100)
    harness.on(.progressed(attempt(), points: [point(100)], step: 100, stepsPerSecond: 1))
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    harness.wait(.seconds(100))
    #expect(harness.sent() == [] && harness.stopped() == [])

    harness.on(.connected)
    guard case .hello(let hello)? = harness.sent().first else { return #expect(Bool(false), "no hello") }
    #expect(hello.inventory == [HeldTrial(trial: TrialID(rawValue: 1), token: token, step: 100)])
    harness.receive(ServiceHarness.welcome)
    #expect(
      harness.sent() == [
        .started(address(1)), .progress(address(2), points: [point(100)], step: 100, stepsPerSecond: 1),
        .offer(address(3), offer(last)),
      ])
  }

  @Test func `contact counts from when the answered message was sent`() {
    var harness = ServiceHarness.welcomed()
    harness.wait(.seconds(2))
    #expect(harness.sent() == [.heartbeat(held: [])])
    harness.now = .seconds(19)
    harness.receive(.heard)
    _ = harness.sent()
    // Heard at 2 s: the lease's two thirds end at 22 s, although the answer came at 19 s.
    harness.now = .milliseconds(21_999)
    harness.on(.timer)
    #expect(harness.reconnects() == 0)
    harness.wait(.milliseconds(1))
    #expect(harness.reconnects() == 1)
  }

  @Test func `after a lost connection everything unacknowledged is said again, in order and under its number`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 2)
    harness.receive(.grant(grant(1)))
    harness.receive(.grant(grant(2, counter: 6)))
    _ = harness.started()
    let last = checkpoint(100)
    harness.on(.trainingEnded(attempt(1), .ended(.finished(result(last), checkpoint: last))))
    harness.receive(.stored(address(2), last.digest))
    harness.on(.wrote(attempt(2, counter: 6), checkpoint(50)))
    _ = harness.sent()
    harness.on(.disconnected)
    harness.on(.connected)
    _ = harness.sent()
    harness.receive(ServiceHarness.welcome)
    #expect(
      harness.sent() == [
        .result(address(3), result(last)), .started(address(1, 2, counter: 6)),
        .offer(address(2, 2, counter: 6), offer(checkpoint(50))),
      ])
  }

  @Test func `a coordinator that does not know the worker is told everything`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant()))
    _ = harness.started()
    _ = harness.sent()
    harness.receive(.helloWanted)
    guard case .hello(let hello)? = harness.sent().first else { return #expect(Bool(false), "no hello") }
    #expect(hello.inventory.count == 1)
    #expect(hello.number == 2)
    // Each of several messages was answered so: one hello will do.
    harness.receive(.helloWanted)
    harness.expectNothingElse()
  }

  @Test func `a worker that hears nobody for long ends and says why`() {
    var harness = ServiceHarness()
    harness.wait(.seconds(599))
    #expect(harness.exit() == nil)
    #expect(harness.service.nextDeadline() == .seconds(600))
    harness.wait(.seconds(1))
    #expect(
      harness.exit()
        == "1: no contact with a coordinator for 10 min; check that one runs there, then start the worker again")
  }

  @Test func `refusal and finish end the worker with the coordinator's words`() {
    var refused = ServiceHarness()
    refused.on(.connected)
    refused.receive(.refused(reason: "other arithmetic"))
    #expect(refused.exit() == "1: refused by the coordinator: other arithmetic")
    var finished = ServiceHarness.welcomed()
    finished.receive(.finish(reason: "all trials are done"))
    #expect(finished.sent() == [.goodbye(reason: "told to finish")])
    #expect(finished.exit() == "0: all trials are done")
    finished.receive(.grant(grant()))
    finished.expectNothingElse()
  }

  @Test func `draining gives everything back and waits for the acknowledgements`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(1)))
    harness.receive(.grant(grant(2, counter: 6)))
    _ = harness.started()
    _ = harness.sent()
    harness.on(.drain(reason: "SIGTERM"))
    #expect(harness.stopped() == [attempt(1)])
    #expect(harness.sent() == [.released(address(1, 2, counter: 6), reason: "SIGTERM")])
    harness.receive(.acknowledged(address(1, 2, counter: 6)))
    harness.on(.trainingEnded(attempt(1), .ended(.stopped(checkpoint(70)))))
    #expect(harness.sent() == [.offer(address(2), offer(checkpoint(70)))])
    harness.receive(.stored(address(2), checkpoint(70).digest))
    #expect(harness.sent() == [.released(address(3), reason: "SIGTERM")])
    // A grant that crossed the signal on its way.
    harness.receive(.grant(grant(3, counter: 7)))
    #expect(harness.sent() == [.released(address(1, 3, counter: 7), reason: "SIGTERM")])
    harness.receive(.acknowledged(address(1, 3, counter: 7)))
    #expect(harness.exit() == nil)
    harness.receive(.acknowledged(address(3)))
    #expect(harness.sent() == [.goodbye(reason: "SIGTERM")])
    #expect(harness.exit() == "0: SIGTERM: left")
  }

  @Test func `draining does not wait for ever`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant()))
    _ = harness.started()
    harness.on(.drain(reason: "SIGTERM"))
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    harness.wait(.seconds(9))
    #expect(harness.exit() == nil)
    harness.wait(.seconds(1))
    #expect(harness.exit() == "0: SIGTERM: left; trials without acknowledgement: 1")
  }

  @Test func `an idle worker leaves at once`() {
    var harness = ServiceHarness.welcomed()
    harness.on(.drain(reason: "SIGINT"))
    #expect(harness.sent() == [.goodbye(reason: "SIGINT")])
    #expect(harness.exit() == "0: SIGINT: left")
  }
}
