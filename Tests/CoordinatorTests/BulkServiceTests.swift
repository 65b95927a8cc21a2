// The bulk channel by real sockets and threads: what is offered becomes a blob, what is asked for comes, what does not
// belong there is dropped.
import Coordinator
import Foundation
import Messaging
import Shared
import Store
import Testing

@Suite(.serialized) struct BulkServiceTests {
  private let limit = Duration.seconds(20)
  private let session = WorkerSession(rawValue: 7)
  private let address = TrialAddress(trial: TrialID(rawValue: 1), token: LeaseToken(epoch: 1, counter: 1), sequence: 1)
  private let bytes = (0..<(BlobChunk.maximumChunkBytes * 9 + 1)).map { UInt8(truncatingIfNeeded: $0 / 11) }

  private final class Bench {
    let place = try! BlobPlace()
    let context: MessagingContext
    let service: BulkService
    var outcomes: [BulkService.Outcome] = []

    init() throws {
      context = try MessagingContext()
      let socket = try EndpointAddress("ipc://\(place.path)/bulk")
      service = try BulkService(context, bind: socket, blobs: place.blobs)
    }

    func worker(_ session: WorkerSession) throws -> WorkerEndpoint {
      try WorkerEndpoint(context, connect: service.address, session: session)
    }
  }

  /// Plays the worker until the service says `enough`.
  private func serve(
    _ bench: Bench, _ worker: inout WorkerEndpoint, until enough: (BulkService.Outcome) -> Bool
  ) throws -> BulkService.Outcome? {
    let deadline = ContinuousClock.now + limit
    let digest = BlobDigest(of: bytes)
    while ContinuousClock.now < deadline {
      for outcome in bench.service.takeOutcomes() {
        bench.outcomes.append(outcome)
        if enough(outcome) { return outcome }
        if case .wanted(digest, session) = outcome {
          while try !worker.send(.ready(session, digest)) { _ = try worker.wait(timeout: limit, toSend: true) }
        }
      }
      while let delivery = try worker.receive() {
        guard case .message(.pull(digest, let offset)) = delivery else { continue }
        let end = min(bytes.count, offset + BlobChunk.maximumChunkBytes)
        let chunk = BlobChunk(
          digest: digest, offset: offset, byteCount: bytes.count, bytes: Array(bytes[offset..<end]))
        #expect(try worker.send(.chunk(chunk)))
      }
      _ = try worker.wait(timeout: limit, watching: [bench.service.descriptor])
    }
    return nil
  }

  @Test func `an offered checkpoint is durable when the owner hears of it, and can be fetched`() throws {
    let bench = try Bench()
    var worker = try bench.worker(session)
    let offer = CheckpointOffer(digest: BlobDigest(of: bytes), byteCount: bytes.count, step: 3)
    bench.service.collect(address, offer, from: session, key: nil)
    let end = try serve(bench, &worker) { if case .stored = $0 { true } else { false } }
    guard case .stored(address, offer, session)? = end else { return #expect(Bool(false), "\(bench.outcomes)") }
    #expect(try bench.place.blobs.bytes(offer.digest) == bytes)

    #expect(try worker.send(.fetch(offer.digest, offset: BlobChunk.maximumChunkBytes * 9)))
    #expect(try worker.send(.fetch(BlobDigest(of: [1]), offset: 0)))
    var answers: [CoordinatorMessage] = []
    while answers.count < 2 {
      _ = try worker.wait(timeout: limit)
      while case .message(let message)? = try worker.receive() { answers.append(message) }
    }
    guard case .chunk(let chunk) = answers[0], case .missing = answers[1] else {
      return #expect(Bool(false), "\(answers)")
    }
    #expect(chunk.bytes == [bytes[bytes.count - 1]])
  }

  @Test func `a connection that breaks in the middle goes on where the bytes ended`() throws {
    let bench = try Bench()
    let offer = CheckpointOffer(digest: BlobDigest(of: bytes), byteCount: bytes.count, step: 3)
    bench.service.collect(address, offer, from: session, key: nil)
    var first = try bench.worker(session)
    // Until the first piece has arrived, which the fifth pull shows.
    var pulls: [Int] = []
    while try !first.send(.ready(session, offer.digest)) { _ = try first.wait(timeout: limit, toSend: true) }
    while pulls.count < 5 {
      _ = try first.wait(timeout: limit)
      while case .message(.pull(_, let offset))? = try first.receive() {
        pulls.append(offset)
        guard pulls.count == 1 else { continue }
        let piece = Array(bytes[..<BlobChunk.maximumChunkBytes])
        #expect(
          try first.send(
            .chunk(BlobChunk(digest: offer.digest, offset: 0, byteCount: bytes.count, bytes: piece))))
      }
    }
    #expect(pulls == (0..<5).map { $0 * BlobChunk.maximumChunkBytes })
    first.close()

    var second = try bench.worker(session)
    while try !second.send(.ready(session, offer.digest)) { _ = try second.wait(timeout: limit, toSend: true) }
    var offset: Int?
    while offset == nil {
      _ = try second.wait(timeout: limit)
      if case .message(.pull(_, let asked))? = try second.receive() { offset = asked }
    }
    #expect(offset == BlobChunk.maximumChunkBytes)
    #expect(try second.send(.ready(session, offer.digest)))
    let end = try serve(bench, &second) { if case .stored = $0 { true } else { false } }
    #expect(end != nil)
    #expect(try bench.place.blobs.bytes(offer.digest) == bytes)
  }

  @Test func `what belongs to the control channel is dropped and told`() throws {
    let bench = try Bench()
    var worker = try bench.worker(session)
    while try !worker.send(.goodbye(reason: "x")) { _ = try worker.wait(timeout: limit, toSend: true) }
    let end = try serve(bench, &worker) { _ in true }
    guard case .dropped(kind: "wrong_channel", text: .some)? = end else {
      return #expect(Bool(false), "\(String(describing: end))")
    }
  }

  @Test func `an endpoint that is taken is said in words, and nothing goes on`() throws {
    let bench = try Bench()
    let missing = try EndpointAddress("ipc://\(bench.place.path)/no/where")
    #expect(throws: TransportError.self) { try BulkService(bench.context, bind: missing, blobs: bench.place.blobs) }
  }
}
