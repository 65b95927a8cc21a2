// From grant to acknowledgement: order, repetition, refusal. Everything that is said about a trial is said until the
// coordinator has made it durable.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerDeliveryTests {
  /// A worker whose one trial is being trained, its start told.
  private func training() -> ServiceHarness {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant()))
    #expect(harness.sent() == [.started(address(1))])
    #expect(harness.started().map(\.0) == [attempt()])
    return harness
  }

  @Test func `a trial goes from grant to acknowledgement`() {
    var harness = training()
    let last = checkpoint(100, bytes: BlobChunk.maximumChunkBytes + 5)
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    #expect(harness.sent() == [.offer(address(2), offer(last))])
    harness.receive(.wanted(last.digest))
    #expect(harness.sent() == [.ready(session, last.digest)])
    harness.receive(.pull(last.digest, offset: 0))
    harness.receive(.pull(last.digest, offset: BlobChunk.maximumChunkBytes))
    var received: [UInt8] = []
    for message in harness.sent() {
      guard case .chunk(let chunk) = message else { return #expect(Bool(false), "\(message)") }
      #expect(chunk.offset == received.count && chunk.byteCount == last.bytes.count && chunk.digest == last.digest)
      received += chunk.bytes
    }
    #expect(received == last.bytes)
    harness.receive(.stored(address(2), last.digest))
    #expect(harness.sent() == [.result(address(3), result(last))])
    harness.receive(.acknowledged(address(3)))
    harness.expectNothingElse()
    harness.wait(.seconds(2))
    #expect(harness.sent() == [.heartbeat(held: [])])
  }

  @Test func `a repeated grant changes nothing, whether its trial is held or has ended`() {
    var harness = training()
    harness.receive(.grant(grant()))
    harness.expectNothingElse()
    harness.on(.trainingEnded(attempt(), .failed(reason: "no memory")))
    #expect(harness.sent() == [.failed(address(2), reason: "no memory")])
    harness.receive(.acknowledged(address(2)))
    harness.receive(.grant(grant()))
    harness.expectNothingElse()
  }

  @Test func `a repeated grant changes the threads of a trial that is trained or waits`() {
    var harness = ServiceHarness.welcomed(slots: 1, threads: 4)
    for trial in [1, 2] as [Int64] { harness.receive(.grant(grant(trial, counter: 4 + trial, threads: 1))) }
    #expect(harness.started().map(\.1.threads) == [1])
    harness.receive(.grant(grant(1, counter: 5, threads: 3)))
    let shared = harness.shared()
    #expect(shared.map(\.0) == [attempt(1, counter: 5)] && shared.map(\.threads) == [3])
    // The same once more is nothing new, and nobody gets more than there are.
    harness.receive(.grant(grant(1, counter: 5, threads: 3)))
    harness.receive(.grant(grant(1, counter: 5, threads: 9)))
    #expect(harness.shared().map(\.threads) == [4])
    harness.receive(.grant(grant(2, counter: 6, threads: 2)))
    #expect(harness.shared().isEmpty)
    harness.on(.trainingEnded(attempt(1, counter: 5), .failed(reason: "no memory")))
    #expect(harness.started().map(\.1.threads) == [2])
  }

  @Test func `a trial granted anew replaces the attempt under the older token`() {
    var harness = training()
    harness.receive(.grant(grant(counter: 6)))
    #expect(harness.stopped() == [attempt()])
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(10)))))
    #expect(harness.started().map(\.0) == [attempt(counter: 6)])
    #expect(harness.sent() == [.started(address(1, counter: 6))])
    harness.receive(.grant(grant(counter: 4)))
    harness.expectNothingElse()
  }

  @Test func `grants beyond the slots wait for one, in their order`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 8)
    for trial in [3, 1, 2] as [Int64] { harness.receive(.grant(grant(trial, counter: 10 + trial))) }
    let started = harness.started()
    #expect(started.map(\.0.trial.rawValue) == [3, 1])
    #expect(started.map(\.1.threads) == [4, 4])
    _ = harness.sent()
    harness.on(.trainingEnded(attempt(3, counter: 13), .failed(reason: "x")))
    #expect(harness.started().map(\.0.trial.rawValue) == [2])
  }

  @Test func `a grant's own number of threads counts, up to what the worker has`() {
    var harness = ServiceHarness.welcomed(slots: 2, threads: 4)
    harness.receive(.grant(grant(1, counter: 1, threads: 3)))
    harness.receive(.grant(grant(2, counter: 2, threads: 64)))
    #expect(harness.started().map(\.1.threads) == [3, 4])
  }

  @Test func `while a checkpoint is on its way only the newest of the later ones is offered`() {
    var harness = training()
    for step in [10, 20, 30] { harness.on(.wrote(attempt(), checkpoint(step))) }
    #expect(harness.sent() == [.offer(address(2), offer(checkpoint(10)))])
    harness.receive(.stored(address(2), checkpoint(10).digest))
    #expect(harness.sent() == [.offer(address(3), offer(checkpoint(30)))])
    harness.receive(.stored(address(3), checkpoint(30).digest))
    harness.expectNothingElse()
  }

  @Test func `a last checkpoint that is stored already is not offered again`() {
    var harness = training()
    harness.on(.wrote(attempt(), checkpoint(100)))
    harness.receive(.stored(address(2), checkpoint(100).digest))
    _ = harness.sent()
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(checkpoint(100)), checkpoint: checkpoint(100)))))
    #expect(harness.sent() == [.result(address(3), result(checkpoint(100)))])
  }

  @Test func `a refused checkpoint is missed in the middle and insisted on at the end`() {
    var harness = training()
    harness.on(.wrote(attempt(), checkpoint(50)))
    #expect(harness.sent().count == 1)
    harness.receive(.notStored(address(2), checkpoint(50).digest, reason: "disk full"))
    harness.waitInContact(.seconds(8))
    harness.expectNothingElse()
    let last = checkpoint(100)
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    #expect(harness.sent() == [.offer(address(3), offer(last))])
    harness.receive(.notStored(address(3), last.digest, reason: "disk full"))
    harness.waitInContact(.seconds(4))
    harness.expectNothingElse()
    harness.waitInContact(.seconds(1))
    #expect(harness.sent() == [.offer(address(4), offer(last))])
    harness.receive(.stored(address(4), last.digest))
    #expect(harness.sent() == [.result(address(5), result(last))])
  }

  @Test func `a coordinator that lacks the result's checkpoint is offered it once more`() {
    var harness = training()
    let last = checkpoint(100)
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(last), checkpoint: last))))
    harness.receive(.stored(address(2), last.digest))
    _ = harness.sent()
    harness.receive(.notStored(address(3), last.digest, reason: "offer it first"))
    harness.waitInContact(.seconds(5))
    #expect(harness.sent() == [.offer(address(4), offer(last))])
    harness.receive(.wanted(last.digest))
    harness.receive(.pull(last.digest, offset: 0))
    #expect(harness.sent().count == 2)
    harness.receive(.stored(address(4), last.digest))
    #expect(harness.sent() == [.result(address(5), result(last))])
  }

  @Test func `points come in few messages, each once, all before the result`() {
    var harness = training()
    harness.waitInContact(.seconds(1))
    harness.on(.progressed(attempt(), points: [point(1)], step: 1, stepsPerSecond: 10))
    #expect(harness.sent() == [.progress(address(2), points: [point(1)], step: 1, stepsPerSecond: 10)])
    for step in 2...4 {
      harness.now += .milliseconds(50)
      harness.on(.progressed(attempt(), points: [point(step)], step: step, stepsPerSecond: 10))
    }
    harness.expectNothingElse()
    harness.wait(.milliseconds(100))
    #expect(harness.sent() == [.progress(address(3), points: (2...4).map(point), step: 4, stepsPerSecond: 10)])
    harness.on(.progressed(attempt(), points: [point(5)], step: 5, stepsPerSecond: 10))
    harness.on(.trainingEnded(attempt(), .ended(.finished(result(checkpoint(6)), checkpoint: checkpoint(6)))))
    #expect(
      harness.sent() == [
        .progress(address(4), points: [point(5)], step: 5, stepsPerSecond: 10),
        .offer(address(5), offer(checkpoint(6))),
      ])
  }

  @Test func `more points than a message holds are split`() {
    var harness = training()
    harness.waitInContact(.seconds(1))
    let points = (1...WireLimits.points + 1).map(point)
    harness.on(.progressed(attempt(), points: points, step: points.count, stepsPerSecond: 1))
    let counts = harness.sent().map { message in
      if case .progress(_, let points, _, _) = message { points.count } else { -1 }
    }
    #expect(counts == [WireLimits.points, 1])
  }

  @Test func `a fenced or cancelled trial is stopped and never spoken of again`() {
    for message in [CoordinatorMessage.fenced(address(1)), .cancel(TrialID(rawValue: 1), token)] {
      var harness = training()
      harness.on(.wrote(attempt(), checkpoint(10)))
      _ = harness.sent()
      harness.receive(message)
      #expect(harness.stopped() == [attempt()])
      harness.on(.progressed(attempt(), points: [point(11)], step: 11, stepsPerSecond: 1))
      harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(11)))))
      harness.expectNothingElse()
      harness.wait(.seconds(2))
      #expect(harness.sent() == [.heartbeat(held: [])])
    }
  }

  @Test func `a pull of what is not offered is answered by nothing`() {
    var harness = training()
    harness.receive(.wanted(checkpoint(1).digest))
    harness.receive(.pull(checkpoint(1).digest, offset: 0))
    #expect(harness.notes().count { $0 == .unknownBlob(checkpoint(1).digest) } == 2)
    harness.on(.wrote(attempt(), checkpoint(10)))
    harness.receive(.wanted(checkpoint(10).digest))
    _ = harness.sent()
    harness.receive(.pull(checkpoint(10).digest, offset: 10))
    harness.expectNothingElse()
  }

  @Test func `an offer without answer is repeated under its number`() {
    var harness = training()
    harness.on(.wrote(attempt(), checkpoint(10)))
    _ = harness.sent()
    harness.waitInContact(.seconds(15))
    #expect(harness.sent() == [.started(address(1)), .offer(address(2), offer(checkpoint(10)))])
  }
}
