// Leaving before a walltime ends: when, with what, and with which exit status.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerWalltimeTests {
  private func remaining(_ harness: inout ServiceHarness) -> Duration? {
    harness.on(.connected)
    guard case .hello(let hello)? = harness.sent().first else { return nil }
    return hello.remaining
  }

  @Test func `hello and heartbeats say how much time is left for training`() {
    var harness = ServiceHarness(walltime: .seconds(7200))
    #expect(remaining(&harness) == .seconds(7170))
    harness.receive(ServiceHarness.welcome)
    harness.wait(.seconds(2))
    #expect(harness.sent() == [.heartbeat(held: [], remaining: .seconds(7168))])
    var unlimited = ServiceHarness()
    #expect(remaining(&unlimited) == nil)
  }

  @Test(arguments: [(60, 45), (100, 75), (120, 90), (3600, 3570)])
  func `the end is begun thirty seconds before, or with a quarter of a short walltime left`(walltime: Int, begin: Int) {
    var harness = ServiceHarness(walltime: .seconds(walltime))
    #expect(remaining(&harness) == .seconds(begin))
  }

  @Test func `everything is given back in time and the exit status asks for another worker`() {
    var harness = ServiceHarness.welcomed(walltime: .seconds(600))
    harness.receive(.grant(grant()))
    _ = harness.started()
    harness.waitInContact(.seconds(569))
    #expect(harness.stopped() == [])
    harness.waitInContact(.seconds(1))
    #expect(harness.stopped() == [attempt()])
    _ = harness.sent()
    harness.on(.trainingEnded(attempt(), .ended(.stopped(checkpoint(70)))))
    harness.receive(.stored(address(2), checkpoint(70).digest))
    #expect(harness.sent().last == .released(address(3), reason: "its walltime of 10 min ends"))
    harness.receive(.acknowledged(address(3)))
    #expect(harness.exit() == "75: its walltime of 10 min ends: left")
  }

  @Test func `slow steps and slow checkpoints are begun to be given back earlier`() {
    var harness = ServiceHarness.welcomed(walltime: .seconds(3600))
    harness.receive(.grant(grant()))
    harness.on(.progressed(attempt(), points: [], step: 2, stepsPerSecond: 0.05))
    harness.on(.wrote(attempt(), checkpoint(50)))
    _ = (harness.started(), harness.sent())
    harness.now += .seconds(10)
    harness.receive(.stored(address(3), checkpoint(50).digest))
    harness.on(.timer)
    // 2 · (20 s for a step + 10 s for the way of a checkpoint) + 5 s.
    harness.waitInContact(.seconds(3600 - 66) - harness.now)
    #expect(harness.stopped() == [])
    harness.waitInContact(.seconds(1))
    #expect(harness.stopped() == [attempt()])
  }

  @Test func `the process has ended before its walltime has, whatever is missing`() {
    var harness = ServiceHarness.welcomed(walltime: .seconds(600))
    harness.receive(.grant(grant()))
    _ = harness.started()
    harness.waitInContact(.seconds(597))
    #expect(harness.exit() == nil)
    harness.waitInContact(.seconds(1))
    #expect(harness.exit() == "75: its walltime of 10 min ends: left; trials without acknowledgement: 1")
  }

  @Test(arguments: [
    ("90m", 5400), ("2h", 7200), ("1h30m", 5400), ("3d", 259_200), ("45s", 45), ("1-12:00:00", 129_600),
    ("2-6", 194_400), ("0-00:30", 1800), ("36:00:00", 129_600), ("29:30", 1770),
  ])
  func `durations are read as people and Slurm write them`(text: String, seconds: Int) throws {
    #expect(try duration(from: text) == .seconds(seconds))
  }

  @Test(arguments: ["", "h", "2x", "1:2:3:4", "1-2-3", "-5m", "0s", "1-", ":", "99999999999999999999h", "11y", "5h-"])
  func `other texts are refused with examples`(text: String) {
    #expect(
      throws: DurationError(
        description: "\"\(text)\" is no duration; write 90m, 2h, 1h30m, 3d or, as Slurm does, 1-12:00:00")
    ) { try duration(from: text) }
  }

  @Test func `a number without a unit is refused, since programs disagree on it`() {
    #expect(throws: DurationError(description: "\"90\" has no unit; write 90m or 90s")) { try duration(from: "90") }
  }
}
