// Running a directory again with another edition of its manifest, its digest and its audit.
import Foundation
import Shared
import Store
import Testing

@Suite struct EditionTests {
  @Test func `added values and seeds are welcome, and the manifest is replaced`() throws {
    let directory = try TemporaryDirectory()
    try complete(makePlan(), in: SweepStore.forRunning(makePlan(), in: directory.sweep))
    let more = makePlan(rates: [0.01, 0.02, 0.05], tune: 2, report: 4, source: "name: more\n")
    let store = try SweepStore.forRunning(more, in: directory.sweep)
    #expect(try String(contentsOfFile: directory.sweep + "/manifest.yaml", encoding: .utf8) == "name: more\n")
    let placed = more.place(try store.trials().map(\.record))
    #expect(placed.current.count == 2)
    // 4 more tuning trials, a reference and 4 reporting trials of a candidate that is not decided.
    #expect(placed.missing == 4 + 5)
    #expect(placed.superseded.count == 3)
  }

  @Test func `a manifest that changes what was run is refused with the difference, and nothing is touched`() throws {
    let directory = try TemporaryDirectory()
    try complete(makePlan(), in: SweepStore.forRunning(makePlan(), in: directory.sweep))
    let changed = makePlan(steps: 200, source: "name: changed\n")
    let error = #expect(throws: StoreError.self) { _ = try SweepStore.forRunning(changed, in: directory.sweep) }
    #expect(
      error?.description == "\(directory.sweep): the directory holds another sweep: 4 of its 5 trials are not in this "
        + "manifest: steps was 100, is 200 (its cosine schedule depends on steps from the start, so trials cannot go on; "
        + "a constant one's can); use another --out or restore the manifest \(directory.sweep)/manifest.yaml")
    #expect(try String(contentsOfFile: directory.sweep + "/manifest.yaml", encoding: .utf8) == "name: test\n")
  }

  @Test func `more steps of a constant schedule are welcome, fewer are not`() throws {
    func edition(steps: Int) -> SweepPlan {
      var plan = makePlan(steps: steps)
      plan.cells[0].configurations = plan.cells[0].candidates.map { candidate in
        var candidate = candidate
        (candidate.schedule, candidate.warmupSteps) = (.constant, 5)
        return TrialConfiguration(candidate)
      }
      return plan
    }
    let directory = try TemporaryDirectory()
    try complete(edition(steps: 100), in: SweepStore.forRunning(edition(steps: 100), in: directory.sweep))
    let fewer = #expect(throws: StoreError.self) {
      _ = try SweepStore.forRunning(edition(steps: 50), in: directory.sweep)
    }
    #expect(fewer?.description.contains("steps was 100, is 50 (trials do not become shorter)") == true)
    let store = try SweepStore.forRunning(edition(steps: 200), in: directory.sweep)
    let placed = edition(steps: 200).place(try store.trials().map(\.record))
    // The reference is asked for again when the cell is decided.
    #expect(placed.superseded.count == 5 && placed.current.isEmpty)
  }

  @Test func `a trial that goes on from another has its checkpoint and its curve`() throws {
    let directory = try TemporaryDirectory()
    let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    let trials = records(of: makePlan())
    let offer = CheckpointOffer(digest: BlobDigest(of: [1]), byteCount: 1, step: 100)
    let points = [10, 15, 20, 25].map {
      MetricPoint(step: $0, trainLoss: Double($0), validationLoss: 1, learningRate: 0.1)
    }
    try store.commit([
      .plannedTrials(trials), .checkpoint(trials[0].id, offer), .points(trials[0].id, points),
      .continued(trials[1].id, from: trials[0].id, offer, evaluateEvery: 10),
    ])
    #expect(try store.trial(trials[1].id)?.checkpoint == offer)
    #expect(try store.curves()[trials[1].id] == points.filter { $0.step % 10 == 0 })
  }

  @Test func `a manifest that leaves out a value or a seed is refused`() throws {
    let directory = try TemporaryDirectory()
    try complete(makePlan(), in: SweepStore.forRunning(makePlan(), in: directory.sweep))
    let fewerValues = #expect(throws: StoreError.self) {
      _ = try SweepStore.forRunning(makePlan(rates: [0.01]), in: directory.sweep)
    }
    #expect(
      fewerValues?.description.contains("1 of its 5 trials is not in this manifest: learning_rate was 0.02, is 0.01")
        == true)
    let fewerSeeds = #expect(throws: StoreError.self) {
      _ = try SweepStore.forRunning(makePlan(report: 1), in: directory.sweep)
    }
    #expect(
      fewerSeeds?.description.contains(
        "1 of its 5 trials is not in this manifest, such as reporting seed 1 of task linear with activation linear")
        == true)
  }

  @Test func `the digest depends on results, not on ids, order, attempts or times`() throws {
    let first = try TemporaryDirectory(), second = try TemporaryDirectory()
    let plan = makePlan()
    let one = try SweepStore.forRunning(plan, in: first.sweep)
    try complete(plan, in: one)
    let two = try SweepStore.forRunning(plan, in: second.sweep)
    try complete(plan, in: two, order: [4, 2, 0, 3, 1])
    let trials = try one.trials().map(\.record)
    let digest = sweepDigest(trials)
    #expect(digest.count == 64)
    #expect(sweepDigest(try two.trials().map(\.record)) == digest)
    #expect(sweepDigest(trials.reversed()) == digest)
    var other = trials
    other[0].attempts = 9
    other[0].result?.seconds = 77
    other[0].id = TrialID(rawValue: 99)
    #expect(sweepDigest(other) == digest)
  }

  @Test func `one bit of one loss changes the digest, another NaN does not`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    try complete(plan, in: store)
    let trials = try store.trials().map(\.record)
    let digest = sweepDigest(trials)
    var other = trials
    other[0].result?.metrics.trainLoss = trials[0].result?.metrics.trainLoss.nextUp ?? 0
    #expect(sweepDigest(other) != digest)
    other = trials
    other[0].result?.metrics.testLoss = Double(nan: 5, signaling: false)
    #expect(sweepDigest(other) == digest)
    #expect(sweepDigest(trials.dropLast()) != digest)
  }

  @Test func `the digest of known trials is pinned`() {
    var trial = records(of: makePlan())[0]
    trial.state = .succeeded
    trial.result = TrialResult(
      outcome: .finite, metrics: makeMetrics(0.5), checkpoint: BlobDigest(of: Array("x".utf8)), steps: 1, seconds: 1)
    let line =
      "\(trial.configuration) 2147483648 finite 3fe0000000000000 3ff0000000000000 7ff8000000000000 "
      + "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n"
    #expect(sweepDigest([trial]) == sha256Hex(Array(("attune digest 1\n" + line).utf8)))
  }

  @Test func `the audit of a finished sweep is clean and its equation holds`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    #expect(try store.audit(plan).pending == 5)
    try complete(plan, in: store)
    let audit = try store.audit(plan)
    #expect(audit.problems == [])
    #expect((audit.planned, audit.succeeded, audit.pending, audit.blobsChecked) == (5, 5, 0, 5))
  }

  @Test func `the audit notices a missing and a changed blob`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    try complete(plan, in: store)
    let paths = try store.trials().compactMap(\.checkpoint).map { offer in
      "\(directory.sweep)/blobs/sha256/\(offer.digest.rawValue.prefix(2))/\(offer.digest)"
    }
    try FileManager.default.removeItem(atPath: paths[0])
    try "changed".write(toFile: paths[1], atomically: false, encoding: .utf8)
    #expect(
      Set(try store.audit(plan).problems) == [
        "\(paths[0]): it is missing", "\(paths[1]): its bytes have another digest",
      ])
  }
}
