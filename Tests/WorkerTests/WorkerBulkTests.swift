// The bulk channel as a worker uses it: connected while something has to travel, said when it does not answer, left when
// it is not used. Contact with the coordinator does not depend on it.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerBulkTests {
  private let blob = checkpoint(40)
  private let address = "tcp://coordinator:7401"

  /// A worker that is asked for an offered checkpoint and has no bulk channel yet.
  private func offering() -> ServiceHarness {
    var harness = ServiceHarness.welcomed()
    harness.hasBulk = false
    harness.receive(.grant(grant()))
    _ = harness.started()
    harness.on(.wrote(attempt(), blob))
    _ = harness.sent()
    return harness
  }

  @Test func `it is connected when a checkpoint is wanted, and says what it is ready for`() {
    var harness = offering()
    #expect(harness.opened() == [])
    harness.receive(.wanted(blob.digest))
    #expect(harness.opened() == [address])
    harness.expectNothingElse()
    harness.on(.bulkConnected)
    #expect(harness.sent() == [.ready(session, blob.digest)])
    // Again after every connection, whatever had come of it.
    harness.receive(.pull(blob.digest, offset: 0))
    #expect(harness.sent().count == 1)
    harness.on(.bulkDisconnected)
    harness.on(.bulkConnected)
    #expect(harness.sent() == [.ready(session, blob.digest)])
  }

  @Test func `it is left when it was not used for a while, and connected again when it is needed`() {
    var harness = offering()
    harness.receive(.wanted(blob.digest))
    _ = harness.opened()
    harness.on(.bulkConnected)
    harness.receive(.stored(WorkerTests.address(2), blob.digest))
    _ = harness.sent()
    harness.waitInContact(.seconds(9))
    #expect(harness.closed() == 0)
    harness.waitInContact(.seconds(1))
    #expect(harness.closed() == 1)
    harness.receive(.grant(grant(2, counter: 9, reference: offer(checkpoint(50)))))
    #expect(harness.opened() == [address])
  }

  @Test func `without an answer it is connected anew, ever less often, and the user is told once`() {
    var harness = offering()
    harness.receive(.wanted(blob.digest))
    var openings: [Duration] = []
    let begin = harness.now
    for _ in 0..<150 {
      harness.waitInContact(.seconds(1))
      openings += harness.opened().map { _ in harness.now - begin }
      harness.on(.bulkConnected)
      _ = harness.sent()
    }
    // The first at once; then after half a lease, one, two, and two.
    #expect(openings.map(\.components.seconds) == [1, 15, 45, 105])
    let told = harness.notes().filter { if case .bulkSilent = $0 { true } else { false } }
    #expect(
      told.map(\.text) == [
        "checkpoints and results wait: the coordinator answers at tcp://coordinator:7400, but not at "
          + "tcp://coordinator:7401, where they go, for 15 s; open that port (a firewall?) or name the way there with "
          + "--bulk-connect"
      ])
    #expect(harness.reconnects() == 0, "contact does not depend on it")
  }

  @Test func `a channel that answers is asked again and not given up`() {
    var harness = offering()
    harness.receive(.wanted(blob.digest))
    _ = harness.opened()
    harness.on(.bulkConnected)
    var asked = 0
    for _ in 0..<60 {
      harness.waitInContact(.seconds(1))
      for message in harness.sent() where message == .ready(session, blob.digest) {
        asked += 1
        harness.on(.receivedInBulk(.heard))
      }
    }
    // At once, and every ten seconds.
    #expect(asked == 7)
    #expect(harness.opened() == [])
  }

  @Test func `a worker whose checkpoints find no way for long gives its trials back and ends in words`() {
    var harness = offering()
    harness.receive(.wanted(blob.digest))
    harness.waitInContact(.seconds(599))
    #expect(harness.exit() == nil)
    harness.waitInContact(.seconds(4))
    #expect(harness.stopped() == [attempt()])
    #expect(
      harness.exit()?.hasPrefix(
        "1: no checkpoint could be handed over at tcp://coordinator:7401 for 10 min, though the coordinator answers at "
          + "tcp://coordinator:7400; open that port, or name the way there with --bulk-connect") == true)
  }

  @Test(arguments: [
    ("tcp://*:7401", "tcp://coordinator:7401"), ("tcp://10.0.0.5:9", "tcp://10.0.0.5:9"),
    ("tcp://[::]:9", "tcp://coordinator:9"), ("ipc:///run/s.bulk", "ipc:///run/s.bulk"),
  ]) func `the coordinator says where it is`(announced: String, expected: String) throws {
    #expect(try "\(ServiceHarness.endpoint.bulk(announced: announced))" == expected)
  }

  @Test(arguments: [
    ("tcp://0.0.0.0:7400", "tcp://0.0.0.0:7401", "tcp://*:7401"),
    ("tcp://10.0.0.5:7400", "tcp://10.0.0.5:7401", "tcp://*:7401"),
    ("tcp://0.0.0.0:7400", "tcp://10.0.0.5:7401", "tcp://10.0.0.5:7401"),
    ("ipc:///run/s", "ipc:///run/s.bulk", "ipc:///run/s.bulk"),
  ]) func `the host is told only where it is another one`(control: String, bulk: String, told: String) throws {
    let address = try EndpointAddress(control)
    #expect(try EndpointAddress(bulk).announced(beside: address) == told)
    if !told.hasPrefix("tcp://10") { #expect(try "\(address.bulkByDefault())" == bulk) }
  }

  @Test func `an announcement of nowhere ends the worker in words`() {
    var harness = ServiceHarness()
    harness.on(.connected)
    _ = harness.sent()
    harness.receive(
      .welcome(
        Welcome(
          version: protocolVersion, sweepName: "s", epoch: 1, heartbeatInterval: .seconds(2),
          leaseDuration: .seconds(30))))
    #expect(
      harness.exit()?.hasPrefix("1: the coordinator announces no place for checkpoints that could be used") == true)
  }
}
