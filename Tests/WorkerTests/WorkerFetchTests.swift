// Checkpoints that grants name: fetched in pieces, verified, shared between trials, done without where that is possible.
import Messaging
import Shared
import Testing
import Training
import Worker

@Suite struct WorkerFetchTests {
  private let blob = checkpoint(40, bytes: BlobChunk.maximumChunkBytes + 3)

  private func chunk(_ offset: Int, changing: Bool = false) -> CoordinatorMessage {
    var bytes = Array(blob.bytes[offset..<min(blob.bytes.count, offset + BlobChunk.maximumChunkBytes)])
    if changing { bytes[0] ^= 1 }
    return .chunk(BlobChunk(digest: blob.digest, offset: offset, byteCount: blob.bytes.count, bytes: bytes))
  }

  @Test func `a trial to be resumed starts when its checkpoint has arrived`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(resume: offer(blob))))
    #expect(harness.sent() == [.fetch(blob.digest, offset: 0)])
    harness.receive(chunk(0))
    #expect(harness.sent() == [.fetch(blob.digest, offset: BlobChunk.maximumChunkBytes)])
    harness.receive(chunk(0))
    harness.expectNothingElse()
    harness.receive(chunk(BlobChunk.maximumChunkBytes))
    #expect(harness.started().map(\.1.resume) == [blob.bytes])
    #expect(harness.sent() == [.started(address(1))])
  }

  @Test func `trials with one reference fetch it once`() {
    var harness = ServiceHarness.welcomed(slots: 3, threads: 3)
    harness.receive(.grant(grant(1, counter: 1, reference: offer(blob))))
    harness.receive(.grant(grant(2, counter: 2, reference: offer(blob))))
    #expect(harness.sent() == [.fetch(blob.digest, offset: 0)])
    harness.receive(chunk(0))
    harness.receive(chunk(BlobChunk.maximumChunkBytes))
    #expect(harness.started().map(\.1.reference) == [blob.bytes, blob.bytes])
    _ = harness.sent()
    harness.receive(.grant(grant(3, counter: 3, reference: offer(blob))))
    #expect(harness.sent() == [.started(address(1, 3, counter: 3))])
    #expect(harness.started().map(\.1.reference) == [blob.bytes])
  }

  @Test func `a piece that changed on its way is asked for again`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(resume: offer(blob))))
    harness.receive(chunk(0))
    _ = harness.sent()
    harness.on(
      .unreadable(.corruptChunk(blob.digest, offset: BlobChunk.maximumChunkBytes, declared: 1, found: 2)))
    #expect(harness.sent() == [.fetch(blob.digest, offset: BlobChunk.maximumChunkBytes)])
  }

  @Test func `bytes that do not match their digest are never used`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(reference: offer(blob))))
    for _ in 0..<3 {
      #expect(harness.sent() == [.fetch(blob.digest, offset: 0)])
      harness.receive(chunk(0, changing: true))
      _ = harness.sent()
      harness.receive(chunk(BlobChunk.maximumChunkBytes))
    }
    #expect(harness.started().isEmpty)
    #expect(
      harness.sent() == [
        .failed(
          address(1),
          reason:
            "the reference checkpoint \(blob.digest.rawValue.prefix(12)) cannot be had: its bytes do not match its "
            + "digest")
      ])
  }

  @Test func `a trial whose checkpoint is gone starts anew`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(resume: offer(blob))))
    _ = harness.sent()
    harness.receive(.missing(blob.digest, reason: "no such file"))
    #expect(harness.started().map(\.1.resume) == [nil])
    #expect(harness.notes().contains(.resumeUnavailable(attempt(), reason: "no such file")))
  }

  @Test func `a blob of another size than announced is refused before it grows`() {
    var harness = ServiceHarness.welcomed()
    var announced = offer(blob)
    announced.byteCount = 5
    harness.receive(.grant(grant(resume: announced)))
    harness.receive(chunk(0))
    #expect(harness.started().map(\.1.resume) == [nil])
  }

  @Test func `a fetch without answer is repeated, and after a lost connection at once`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(resume: offer(blob))))
    harness.receive(chunk(0))
    _ = harness.sent()
    harness.waitInContact(.seconds(10))
    let next = WorkerMessage.fetch(blob.digest, offset: BlobChunk.maximumChunkBytes)
    #expect(harness.sent() == [next])
    harness.on(.bulkDisconnected)
    harness.waitInContact(.seconds(3))
    #expect(harness.sent() == [])
    harness.on(.bulkConnected)
    #expect(harness.sent() == [next])
  }

  @Test func `a cancelled trial's fetch ends`() {
    var harness = ServiceHarness.welcomed()
    harness.receive(.grant(grant(resume: offer(blob))))
    _ = harness.sent()
    harness.receive(.cancel(TrialID(rawValue: 1), token))
    harness.receive(chunk(0))
    harness.waitInContact(.seconds(20))
    harness.expectNothingElse()
  }
}
