// Several messages in one frame: taken apart in order, each judged by itself, within limits; and the quick codec of the
// three hot messages against the general one.
import Messaging
import Shared
import Testing

@Suite struct BatchTests {
  private let texts = ParameterTexts()

  /// A worker's batch of whole frames, sound or not.
  private func batch(_ parts: [[UInt8]], cutting bytes: Int = 0) -> [[UInt8]] {
    let body = parts.flatMap { $0 }.dropLast(bytes)
    let length = UInt32(body.count)
    return [
      Array("ATTN".utf8) + [0, 1, 0, 12] + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    ]
  }

  private var results: [WorkerMessage] {
    (1...5).map { number in
      var address = Examples.address
      address.trial = TrialID(rawValue: Int64(number))
      return .result(address, Examples.result)
    }
  }

  @Test func `a batch gives back its messages in order`() throws {
    let messages = results + [.started(Examples.address), .goodbye(reason: "over")]
    let packed = encode(batched: messages)
    #expect(packed.map(\.messages) == [7])
    #expect(packed[0].frames == batch(messages.map { encode($0)[0] }))
    let parts = try unpackWorkerMessage(packed[0].frames)
    #expect(try parts.map { encode(try $0.get()) } == messages.map { encode($0) })
  }

  @Test func `every message of the coordinator survives a batch`() throws {
    let messages = Examples.coordinator.map(\.message)
    let packed = encode(batched: messages, texts)
    #expect(packed.reduce(0) { $0 + $1.messages } == messages.count)
    var found: [CoordinatorMessage] = []
    for (frames, _) in packed { found += try unpackCoordinatorMessage(frames, texts).map { try $0.get() } }
    #expect(found == messages)
  }

  @Test func `one message alone travels as it always did`() {
    #expect(encode(batched: [results[0]]).map(\.frames) == [encode(results[0])])
  }

  @Test func `a damaged part does not take the others with it`() throws {
    var frame = encode(batched: results)[0].frames[0]
    let length = encode(results[0])[0].count
    // The second part's type becomes one that nobody knows.
    frame[12 + length + 7] = 99
    let parts = try unpackWorkerMessage([frame])
    #expect(parts.count == 5)
    #expect(throws: ProtocolError.unknownType(found: 99)) { try parts[1].get() }
    for index in [0, 2, 3, 4] { #expect(throws: Never.self) { try parts[index].get() } }
  }

  @Test func `batches do not nest, and hold no chunk`() throws {
    let chunk = encode(WorkerMessage.chunk(Examples.chunk))[0]
    for part in try unpackWorkerMessage(batch([batch(results.map { encode($0)[0] })[0], chunk])) {
      #expect(throws: ProtocolError.self) { try part.get() }
    }
  }

  @Test func `a batch that is cut short or too large is refused as a whole`() throws {
    let heartbeat = encode(WorkerMessage.heartbeat(held: []))[0]
    #expect(throws: ProtocolError.self) { try unpackWorkerMessage(batch([heartbeat, heartbeat], cutting: 1)) }
    #expect(try unpackWorkerMessage(batch(Array(repeating: heartbeat, count: 256))).count == 256)
    #expect(throws: ProtocolError.self) { try unpackWorkerMessage(batch(Array(repeating: heartbeat, count: 257))) }
    let large = encode(WorkerMessage.goodbye(reason: String(repeating: "x", count: 4000)))[0]
    #expect(throws: ProtocolError.self) { try unpackWorkerMessage(batch(Array(repeating: large, count: 17))) }
  }

  @Test func `batches end at their limits`() {
    let packed = encode(batched: (0..<1000).flatMap { _ in results })
    #expect(packed.reduce(0) { $0 + $1.messages } == 5000)
    for (frames, count) in packed {
      #expect(count <= WireLimits.batchParts)
      #expect(frames[0].count <= WireLimits.batchBytes + 12)
    }
  }

  /// Whatever the quick reader accepts, the general one reads as the same; changed at random, from a fixed seed.
  @Test func `the quick reader never disagrees with the general one`() throws {
    var bits = SeededBits(state: 20_260_726)
    let samples = [encode(WorkerMessage.result(Examples.address, Examples.result))[0]]
    let acknowledged = encode(CoordinatorMessage.acknowledged(Examples.address))[0]
    var agreed = 0
    for _ in 0..<20_000 {
      var frame = samples[0], answer = acknowledged
      for _ in 0..<Int.random(in: 0...2, using: &bits) {
        frame[.random(in: 12..<frame.count, using: &bits)] = .random(in: 0...255, using: &bits)
        answer[.random(in: 12..<answer.count, using: &bits)] = .random(in: 0...255, using: &bits)
      }
      if let quick = quickWorkerMessage(frame, 0..<frame.count) {
        #expect(encode(quick) == encode(try decodeWorkerMessage([frame])))
        agreed += 1
      }
      if let quick = quickCoordinatorMessage(answer, 0..<answer.count) {
        #expect(encode(quick) == encode(try decodeCoordinatorMessage([answer])))
      }
    }
    #expect(agreed > 5000)
  }
}
