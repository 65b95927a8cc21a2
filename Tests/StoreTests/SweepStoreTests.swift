// What is committed comes back bit for bit, at most one process writes, and other directories are left alone.
import Foundation
import Shared
import Store
import Testing

@Suite struct SweepStoreTests {
  @Test func `trials come back as they were committed, every bit of them`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let all = records(of: plan)
    let digest = BlobDigest(of: Array("x".utf8))
    let result = TrialResult(
      outcome: .diverged, metrics: makeMetrics(1.0 / 3), checkpoint: digest, steps: 7, seconds: 0.25)
    do {
      let store = try SweepStore.forRunning(plan, in: directory.sweep)
      try store.commit(all.map { .planned($0) })
      try store.commit([
        .checkpoint(all[0].id, CheckpointOffer(digest: digest, byteCount: 1, step: 7)),
        status(all[0], .succeeded, result: result), status(all[1], .running, reason: "why"),
      ])
      try store.close()
    }
    let stored = try SweepStore.forReading(directory.sweep).trials()
    #expect(stored.map(\.record.id.rawValue) == Array(1...Int64(all.count)))
    #expect(stored.map(\.record.identity) == all.map(\.identity))
    #expect(stored.map(\.record.parameters) == all.map(\.parameters))
    let first = stored[0]
    #expect(first.token == LeaseToken(epoch: 4, counter: 5))
    #expect(first.holder == WorkerSession(rawValue: .max))
    #expect(first.checkpoint == CheckpointOffer(digest: digest, byteCount: 1, step: 7))
    #expect((first.record.failures, first.record.attempts) == (2, 3))
    let back = try #require(first.record.result)
    #expect((back.outcome, back.checkpoint, back.steps, back.seconds) == (.diverged, digest, 7, 0.25))
    #expect(back.metrics.trainLoss.bitPattern == (1.0 / 3).bitPattern)
    #expect(back.metrics.excess.bitPattern == (0.1 + 0.2).bitPattern)
    #expect(back.metrics.bayesLoss.bitPattern == (-0.0).bitPattern)
    #expect(back.metrics.zeroLoss == .leastNonzeroMagnitude)
    #expect(back.metrics.referenceLoss == .infinity)
    #expect(back.metrics.testLoss.isNaN)
    #expect(stored[1].record.state == .running)
    #expect(stored[1].record.reason == "why")
  }

  @Test func `learning curves are kept once per step and come back in order`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    let trial = records(of: plan)[0]
    func point(_ step: Int) -> MetricPoint {
      MetricPoint(step: step, trainLoss: Double(step) / 3, validationLoss: 1, learningRate: 0.5)
    }
    try store.commit([.planned(trial), .points(trial.id, [point(20), point(10)])])
    try store.commit([.points(trial.id, [point(20), point(30)])])
    #expect(try store.curves() == [trial.id: [point(10), point(20), point(30)]])
  }

  @Test func `a commit is all or nothing`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    let all = records(of: plan)
    // The second change contradicts the first one: the same trial twice.
    #expect(throws: StoreError.self) { try store.commit([.planned(all[0]), .planned(all[0])]) }
    #expect(try store.trials().isEmpty)
    try store.commit([.planned(all[0])])
    #expect(try store.trials().count == 1)
  }

  @Test func `a terminal state is sticky on the disk as well`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    let trial = records(of: plan)[0]
    try store.commit([.planned(trial), status(trial, .failed, reason: "bad")])
    #expect(throws: StoreError.illegalChange(trial: 1, found: "failed", asked: "pending")) {
      try store.commit([status(trial, .pending)])
    }
    #expect(try store.trials()[0].record.state == .failed)
  }

  @Test func `every opening for writing has a later boot epoch`() throws {
    let directory = try TemporaryDirectory()
    for expected in 1...3 {
      let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
      #expect(store.epoch == Int64(expected))
    }
  }

  @Test func `a second owner is refused with the first one's process and host`() throws {
    let directory = try TemporaryDirectory()
    let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    let owner = "process \(ProcessInfo.processInfo.processIdentifier) on \(ProcessInfo.processInfo.hostName)"
    #expect(throws: StoreError.inUse(directory: directory.sweep, owner: owner)) {
      _ = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    }
    #expect(SweepDirectory(directory.sweep).owner == owner)
    try store.close()
  }

  @Test func `a directory that nobody runs has no owner`() throws {
    let directory = try TemporaryDirectory()
    do { try SweepStore.forRunning(makePlan(), in: directory.sweep).close() }
    #expect(SweepDirectory(directory.sweep).owner == nil)
  }

  @Test func `a sweep can be read while another process runs it`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let writer = try SweepStore.forRunning(plan, in: directory.sweep)
    let reader = try SweepStore.forReading(directory.sweep)
    #expect(try reader.trials().isEmpty)
    try writer.commit(records(of: plan).map { .planned($0) })
    #expect(try reader.trials().count == records(of: plan).count)
  }

  @Test func `a directory of something else is refused and left as it was`() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.sweep, withIntermediateDirectories: false)
    try "mine".write(toFile: directory.sweep + "/thesis.tex", atomically: false, encoding: .utf8)
    #expect(throws: StoreError.foreign(directory: directory.sweep, found: "thesis.tex")) {
      _ = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.sweep) == ["thesis.tex"])
  }

  @Test func `a database of another program is refused`() throws {
    let directory = try TemporaryDirectory()
    try FileManager.default.createDirectory(atPath: directory.sweep, withIntermediateDirectories: false)
    try "not a database, but long enough to be looked at".write(
      toFile: directory.sweep + "/sweep.sqlite", atomically: false, encoding: .utf8)
    let error = #expect(throws: StoreError.self) {
      _ = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    }
    #expect(error?.description.contains("it is no intact database") == true)
  }

  @Test func `reading where no sweep is says so`() throws {
    let directory = try TemporaryDirectory()
    #expect(throws: StoreError.absent(directory: directory.sweep)) {
      _ = try SweepStore.forReading(directory.sweep)
    }
  }

  @Test func `wall time is summed over sessions and machines are listed once`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    for (session, start) in [(1, 1000.0), (2, 5000.0)] {
      var time = start
      let store = try SweepStore.forRunning(plan, in: directory.sweep) { Date(timeIntervalSince1970: time) }
      time += 20
      try store.commit([
        .worker(
          WorkerHello(
            session: WorkerSession(rawValue: UInt64(session)), minimumVersion: 1, maximumVersion: 1,
            arithmeticVersion: 1, host: "node", processID: session, slots: 2, threads: 2, instructionSet: "avx2",
            programVersion: "1", inventory: []))
      ])
      time += 5
      try store.close()
    }
    let provenance = try SweepStore.forReading(directory.sweep).provenance(of: [])
    #expect(provenance.wallSeconds == 50)
    #expect(provenance.machines == ["avx2 on node (2 threads)"])
  }

  @Test func `errors say the place, what was found and what to do, in one line`() {
    let texts: [(StoreError, String)] = [
      (
        .inUse(directory: "runs/a", owner: "process 7 on host"),
        "runs/a: process 7 on host is running this sweep; wait for it, or stop it and run the same command again"
      ),
      (
        .foreign(directory: "runs/a", found: "x and 2 more"),
        "runs/a: it holds x and 2 more, and no sweep; choose another directory with --out, or an empty one"
      ),
      (
        .diskFull(place: "runs/a/sweep.sqlite"),
        "runs/a/sweep.sqlite: no space is left on the disk; free some, then run the same command again: nothing stored "
          + "is lost"
      ),
      (
        .otherSweep(directory: "runs/a", difference: "steps was 1, is 2"),
        "runs/a: the directory holds another sweep: steps was 1, is 2; use another --out or restore the manifest "
          + "runs/a/manifest.yaml"
      ),
      (
        .networkFileSystem(directory: "d", kind: "nfs"),
        "d: it is on a network file system (nfs), where the database's write-ahead log does not work; choose a directory "
          + "on a local disk with --out"
      ),
    ]
    for (error, text) in texts { #expect(error.description == text) }
  }
}
