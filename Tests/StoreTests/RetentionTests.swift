// Which checkpoints stay: best and last few while a trial runs, the result's afterwards, and what a budget leaves.
import Foundation
import Shared
import Store
import Testing

@Suite struct RetentionTests {
  private let directory: TemporaryDirectory
  init() throws { directory = try TemporaryDirectory() }

  private func plan(keepLast: Int = 2, budget: Int? = nil) -> SweepPlan {
    var plan = makePlan()
    (plan.checkpoints.keepLast, plan.checkpoints.budget) = (keepLast, budget)
    return plan
  }

  /// Stores a checkpoint of 100 bytes, all its own, with its validation loss.
  private func store(
    _ trial: TrialRecord, step: Int, loss: Double? = nil, in store: SweepStore
  ) throws -> BlobDigest {
    let text = "trial \(trial.id) step \(step)".padding(toLength: 100, withPad: ".", startingAt: 0)
    let digest = try store.blobs.publish(Array(text.utf8))
    var changes: [SweepChange] = []
    if let loss {
      let point = MetricPoint(step: step, trainLoss: 1, validationLoss: loss, learningRate: 0.1)
      changes.append(.points(trial.id, [point]))
    }
    let offer = CheckpointOffer(digest: digest, byteCount: 100, step: step)
    try store.commit(changes + [.checkpoint(trial.id, offer)])
    return digest
  }

  private func end(_ trial: TrialRecord, with digest: BlobDigest, in store: SweepStore) throws {
    let result = TrialResult(
      outcome: .finite, metrics: makeMetrics(0.5), checkpoint: digest, steps: 100, seconds: 1)
    try store.commit([status(trial, .succeeded, result: result)])
  }

  @Test func `while a trial runs its best checkpoint and the last ones stay`() throws {
    let plan = plan(keepLast: 3)
    let sweep = try SweepStore.forRunning(plan, in: directory.sweep)
    let trial = records(of: plan)[0]
    try sweep.commit([.planned(trial)])
    var digests: [BlobDigest] = []
    for (step, loss) in [(10, 0.9), (20, 0.2), (30, Double.nan), (40, 0.5), (50, 0.2), (60, 0.7), (70, 0.8)] {
      digests.append(try store(trial, step: step, loss: loss, in: sweep))
    }
    // Step 20 is as good as 50 and came first; 50, 60 and 70 are the last three.
    #expect(blobNames(directory.sweep) == Set([1, 4, 5, 6].map { digests[$0].rawValue }))
    #expect(sweep.storedBytes == 400)
    try end(trial, with: digests[6], in: sweep)
    #expect(blobNames(directory.sweep) == [digests[6].rawValue])
    #expect(sweep.storedBytes == 100)
  }

  @Test func `a blob that was offered again while its last reference was being dropped stays`() throws {
    let plan = plan(keepLast: 1)
    let sweep = try SweepStore.forRunning(plan, in: directory.sweep)
    let all = records(of: plan)
    try sweep.commit([.planned(all[0]), .planned(all[1])])
    let old = try store(all[0], step: 10, in: sweep)
    let newBytes = Array(repeating: UInt8(7), count: 100)
    let new = CheckpointOffer(digest: try sweep.blobs.publish(newBytes), byteCount: 100, step: 20)
    // The commit supersedes the old blob; before it is settled another trial offers that blob, which is still there.
    let committed = try sweep.transact([.checkpoint(all[0].id, new)])
    let again = CheckpointOffer(digest: old, byteCount: 100, step: 10)
    sweep.settle(committed, sparing: [old])
    #expect(sweep.storedBytes == 100)
    try sweep.commit([.checkpoint(all[1].id, again)])
    #expect(blobNames(directory.sweep) == [old.rawValue, new.digest.rawValue])
    #expect(sweep.storedBytes == 200)
    // Without such an offer it goes.
    let newest = CheckpointOffer(digest: BlobDigest(of: [1]), byteCount: 1, step: 30)
    try sweep.commit([.checkpoint(all[1].id, newest)])
    #expect(blobNames(directory.sweep) == [new.digest.rawValue])
  }

  @Test func `at the budget nothing goes, one byte above it the least needed does`() throws {
    let all = records(of: makePlan())
    let sweep = try SweepStore.forRunning(plan(budget: 300), in: directory.sweep)
    try sweep.commit(all.map { .planned($0) })
    // Two tuning trials have ended, one reporting trial runs.
    let first = try store(all[0], step: 100, in: sweep)
    try end(all[0], with: first, in: sweep)
    let second = try store(all[1], step: 100, in: sweep)
    try end(all[1], with: second, in: sweep)
    _ = try store(all[3], step: 10, in: sweep)
    #expect(try sweep.enforceBudget() == 0)
    #expect(blobNames(directory.sweep).count == 3)
    let last = try store(all[3], step: 20, in: sweep)
    #expect(sweep.storedBytes == 400)
    // The running trial's older one goes before any result.
    #expect(try sweep.enforceBudget() == 100)
    #expect(blobNames(directory.sweep) == [first.rawValue, second.rawValue, last.rawValue])
    _ = try store(all[4], step: 10, in: sweep)
    #expect(try sweep.enforceBudget() == 100)
    #expect(!blobNames(directory.sweep).contains(first.rawValue), "the oldest tuning result")
  }

  @Test func `a running trial's last checkpoint and references stay above any budget`() throws {
    let all = records(of: makePlan())
    let sweep = try SweepStore.forRunning(plan(budget: 1), in: directory.sweep)
    try sweep.commit(all.map { .planned($0) })
    let reference = try store(all[2], step: 100, in: sweep)
    try end(all[2], with: reference, in: sweep)
    let running = try store(all[3], step: 10, in: sweep)
    #expect(try sweep.enforceBudget() == 0)
    #expect(blobNames(directory.sweep) == [reference.rawValue, running.rawValue])
    let grant = try #require(try sweep.trials().first { $0.record.id == all[3].id })
    #expect(grant.checkpoint?.digest == running)
  }

  @Test func `a collected result keeps its digest, and the audit knows`() throws {
    let plan = plan(budget: 50)
    let audit: SweepAudit
    do {
      let sweep = try SweepStore.forRunning(plan, in: directory.sweep)
      try complete(plan, in: sweep)
      let digestBefore = sweepDigest(try sweep.trials().map(\.record))
      try sweep.enforceBudget()
      // Only the reference's is left.
      #expect(blobNames(directory.sweep).count == 1)
      #expect(sweepDigest(try sweep.trials().map(\.record)) == digestBefore)
      audit = try sweep.audit(plan)
      #expect(audit.isClean, "\(audit.problems)")
      #expect(audit.blobsCollected == records(of: plan).count - 1)
    }
    // Nothing of it changes with the next start.
    #expect(try SweepStore.forRunning(plan, in: directory.sweep).audit(plan) == audit)
  }

  @Test func `a blob that two trials share goes with the last of them`() throws {
    let all = records(of: makePlan())
    let sweep = try SweepStore.forRunning(plan(budget: 10), in: directory.sweep)
    try sweep.commit(all.map { .planned($0) })
    let shared = try sweep.blobs.publish(Array("shared".utf8))
    let offer = CheckpointOffer(digest: shared, byteCount: 100, step: 100)
    try sweep.commit([.checkpoint(all[0].id, offer), .checkpoint(all[3].id, offer)])
    #expect(sweep.storedBytes == 100)
    try end(all[0], with: shared, in: sweep)
    #expect(try sweep.enforceBudget() == 0)
    #expect(blobNames(directory.sweep) == [shared.rawValue], "the running trial may need it")
  }
}
