// Blobs appear whole under their digest or not at all, and only superseded ones go.
import Foundation
import Shared
import Store
import Testing

@Suite struct BlobTests {
  private func bytes(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) } }

  @Test(arguments: [0, 1, BlobChunk.maximumChunkBytes, BlobChunk.maximumChunkBytes + 1, 400_000])
  func `a blob of any size is read back chunk by chunk`(size: Int) throws {
    let directory = try TemporaryDirectory()
    let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    let all = bytes(size)
    let digest = try store.blobs.publish(all)
    #expect(store.blobs.contains(digest))
    var read: [UInt8] = []
    repeat {
      let chunk = try store.blobs.chunk(digest, offset: read.count)
      #expect(chunk.byteCount == size)
      #expect(chunk.bytes.count <= BlobChunk.maximumChunkBytes)
      read += chunk.bytes
    } while read.count < size
    #expect(read == all)
  }

  @Test func `a blob with other bytes than its digest promises is not published`() throws {
    let directory = try TemporaryDirectory()
    let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    let digest = BlobDigest(of: bytes(10))
    let incoming = try IncomingBlob(in: store.blobs, digest: digest, byteCount: 10)
    try incoming.append(Array(bytes(10).reversed()))
    #expect(throws: StoreError.self) { try incoming.publish() }
    #expect(!store.blobs.contains(digest))
  }

  @Test func `a blob that is not whole is not published, and more than was announced is refused`() throws {
    let directory = try TemporaryDirectory()
    let store = try SweepStore.forRunning(makePlan(), in: directory.sweep)
    let incoming = try IncomingBlob(in: store.blobs, digest: BlobDigest(of: bytes(10)), byteCount: 10)
    try incoming.append(bytes(6))
    #expect(throws: StoreError.self) { try incoming.publish() }
    #expect(throws: StoreError.self) { try incoming.append(bytes(5)) }
    #expect(blobNames(directory.sweep).isEmpty)
  }

  @Test func `the last two checkpoints of a running trial are kept, and the final one of a finished trial`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    let trial = records(of: plan)[0]
    try store.commit([.planned(trial), status(trial, .running)])
    var digests: [BlobDigest] = []
    for step in 1...4 {
      digests.append(try store.blobs.publish(bytes(step)))
      try store.commit([.checkpoint(trial.id, CheckpointOffer(digest: digests[step - 1], byteCount: step, step: step))])
    }
    #expect(blobNames(directory.sweep) == Set(digests[2...].map(\.rawValue)))
    let result = TrialResult(
      outcome: .finite, metrics: makeMetrics(1), checkpoint: digests[3], steps: 4, seconds: 1)
    try store.commit([status(trial, .succeeded, result: result)])
    #expect(blobNames(directory.sweep) == [digests[3].rawValue])
    #expect(try store.trials()[0].checkpoint?.digest == digests[3])
  }

  @Test func `a blob that another trial refers to is never deleted`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    let all = records(of: plan)
    let shared = try store.blobs.publish(bytes(1)), own = try store.blobs.publish(bytes(2))
    try store.commit([
      .planned(all[0]), .planned(all[1]),
      .checkpoint(all[0].id, CheckpointOffer(digest: shared, byteCount: 1, step: 1)),
      .checkpoint(all[1].id, CheckpointOffer(digest: shared, byteCount: 1, step: 1)),
      .checkpoint(all[0].id, CheckpointOffer(digest: own, byteCount: 2, step: 2)),
      status(
        all[0], .succeeded,
        result: TrialResult(outcome: .finite, metrics: makeMetrics(1), checkpoint: own, steps: 2, seconds: 1)),
    ])
    #expect(blobNames(directory.sweep) == [shared.rawValue, own.rawValue])
  }

  @Test func `what a crash left unreferenced goes at the next opening, and nothing else`() throws {
    let directory = try TemporaryDirectory()
    let plan = makePlan()
    let kept: BlobDigest
    do {
      let store = try SweepStore.forRunning(plan, in: directory.sweep)
      let trial = records(of: plan)[0]
      kept = try store.blobs.publish(bytes(3))
      try store.commit([
        .planned(trial), .checkpoint(trial.id, CheckpointOffer(digest: kept, byteCount: 3, step: 1)),
      ])
      // Published, and then the process ended before its reference was committed.
      _ = try store.blobs.publish(bytes(4))
      try "half".write(toFile: directory.sweep + "/blobs/incoming/1-2", atomically: false, encoding: .utf8)
    }
    let store = try SweepStore.forRunning(plan, in: directory.sweep)
    #expect(blobNames(directory.sweep) == [kept.rawValue])
    #expect(try FileManager.default.contentsOfDirectory(atPath: directory.sweep + "/blobs/incoming").isEmpty)
    try store.close()
  }
}
